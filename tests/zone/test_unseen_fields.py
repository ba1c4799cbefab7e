"""Every field, and every way to write one, keeps texts as they are seen."""

from importlib import import_module

import pytest
from django import forms
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.test import Client

from crm.models import Contact, Enterprise, Lead
from projects.admin.attachments import AttachForm
from tests import factories
from tests.forms import send
from tests.unseen import ALL_UNSEEN
from tests.zone.test_unseen_characters import NAME, between, unseen
from zone.database import bulk, pinyin
from zone.fields import (
    DerivedField,
    LineInput,
    NormalisedField,
)
from zone.files.types import clean_name
from zone.login.lockout import fingerprint
from zone.models import ExternalRef, Park, User

# Every field


BY_PROGRAM = {
    "zone.AuditEntry",  # record() removes and masks
    "zone.AuditLink",
    "zone.AuditAnchor",
    "zone.User.password",
    "zone.User.first_name",  # in no form
    "zone.User.last_name",
    "zone.User.email",
    "zone.User.handover_code",
    "zone.ApiKey",
    "zone.ApiReply",  # its key is checked letter by letter
    "zone.ApiUpload.resource",
    "zone.ApiUpload.why",
    "zone.WebhookEndpoint.secret_seed",
    "zone.WebhookEndpoint.old_seed",
    "zone.WebhookCursor",
    "zone.ApprovedHost.host",  # plain ASCII or refused
    "zone.WebhookEndpoint.url",
    "zone.GroupBot.url",
    "zone.CalendarToken",
    "zone.Notice",
    "zone.Digest",
    "zone.SentForm",
    "zone.ImportRun",  # clean names of files, masked words
    "zone.ImportLine",
    "zone.Throttle",
    "zone.WorkerBeat",
    "zone.JobRun",
    "zone.WebhookDelivery",
    "crm.Enterprise.exact_key",
    "crm.Enterprise.name_key",
    "crm.FollowUpFile.content_type",
    "crm.FollowUpFile.sha256",
    "projects.Attachment.content_type",
    "projects.Attachment.sha256",
}


KEPT = (NormalisedField, DerivedField)  # what is derived is made from a text as it is kept


def test_every_text_that_is_written_keeps_its_own_form():
    texts = [
        field
        for app in ("zone", "crm", "projects")
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.local_fields
        if isinstance(field, (models.CharField, models.TextField)) and not field.choices
    ]
    others = {str(field) for field in texts if not isinstance(field, KEPT)}
    known = {name for name in others if {name, name.rpartition(".")[0]} & BY_PROGRAM}
    assert others - known == set()


# Of secrets each character counts; the user name is read by the model's rule.
AS_TYPED = {"old_password", "new_password1", "new_password2", "password", "password1", "password2"}


def test_every_question_of_a_form_reads_the_same_way():
    for app in ("zone", "crm", "projects"):
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            if "migrations" not in path.parts and path.stem != "__init__":
                import_module(".".join(path.relative_to(settings.BASE_DIR).with_suffix("").parts))
    ours, found = ("zone.", "crm.", "projects."), set()
    waiting = [forms.BaseForm]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith(ours):
            questions = getattr(kind, "base_fields", {}).items()
            found |= {
                f"{kind.__name__}.{name}"
                for name, field in questions
                if type(field) is forms.CharField and name not in AS_TYPED
            }
    assert AttachForm.base_fields["note"].__class__ is LineInput
    assert found == set()


# Every way to write


WRITERS = {
    "save": lambda row: row.save(),
    "bulk_create": lambda row: type(row).objects.bulk_create([row]),
    "bulk.insert": lambda row: bulk.insert(type(row), [row]),
}


@pytest.mark.django_db
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_what_is_written_past_the_forms_is_kept_in_its_form(write):
    row = Park(code="p\u200b1", name=between("园区", ALL_UNSEEN), kind="INDUSTRIAL")
    row.description = "一\r\n二\u202e"
    with transaction.atomic():
        write(row)
    assert (row.code, row.name) == ("p1", "园区")
    kept = Park.objects.values_list("code", "name", "description").get()
    assert kept == ("p1", "园区", "一\n二")
    with pytest.raises(ValidationError) as refusal, transaction.atomic():
        write(Park(code="p2", name="园\n区", kind="INDUSTRIAL"))
    assert [*refusal.value.message_dict] == ["name"]


@pytest.mark.django_db
def test_update_and_bulk_update_keep_the_form_too():
    park = factories.make_park()
    Park.objects.update(name="甲\u200b园")
    assert Park.objects.get().name == "甲园"
    park.name = "乙\u2060园"
    Park.objects.bulk_update([park], ["name"])
    assert Park.objects.get().name == "乙园"
    with pytest.raises(ValidationError):
        Park.objects.update(name="乙\x1b园")


@pytest.mark.django_db
def test_a_look_up_finds_by_the_form_and_refuses_nothing():
    park = factories.make_park(code="p1")
    assert Park.objects.get(code="p\u200b1") == park
    assert Park.objects.filter(name="\x1b\n").count() == 0
    refer = {"entity": 3, "object_id": park.pk}
    ExternalRef.objects.create(source="oa\u200b", external_id="A\ufeff-1", **refer)
    assert ExternalRef.objects.get(source="oa").external_id == "A-1"
    assert ExternalRef.objects.filter(source="\u2060oa", external_id="A\u00ad-1").exists()


