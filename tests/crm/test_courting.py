"""Nobody registers beside the first who courts an investor; the office alone lets one stand."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.admin import lead_intake
from crm.admin.courting import look_up
from crm.intake import log_lead
from crm.models import Contact, Enterprise, Lead
from projects.signing import convert
from tests import factories
from tests.faults.test_clashing_forms import intake, logged_in
from tests.forms import fields
from tests.racing import at_once, held_up
from zone.calendar import local_date, today
from zone.models import AuditEntry

pytestmark = pytest.mark.django_db
NAME, PHONE = "东岭（长治）汽车有限公司", "13812345678"
CODE, OTHER_CODE = "91149999MA0000001C", "91149999MA0000002F"
SPELLINGS = (
    "东岭（长治）汽车有限公司",
    "东岭(长治)汽车有限公司",
    "东岭 （长治） 汽车有限公司",
    "东岭长治汽车有限公司",
    "东岭（长治）汽车股份有限公司",
)
ADD, REASON = "admin:crm_lead_add", "两家各自投资，经主任办公会同意"


@pytest.fixture
def courted(chain, other_specialist) -> Lead:
    """A colleague's lead, of the same chain, with a contact."""
    contact = factories.make_contact(
        enterprise=factories.make_enterprise(name=NAME, chain=chain), phone=PHONE
    )
    return factories.make_lead(
        enterprise=contact.enterprise, chain=chain, owner=other_specialist, contact=contact
    )


def typed(chain, name: str = "", **more) -> dict:
    return intake(chain) | {"enterprise_name": name, "is_distinct": "on"} | more


def codes(page) -> set:
    found = page.context["adminform"].form.errors.as_data()
    return {error.code for errors in found.values() for error in errors}


@pytest.mark.parametrize("name", SPELLINGS)
def test_no_spelling_registers_an_investor_twice(as_user, specialist, chain, courted, name):
    page = as_user(specialist).post(reverse(ADD), typed(chain, name))
    assert codes(page) == {"courted"}
    assert (Lead.objects.count(), Enterprise.objects.count()) == (1, 1)


def test_neither_the_enterprise_chosen_nor_its_number_registers_it_twice(
    as_user, specialist, chain, courted
):
    client = as_user(specialist)
    page = client.post(reverse(ADD), typed(chain, NAME))
    assert codes(page) == {"courted"}
    page = client.post(reverse(ADD), typed(chain, "另一家", contact_phone="+86 138 1234 5678"))
    assert codes(page) == {"courted"}
    assert (Lead.objects.count(), Contact.objects.count()) == (1, 1)
    courted.close(by=courted.owner, to="LOST", reason="未谈成")
    page = client.post(reverse(ADD), typed(chain, NAME))
    assert page.status_code == 302


def test_two_credit_codes_are_courted_by_two(as_user, specialist, chain, courted):
    Enterprise.objects.update(uscc=CODE)
    factories.make_enterprise(name=SPELLINGS[4], uscc=OTHER_CODE, chain=chain)
    page = as_user(specialist).post(reverse(ADD), typed(chain, SPELLINGS[4]))
    assert page.status_code == 302


def test_who_sees_the_lead_reads_whose_it_is_and_others_only_its_chain(
    as_user, specialist, office, chain, courted
):
    for user, told in ((office, True), (specialist, False)):
        said = typed(chain, NAME)
        page = as_user(user).post(reverse(ADD), said)
        assert ("专员乙" in page.text) == told
        assert chain.name in page.text
        assert not {PHONE, "138****5678", "王经理（"} & {*page.text.split()}


def test_the_office_lets_a_lead_stand_with_a_reason(as_user, office, chain, courted):
    client = as_user(office)
    said = typed(chain, NAME)
    assert 'name="override_reason"' in client.post(reverse(ADD), said).text
    assert codes(client.post(reverse(ADD), said | {"override_reason": "同意"})) == {"short"}
    assert client.post(reverse(ADD), said | {"override_reason": REASON}).status_code == 302
    lead = Lead.objects.get(override_reason=REASON)
    line = AuditEntry.objects.get(object_id=str(lead.pk), action="CREATED")
    assert line.changes["override_reason"] == ["", REASON]


