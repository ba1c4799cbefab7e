"""Who is told of what: once, of what they see, and never of what they did themselves."""

from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm import jobs
from crm.models import FollowUp, Lead
from crm.models.conflicts import Conflict
from crm.models.transfers import LeadTransfer
from tests import factories
from tests.racing import at_once
from zone.calendar import SHANGHAI, today
from zone.models import AuditEntry, IndustryChain, User, ZoneSetting
from zone.models.notices import MOST_SHOWN, Notice
from zone.notices.due import tell_due

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


@pytest.fixture
def lead(specialist, chain) -> Lead:
    return factories.make_lead(owner=specialist, chain=chain, title="正极材料项目")


@pytest.fixture
def chain_leader(chain) -> User:
    return factories.make_user("chain_leader", chain=chain, display_name="链长甲")


def kinds(person) -> list[str]:
    return sorted(Notice.objects.filter(person=person).values_list("kind", flat=True))


def put(lead: Lead, **values):
    Lead.objects.filter(pk=lead.pk).update(**values)


def follow_up(lead, by, summary="已联系"):
    FollowUp(lead=lead, by=by, kind="CALL", summary=summary).save()


# What others do


def test_who_is_given_a_lead_is_told_and_who_cannot_see_it_any_more_is_not(
    lead, specialist, other_specialist, chain_leader
):
    lead.assign(by=chain_leader, to=other_specialist, reason="分工")
    notice = Notice.objects.get()
    assert (notice.person, notice.kind, notice.by) == (other_specialist, "lead_given", chain_leader)
    assert (notice.model, notice.object_id) == ("crm.lead", lead.pk)
    Lead.objects.get(pk=lead.pk).assign(by=chain_leader, to=chain_leader, reason="自留")
    assert kinds(chain_leader) == []  # did it
    assert kinds(specialist) == []  # no longer sees it


def test_who_claims_is_not_told_and_a_new_lead_is_told_to_the_owner_another_named(
    specialist, office, chain
):
    factories.make_lead(chain=chain).claim(by=specialist)
    assert Notice.objects.count() == 0
    new = factories.build(Lead, chain=chain, enterprise=factories.make_enterprise())
    new.register(by=office, owner=specialist)
    assert kinds(specialist) == ["lead_given"]


def test_what_the_jobs_return_is_told_to_the_owner_before_and_the_leaders_of_the_chain(
    lead, specialist, other_specialist, chain_leader
):
    put(lead, protected_until=today() - A_DAY)
    jobs.return_unprotected()
    assert (kinds(specialist), kinds(chain_leader)) == (["lead_returned"], ["lead_returned"])
    assert kinds(other_specialist) == []


def test_a_transfer_is_told_to_who_answers_and_the_answer_to_who_proposed(
    lead, specialist, other_specialist
):
    transfer = LeadTransfer(lead=lead, reason="分工", to_owner=other_specialist)
    transfer.propose(by=specialist)
    assert kinds(other_specialist) == ["transfer_waits"]
    transfer.refuse(by=other_specialist, reason="手上已满")
    assert kinds(specialist) == ["transfer_refused"]


@pytest.mark.parametrize("has_leader", [True, False])
def test_of_a_chain_its_leaders_answer_and_without_one_the_office(
    lead, specialist, office, has_leader
):
    far = factories.make_chain("electronics")
    leading = factories.make_user("chain_leader", chain=far) if has_leader else None
    LeadTransfer(lead=lead, reason="方向", to_chain=far).propose(by=specialist)
    assert (kinds(office) == ["transfer_waits"]) is not has_leader
    assert leading is None or kinds(leading) == ["transfer_waits"]


def test_a_claim_waits_for_the_office_and_both_sides_hear_of_the_decision(
    lead, specialist, other_specialist, office, chain
):
    claim = {"title": "我的", "planned_investment_wan": Decimal(5), "grounds": "已接洽多次"}
    conflict = Conflict(enterprise_name=lead.enterprise.name, chain=chain, **claim)
    conflict.raise_claim(by=other_specialist)
    assert (kinds(office), kinds(specialist)) == (["claim_waits"], ["claim_raised"])
    conflict.decide(by=office, decision="STAYS", reason="首报在先且持续跟进中")
    assert kinds(specialist) == ["claim_decided", "claim_raised"]
    assert kinds(other_specialist) == ["claim_decided"]


