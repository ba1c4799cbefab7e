"""Posts: who gives them, what they open, and that an ended one opens nothing."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.urls import reverse

from crm.models import Lead
from projects.models import Project
from tests import factories
from zone.access.roles import may_grant, permissions_by_role
from zone.access.row_access import row_access
from zone.calendar import today
from zone.models import Appointment, AuditEntry

pytestmark = pytest.mark.django_db


def yesterday() -> date:
    return today() - timedelta(days=1)


def test_an_ended_appointment_gives_nothing_from_the_next_request_on(client, chain):
    person = factories.make_specialist(chain)
    factories.make_lead(chain=chain, owner=person)
    client.force_login(person)
    leads = reverse("admin:crm_lead_changelist")
    assert client.get(leads).status_code == 200
    person.appointments.update(ends_on=yesterday())
    assert client.get(leads).status_code in (302, 403)
    fresh = type(person).objects.get(pk=person.pk)
    assert not fresh.has_perm("crm.view_lead")
    assert row_access(fresh).chains == set()


@pytest.mark.parametrize(
    ("starts", "ends", "holds"),
    [
        (0, 0, True),
        (-90, None, True),
        (1, None, False),
        (-90, -1, False),
    ],
)
def test_a_post_opens_from_its_first_to_its_last_day(chain, starts, ends, holds):
    """Days are counted from today's, as it is then: midnight may come before a test does."""
    person = factories.make_user()
    days = {
        name: today() + timedelta(days=number)
        for name, number in (("starts_on", starts), ("ends_on", ends))
        if number is not None
    }
    factories.make_appointment(person, "CHAIN_LEADER", chain=chain, **days)
    assert (row_access(person).led_chains == {chain.pk}) is holds
    assert person.has_perm("crm.view_lead") is holds


def test_being_in_a_group_gives_nothing(chain):
    from django.contrib.auth.models import Group

    person = factories.make_user()
    person.groups.add(Group.objects.get(name="office"))
    assert person.get_all_permissions() == set()


def test_every_role_is_a_group_with_exactly_its_permissions(db):
    for role, codes in permissions_by_role().items():
        person = factories.make_user(role)
        assert person.get_all_permissions() == codes, role


@pytest.mark.parametrize(
    ("giver", "given", "may"),
    [
        ("office", "SPECIALIST", True),
        ("office", "CHAIN_LEADER", True),
        ("office", "PARK_OPERATOR", True),
        ("office", "SERVICE_AGENT", True),
        ("office", "OFFICE", True),
        ("office", "SYSTEM_ADMIN", False),
        ("office", "AUDITOR", False),
        ("system_admin", "SYSTEM_ADMIN", True),
        ("system_admin", "OFFICE", False),
        ("system_admin", "SPECIALIST", False),
        ("security_admin", "SECURITY_ADMIN", False),
        ("chain_leader", "SPECIALIST", False),
    ],
)
def test_nobody_grants_what_they_do_not_hold(chain, giver, given, may):
    by, person = factories.make_user(giver), factories.make_user()
    park = factories.make_park() if given == "PARK_OPERATOR" else None
    post = Appointment(
        user=person, role=given, park=park, chain=None if park else chain, starts_on=today()
    )
    if may:
        post.appoint(by=by)
        assert AuditEntry.objects.of(post).get().action == "APPOINTED"
    else:
        with pytest.raises(ValidationError):
            post.appoint(by=by)
        assert not person.appointments.exists()


def test_a_superuser_grants_everything(db):
    assert all(may_grant(factories.make_user(is_superuser=True), role) for role in Appointment.Role)


def test_the_office_appoints_on_a_page_that_offers_only_what_it_may_give(as_user, office, chain):
    client, person = as_user(office), factories.make_user()
    url = reverse("admin:zone_appointment_add")
    offered = dict(client.get(url).context["adminform"].form.fields["role"].choices)
    assert "SPECIALIST" in offered
    assert "SYSTEM_ADMIN" not in offered
    data = {"user": person.pk, "role": "SPECIALIST", "chain": chain.pk, "starts_on": today()}
    assert client.post(url, data | {"role": "SYSTEM_ADMIN"}).status_code == 200
    assert not person.appointments.exists()
    assert client.post(url, data).status_code == 302
    assert person.appointments.get().chain == chain


