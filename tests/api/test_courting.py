"""Another system registers no lead beside the one that courts the investor."""

import pytest

from tests import factories
from tests.api.batches import World, statuses, upsert
from tests.api.conftest import LEADS, problem

pytestmark = pytest.mark.django_db


def test_likeness_and_number_are_refused_by_row_and_by_batch(api, chain, specialist):
    contact = factories.make_contact(
        enterprise=factories.make_enterprise(name="东岭汽车有限公司"), phone="13812345678"
    )
    factories.make_lead(
        enterprise=contact.enterprise, contact=contact, chain=chain, owner=specialist
    )
    alike = factories.make_enterprise(name="东岭汽车公司", is_distinct=True)
    called = factories.make_contact(phone="+86 13812345678")
    body = World().leads(0)
    rows = [
        body | {"enterprise": str(alike.pk), "contact": None},
        body | {"enterprise": str(called.enterprise_id), "contact": str(called.pk)},
        body | {"enterprise": str(factories.make_enterprise().pk), "contact": None},
    ]
    caller = api(*LEADS)
    for row in rows[:2]:
        refused = caller.post("leads", row)
        assert (refused.status_code, problem(refused)["code"]) == (409, "duplicate")
        assert problem(refused)["duplicate_of"]["owner"] == specialist.username
    assert statuses(upsert(caller, "leads", rows)) == [409, 409, 201]


def test_a_lead_takes_no_contact_of_an_investor_of_others(api, chain, specialist):
    first = factories.make_contact(phone="13812345678")
    factories.make_lead(enterprise=first.enterprise, contact=first, owner=specialist)
    mine = factories.make_lead()
    second = factories.make_contact(enterprise=mine.enterprise, phone="13812345678")
    refused = api(*LEADS).patch(f"leads/{mine.pk}", {"contact": str(second.pk)}, mine.version)
    assert refused.status_code == 422
    assert [one["code"] for one in problem(refused)["errors"]] == ["courted"]