def test_who_filled_a_sheet_in_hears_what_was_decided(lead, specialist, chain_leader):
    lead.screen(by=specialist, opinion="材料齐全")
    assert Notice.objects.count() == 0
    lead.screen(by=chain_leader, opinion="暂缓，补材料", result="HOLD")
    assert kinds(specialist) == ["screening_held"]


def test_what_is_undone_is_told_to_nobody(lead, other_specialist, chain_leader, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(AuditEntry.objects.__class__, "record", fail)
    with pytest.raises(RuntimeError):
        lead.assign(by=chain_leader, to=other_specialist, reason="分工")
    assert Notice.objects.count() == 0


# Mentions


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("请@专员乙丙明天联系", ["专员乙丙"]),  # the longest name counts
        ("请@专员乙 联系，＠链长甲知悉", ["专员乙", "链长甲"]),
        ("请@远方 联系", []),  # does not see the lead
        ("请@同名 联系", []),  # two of them do
        ("写到 a@专 和 @ 和 @@", []),
        ("@专员甲 自己", []),
    ],
)
def test_a_mention_reaches_who_sees_the_lead_and_is_never_guessed(
    specialist, chain, chain_leader, text, told
):
    lead = factories.make_lead(chain=chain, owner=specialist)
    for name in ("专员乙", "专员乙丙", "同名", "同名"):
        factories.make_user("office", display_name=name)
    factories.make_specialist(factories.make_chain("electronics"), display_name="远方")
    follow_up(lead, specialist, text)
    mentioned = Notice.objects.filter(kind="mentioned").order_by("person__display_name")
    names = set(mentioned.values_list("person__display_name", flat=True))
    assert names == set(told)


# What is due


def at(hour: int, day=None) -> datetime:
    return datetime.combine(day or today(), time(hour), SHANGHAI)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"next_follow_up_on": 0}, "follow_up_today"),
        ({"next_follow_up_on": -3}, "follow_up_overdue"),
        ({"protected_until": 6}, "protection_ends"),
        ({"stage_since": -46}, "clock_stale"),
        ({"owned_on": -15}, "clock_reporting"),
        ({"registered_at": -2}, "clock_respond"),
    ],
)
def test_what_is_due_is_told_to_the_owner_once_however_often_the_job_runs(
    lead, specialist, values, kind
):
    put(lead, first_contact_on=today(), screened_on=today(), fed_back_on=today())
    moved = {name: today() + timedelta(days=days) for name, days in values.items()}
    if "registered_at" in values:
        moved = {"registered_at": at(9, moved["registered_at"]), "first_contact_on": None}
    put(lead, last_contact_on=None, **moved)
    for _run in range(2):
        tell_due(timezone.now())
    assert kinds(specialist) == [kind]


def test_a_new_date_is_a_new_event_and_a_run_that_was_missed_is_made_up(lead, specialist):
    put(lead, next_follow_up_on=today() - A_DAY, screened_on=today(), fed_back_on=today())
    tell_due(timezone.now())
    put(lead, next_follow_up_on=today() + 2 * A_DAY)
    tell_due(at(1, today() + 5 * A_DAY))
    assert [kind for kind in kinds(specialist) if "follow_up" in kind] == ["follow_up_overdue"] * 2


def test_before_a_lead_goes_back_for_want_of_a_first_follow_up_its_owner_is_warned(
    lead, specialist
):
    put(lead, untouched_since=timezone.now() - timedelta(hours=23))
    tell_due(timezone.now())
    assert kinds(specialist) == []
    ZoneSetting.objects.create(key=ZoneSetting.Key.FIRST_WARNING_HOURS, value=30)
    tell_due(timezone.now())
    assert kinds(specialist) == ["first_follow_up_due"]


def test_nobody_who_has_left_is_told(lead, specialist):
    put(lead, next_follow_up_on=today())
    specialist.appointments.update(ends_on=today() - A_DAY)
    tell_due(timezone.now())
    assert Notice.objects.count() == 0


def test_what_was_removed_long_after_it_was_read_is_not_told_again(lead, specialist):
    put(lead, next_follow_up_on=today() - 5 * A_DAY)
    tell_due(timezone.now())
    assert "follow_up_overdue" in kinds(specialist)
    Notice.objects.all().delete()
    tell_due(at(9, today() + 90 * A_DAY))
    assert "follow_up_overdue" not in kinds(specialist)


def test_who_follows_a_lead_up_has_read_what_was_told_of_it(lead, specialist, chain_leader):
    put(lead, next_follow_up_on=today())
    other = factories.make_lead(owner=specialist, next_follow_up_on=today())
    tell_due(timezone.now())
    follow_up(lead, specialist)
    assert {notice.object_id for notice in Notice.objects.unread()} == {other.pk}