def test_the_office_ends_a_post_with_the_reason(as_user, office, specialist):
    post = specialist.appointments.get()
    url = reverse("admin:zone_appointment_end", args=[post.pk])
    client = as_user(office)
    assert client.post(url, {"on": yesterday(), "reason": ""}).status_code == 200
    assert client.post(url, {"on": yesterday(), "reason": "调任"}).status_code == 302
    post.refresh_from_db()
    assert post.ends_on == yesterday()
    entry = AuditEntry.objects.of(post).filter(action="ENDED").get()
    assert (entry.by, entry.why) == (office, "调任")


def test_a_post_is_never_edited(as_user, office, specialist):
    post = specialist.appointments.get()
    url = reverse("admin:zone_appointment_change", args=[post.pk])
    client = as_user(office)
    assert client.get(url).status_code == 200
    assert client.post(url, {"role": "OFFICE", "starts_on": today()}).status_code == 403


def test_the_same_post_is_not_held_twice(chain, specialist):
    with pytest.raises(ValidationError):
        Appointment(
            user=specialist, role="SPECIALIST", chain=chain, starts_on=date(2025, 1, 1)
        ).full_clean()
    specialist.appointments.update(ends_on=date(2025, 6, 30))
    factories.make_appointment(specialist, "SPECIALIST", chain=chain, starts_on=date(2025, 7, 1))


def test_a_persons_page_says_what_they_reach_and_why(as_user, office, specialist, chain):
    page = as_user(office).get(reverse("admin:zone_user_change", args=[specialist.pk]))
    assert specialist.appointments.get().reach_words in page.text
    assert chain.name in specialist.appointments.get().reach_words
    specialist.appointments.update(ends_on=yesterday())
    page = as_user(office).get(reverse("admin:zone_user_change", args=[specialist.pk]))
    assert specialist.appointments.get().reach_words not in page.text


def test_each_role_reaches_what_the_table_says(chain):
    """Who may see and do what, row by row."""
    other = factories.make_chain("electronics")
    park = factories.make_park()
    own = factories.make_specialist(chain)
    leads = {
        "own": factories.make_lead(chain=chain, owner=own),
        "pool": factories.make_lead(chain=chain),
        "foreign pool": factories.make_lead(chain=other),
        "peer": factories.make_lead(chain=chain, owner=factories.make_specialist(chain)),
    }
    agent = factories.make_user("service_agent")
    projects = {
        "own": factories.make_project(chain=chain, handler=own),
        "served": factories.make_project(chain=other, service_agent=agent),
        "in park": factories.make_project(chain=other, park=park),
        "chain": factories.make_project(chain=chain),
    }
    expected = {
        factories.make_user("leadership"): (set(leads), set(projects)),
        factories.make_user("office"): (set(leads), set(projects)),
        factories.make_user("statistician"): (set(leads), set(projects)),
        factories.make_user("chain_leader", chain): ({"own", "pool", "peer"}, {"own", "chain"}),
        own: ({"own", "pool"}, {"own"}),
        factories.make_user("park_operator", park=park): (set(), {"in park"}),
        agent: (set(), {"served"}),
        factories.make_user("system_admin"): (set(), set()),
        factories.make_user("security_admin"): (set(), set()),
        factories.make_user("auditor"): (set(), set()),
        factories.make_user(): (set(), set()),
    }
    for user, (seen_leads, seen_projects) in expected.items():
        rows = set(Lead.objects.visible_to(user))
        assert {name for name, lead in leads.items() if lead in rows} == seen_leads, user
        rows = set(Project.objects.visible_to(user))
        assert {name for name, row in projects.items() if row in rows} == seen_projects, user


def test_a_post_that_began_today_ends_at_once(office, chain):
    person = factories.make_user()
    post = Appointment(user=person, role="SPECIALIST", chain=chain, starts_on=today())
    post.appoint(by=office)
    with pytest.raises(ValidationError):
        post.end(by=office, on=today() - timedelta(days=2), reason="任命有误")
    post.end(by=office, on=yesterday(), reason="任命有误")
    assert row_access(type(person).objects.get(pk=person.pk)).chains == set()
    Appointment(user=person, role="SPECIALIST", chain=chain, starts_on=today()).appoint(by=office)


@pytest.mark.parametrize("has_chain", [True, False])
def test_the_database_refuses_the_same_post_twice(chain, has_chain):
    person = factories.make_user()
    where = {"user": person, "role": "SPECIALIST", "chain": chain if has_chain else None}
    posts = [
        Appointment(starts_on=date(2025, 1, 1), ends_on=yesterday(), **where),
        Appointment(starts_on=today(), **where),
    ]
    Appointment.objects.bulk_create(posts)
    with pytest.raises(IntegrityError, match="appointment_held_once"):
        Appointment.objects.bulk_create([Appointment(starts_on=date(2025, 6, 1), **where)])
