"""How amounts, areas and counts may be written, and what is refused rather than guessed."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils.translation import override

from zone import units

AMOUNTS = {
    "1.2亿": 12_000,
    "1.2 亿元": 12_000,
    "１．２亿": 12_000,
    "12000万": 12_000,
    "12000 万元": 12_000,
    "12000": 12_000,
    "12,000": 12_000,
    "１２，０００": 12_000,
    "1,234,567.5万": Decimal("1234567.5"),
    "12 000": 12_000,
    "3千万": 3_000,
    "100万亿": 10_000_000_000,
    "12000元": Decimal("1.2"),
    "120 million": 12_000,
    "-1.2亿": -12_000,
    "－５，０００": -5_000,
    ".5": Decimal("0.5"),
    "0": 0,
}
COMMAS = ["1,5", "1，5", "12,0000", "1,23,456", "1,5亿"]
UNREADABLE = ["1e5", "1E5", "NaN", "inf", "Infinity", "∞", "0x10", "1_000", "1 5", "1.2.3", "亿"]
UNREADABLE += ["10²", "½", "①", "1.2亿美元", "约1亿", "1亿2000万", "--5", "9" * 31]


@pytest.mark.parametrize(("text", "wan"), AMOUNTS.items())
def test_an_amount_is_read_as_people_write_it(text, wan):
    assert units.read(text, "wan") == wan


@pytest.mark.parametrize("text", ["", "  ", "\u3000"])
def test_nothing_written_is_no_amount(text):
    assert units.read(text, "wan") is None


@pytest.mark.parametrize("text", COMMAS)
def test_a_comma_that_could_be_a_point_is_refused_with_the_cure(text):
    with override("zh-hans"), pytest.raises(ValidationError, match="逗号只能每三位数字隔一个"):
        units.read(text, "wan")


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_is_no_amount_is_refused_with_an_example(text):
    with override("zh-hans"), pytest.raises(ValidationError, match="1.2亿"):
        units.read(text, "wan")


@pytest.mark.parametrize(("unit", "text"), [("", "1.2亿"), ("count", "1.2万"), ("m2", "3万元")])
def test_only_an_amount_has_units_of_money(unit, text):
    with pytest.raises(ValidationError):
        units.read(text, unit)
    assert (units.read("40 个", "count"), units.read("1,200 ㎡", "m2")) == (40, 1200)


def test_what_is_read_has_no_needless_zeros():
    assert [f"{units.read(text, 'wan'):f}" for text in ("1.20亿", "0.50", "5000.0")] == [
        "12000",
        "0.5",
        "5000",
    ]


def test_a_field_echoes_what_its_number_comes_to():
    echoed = {text: units.echo(text, "wan") for text in ("1.2亿", "5000", "1,5", "", None)}
    assert echoed == {
        "1.2亿": "= 1.20 亿元",
        "5000": "= 5,000 万元",
        "1,5": "",
        "": "",
        None: "",
    }
    assert units.echo("2000", "m2") == "= 3.00 亩"
    with override("en"):
        assert units.echo("1.2亿", "wan") == "= RMB 120 million"


def test_an_amount_in_full_hides_no_yuan():
    amounts = [None, Decimal(4200), Decimal("29565.5"), Decimal(-12_000)]
    assert [units.money_in_full(wan) for wan in amounts] == [
        "—",
        "4,200 万元",
        "29,565.5 万元（2.96 亿元）",
        "-12,000 万元（-1.20 亿元）",
    ]