def test_looking_for_what_is_due_takes_as_many_queries_at_30_leads_as_at_one(specialist, chain):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            tell_due(timezone.now())
        return len(seen)

    factories.make_lead(owner=specialist, chain=chain, next_follow_up_on=today())
    one = queries()
    for _lead in range(30):
        factories.make_lead(owner=specialist, chain=chain, next_follow_up_on=today())
    assert queries() == one
    assert len(kinds(specialist)) == 31


ONCE = next(one for one in Notice._meta.constraints if one.name == "notice_once")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_kept", [True, False])
def test_of_many_jobs_at_once_each_notice_is_written_once(is_kept):
    """Without the constraint each of them would write its own."""
    chain = IndustryChain.objects.create(code="c", name="链")
    owner = factories.make_specialist(chain)
    for _lead in range(20):
        factories.make_lead(owner=owner, chain=chain, next_follow_up_on=today())
    with connection.schema_editor() as editor:
        is_kept or editor.remove_constraint(Notice, ONCE)
    try:
        at_once(8, lambda n: tell_due(timezone.now()))
        assert (Notice.objects.count() == 20) is is_kept
    finally:
        Notice.objects.all().delete()
        with connection.schema_editor() as editor:
            is_kept or editor.add_constraint(Notice, ONCE)


# The bell and its page


def tell(person, *leads, kind="follow_up_today"):
    Notice.objects.tell(kind, [(person, lead, today()) for lead in leads])


def test_the_bell_counts_by_one_query_and_stops_at_99(as_user, specialist, lead):
    client, page = as_user(specialist), reverse("admin:crm_lead_changelist")
    assert 'class="zone-bell"' in client.get(page).text
    Notice.objects.bulk_create(
        Notice(person=specialist, kind="mentioned", event=str(n))._of(lead)
        for n in range(MOST_SHOWN + 9)
    )
    with CaptureQueriesContext(connection) as seen:
        html = client.get(page).text
    assert "<b>99+</b>" in html
    assert len([one for one in seen.captured_queries if "zone_notice" in one["sql"]]) == 1
    assert len(seen) <= 12


def test_the_page_names_the_row_as_it_is_now_and_hides_one_that_left_reach(
    as_user, specialist, other_specialist, lead
):
    tell(specialist, lead)
    put(lead, title="改名<b>后")
    client = as_user(specialist)
    assert "改名&lt;b&gt;后" in client.get(reverse("notices")).text
    put(lead, owner=other_specialist)
    page = client.get(reverse("notices")).text
    assert "改名" not in page
    assert "已不在您的查看范围" in page
    notice = Notice.objects.get()
    assert client.post(reverse("notice_open", args=[notice.pk])).url == reverse("notices")
    notice.refresh_from_db()
    assert notice.read_at is not None


def test_a_tap_opens_the_record_and_only_ones_own_are_opened_or_read(
    as_user, specialist, other_specialist, lead
):
    tell(specialist, lead)
    notice = Notice.objects.get()
    address = reverse("notice_open", args=[notice.pk])
    stranger = as_user(other_specialist)
    assert stranger.post(address).status_code == 404
    stranger.post(reverse("notices_read"))
    assert Notice.objects.unread().count() == 1
    mine = as_user(specialist)
    assert mine.get(address).status_code == 405
    answer = mine.post(address)
    assert answer.url == reverse("admin:crm_lead_record", args=[lead.pk])
    assert Notice.objects.unread().count() == 0


def test_all_are_marked_that_the_page_showed_and_none_that_came_since(as_user, specialist, lead):
    tell(specialist, lead)
    client = as_user(specialist)
    newest = client.get(reverse("notices")).context["newest"]
    Notice.objects.tell("mentioned", [(specialist, lead, "later")])
    Notice.objects.filter(kind="mentioned").update(created_at=timezone.now() + A_DAY)
    client.post(reverse("notices_read"), {"newest": newest})
    assert [notice.kind for notice in Notice.objects.unread()] == ["mentioned"]
    assert client.post(reverse("notices_read"), {"notice": "x"}).status_code == 404


def test_the_page_takes_as_many_queries_for_30_notices_as_for_one(as_user, specialist, chain):
    client = as_user(specialist)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("notices"))
        return len(seen)

    leads = [factories.make_lead(owner=specialist, chain=chain) for _ in range(30)]
    tell(specialist, leads[0])
    queries()
    one = queries()
    tell(specialist, *leads)
    assert queries() == one <= 12
