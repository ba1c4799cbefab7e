"""Names are sorted by pinyin wherever they are sorted, whoever wrote them."""

import pytest
from django.contrib import admin
from django.db import connection, models, transaction
from django.urls import reverse

from crm.models import Contact, Enterprise, Lead
from projects.models import Project
from tests import factories
from zone.admin.sorting import is_sorted, order_of
from zone.database import bulk, pinyin
from zone.database.filling import fill
from zone.fields import CodeField, LineField, PinyinKeyField, pinyin_key_of
from zone.models import Space, User

NAMES = ["张", "李", "王", "白", "阿"]
SORTED = ["阿", "白", "李", "王", "张"]
ADMINS = [one for one in admin.site._registry.values() if hasattr(one, "in_search")]
# Written in letters and digits, so that they sort as they stand.
CODES = {
    "zone.JobRun.name",
    "zone.IndustryChain.code",
    "zone.Park.code",
    "zone.User.username",
    "projects.Project.code",
    "zone.ApprovedHost.host",
    "zone.WebhookDelivery.type",
    "zone.WebhookEndpoint.url",
}


def order_fields(model: type[models.Model], ordering) -> set[models.Field]:
    """Return the fields that rows are sorted by in the end, also those of related rows."""
    found = set()
    for entry in ordering:
        path = entry.lstrip("-") if isinstance(entry, str) else ""
        if not path:
            continue
        place, field = model, None
        for name in path.split("__"):
            if name == "pk":
                break
            field = place._meta.get_field(name)
            place = field.related_model or place
        else:
            related = field.related_model if field.is_relation and field.attname != path else None
            found |= order_fields(related, related._meta.ordering) if related else {field}
    return found


def texts(fields) -> set[str]:
    plain = {str(f) for f in fields if isinstance(f, (models.CharField, models.TextField))}
    keys = {str(f) for f in fields if isinstance(f, (PinyinKeyField, CodeField)) or f.choices}
    return plain - keys


@pytest.mark.parametrize("model_admin", ADMINS, ids=lambda one: one.opts.label)
def test_no_list_is_sorted_by_a_name_without_a_key(model_admin, rf):
    """What a class declares as sortable, what may be clicked, and how it is sorted at first."""
    request, model = rf.get("/"), model_admin.model
    sortable = model_admin.get_sortable_by(request)
    assert {*(model_admin.sortable_by or ())} <= {*sortable}
    own = {name for name in sortable if name in {f.name for f in model._meta.concrete_fields}}
    clicked = {model._meta.get_field(order_of(model, name)) for name in own}
    first = order_fields(model, model_admin.get_ordering(request) or model._meta.ordering)
    assert texts(clicked | first) <= CODES


def test_a_name_without_a_key_is_seen():
    assert texts(order_fields(Lead, ("needs", "-referrer"))) == {
        "crm.Lead.needs",
        "crm.Lead.referrer",
    }
    assert not is_sorted(User, "department")
    assert is_sorted(User, "display_name")


def kept() -> list[type[models.Model]]:
    return [
        model
        for model in admin.site._registry
        if any(isinstance(field, PinyinKeyField) for field in model._meta.fields)
    ]


WRITERS = {
    "save": lambda row: row.save(),
    "bulk_create": lambda row: type(row).objects.bulk_create([row]),
    "bulk.insert": lambda row: bulk.insert(type(row), [row]),
}


@pytest.mark.django_db
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_each_way_of_writing_sets_the_key(write, chain):
    rows = [
        Lead(title="储能", chain=chain, enterprise=factories.make_enterprise(), source="OWN",
             planned_investment_wan=1),
        Contact(name="曾伟", enterprise=factories.make_enterprise()),
        Project(name="储能", code="CZGX-2025-0900"),
    ]  # fmt: skip
    for row in rows:
        row.set_derived_fields([row])
        with transaction.atomic():
            write(row)
    kept = [type(row).objects.values_list("sort_key", flat=True).get(pk=row.pk) for row in rows]
    assert kept == ["chuneng/cn", "zengwei/zw", "chuneng/cn"]


