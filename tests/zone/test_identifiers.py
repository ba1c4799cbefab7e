import pytest
from django.core.exceptions import ValidationError

from zone import identifiers
from zone.fields import CodeField, PhoneField, PlainNumber


@pytest.mark.parametrize(
    "code",
    [
        "91110108551385082Q",
        "91110000600037341L",
        "91350100M000100Y43",
        "12341700686863395A",
        "1144150000724047XL",
        "91149999MA00000170",  # remainder 0
        "91149999MA0000001C",
        "91149999MA0000002F",
        "91149999MA0000003J",
        "91149999MA0000004M",
        "91149999MA0000005Q",
    ],
)
def test_a_valid_credit_code_passes(code):
    identifiers.check_uscc(code)


def test_a_wrong_check_character_says_which_is_right():
    with pytest.raises(ValidationError) as refused:
        identifiers.check_uscc("91350100M000100Y4Z")
    assert refused.value.code == "uscc_characters"
    with pytest.raises(ValidationError) as refused:
        identifiers.check_uscc("91350100M000100Y44")
    assert (refused.value.code, refused.value.params) == ("uscc_check", {"expected": "3"})


@pytest.mark.parametrize("code", ["", "9135", "91350100M000100Y433", "I1350100M000100Y43"])
def test_a_malformed_credit_code_is_refused(code):
    with pytest.raises(ValidationError):
        identifiers.check_uscc(code)


def test_departments_with_letters_are_known():
    first = "Y1110000600037341"
    identifiers.check_uscc(first + identifiers.uscc_check_character(first))


@pytest.mark.parametrize(
    "code",
    [
        "2603-141124-89-05-346948",
        "2411-130202-89-01-637015",
        "2509-320193-89-01-544060",
        "2211-441900-04-02-310151",
        "2502-140109-89-01-287745",
        "2503-140471-89-01-000019",
        "2503-140471-89-01-000027",
    ],
)
def test_a_project_code_of_the_new_form_has_its_check_digit(code):
    identifiers.check_project_code(code)
    assert not identifiers.project_code_looks_mistyped(code)


def test_a_wrong_check_digit_warns_and_old_codes_have_none():
    identifiers.check_project_code("2503-140471-89-01-123456")
    assert identifiers.project_code_looks_mistyped("2503-140471-89-01-123456")
    assert not identifiers.project_code_looks_mistyped("2020-330327-48-01-167360")


@pytest.mark.parametrize("code", ["2503140471890100001", "2503-14047-89-01-000019", "x"])
def test_a_malformed_project_code_is_refused(code):
    with pytest.raises(ValidationError):
        identifiers.check_project_code(code)


@pytest.mark.parametrize("code", ["C3985", "C39", "A011", "T97"])
def test_industry_codes(code):
    identifiers.check_industry_code(code)


@pytest.mark.parametrize("code", ["3985", "U39", "C3", "C39850", "C39\n"])
def test_malformed_industry_codes_are_refused(code):
    with pytest.raises(ValidationError):
        identifiers.check_industry_code(code)


@pytest.mark.parametrize("code", ["14040", "940403", "1404030", "14040a"])
def test_malformed_region_codes_are_refused(code):
    with pytest.raises(ValidationError):
        identifiers.check_region_code(code)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+86 138 0013 8000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("0355－2012345", "0355-2012345"),
        ("400-800-1234", "400-800-1234"),
        ("0086-13800138000", "13800138000"),
    ],
)
def test_phones_are_kept_in_one_form(typed, kept):
    assert PhoneField().to_python(typed) == kept
    identifiers.check_phone(kept)


@pytest.mark.parametrize("phone", ["12345678901", "1380013800", "2012345", "13800138000x"])
def test_malformed_phones_are_refused(phone):
    with pytest.raises(ValidationError):
        identifiers.check_phone(phone)


def test_full_width_codes_become_plain():
    assert CodeField().to_python(" ９１１１０１０８ ５５１３８５０８２ｑ ") == "91110108551385082Q"


@pytest.mark.parametrize("typed", ["1,234.5", "１，２３４．５", " 1234.5 ", "１２３４.5"])
def test_amounts_may_come_full_width_with_separators(typed):
    assert str(PlainNumber().clean(typed)) == "1234.5"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("示例电子 材料有限公司", "示例电子材料有限责任公司"),
        ("示例（长治）科技有限公司", "示例(长治)科技股份有限公司"),
        ("示例ＡＢＣ公司", "示例abc"),
    ],
)
def test_two_spellings_of_one_company_share_a_key(one, other):
    assert identifiers.name_key(one) == identifiers.name_key(other)


def test_a_name_that_is_only_a_suffix_keeps_itself():
    assert identifiers.name_key("有限公司") == "有限公司"