def test_a_reason_of_anybody_else_lets_nothing_stand(as_user, specialist, chain, courted):
    said = typed(chain, NAME, override_reason=REASON)
    assert codes(as_user(specialist).post(reverse(ADD), said)) == {"post"}
    lead = Lead(title="新", chain=chain, source="OWN", planned_investment_wan=1)
    lead.enterprise, lead.override_reason = courted.enterprise, REASON
    with pytest.raises(ValidationError, match="招商办"):
        log_lead(lead, by=specialist)


def test_a_lead_is_moved_to_no_investor_of_others(as_user, office, specialist, chain, courted):
    mine = factories.make_lead(owner=specialist, chain=chain)
    Enterprise.objects.filter(pk=mine.enterprise_id).update(chain=chain)
    client, address = as_user(specialist), reverse("admin:crm_lead_change", args=[mine.pk])
    said = fields(client.get(address)) | {"enterprise": str(courted.enterprise_id)}
    assert codes(client.post(address, said)) == {"courted"}
    assert client.post(address, fields(client.get(address)) | {"title": "改"}).status_code == 302


def test_of_two_leads_of_an_investor_the_later_is_not_converted(
    as_user, office, specialist, chain, courted
):
    """As two stand in a database of before, or after two enterprises were merged."""
    later = factories.make_lead(enterprise=courted.enterprise, owner=specialist, chain=chain)
    for lead in (courted, later):
        factories.make_screening(lead=lead)
        lead.advance(by=lead.owner)
    with pytest.raises(ValidationError) as refused:
        convert(later, by=specialist)
    assert refused.value.code == "courted"
    client, address = as_user(office), reverse("admin:crm_lead_override", args=[later.pk])
    assert "至少" in client.post(address, {"reason": "同意"}).text
    assert client.post(address, {"reason": REASON}).status_code == 302
    line = AuditEntry.objects.get(object_id=str(later.pk), why=REASON)
    assert line.changes == {"override_reason": ["", REASON]}
    assert client.get(address).status_code == 403
    assert convert(Lead.objects.get(pk=later.pk), by=specialist).handler == specialist
    assert convert(courted, by=courted.owner)


def told(client, name: str, part: str = "lines") -> list:
    return client.get(reverse("admin:crm_lead_courting"), {"name": name}).json()[part]


def test_while_typing_one_reads_what_one_may(as_user, specialist, office, chain, courted):
    client = as_user(specialist)
    for name in (NAME, SPELLINGS[4]):
        [*_names, line] = told(client, name)
        assert (chain.name in line, "专员乙" in line) == (True, False)
    assert "专员乙" in told(as_user(office), NAME)[-1]
    assert told(client, "无人") == told(client, "无") == told(client, "") == []
    client = as_user(specialist)
    far = factories.make_enterprise(name="远方公司", chain=factories.make_chain("electronics"))
    assert told(client, "远方有限公司") == told(client, far.name) == []
    [on_record], [unknown] = (told(client, name, "options") for name in (far.name, "近方公司"))
    assert on_record | {"name": ""} == unknown | {"name": ""}
    assert as_user(factories.make_user("leadership")).get(
        reverse("admin:crm_lead_courting")
    ).status_code == 403  # fmt: skip


def test_one_box_finds_what_may_be_meant_and_says_who_courts_it(
    as_user, specialist, office, chain, courted
):
    mine = factories.make_lead(
        owner=specialist, chain=chain, enterprise=factories.make_enterprise(name="东岭电池公司")
    )
    factories.make_enterprise(name="东岭物流公司", chain=chain)
    factories.make_enterprise(name="东岭远方公司", chain=factories.make_chain("electronics"))
    day = local_date(mine.registered_at)
    notes = {
        NAME: ("“新能源”产业链在跟进", True),
        "东岭电池公司": (f"专员甲 · 新线索 · {day}", True),
        "东岭物流公司": ("目前无人跟进", False),
    }
    new = {"东岭": ("登记为新企业", False)}
    client = as_user(specialist)
    for typed_, expected in (
        ("东岭", notes | new),
        ("dldc", {"东岭电池公司": notes["东岭电池公司"], "dldc": new["东岭"]}),
        ("东岭长治汽车股份", {NAME: notes[NAME], "东岭长治汽车股份": new["东岭"]}),
        ("东岭物流公司", {"东岭物流公司": notes["东岭物流公司"]}),
    ):
        options = told(client, typed_, "options")
        assert {one["name"]: (one["note"], one["is_courted"]) for one in options} == expected
        assert [one["name"] for one in options if one["is_new"]] == [
            *expected.keys() - notes.keys()
        ]
    [first] = [one for one in told(as_user(office), "东岭", "options") if one["name"] == NAME]
    assert "专员乙" in first["note"]
    assert PHONE not in str(told(client, PHONE, "options")[:-1])


