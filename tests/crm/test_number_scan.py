"""No unmasked number anywhere: every role, every page that could show one, trail and log lines."""

import io
import logging

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from crm.models import Contact
from crm.revealing import reveal
from tests.factories import (
    make_chain,
    make_contact,
    make_enterprise,
    make_follow_up,
    make_lead,
    make_park,
    make_project,
    make_user,
)
from tests.forms import send
from tests.ids import without_ids
from zone.models import Appointment, AuditEntry
from zone.navigation import record_url

pytestmark = pytest.mark.django_db
NUMBERS = {"phone": "13812345678", "wechat": "marker_wx_77", "email": "marker77@example.com"}
MASKS = ("138****5678", "ma***", "m***@example.com")
# The parts that a mask hides: not even those.
HIDDEN = ("1234567", "rker_wx", "rker77")
ROLES = [role.lower() for role in Appointment.Role.values]


@pytest.fixture
def log():
    """Return what the handlers of the settings would have written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(next(h.formatter for h in logging.getLogger("django.server").handlers))
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


@pytest.fixture
def world(db):
    """Everything that hangs on one contact with marked numbers."""
    chain = make_chain()
    enterprise = make_enterprise(chain=chain)
    contact = make_contact(enterprise=enterprise, name="王经理", **NUMBERS)
    return {"chain": chain, "enterprise": enterprise, "contact": contact, "park": make_park()}


def person(role: str, world):
    chain = world["chain"] if role in ("chain_leader", "specialist") else None
    user = make_user(role, chain=chain, park=world["park"] if role == "park_operator" else None)
    lead = make_lead(owner=user, **{k: world[k] for k in ("chain", "enterprise", "contact")})
    project = make_project(
        handler=user, lead=lead, enterprise=world["enterprise"], chain=chain, park=world["park"]
    )
    make_follow_up(lead=lead, by=user)
    make_follow_up(project=project, by=user)
    return user, [world["contact"], world["enterprise"], lead, project, lead.follow_ups.get()]


def pages(rows) -> list[str]:
    found = [reverse("admin:index"), reverse("progress")]
    for row in rows:
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
        found += [reverse(f"{name}_{page}", args=[row.pk]) for page in ("change", "history")]
        found.append(record_url(type(row), row.pk))
        lists = reverse(f"{name}_changelist")
        found += [lists, f"{lists}?q=王经理", f"{lists}?e=1"]
        found += [reverse(f"{name}_delete", args=[row.pk]), reverse(f"{name}_add")]
    found += [
        reverse("admin:autocomplete") + f"?app_label=crm&model_name=lead&field_name={name}"
        for name in ("contact", "enterprise")
    ]
    found.append(reverse("admin:crm_contact_reveal", args=[rows[0].pk]))
    found.append(reverse("admin:crm_contact_anonymise", args=[rows[0].pk]))
    return found


def shown(text: str) -> list[str]:
    text = without_ids(text)
    return [mark for mark in (*NUMBERS.values(), *HIDDEN) if mark in text]


@pytest.mark.slow
@pytest.mark.parametrize("role", [*ROLES, "superuser"])
def test_no_page_shows_a_number_to_any_role(client, world, role, log):
    if role == "superuser":
        user = make_user(is_superuser=True)
        rows = [world["contact"], world["enterprise"]]
    else:
        user, rows = person(role, world)
    client.force_login(user)
    opened = {}
    for page in pages(rows):
        response = client.get(page)
        if response.status_code == 200:
            opened[page] = shown(response.text)
    assert {page: marks for page, marks in opened.items() if marks} == {}
    assert shown(log.getvalue()) == []
    if role in ("office", "leadership", "specialist", "superuser"):
        form = client.get(reverse("admin:crm_contact_change", args=[rows[0].pk]))
        assert [mask for mask in MASKS if mask in form.text] == list(MASKS)


def test_the_scanner_sees_the_number_where_it_is_shown(client, world):
    user, rows = person("office", world)
    client.force_login(user)
    page = reverse("admin:crm_contact_reveal", args=[rows[0].pk])
    ticket = client.get(page).context["ticket"]
    answer = client.post(page, {"ticket": ticket, "purpose": "CALL"})
    assert set(shown(answer.text)) == {*NUMBERS.values(), *HIDDEN}


def test_forms_that_fail_messages_and_the_trail_show_no_number(client, world, log):
    user, (contact, enterprise, lead, *_others) = person("office", world)
    client.force_login(user)
    change = reverse("admin:crm_contact_change", args=[contact.pk])
    as_shown = {name: str(getattr(Contact.objects.get(), name)) for name in NUMBERS}
    base = {"enterprise": str(enterprise.pk), "name": "王经理"} | as_shown
    answers = [
        send(client, change, base | {"name": ""}),
        send(client, change, base | {"email": "x"}),
        send(client, change, base | {"phone": "138****0000"}),
        send(client, change, base, follow=True),
        send(client, change, base | {"title": "总经理", "_continue": "1"}, follow=True),
        client.post(reverse("admin:crm_enterprise_change", args=[enterprise.pk]), {"name": ""}),
        send(client, reverse("admin:crm_lead_change", args=[lead.pk]), {"title": ""}),
    ]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    reveal(contact, by=user, purpose="CALL")
    Contact.objects.get().anonymise(by=user, reason="本人要求")
    texts = [answer.text for answer in answers]
    texts += [str(row) for row in AuditEntry.objects.values_list()]
    texts += [str(row) for row in LogEntry.objects.values_list()]
    texts += [repr(contact), repr(vars(contact)), log.getvalue()]
    assert [shown(text) for text in texts if shown(text)] == []
    assert AuditEntry.objects.count() > 1
    assert "王经理" not in "".join(str(row) for row in AuditEntry.objects.values_list())
    assert "王经理" not in "".join(str(row) for row in LogEntry.objects.values_list())


def test_a_failing_write_logs_no_number(client, world, log, monkeypatch):
    """Whatever a page dies of, its number does not end in the log."""
    user, (contact, *_others) = person("office", world)
    client.force_login(user)
    client.raise_request_exception = False

    def fail(self, *args, **kwargs):
        raise RuntimeError(f"no room for {self.phone.plain} {self.email.plain}")

    monkeypatch.setattr(Contact, "save", fail)
    data = {"enterprise": str(contact.enterprise_id), "name": "甲", "phone": "138 1234 5678"}
    change = reverse("admin:crm_contact_change", args=[contact.pk])
    assert send(client, change, data | {"email": NUMBERS["email"]}).status_code == 500
    assert "138****5678" in log.getvalue()
    assert shown(log.getvalue()) == []


def test_no_list_shows_a_raw_personal_field():
    for model, model_admin in admin.site._registry.items():
        personal = set(getattr(model, "PERSONAL", ())) - {"name", "title"}
        used = {*model_admin.list_display, *model_admin.search_fields, *model_admin.list_filter}
        assert not personal & {str(name).rsplit("__", 1)[-1] for name in used}
