"""Texts hold what one sees: the rest is removed, and what breaks a line is refused."""

import time
import unicodedata

import pytest
from django.core.exceptions import ValidationError

from crm.models import Contact, Enterprise
from tests import factories
from tests.unseen import ALL_UNSEEN, BREAKING, UNSEEN, WITHIN_LINES, each
from zone import identifiers
from zone.fields import (
    CodeField,
    LineField,
    NameField,
    NoteField,
    PhoneField,
    ProseField,
)
from zone.privacy.masking import masked_text, phone_key

NAME = "示例材料有限公司"
unseen = pytest.mark.parametrize("sign", each(UNSEEN))
breaking = pytest.mark.parametrize("sign", each(BREAKING))
in_line = pytest.mark.parametrize("sign", each({**BREAKING, **WITHIN_LINES}))


def between(text: str, sign: str) -> str:
    return sign.join(["", *text, ""])


# What is a text


@unseen
def test_what_nobody_sees_is_removed(sign):
    for field in (LineField(), NoteField(), ProseField(), NameField()):
        assert field.to_python(between(NAME, sign)) == NAME
    assert CodeField().to_python(between("C3985", sign)) == "C3985"
    assert PhoneField().to_python(between("13812345678", sign)) == "13812345678"
    assert LineField(blank=False).formfield().clean(between(NAME, sign)) == NAME


@unseen
def test_a_text_of_nothing_seen_is_empty(sign):
    for field in (LineField(), NoteField(), ProseField(), NameField(), CodeField()):
        with pytest.raises(ValidationError):
            field.clean(sign * 3, None)
        with pytest.raises(ValidationError):
            field.formfield().clean(f" {sign}")


@in_line
def test_what_breaks_a_line_is_refused_in_one_line(sign):
    for field in (LineField(), NameField(), CodeField(), PhoneField()):
        with pytest.raises(ValidationError) as refusal:
            field.to_python(f"1{sign}3")
        assert refusal.value.code == "control"
        with pytest.raises(ValidationError):
            field.formfield().clean(f"1{sign}3")


@breaking
def test_what_no_keyboard_writes_is_refused_in_several_lines(sign):
    for field in (NoteField(), ProseField()):
        with pytest.raises(ValidationError) as refusal:
            field.to_python(f"1{sign}3")
        assert refusal.value.code == "control"


def test_several_lines_keep_lines_and_tabs_and_end_in_one_way():
    text = "一、厂房\r\n\t8000\u200b ㎡\n二、供电\r\n"
    for field in (NoteField(), ProseField(), ProseField().formfield()):
        assert field.to_python(text) == "一、厂房\n\t8000 ㎡\n二、供电"


def test_blanks_of_every_kind_become_the_usual_one():
    for blank in "\u00a0\u1680\u2000\u200a\u202f\u205f\u3000":
        assert LineField().to_python(f"{blank}甲{blank}乙{blank}") == "甲 乙"
        assert NameField().to_python(f"{blank}甲{blank}乙{blank}") == "甲 乙"


def test_ideographs_that_python_does_not_know_stay():
    # Those of the last row; below, each version of Python knows some more.
    later = "\U0002fffd\U0003fffd"
    assert {unicodedata.category(sign) for sign in later} == {"Cn"}
    assert LineField().to_python(f"{later}某") == f"{later}某"


def test_an_emoji_loses_its_joiners_alone():
    assert LineField().to_python("👨\u200d👩\u200d👧 ❤\ufe0f") == "👨👩👧 ❤"


def test_the_length_is_judged_as_kept():
    field = LineField(max_length=len(NAME))
    assert field.clean(between(NAME, "\u200b"), None) == NAME
    assert field.formfield().clean(between(NAME, "\u200b")) == NAME


def test_a_name_that_is_clean_costs_next_to_nothing_and_a_hostile_text_linear_time():
    def took(text, read):
        start = time.process_time()
        read(text)
        return time.process_time() - start

    for text in (ALL_UNSEEN * 20_000, "138\u200b" * 150_000, "a" + "\u0300\u0316" * 300_000):
        for read in (identifiers.visible, identifiers.half_width):
            assert took(text, read) < 2
    assert min(took(NAME * 2, identifiers.visible) for _ in range(100)) < 20e-6


