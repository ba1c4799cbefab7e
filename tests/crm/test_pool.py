"""The pool: who may claim what, how long a lead stays its owner's, and what takes it away."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm import jobs
from crm.models import Lead, LeadOwnerChange
from crm.models.visits import Visit
from tests import factories
from zone.calendar import today
from zone.models import AuditEntry, ZoneSetting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_screening")]
A_DAY = timedelta(days=1)


def setting(key: str, value: int):
    ZoneSetting.objects.update_or_create(key=key, defaults={"value": value})


def days(number: int):
    return today() + timedelta(days=number)


def put(lead: Lead, **values) -> Lead:
    """Write columns past the rules."""
    Lead.objects.filter(pk=lead.pk).update(**values)
    lead.refresh_from_db()
    return lead


def refusal(call, *args, **kwargs) -> ValidationError:
    with pytest.raises(ValidationError) as refused:
        call(*args, **kwargs)
    return refused.value


def codes(error: ValidationError) -> set[str]:
    return {one.code for one in getattr(error, "error_list", [error])}


# Registration and protection


def test_who_registers_first_owns_and_is_protected(specialist, chain):
    lead = factories.build(Lead, chain=chain, enterprise=factories.make_enterprise())
    lead.register(by=specialist)
    lead.refresh_from_db()
    assert (lead.owner, lead.owned_on) == (specialist, today())
    assert lead.protected_until == days(180)
    assert lead.untouched_since is None


@pytest.mark.parametrize(
    ("kind", "extends"),
    [("CALL", 180), ("MEETING", 180), ("SURVEY", 180), ("WECHAT", 0), ("EMAIL", 0)],
)
def test_a_real_contact_extends_the_protection(specialist, chain, kind, extends):
    lead = put(factories.make_lead(owner=specialist, chain=chain), protected_until=days(3))
    factories.make_follow_up(lead=lead, by=specialist, kind=kind, happened_on=today())
    lead.refresh_from_db()
    assert lead.protected_until == days(extends or 3)


def test_each_progress_has_a_setting_and_none_shortens(specialist, chain):
    setting("CONTACT_EXTENDS_DAYS", 30)
    setting("VISIT_EXTENDS_DAYS", 60)
    setting("STAGE_EXTENDS_DAYS", 90)
    lead = put(factories.make_lead(owner=specialist, chain=chain), protected_until=days(1))
    found = []
    factories.make_follow_up(lead=lead, by=specialist, kind="CALL", happened_on=today())
    found.append(Lead.objects.get().protected_until)
    factories.make(Visit, lead=lead, happened_on=today())
    found.append(Lead.objects.get().protected_until)
    lead.advance(by=specialist)
    found.append(Lead.objects.get().protected_until)
    factories.make_follow_up(lead=lead, by=specialist, kind="CALL", happened_on=today())
    found.append(Lead.objects.get().protected_until)
    assert found == [days(30), days(60), days(90), days(90)]


def test_a_stage_reached_before_and_a_contact_of_the_owner_before_extend_nothing(specialist, chain):
    lead = factories.make_lead(owner=specialist, chain=chain, owned_on=days(-10))
    lead.advance(by=specialist)
    lead.advance(by=specialist, to="NEW", reason="重新研判")
    put(lead, protected_until=days(1))
    lead.advance(by=specialist)
    assert Lead.objects.get().protected_until == days(1)
    factories.make_follow_up(lead=lead, by=specialist, kind="CALL", happened_on=days(-11))
    assert Lead.objects.get().protected_until == days(1)


def test_a_warning_comes_before_the_end(specialist, chain):
    on = {
        number: put(
            factories.make_lead(owner=specialist, chain=chain), protected_until=days(number)
        )
        for number in (-1, 0, 7, 8)
    }
    assert set(Lead.objects.ending(today())) == {on[0], on[7]}
    setting("LEAD_WARNING_DAYS", 8)
    assert set(Lead.objects.ending(today())) == {on[0], on[7], on[8]}


def test_what_ends_is_a_list_of_one_s_own(as_user, specialist, other_specialist, chain):
    for person in (specialist, other_specialist):
        put(factories.make_lead(owner=person, chain=chain), protected_until=days(1))
    page = as_user(specialist).get(reverse("admin:crm_lead_changelist") + "?whose=ending")
    assert [lead.owner for lead in page.context["cl"].result_list] == [specialist]


# The job that returns what is no longer protected


def test_a_lead_whose_protection_ended_returns_by_itself(specialist, chain):
    ended, last_day = (
        put(factories.make_lead(owner=specialist, chain=chain), protected_until=days(number))
        for number in (-1, 0)
    )
    began = timezone.now()
    version = ended.version
    assert "1" in jobs.return_unprotected()
    ended.refresh_from_db()
    assert (ended.owner, ended.protected_until, ended.owned_on) == (None, None, None)
    assert ended.version == version + 1
    assert Lead.objects.get(pk=last_day.pk).owner == specialist
    line = LeadOwnerChange.objects.returned_since(began).get()
    assert (line.by, line.from_owner, line.lead) == (None, specialist, ended)
    assert line.reason.startswith("自动")
    entry = AuditEntry.objects.of(ended).first()
    assert (entry.action, entry.by_name, entry.door) == ("STATE", "", "SYSTEM")
    assert entry.changes == {"owner": [str(specialist), ""]}


def test_running_the_job_twice_changes_nothing(specialist, chain):
    put(factories.make_lead(owner=specialist, chain=chain), protected_until=days(-1))
    jobs.return_unprotected()
    before = Lead.objects.values().get(), LeadOwnerChange.objects.count()
    jobs.return_unprotected()
    assert (Lead.objects.values().get(), LeadOwnerChange.objects.count()) == before


def test_a_closed_lead_and_one_of_the_pool_are_left_alone(specialist, chain):
    for stage, owner in (("LOST", specialist), ("SIGNED", specialist), ("NEW", None)):
        lead = factories.make_lead(owner=owner, chain=chain, stage=stage)
        put(lead, protected_until=days(-1))
    jobs.return_unprotected()
    assert not LeadOwnerChange.objects.exists()


def test_a_release_and_the_job_write_the_same_lines(specialist, chain):
    by_hand, by_job = (factories.make_lead(owner=specialist, chain=chain) for _ in range(2))
    by_hand.release(by=specialist, reason="无进展")
    put(by_job, protected_until=days(-1))
    jobs.return_unprotected()
    lines = [
        {**LeadOwnerChange.objects.values("from_owner", "to_owner", "on").get(lead=lead)}
        for lead in (by_hand, by_job)
    ]
    trail = [AuditEntry.objects.of(lead).first().changes for lead in (by_hand, by_job)]
    assert lines[0] == lines[1]
    assert trail[0] == trail[1]


@pytest.mark.parametrize("number", [1, 30])
def test_the_job_takes_the_same_statements_for_one_and_for_thirty(specialist, chain, number):
    for _ in range(number):
        put(factories.make_lead(owner=specialist, chain=chain), protected_until=days(-1))
    with CaptureQueriesContext(connection) as seen:
        jobs.return_unprotected()
    statements = [query["sql"] for query in seen if "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 10, statements  # five of them find who is to be told, and tell


# The first follow-up


def test_a_claim_without_a_follow_up_returns_after_48_hours(specialist, chain):
    lead = factories.make_lead(chain=chain)
    lead.claim(by=specialist)
    jobs.return_neglected()
    assert Lead.objects.get().owner == specialist
    put(lead, untouched_since=timezone.now() - timedelta(hours=48, minutes=1))
    jobs.return_neglected()
    assert Lead.objects.get().owner is None
    assert "48" in LeadOwnerChange.objects.latest("at").reason


@pytest.mark.parametrize("touch", ["follow-up", "visit"])
def test_a_lead_that_was_touched_stays(specialist, office, chain, touch):
    lead = factories.make_lead(chain=chain)
    lead.assign(by=office, to=specialist, reason="分办")
    assert Lead.objects.untouched().get() == lead
    if touch == "visit":
        factories.make(Visit, lead=lead, happened_on=today())
    else:
        factories.make_follow_up(lead=lead, by=specialist, kind="EMAIL", happened_on=today())
    assert not Lead.objects.untouched().exists()
    jobs.return_neglected()
    assert Lead.objects.get().owner == specialist


def test_what_was_said_before_the_claim_is_no_first_follow_up(specialist, chain):
    lead = factories.make_lead(chain=chain)
    lead.claim(by=specialist)
    put(lead, untouched_since=timezone.now() - timedelta(hours=30))
    factories.make_follow_up(lead=lead, by=specialist, happened_on=days(-5))
    assert Lead.objects.get().untouched_since


def test_the_hours_are_a_setting_and_0_never_returns(specialist, chain):
    lead = factories.make_lead(chain=chain)
    lead.claim(by=specialist)
    put(lead, untouched_since=timezone.now() - timedelta(hours=3))
    setting("FIRST_FOLLOW_UP_HOURS", 0)
    jobs.return_neglected()
    assert Lead.objects.get().owner == specialist
    setting("FIRST_FOLLOW_UP_HOURS", 2)
    jobs.return_neglected()
    assert Lead.objects.get().owner is None


# Limit and cooldown


def test_at_the_limit_a_claim_is_refused_with_number_and_cure(specialist, chain):
    setting("HOLD_LIMIT", 2)
    for _ in range(2):
        factories.make_lead(owner=specialist, chain=chain)
    error = refusal(factories.make_lead(chain=chain).claim, by=specialist)
    assert codes(error) == {"full"}
    assert "2" in error.messages[0]
    assert "退回公海" in error.messages[0]


@pytest.mark.parametrize("freed", ["tier", "closed", "converted", "released", "claims an A"])
def test_a_slot_is_free_again(specialist, office, chain, freed):
    setting("HOLD_LIMIT", 1)
    held = factories.make_lead(owner=specialist, chain=chain)
    wanted = factories.make_lead(chain=chain)
    assert codes(refusal(wanted.claim, by=specialist)) == {"full"}
    if freed == "tier":
        put(held, tier="A")
    elif freed == "closed":
        held.close(by=specialist, to="LOST", reason="另选他地")
    elif freed == "converted":
        held.advance(by=specialist)
        held.mark_converted(by=specialist)
    elif freed == "released":
        held.release(by=specialist, reason="让出")
    else:
        put(wanted, tier="A")
    wanted.claim(by=specialist)
    assert Lead.objects.get(pk=wanted.pk).owner == specialist


def test_the_default_limit_is_50():
    assert ZoneSetting.whole("HOLD_LIMIT", "CLAIM_COOLDOWN_DAYS", "FIRST_FOLLOW_UP_HOURS") == (
        50,
        15,
        48,
    )


@pytest.mark.parametrize("by_job", [True, False])
def test_who_had_a_lead_waits_before_claiming_it_again(specialist, other_specialist, chain, by_job):
    lead = factories.make_lead(owner=specialist, chain=chain)
    if by_job:
        put(lead, protected_until=days(-1))
        jobs.return_unprotected()
    else:
        lead.release(by=specialist, reason="暂缓")
    error = refusal(lead.claim, by=specialist)
    assert codes(error) == {"cooldown"}
    assert str(days(15)) in error.messages[0]
    LeadOwnerChange.objects.update(on=days(-15))
    lead.claim(by=specialist)
    assert Lead.objects.get().owner == specialist


def test_a_colleague_need_not_wait(specialist, other_specialist, chain):
    lead = factories.make_lead(owner=specialist, chain=chain)
    lead.release(by=specialist, reason="暂缓")
    lead.claim(by=other_specialist)
    assert Lead.objects.get().owner == other_specialist


# Tiers


def test_the_tier_is_set_by_office_and_chain_leader(specialist, office, chain):
    leader = factories.make_user("chain_leader", chain)
    lead = factories.make_lead(owner=specialist, chain=chain)
    for person, refused in ((specialist, True), (leader, False), (office, False)):
        before = Lead.objects.get()
        row = Lead.objects.get()
        row.tier = "A"
        if refused:
            assert set(refusal(row.clean_for, person, before).error_dict) == {"tier"}
        else:
            row.clean_for(person, before)
    assert lead.tier == ""


def test_the_form_takes_a_tier_of_the_office_alone(as_user, specialist, office, chain):
    lead = factories.make_lead(owner=specialist, chain=chain)
    address = reverse("admin:crm_lead_change", args=[lead.pk])
    shown = {
        person: "tier" in as_user(person).get(address).context["adminform"].form.fields
        for person in (specialist, office)
    }
    assert shown == {specialist: False, office: True}


# Doors


def test_the_form_of_a_claim_tells_the_refusal(as_user, specialist, chain):
    setting("HOLD_LIMIT", 0)
    lead = factories.make_lead(chain=chain)
    page = as_user(specialist).post(reverse("admin:crm_lead_claim", args=[lead.pk]))
    assert page.status_code == 200
    assert page.context["form"].non_field_errors()
    assert Lead.objects.get().owner is None


@pytest.mark.parametrize("number", [1, 30])
def test_a_claim_costs_the_same_whatever_else_one_holds(specialist, chain, number):
    for _ in range(number):
        factories.make_lead(owner=specialist, chain=chain)
    lead = factories.make_lead(chain=chain)
    assert lead.can_claim(specialist)  # as every door asks first; the person's rights are kept
    with CaptureQueriesContext(connection) as seen:
        lead.claim(by=specialist)
    assert len(seen) == 13, [query["sql"] for query in seen]