@pytest.mark.django_db
def test_a_save_of_the_name_alone_writes_its_key():
    lead = factories.make_lead(title="甲")
    lead.title = "乙"
    lead.save(update_fields=["title"])
    assert Lead.objects.get().sort_key == "yi/y"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "column", "make"),
    [
        (Lead, 0, lambda name: factories.make_lead(title=name)),
        (Contact, 0, lambda name: factories.make_contact(name=name)),
        (Enterprise, None, lambda name: factories.make_enterprise(name=name)),
        (Project, 1, lambda name: factories.make_project(name=name)),
        (User, 1, lambda name: factories.make_user(display_name=name)),
    ],
)
def test_a_list_sorts_by_pinyin(client, model, column, make):
    root = factories.make_user(display_name="根", is_superuser=True)
    client.force_login(root)
    for name in NAMES:
        make(name)
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    order = {} if column is None else {"o": str(column + 1)}
    rows = client.get(address, order).context["cl"].result_list
    assert [str(row) for row in rows if str(row) in NAMES] == SORTED


@pytest.mark.django_db
def test_people_are_offered_by_pinyin(as_user, office, chain):
    for name in NAMES:
        factories.make_specialist(chain, display_name=name)
    asked = {"app_label": "zone", "model_name": "target", "field_name": "specialist"}
    offered = as_user(office).get(reverse("admin:autocomplete"), asked).json()["results"]
    assert [one["text"] for one in offered if one["text"] in NAMES] == SORTED


@pytest.mark.django_db
def test_spaces_are_sorted_as_one_counts():
    park = factories.make_park()
    for code in ("10-2", "2-10", "2-2", "A座"):
        factories.make_space(park=park, code=code)
    assert [space.code for space in Space.objects.all()] == ["2-2", "2-10", "10-2", "A座"]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("长治锂电材料", "changzhilidiancailiao/czldcl"),
        ("成长（长治）ABB", "chengzhang(changzhi)abb/czczabb"),
        ("年产2万吨", "nianchan12wandun/ncwd"),
        ("10号楼", "210haolou/hl"),
        ("", ""),
    ],
)
def test_a_key_reads_the_name_and_its_initials(name, key):
    assert pinyin.key(name) == key


@pytest.mark.parametrize(
    ("name", "key"),
    [("单雄信", "shanxiongxin/sxx"), ("尉迟恭", "yuchigong/ycg"), ("李单", "lidan/ld")],
)
def test_a_surname_is_read_as_one(name, key):
    assert pinyin.key_of_person(name) == key


def test_no_key_is_longer_than_its_column():
    for sign in "长龘１﷽":
        assert len(pinyin.key(sign * 100_000)) <= pinyin.LONGEST_KEY


@pytest.mark.django_db
def test_a_migration_fills_keys_and_no_row_counts_as_changed():
    lead = factories.make_lead(title="储能")
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE crm_lead DISABLE TRIGGER USER")
        cursor.execute("UPDATE crm_lead SET sort_key = ''")
        cursor.execute("ALTER TABLE crm_lead ENABLE TRIGGER USER")
    before = Lead.objects.values_list("version", "updated_at").get()
    with connection.schema_editor() as editor:
        fill(editor, Lead, "sort_key")
    assert Lead.objects.values_list("version", "updated_at").get() == before
    assert Lead.objects.get(pk=lead.pk).sort_key == "chuneng/cn"


def test_each_name_that_is_in_a_list_of_names_has_one_key():
    assert {Lead, Contact, Enterprise, Project, User, Space} <= {*kept()}
    assert pinyin_key_of(Lead, "title").name == "sort_key"
    assert isinstance(Lead._meta.get_field("title"), LineField)
