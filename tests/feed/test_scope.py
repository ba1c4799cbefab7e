"""Which rows a client sees: one test a rule, with rows beside it that it must not see."""

import pytest

from crm.models import Contact, Enterprise, FollowUp, Lead
from projects.models import Agreement, CapitalArrival, Occupancy, Project
from tests import factories
from zone.feed.scope import Scope
from zone.feed.synced import entities
from zone.models import Building, IndustryChain, Park, Space, Target

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_chain():
    return factories.make_chain("equipment")


@pytest.fixture
def park():
    return factories.make_park()


def sees(scope, model) -> set:
    rows = list(scope.rows(model))
    assert len(rows) == len(set(rows))
    return set(rows)


def chains(*rows, **more) -> Scope:
    return Scope(chains=frozenset(row.pk for row in rows), **more)


def parks(*rows) -> Scope:
    return Scope(parks=frozenset(row.pk for row in rows))


def test_the_zone_sees_everything(chain, other_chain):
    factories.make_occupancy(project=None)
    factories.make_target("SIGNED_AMOUNT", 1, specialist=factories.make_user())
    for model in entities().values():
        assert sees(Scope(zone=True), model) == set(model._base_manager.all())


def test_a_scope_of_nothing_sees_the_chains_and_the_zones_targets(chain):
    factories.make_contact()
    factories.make_lead()
    factories.make_space()
    factories.make_agreement()
    factories.make_occupancy()
    factories.make_target("SIGNED_AMOUNT", 10, chain=chain)
    factories.make_target("SIGNED_AMOUNT", 10, specialist=factories.make_user())
    whole = factories.make_target("SIGNED_AMOUNT", 100)
    seen = {model for model in entities().values() if sees(Scope(), model)}
    assert seen == {IndustryChain, Target}
    assert sees(Scope(), Target) == {whole}


def test_leads_and_what_hangs_on_them_go_by_the_chain(chain, other_chain):
    user = factories.make_user()
    lead, other = factories.make_lead(chain=chain), factories.make_lead(chain=other_chain)
    note = factories.make_follow_up(lead=lead, by=user)
    factories.make_follow_up(lead=other, by=user)
    assert sees(chains(chain), Lead) == {lead}
    assert sees(chains(chain), FollowUp) == {note}
    assert sees(parks(factories.make_park()), Lead) == set()


def test_projects_and_their_parts_go_by_chain_or_park(chain, other_chain, park):
    here = factories.make_project(chain=other_chain, park=park)
    ours = factories.make_project(chain=chain)
    parts = {}
    for project in (here, ours, factories.make_project(chain=other_chain)):
        parts[project] = (
            factories.make_agreement(project=project),
            factories.make_arrival(project=project),
            factories.make_occupancy(project=project, enterprise=project.enterprise),
            factories.make_follow_up(project=project, by=factories.make_user()),
        )
    for scope, project in ((parks(park), here), (chains(chain), ours)):
        assert sees(scope, Project) == {project}
        for model, part in zip(
            (Agreement, CapitalArrival, Occupancy, FollowUp), parts[project], strict=True
        ):
            assert sees(scope, model) == {part}


def test_an_enterprise_is_seen_by_each_of_its_ties(chain, other_chain, park):
    user = factories.make_user()

    def make(**fields):
        return factories.make_enterprise(**{"chain": other_chain} | fields)

    own, entered, led, planned, there, tenant = (
        make(chain=chain), make(entered_by=user), make(), make(), make(), make(),
    )  # fmt: skip
    nobodys, _others = make(chain=None), make()
    factories.make_lead(chain=chain, enterprise=led)
    factories.make_lead(chain=chain, enterprise=led)
    factories.make_project(chain=chain, enterprise=planned)
    factories.make_project(chain=other_chain, park=park, enterprise=there)
    factories.make_occupancy(enterprise=tenant, space=factories.make_space(park=park))
    assert sees(chains(chain), Enterprise) == {own, led, planned, nobodys}
    assert sees(chains(chain, account=user.pk), Enterprise) == {own, led, planned, nobodys, entered}
    assert sees(parks(park), Enterprise) == {there, tenant}
    assert sees(Scope(account=user.pk), Enterprise) == {entered}


def test_a_contact_is_seen_by_its_lead_or_whoever_entered_it_never_by_the_enterprise(
    chain, other_chain
):
    user = factories.make_user()
    elsewhere = factories.make_enterprise(chain=other_chain)
    factories.make_contact(enterprise=factories.make_enterprise(chain=chain))
    entered = factories.make_contact(enterprise=elsewhere, entered_by=user)
    named = factories.make_contact(enterprise=elsewhere)
    factories.make_contact(enterprise=elsewhere)
    factories.make_contact(enterprise=factories.make_enterprise(chain=None))
    factories.make_lead(chain=chain, enterprise=elsewhere, contact=named)
    assert sees(chains(chain, account=user.pk), Contact) == {entered, named}


def test_premises_are_for_the_park_and_for_whoever_courts(chain, park):
    factories.make_park()
    mine, other = factories.make_space(park=park), factories.make_space()
    building = Building.objects.create(park=park, name="甲座")
    Building.objects.create(park=other.park, name="乙座")
    assert sees(parks(park), Park) == {park}
    assert sees(parks(park), Space) == {mine}
    assert sees(parks(park), Building) == {building}
    assert sees(chains(chain), Space) == {mine, other}
    assert sees(chains(chain), Park) == set(Park.objects.all())


def test_an_occupancy_goes_by_the_park_of_its_space_or_the_chain_of_its_tenant(chain, park):
    there = factories.make_occupancy(space=factories.make_space(park=park))
    tenant = factories.make_occupancy(enterprise=factories.make_enterprise(chain=chain))
    factories.make_occupancy()
    assert sees(parks(park), Occupancy) == {there}
    assert sees(chains(chain), Occupancy) == {tenant}
