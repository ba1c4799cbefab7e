import pytest

from zone.files.export import csv_file, neutral


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x"]
)
@pytest.mark.parametrize("before", ["", " ", "\u3000", "\ufeff", "\u200b"])
def test_what_a_spreadsheet_would_calculate_is_text(before, text):
    assert neutral(before + text) == f"'{before}{text}"


@pytest.mark.parametrize("text", ["", "长治", "1-2", "a=b", "138****0000", "（一）"])
def test_what_is_harmless_stays_as_it_is(text):
    assert neutral(text) == text


def test_numbers_stay_numbers_and_headings_are_neutral_too():
    text = csv_file("x", ["=a"], [[-5, "-5"]]).content.decode("utf-8-sig")
    assert text.splitlines() == ["'=a", "-5,'-5"]
