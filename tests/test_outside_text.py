"""Texts of any length at the doors: fields, forms, login, interface, uploads, the trail."""

from __future__ import annotations

import json
from contextlib import suppress
from time import process_time

import pytest
from django import forms
from django.apps import apps
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse

from crm.models import Enterprise
from tests import factories
from tests.api.conftest import api  # noqa: F401
from tests.forms import fields
from tests.linear import A_BYTE, ANYWHERE, Text, fault
from zone.api.uploading import write_next_part
from zone.models import ApiUpload, AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
OURS = [
    model for app in ("zone", "crm", "projects") for model in apps.get_app_config(app).get_models()
]
# One of each kind that something was slow with: masks, brackets, marks, words, blanks, quotes.
TEXTS = [
    Text("", pump) for pump in ("a@a.", "Key (", "1-", "/", "9", " \t", "长治", "公司", '\\" ')
]
TEXTS += [Text("a", "\u0315\u0300"), Text("", "Failing row contains ("), Text("", "&<\"'")]
LONG, SHORT = 100_000, 2_000  # bytes
A_PAGE = 0.3  # seconds: a page writes a text several times


def kinds() -> list:
    """Return a field of each kind: those with the same class and checks do the same."""
    found = {}
    for model in OURS:
        for field in model._meta.local_fields:
            if isinstance(field, (models.CharField, models.TextField, models.DecimalField)):
                checks = tuple(
                    getattr(check, "__name__", type(check)) for check in field.validators
                )
                found[(type(field), checks, bool(field.choices))] = field
    return [pytest.param(field, id=str(field)) for field in found.values()]


@pytest.mark.parametrize("field", kinds())
def test_every_kind_of_field_takes_linear_time(field):
    shown = field.formfield()

    def check(text):
        for clean in (lambda: field.clean(text, None), lambda: shown and shown.clean(text)):
            with suppress(ValidationError):
                clean()

    assert fault(check, [*ANYWHERE, *TEXTS], 100_000) == ""


def test_a_name_is_read_in_linear_time_before_its_length_is_judged():
    def check(text):
        with suppress(ValidationError):
            Enterprise(name=text).full_clean()

    assert slow(check, TEXTS[:-1]) == []  # it asks the database, too


def taken(work, text: str) -> float:
    start = process_time()
    work(text)
    return process_time() - start


def slow(work, texts=TEXTS, times_read: int = 1) -> list[str]:
    """Return with which texts ``work`` takes longer than their length accounts for."""
    work(texts[0].of(SHORT))  # what is loaded once is loaded
    found, limit = [], (A_PAGE + A_BYTE * LONG) * times_read
    for text in texts:
        long, times = text.of(LONG), []
        while len(times) < 3 and (not times or min(times) > limit):
            times.append(taken(work, long))
        if min(times) > limit:
            found.append(f"{min(times):.2f} s: {text}")
    return found


@pytest.mark.parametrize("name", ["username", "password", "next", "csrfmiddlewaretoken"])
def test_the_login_reads_a_long_text_in_linear_time(client, settings, name):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

    def enter(text):
        data = {"username": "a", "password": "b"} | {name: text}
        assert client.post("/admin/login/", data).status_code in (200, 429)

    assert slow(enter) == []


@pytest.mark.parametrize("view", ["set_language"])
def test_the_choice_of_language_reads_a_long_address_in_linear_time(client, view):
    assert (
        slow(lambda text: client.post(reverse(view), {"next": f"//{text}", "language": "en"})) == []
    )


EDITED = [model for model in admin.site._registry if model in OURS]


@pytest.mark.parametrize("model", EDITED, ids=lambda model: model.__name__)
def test_every_form_reads_a_long_text_in_linear_time(client, model):
    client.force_login(factories.make_user(is_superuser=True))
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    page = client.get(address)
    if page.status_code != 200:
        pytest.skip("rows of this kind are not added by hand")
    data, form = fields(page), page.context["adminform"].form
    names = [name for name, field in form.fields.items() if reads_text(field)]

    def send(text):
        client.post(address, data | dict.fromkeys(names, text))

    assert slow(send, TEXTS[::3], times_read=len(names)) == []


def reads_text(field: forms.Field) -> bool:
    return isinstance(
        field, (forms.CharField, forms.DecimalField, forms.DateField, forms.IntegerField)
    )


def test_a_long_description_is_saved_and_told_in_the_trail_in_linear_time(client):
    client.force_login(factories.make_user(is_superuser=True))
    row = factories.make_enterprise()
    address = reverse("admin:crm_enterprise_change", args=[row.pk])

    def save(text):
        data = fields(client.get(address)) | {"description": text}
        assert client.post(address, data).status_code == 302

    assert slow(save) == []
    assert AuditEntry.objects.of(row).count() > len(TEXTS)


@pytest.mark.parametrize("name", ["name", "description", "uscc", "registered_capital_wan", "chain"])
def test_the_interface_reads_a_long_text_in_linear_time(api, name):  # noqa: F811
    caller = api("enterprises:write", "enterprises:read")

    def write(text):
        answer = caller.post("enterprises", {"name": "示例"} | {name: text})
        assert answer.status_code in (201, 409, 422)

    assert slow(write) == []


def test_a_row_of_an_upload_does_not_stop_the_worker(api):  # noqa: F811
    caller = api("enterprises:write", "enterprises:read")

    def send(text):
        rows = [
            {
                "external_id": f"{name}-{len(text)}",
                "data": {"name": "示例一" + name, name: text[:9_000]},
            }
            for name in ("name", "description", "source", "address")
        ]
        body = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
        address = "/api/v1/enterprises/uploads?source=oa"
        answer = caller.http.post(
            address, body, content_type="application/x-ndjson", headers={"Idempotency-Key": "k"}
        )
        assert answer.status_code == 202, answer.text
        while write_next_part():
            pass
        assert ApiUpload.objects.latest("at").state == "DONE"

    assert slow(send, [text for text in TEXTS if "\t" not in text.pump]) == []
