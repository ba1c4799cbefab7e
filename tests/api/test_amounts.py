"""Amounts on the interface: plain decimal text as published, within the same bounds."""

import pytest

from tests import factories
from tests.api.conftest import LEADS


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["1.2亿", "12,000", "1,5", "1e5", "NaN", "100000001"])
def test_an_amount_is_plain_decimal_text_within_the_bounds(api, text):
    chain = factories.make_chain()
    data = {
        "enterprise": str(factories.make_enterprise().pk),
        "title": "储能材料项目",
        "chain": chain.code,
        "source": "REFERRAL",
        "planned_investment_wan": text,
    }
    refused = api(*LEADS).post("leads", data)
    pointers = [error["pointer"] for error in refused.json()["errors"]]
    assert (refused.status_code, pointers) == (422, ["/planned_investment_wan"])
    made = api(*LEADS).post("leads", data | {"planned_investment_wan": "100000000"})
    assert (made.status_code, made.json()["planned_investment_wan"]) == (201, "100000000")
