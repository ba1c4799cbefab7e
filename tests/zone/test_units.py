from decimal import Decimal

import pytest
from django.utils.translation import override

from zone import units


@pytest.mark.parametrize(
    ("wan", "text"),
    [
        ("2390000", "239.00 亿元"),
        ("10000", "1.00 亿元"),
        ("9999.5", "9,999.5 万元"),
        ("0", "0 万元"),
        ("-12000", "-1.20 亿元"),
        ("120", "120 万元"),
        ("12345678", "1,234.57 亿元"),
    ],
)
def test_money_from_one_yi_up_is_in_yi(wan, text):
    assert units.money(Decimal(wan)) == text


def test_unknown_is_a_dash_never_zero():
    assert units.money(None) == units.area(None) == units.percent(None) == "—"


def test_english_money_is_rmb_million():
    with override("en"):
        assert units.money(Decimal(2_390_000)) == "RMB 23,900 million"


def test_a_mu_is_exactly_two_thousand_thirds_of_a_square_metre():
    assert units.area(Decimal(2000)) == "2,000 ㎡（3.00 亩）"
    assert units.mu(Decimal("666.67")) == Decimal("1.00")


def test_halves_round_up_as_in_official_tables():
    assert units.rounded(Decimal("0.125")) == Decimal("0.13")
    assert units.percent(Decimal("72.165")) == "72.17%"


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        ("2389900", "2390000", "99.99"),
        ("2390000", "2390000", "100.00"),
        ("2390001", "2390000", "100.00"),
        ("2400000", "2390000", "100.42"),
        ("1", "3", "33.33"),
        ("0.005", "100", "0.01"),
    ],
)
def test_a_hundred_per_cent_is_shown_only_when_reached(part, whole, text):
    assert str(units.share(Decimal(part), Decimal(whole))) == text


def test_a_share_of_nothing_is_unknown():
    assert units.share(Decimal(5), None) is units.share(Decimal(5), Decimal(0)) is None
