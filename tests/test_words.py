"""What a form answers is said in our own words, whichever field or validator says it."""

import re
from decimal import Decimal

import polib
import pytest
from django import forms
from django.apps import apps
from django.core import validators
from django.core.exceptions import ValidationError
from django.forms.formsets import BaseFormSet
from django.utils.functional import Promise
from django.utils.translation import override

from tests.test_amount_forms import forms_of_the_admin
from zone.admin.state import StateForm
from zone.management.commands import messages

MACHINERY = re.compile("^(确保|确认|输入|具有|包含|此字段|这个值|选择一个)|有效的|数组|变量")


def every_state_form() -> list[type]:
    found, left = [], [StateForm]
    while left:
        found += (subclasses := left.pop().__subclasses__())
        left += subclasses
    return found


def said(field) -> list:
    """Return what a field of a form or model may answer, by itself or by its validators."""
    answers = list(field.error_messages.values())
    for validator in field.validators:
        answers += [validator.message] if hasattr(validator, "message") else []
        answers += getattr(validator, "messages", {}).values()
    return answers


def source(message) -> str:
    """Return the English of a message, of one with a plural its singular."""
    if not isinstance(message, Promise):
        return str(message)
    return message._args[0] if message._args else message._kw["singular"]


@pytest.mark.django_db
def test_no_field_answers_in_django_s_words():
    known = {entry.msgid for entry in polib.pofile(str(messages.CATALOGUE))}
    fields = [field for _, form in forms_of_the_admin() for field in form.base_fields.values()]
    fields += [field for form in every_state_form() for field in form.base_fields.values()]
    for app in ("zone", "crm", "projects"):
        for model in apps.get_app_config(app).get_models():
            fields += [field for field in model._meta.fields if field.editable]
    answers = [answer for field in fields for answer in said(field)]
    answers += BaseFormSet.default_error_messages.values()
    answers += forms.BaseModelFormSet.default_error_messages.values()
    found = {source(answer) for answer in answers} - {""}
    assert len(found) > 40
    assert sorted(found - known) == []


def test_our_words_say_what_to_do():
    corrected = {messages.text_of(entry) for entry in polib.pofile(str(messages.ENGLISH))}
    chinese = {
        entry.msgid: entry.msgstr or entry.msgstr_plural[0]
        for entry in polib.pofile(str(messages.CATALOGUE))
        if messages.text_of(entry) in corrected
    }
    assert {text for text in chinese.values() if MACHINERY.search(text)} == set()


@pytest.mark.parametrize(
    ("validator", "value", "chinese", "english"),
    [
        (
            validators.MinValueValidator(1),
            0,
            "不能小于 1，请核对后改正。",
            "At least 1, please check.",
        ),
        (
            validators.DecimalValidator(16, 4),
            Decimal(10**13),
            "小数点前最多 12 位，请核对单位。",
            "At most 12 digits before the point; please check the unit.",
        ),
        (
            validators.MaxLengthValidator(2),
            "abc",
            "最多 2 个字（现有 3 个），请删减。",
            "At most 2 characters (it has 3); please shorten it.",
        ),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "code") else "",
)
def test_a_limit_is_told_with_its_cure_in_both_languages(validator, value, chinese, english):
    with pytest.raises(ValidationError) as refusal:
        validator(value)
    with override("zh-hans"):
        assert refusal.value.messages == [chinese]
    with override("en"):
        assert refusal.value.messages == [english]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_constraint_can_say_its_words(language):
    """Django fills the name in with %: a bare sign of per cent in them is an error of its own."""
    with override(language):
        for model in apps.get_models():
            for constraint in model._meta.constraints:
                assert constraint.get_violation_error_message()