@pytest.mark.django_db
def test_the_keys_of_an_enterprise_come_from_the_name_as_kept():
    row = Enterprise(name=between("长治材料", "\u200b"))
    row.save()
    assert (row.name, row.sort_key) == ("长治材料", pinyin.key("长治材料"))


def test_a_file_name_shows_all_it_holds():
    assert clean_name(between("扫描件", ALL_UNSEEN) + ".pdf") == "扫描件.pdf"


# The admin


@pytest.mark.django_db
@unseen
def test_a_form_of_the_admin_keeps_what_is_seen(as_user, office, sign):
    data = {
        "name": between(NAME, sign),
        "address": f"长治{sign}市",
        "description": f"一{sign}\r\n二",
    }
    data |= {"contacts-TOTAL_FORMS": "0", "contacts-INITIAL_FORMS": "0", "scale": ""}
    response = send(as_user(office), "/admin/crm/enterprise/add/", data)
    assert response.status_code == 302, response.context["errors"]
    row = Enterprise.objects.get()
    assert (row.name, row.address, row.description) == (NAME, "长治市", "一\n二")


@pytest.mark.django_db
@pytest.mark.parametrize("sign", ["\x1b", "\n", "\t", "\x85", "\u2028", "\0"])
def test_a_form_of_the_admin_says_where_a_line_breaks(as_user, office, sign):
    data = {"name": f"示例{sign}公司", "contacts-TOTAL_FORMS": "0", "contacts-INITIAL_FORMS": "0"}
    response = send(as_user(office), "/admin/crm/enterprise/add/", data)
    assert response.status_code == 200
    assert [*response.context["adminform"].form.errors] == ["name"]
    assert Enterprise.objects.count() == 0


@pytest.mark.django_db
def test_an_inline_and_the_intake_keep_what_is_seen(as_user, office, chain):
    client = as_user(office)
    data = {"name": NAME, "contacts-TOTAL_FORMS": "1", "contacts-INITIAL_FORMS": "0"}
    data |= {"contacts-0-name": f"王{ALL_UNSEEN}经理", "contacts-0-phone": "138\u200b12345678"}
    response = send(client, "/admin/crm/enterprise/add/", data)
    assert response.status_code == 302, response.text
    contact = Contact.objects.get()
    assert (contact.name, contact.phone.plain) == ("王经理", "13812345678")
    data = {"enterprise_name": between(NAME, "\u200b"), "title": "储\u200b能"}
    data |= {"chain": str(chain.pk), "source": "REFERRAL", "planned_investment_wan": "1"}
    data |= {
        "contact_name": "王\u2060经理",
        "contact_title": "",
        "contact_phone": "138\u200b12345678",
    }
    response = send(client, "/admin/crm/lead/add/", data)
    assert response.status_code == 302, response.context["errors"]
    lead = Lead.objects.get()
    assert (lead.title, lead.enterprise.name, lead.contact) == ("储能", NAME, contact)


@pytest.mark.django_db
def test_a_reason_has_lines_and_is_not_made_of_nothing(as_user, office, chain):
    lead = factories.make_lead(chain=chain, owner=factories.make_specialist(chain))
    client, address = as_user(office), f"/admin/crm/lead/{lead.pk}/release/"
    for reason in ("\u200b", "\u3164 \u2060", "无\x1b进展", "138\u200b12345678"):
        assert client.post(address, {"reason": reason}).context["form"].errors["reason"]
    assert client.post(address, {"reason": "无\u200b进展\r\n改期"}).status_code == 302
    assert lead.owner_changes.latest("at").reason == "无进展\n改期"


@pytest.mark.django_db
def test_a_search_finds_what_was_copied_with_unseen_characters(as_user, office):
    factories.make_enterprise(name=NAME)
    page = as_user(office).get("/admin/crm/enterprise/", {"q": between("示例材料", "\u200b")})
    assert NAME in page.text


@pytest.mark.django_db
@unseen
def test_a_user_name_is_one_however_it_is_written(sign, rf):
    user = User.objects.create_user(between("zhang", sign), password="a good long word")
    assert user.username == "zhang"
    with pytest.raises(ValidationError) as refusal:
        User(username=f"zhang{sign}", password="x").full_clean()
    assert "username" in refusal.value.message_dict
    # Or each unseen character would give a guesser five more entries.
    typed, known = ({"username": name} for name in (f"zha{sign}ng", "zhang"))
    request = rf.post("/")
    assert fingerprint(request, typed) == fingerprint(request, known)


@pytest.mark.django_db
def test_whoever_pastes_the_user_name_gets_in():
    user = factories.make_user("office", username="zhang")
    user.set_password("a good long word")
    user.password_chosen_by, user.must_change_password = None, False
    user.save()
    client = Client()
    data = {"username": "zhang\u200b", "password": "a good long word"}
    assert client.post("/admin/login/", data).status_code == 302
    assert Client().post("/admin/login/", data | {"username": "zha\nng\x1b"}).status_code == 200
