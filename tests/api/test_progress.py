"""``progress``: the very figures of the target page, within the client's reach."""

from datetime import date

import pytest

from projects.progress import monthly, progress, progress_by
from tests import factories
from tests.api.conftest import problem

pytestmark = pytest.mark.django_db
ON = date(2025, 6, 30)
ASKED = {"year": "2025", "on": "2025-06-30"}


@pytest.fixture
def year(chain, office):
    """Two chains with signings, targets for the zone and one chain."""
    other = factories.make_chain("electronics")
    for place, amount, day in ((chain, 120_000, 3), (chain, 30_000, 5), (other, 50_000, 4)):
        project = factories.make_project(chain=place, park=factories.make_park())
        signed = date(2025, day, 1)
        factories.make_agreement(
            project=project, amount_wan=amount, signed_on=signed, recognised_on=signed
        )
    factories.make_agreement(project=factories.make_project(chain=other), amount_wan=7)
    factories.make_target("SIGNED_AMOUNT", 2_390_000, year=2025)
    factories.make_target("SIGNED_PROJECTS", 40, year=2025)
    factories.make_target("SIGNED_AMOUNT", 600_000, year=2025, chain=chain)
    return other


def test_the_zones_figures_are_those_of_the_page(api, year):
    body = api("progress:read").data("progress", **ASKED)
    [found] = body["data"]
    figure = progress(2025, ON).signed_amount
    assert found["signed_amount"] == {
        "target_wan": "2390000",
        "actual_wan": "200000",
        "pending_wan": "7",
        "remaining_wan": "2190000",
        "shortfall_wan": f"{figure.shortfall:.0f}",
        "completion_percent": str(figure.completion),
        "time_progress_percent": f"{figure.time_progress:.0f}",
        "gap_points": str(figure.gap),
        "light": figure.light,
        "light_label": str(figure.light_word),
    }
    assert (found["signed_projects"]["target"], found["signed_projects"]["actual"]) == ("40", "3")
    assert found["platform_tenants"]["completion_percent"] is None
    assert found["scope"] == {"kind": "zone", "code": None, "name": "长治高新区"}


def test_each_chain_and_park_has_its_own(api, chain, year):
    caller = api("progress:read")
    chains = caller.data("progress", by="chain", **ASKED)["data"]
    known = {one.scope.code: one for one in progress_by(2025, ON, "chain", [chain, year])}
    assert {one["scope"]["code"]: one["signed_amount"]["actual_wan"] for one in chains} == {
        code: f"{one.signed_amount.actual:.0f}" for code, one in known.items()
    }
    assert all("platform_tenants" not in one for one in chains)
    parks = caller.data("progress", by="park", **ASKED)["data"]
    assert sum(int(one["signed_amount"]["actual_wan"]) for one in parks) == 200_000
    assert all("platform_tenants" in one for one in parks)


def test_months_run_up_to_the_day(api, chain, year):
    caller = api("progress:read")
    body = caller.data("progress/months", **ASKED, chain=chain.code)
    known = monthly(2025, ON, chain)
    assert [(one["month"], one["amount_so_far_wan"]) for one in body["data"]] == [
        (month.month, f"{month.amount_so_far:.0f}") for month in known
    ]
    assert body["data"][-1]["amount_so_far_wan"] == "150000"
    assert len(caller.data("progress/months", **ASKED)["data"]) == 6


def test_a_narrower_client_sees_its_own_places_alone(api, chain, year):
    caller = api("progress:read", chains=[chain])
    assert caller.get("progress", **ASKED).status_code == 404
    assert caller.get("progress/months", **ASKED).status_code == 404
    assert caller.get("progress/months", chain=year.code).status_code == 404
    assert caller.get("progress/months", chain=chain.code).status_code == 200
    codes = [one["scope"]["code"] for one in caller.data("progress", by="chain")["data"]]
    assert codes == [chain.code]
    assert caller.data("progress", by="park")["data"] == []


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"year": "soon"}, "year"),
        ({"year": "1"}, "year"),
        ({"on": "2025-02-30"}, "on"),
        ({"on": "0001-01-01"}, "on"),
        ({"by": "person"}, "by"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_parameter_is_told_by_its_name(api, params, name):
    refused = api("progress:read").get("progress", **params)
    found = [wrong["pointer"] for wrong in problem(refused)["errors"]]
    assert (refused.status_code, found) == (400, [f"?{name}"]), refused.text


def test_figures_ask_for_their_scope(api):
    assert problem(api("targets:read").get("progress"))["scope"] == "progress:read"


@pytest.mark.parametrize("by", ["zone", "chain", "park"])
def test_figures_take_as_many_queries_for_30_places_as_for_1(
    api, django_assert_max_num_queries, by
):
    caller = api("progress:read")
    for n in range(30):
        place = factories.make_chain(f"c-{n}", name=f"链{n}")
        factories.make_project(chain=place, park=factories.make_park())
    with django_assert_max_num_queries(8):
        caller.data("progress", by=by, **ASKED)
