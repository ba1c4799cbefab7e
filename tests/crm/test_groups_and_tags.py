"""Groups without circles, tags with their dates, codes found by their names."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from crm.models import Enterprise
from crm.models.tags import EnterpriseTag, TagKind
from tests import factories
from tests.forms import send
from tests.racing import held_up
from zone.calendar import today
from zone.codes.lists import industries, regions
from zone.models import AuditEntry, ChainSegment
from zone.navigation import record_url

DAY = timedelta(days=1)


def kind(name: str = "高新技术企业") -> TagKind:
    return TagKind.objects.get_or_create(name=name)[0]


def group_of(number: int) -> list[Enterprise]:
    """Make a line of enterprises, each below the one before it."""
    rows = [factories.make_enterprise()]
    for _ in range(number - 1):
        rows.append(factories.make_enterprise(parent=rows[-1]))
    return rows


@pytest.mark.django_db
def test_nobody_stands_above_himself_at_any_door():
    top, middle, low = group_of(3)
    for parent in (top, low):
        top.parent = parent
        with pytest.raises(ValidationError) as refusal:
            top.full_clean()
        assert [*refusal.value.message_dict] == ["parent"]
        with pytest.raises(IntegrityError), transaction.atomic():
            Enterprise.objects.filter(pk=top.pk).update(parent=parent)
    other, another = factories.make_enterprise(), factories.make_enterprise()
    other.parent, another.parent = another, other
    with pytest.raises(IntegrityError), transaction.atomic():  # both in one statement
        Enterprise.objects.bulk_update([other, another], ["parent"])
    low.parent = top  # a shorter way up is none
    low.full_clean()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_two_who_close_a_circle_at_once_the_second_is_refused():
    one, two = factories.make_enterprise(), factories.make_enterprise()

    def second():
        try:
            Enterprise.objects.filter(pk=two.pk).update(parent=one)
        except IntegrityError as error:
            return error.__cause__.diag.constraint_name
        return "saved"

    def race(lock: str):
        with connection.cursor() as cursor:
            cursor.execute(lock)
        with transaction.atomic():
            Enterprise.objects.filter(pk=one.pk).update(parent=two)
            return held_up(second)

    assert race("SELECT").result(20) == "enterprise_no_circle"
    Enterprise.objects.update(parent=None)
    # The negative control: without the lock nobody waits, and neither sees the other.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('crm_check_circle'::regproc)")
        source = cursor.fetchone()[0]
        cursor.execute(source.replace("PERFORM pg_advisory_xact_lock", "-- "))
    try:
        with transaction.atomic():
            Enterprise.objects.filter(pk=one.pk).update(parent=two)
            with pytest.raises(AssertionError, match="nothing holds it up"):
                held_up(second)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(source)
    assert Enterprise.objects.exclude(parent=None).count() == 2


@pytest.mark.django_db
def test_a_place_in_the_chain_is_one_of_the_enterprises_chain(chain):
    other = factories.make_chain("electronics")
    place = ChainSegment.objects.create(chain=other, name="电子材料", position="UPSTREAM")
    enterprise = factories.make_enterprise(chain=chain)
    enterprise.segment = place
    with pytest.raises(ValidationError) as refusal:
        enterprise.full_clean()
    assert [*refusal.value.message_dict] == ["segment"]
    enterprise.chain = other
    enterprise.full_clean()


@pytest.mark.django_db
def test_the_record_sums_up_what_the_viewer_may_see_of_the_group(as_user, office, specialist):
    top, low = group_of(2)
    chain = specialist.posts(today())[0][1]
    Enterprise.objects.filter(pk=low.pk).update(chain=chain)
    Enterprise.objects.filter(pk=top.pk).update(chain=factories.make_chain("electronics"))
    factories.make_lead(enterprise=low, owner=specialist, chain_id=chain, title="子公司项目")
    factories.make_lead(
        enterprise=top, chain=factories.make_chain("electronics"), title="母公司项目"
    )
    factories.make_project(enterprise=top, total_investment_wan=70_000)
    seen = {}
    for user in (office, specialist):
        page = as_user(user).get(record_url(Enterprise, low.pk))
        seen[user] = {one["title"]: (one["count"], one["total"]) for one in page.context["related"]}
        assert (top.name in page.text) is (user == office)
    assert seen[office]["集团线索"] == (2, "2.00 亿元")
    assert seen[office]["集团项目"] == (1, "7.00 亿元")
    assert seen[specialist]["集团线索"] == (1, "1.00 亿元")
    alone = as_user(office).get(record_url(Enterprise, factories.make_enterprise().pk))
    assert "集团线索" not in alone.text


@pytest.mark.django_db
def test_a_hidden_parent_is_neither_named_on_the_form_nor_lost_by_saving(as_user, specialist):
    top = factories.make_enterprise(
        name="他链集团有限公司", chain=factories.make_chain("equipment")
    )
    low = factories.make_enterprise(parent=top, chain_id=specialist.posts(today())[0][1])
    address = reverse("admin:crm_enterprise_change", args=[low.pk])
    client = as_user(specialist)
    assert "他链集团" not in client.get(address).text
    data = {"name": low.name, "chain": str(low.chain_id), "address": "长治"}
    data |= {"contacts-TOTAL_FORMS": "0", "contacts-INITIAL_FORMS": "0"}
    response = send(client, address, data)
    assert response.status_code == 302, response.context["errors"]
    low.refresh_from_db()
    assert (low.address, low.parent_id) == ("长治", top.pk)


# Tags


@pytest.mark.django_db
def test_a_tag_holds_from_its_first_day_to_before_its_last(office):
    enterprise = factories.make_enterprise()
    first, end = today() - 10 * DAY, today()
    tag = enterprise.tag(kind(), by=office, valid_from=first, valid_until=end)
    assert [
        EnterpriseTag.objects.valid(day).count() for day in (first - DAY, first, end - DAY, end)
    ] == [0, 1, 1, 0]
    assert AuditEntry.objects.of(tag).get().by == office
    enterprise.tag(kind(), by=office, valid_from=end)  # half open: the next one begins that day
    with pytest.raises(ValidationError, match="已有此标签"):
        enterprise.tag(kind(), by=office, valid_from=first + DAY, valid_until=end - DAY)
    with pytest.raises(IntegrityError, match="tag_no_overlap"), transaction.atomic():
        EnterpriseTag.objects.create(enterprise=enterprise, kind=kind(), valid_from=end + DAY)
    enterprise.tag(kind("规上企业"), by=office)


@pytest.mark.django_db
def test_a_tag_that_the_office_gave_up_is_given_no_more(office):
    enterprise = factories.make_enterprise()
    old = TagKind.objects.create(name="旧称号", is_active=False)
    with pytest.raises(ValidationError, match="停用"):
        enterprise.tag(old, by=office)


@pytest.mark.django_db
def test_tags_are_given_to_many_and_found_by_today(as_user, office):
    has, new, over = (factories.make_enterprise() for _ in range(3))
    has.tag(kind(), by=office)
    over.tag(kind("规上企业"), by=office, valid_from=date(2020, 1, 1), valid_until=today())
    client, chosen = as_user(office), ",".join(str(one.pk) for one in (has, new))
    data = {"chosen": chosen, "kind": str(kind().pk), "valid_from": str(today())}
    page = client.post(reverse("admin:crm_enterprise_tag_many"), data, follow=True)
    assert page.context["done"] == 1
    assert [(one["name"], "已有此标签" in one["why"]) for one in page.context["refused"]] == [
        (has.name, True)
    ]
    rows = reverse("admin:crm_enterprise_changelist")
    page = client.get(rows, {"tag": str(kind().pk)})
    assert {row.pk for row in page.context["cl"].result_list} == {has.pk, new.pk}
    assert '<span class="zone-label info">高新技术企业</span>' in page.text
    assert not client.get(rows, {"tag": str(kind("规上企业").pk)}).context["cl"].result_count
    record = client.get(record_url(Enterprise, has.pk))
    assert record.context["badges"] == [{"text": "高新技术企业", "tone": "info"}]


# Codes


@pytest.mark.parametrize(
    ("codes", "term", "code"),
    [
        (industries, "锂电", "C3841"),
        (industries, "电子专用材料", "C3985"),
        (industries, "dzzycl", "C3985"),
        (industries, "c3985", "C3985"),
        (regions, "深圳", "440300"),
        (regions, "changzhi", "140400"),
        (regions, "140403", "140403"),
        (regions, "潞州", "140403"),
    ],
)
def test_a_code_is_found_by_name_pinyin_initials_and_itself(codes, term, code):
    assert codes().find(term)[0].code == code


def test_a_code_is_told_with_what_stands_above_it():
    assert regions().name("140403") == "山西省 长治市 潞州区"
    assert regions().name("110105") == "北京市 朝阳区"
    assert industries().by_code["C3985"].path[0] == "制造业"
    assert regions().code_of("朝阳区") == "朝阳区"  # there are several: not guessed


@pytest.mark.django_db
def test_the_form_takes_a_name_and_keeps_the_code(as_user, office):
    client = as_user(office)
    data = {"name": "示例材料有限公司", "origin_region": "深圳市", "industry_code": "C3985 电子"}
    data |= {"contacts-TOTAL_FORMS": "0", "contacts-INITIAL_FORMS": "0"}
    response = send(client, reverse("admin:crm_enterprise_add"), data)
    assert response.status_code == 302, response.context["errors"]
    row = Enterprise.objects.get()
    assert (row.origin_region, row.industry_code) == ("440300", "C3985")
    page = client.get(reverse("admin:crm_enterprise_change", args=[row.pk])).text
    assert 'value="440300 深圳市"' in page
    assert "广东省 深圳市" in client.get(record_url(Enterprise, row.pk)).text
    found = client.get(reverse("codes", args=["region"]), {"q": "szs"}).json()["found"]
    assert {"label": "440300 深圳市", "path": "广东省"} in found
    assert client.get(reverse("codes", args=["other"])).status_code == 404