def test_the_form_proposes_whom_for_ones_last_chain_and_source_and_the_next_day(
    as_user, specialist, chain
):
    other = factories.make_chain("electronics")
    factories.make_appointment(specialist, "SPECIALIST", chain=other)
    factories.make_lead(owner=specialist, chain=other, source="VISIT")
    named = factories.make_enterprise(name="东岭物流公司", chain=chain)
    page = as_user(specialist).get(reverse(ADD), {"enterprise": str(named.pk)})
    form = page.context["adminform"].form
    proposed = {name: form[name].value() for name in ("enterprise_name", "chain", "source")}
    assert proposed == {"enterprise_name": named.name, "chain": other.pk, "source": "VISIT"}
    assert form["next_follow_up_on"].value() == today() + timedelta(days=3)
    assert "tier" not in form.fields
    assert as_user(specialist).get(reverse(ADD), {"enterprise": "x"}).status_code == 200


def test_what_is_typed_is_bounded_and_asked_so_often(as_user, specialist, chain, monkeypatch):
    client, address = as_user(specialist), reverse("admin:crm_lead_courting")
    assert told(client, "甲" * 5000, "options")[0]["name"] == "甲" * 200
    monkeypatch.setattr(lead_intake, "LOOK_UPS", (2, timedelta(minutes=1)))
    other = factories.make_specialist(chain)
    answers = [as_user(other).get(address, {"name": "甲乙"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["lines"] == ["查询过于频繁，请稍等片刻再输入。"]


def test_the_look_up_takes_no_more_queries_for_thirty_leads_than_for_one(office, chain, courted):
    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert len(look_up(office, NAME)["lines"]) == 2
        return len(seen)

    asked()
    first = asked()
    for n in range(30):
        other = factories.make_enterprise(name=f"东岭（长治）汽车{'.' * n}公司", is_distinct=True)
        factories.make_lead(enterprise=other, chain=chain)
    assert asked() <= first <= 9


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["chosen", "alike", "number"])
def test_of_two_who_register_an_investor_at_once_the_second_reads_of_the_first(how):
    chain = factories.make_chain()
    people = [factories.make_specialist(chain) for _ in range(2)]
    factories.make_enterprise(name=NAME, chain=chain)
    forms = {
        "chosen": [typed(chain, NAME)] * 2,
        "alike": [typed(chain, NAME), typed(chain, SPELLINGS[4])],
        "number": [typed(chain, name, contact_phone=PHONE) for name in ("甲公司", "乙公司")],
    }[how]
    if how != "number":
        forms[1] = forms[1] | {"contact_phone": "0355-0009999"}
    with transaction.atomic():
        assert logged_in(people[0]).post(reverse(ADD), forms[0]).status_code == 302
        second = held_up(lambda: logged_in(people[1]).post(reverse(ADD), forms[1]))
    answer = second.result(60)
    assert (answer.status_code, codes(answer)) == (200, {"courted"})
    assert 'value="新项目"' in answer.text
    assert Lead.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_are_registered(monkeypatch):
    """The negative control."""
    monkeypatch.setattr("crm.models.courting.lock_names", lambda keys: None)
    chain = factories.make_chain()
    people = [factories.make_specialist(chain) for _ in range(2)]
    factories.make_enterprise(name=NAME, chain=chain)
    form = typed(chain, NAME)
    with transaction.atomic():
        assert logged_in(people[0]).post(reverse(ADD), form).status_code == 302
        [answer] = at_once(1, lambda _n: logged_in(people[1]).post(reverse(ADD), form))
    assert answer.status_code == 302
    assert Lead.objects.count() == 2
