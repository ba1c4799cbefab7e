"""Names and codes of enterprises over the interface: one of them, another, or found."""

import pytest

from tests import factories
from tests.api.batches import statuses, upsert
from tests.api.conftest import pointers

CODE = "91149999MA0000001C"
LIMITED, STOCK = "东岭汽车有限公司", "东岭汽车股份有限公司"
pytestmark = pytest.mark.django_db


def test_another_system_is_asked_too(api):
    known = factories.make_enterprise(name=LIMITED)
    caller = api("enterprises:read", "enterprises:write")
    refused = caller.post("enterprises", {"name": STOCK})
    assert (refused.status_code, pointers(refused)) == (422, [("/name", "alike")])
    assert caller.post("enterprises", {"name": STOCK, "is_distinct": True}).status_code == 201
    refused = caller.patch(f"enterprises/{known.pk}", {"name": "东岭汽车公司"}, known.version)
    assert (refused.status_code, pointers(refused)) == (422, [("/name", "alike")])


def test_a_batch_asks_about_its_own_rows_and_those_on_record(api):
    factories.make_enterprise(name=LIMITED)
    names = [STOCK, "乙公司", "乙有限公司", "丙公司", "东岭汽车"]
    rows = [{"name": name, "is_distinct": name == "东岭汽车"} for name in names]
    caller = api("enterprises:read", "enterprises:write")
    assert statuses(upsert(caller, "enterprises", rows)) == [422, 422, 422, 201, 201]


@pytest.mark.parametrize(
    "term", [CODE.lower(), "９１１４９９９９ＭＡ００００００１Ｃ", "91149999 MA00 0000 1C"]
)
def test_a_credit_code_is_found_in_any_width_and_with_blanks(api, term):
    factories.make_enterprise(uscc=CODE)
    factories.make_enterprise()
    for name in ("uscc", "uscc__in"):
        assert len(api("enterprises:read").data("enterprises", **{name: term})["data"]) == 1


@pytest.mark.parametrize(
    "term", ["检索（长治）有限公司", "检索(长治)有限公司", "检索 (长治)有限公司"]
)
def test_a_registered_name_is_found_with_any_brackets(api, term):
    factories.make_enterprise(name="检索（长治）有限公司")
    factories.make_enterprise()
    assert len(api("enterprises:read").data("enterprises", name=term)["data"]) == 1


def test_of_two_rows_of_a_batch_that_close_a_circle_one_is_refused(api):
    caller = api("enterprises:read", "enterprises:write")
    rows = [{"name": "甲控股公司"}, {"name": "乙材料公司"}]
    ids = [one["id"] for one in upsert(caller, "enterprises", rows).json()["results"]]
    crossed = [row | {"parent": other} for row, other in zip(rows, ids[::-1], strict=True)]
    answer = upsert(caller, "enterprises", crossed)
    assert sorted(statuses(answer)) == [200, 422]
    [refused] = [one for one in answer.json()["results"] if one["status"] == 422]
    assert refused["problem"]["errors"][0]["code"] == "circle"