# Personal numbers


@unseen
def test_a_personal_number_is_seen_through_what_nobody_sees(sign):
    for number in ("13812345678", "11010119900307123x"):
        for text in (f"电话{between(number, sign)}，请回电", f"{number[:3]}{sign}{number[3:]}"):
            with pytest.raises(ValidationError):
                identifiers.no_personal_number(text)
    assert phone_key(between("13812345678", sign)) == phone_key("13812345678")
    assert masked_text(f"called 138{sign}12345678") == "called 138****5678"


DIGITS_OF = {
    "full-width": "０１２３４５６７８９",
    "Arabic-Indic": "٠١٢٣٤٥٦٧٨٩",
    "Persian": "۰۱۲۳۴۵۶۷۸۹",
    "Devanagari": "०१२३४५६७८९",
    "mathematical": "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
    "circled": "⓪①②③④⑤⑥⑦⑧⑨",
    "raised": "⁰¹²³⁴⁵⁶⁷⁸⁹",
    "dark circles": "⓿❶❷❸❹❺❻❼❽❾",
}


@pytest.mark.parametrize("digits", DIGITS_OF.values(), ids=DIGITS_OF)
def test_a_personal_number_is_seen_in_digits_of_every_script(digits):
    written = "13812345678".translate(str.maketrans("0123456789", digits))
    with pytest.raises(ValidationError):
        identifiers.no_personal_number(f"电话{written}，请回电")
    assert phone_key(written) == phone_key("13812345678")
    assert PhoneField().to_python(written) == "13812345678"
    assert masked_text(f"电话，{written}").replace(",", "，") == "电话，138****5678"


def test_a_line_without_a_number_is_kept_as_it_was_written():
    line = "① 已联系，（二期）１２ 亩 mail＠"
    assert masked_text(line) == line
    assert masked_text("① 已\u200b联系") == "① 已联系"


def test_the_persons_name_is_seen_through_too():
    with pytest.raises(ValidationError):
        Contact(name="王经理").refuse_name_in("因王\u200b经理要求")


# One enterprise, one key


@pytest.mark.parametrize(
    "other",
    [
        *(between(NAME, sign) for sign in UNSEEN.values()),
        *(between(NAME, blank) for blank in "\u00a0\u1680\u2003\u202f\u205f\u3000\n\t\u2028"),
        "⽰例材料有限公司",
    ],
)
def test_no_second_spelling_has_another_key(other):
    assert identifiers.name_key(other) == identifiers.name_key(NAME)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("长治龙马车业", "⻓治⻰⻢⻋业"),  # of the CJK supplement, as PDF files give them
        ("金立科技", "⾦⽴科技"),  # Kangxi
        ("李氏科技", "\uf9e1氏科技"),  # compatibility
        ("ソニー", "ｿﾆｰ"),
        ("office", "oﬃce"),
        ("ABC科技", "АВС科技"),  # Cyrillic
        ("abc科技", "аbс科技"),
        ("BETA", "ΒΕΤΑ"),  # Greek
        ("示例1号", "示例①号"),
        ("示例1号", "示例١号"),
    ],
)
def test_what_looks_the_same_has_one_key(one, other):
    assert one != other
    assert identifiers.name_key(one) == identifiers.name_key(other)


def test_different_names_keep_different_keys():
    names = ("长治科技", "常治科技", "示例一号", "示例二号", "ABC", "ABD", "ДОМ", "DOM")
    assert len({identifiers.name_key(name) for name in names}) == len(names)


@pytest.mark.django_db
@unseen
def test_no_second_enterprise_looks_like_the_first(sign):
    factories.make_enterprise(name=NAME)
    with pytest.raises(ValidationError):
        Enterprise(name=between(NAME, sign)).full_clean()
