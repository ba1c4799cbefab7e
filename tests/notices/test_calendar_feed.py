"""The calendar feed: one's own days by a token that is kept as a hash and can be closed."""

import logging
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from crm.models.visits import Visit
from tests import factories
from zone.calendar import today
from zone.models import AuditEntry
from zone.models.calendar_tokens import CalendarToken
from zone.notices.ics import escaped, folded
from zone.pages import calendar_feed
from zone.privacy.logs import MaskedFormatter

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(specialist, chain):
    enterprise = factories.make_enterprise(name="示例企业有限公司")
    contact = factories.make_contact(enterprise=enterprise, name="联系人张三")
    due = {
        "next_follow_up_on": today() + timedelta(days=3),
        "contact": contact,
        "title": "甲,乙;丙",
    }
    return factories.make_lead(owner=specialist, chain=chain, enterprise=enterprise, **due)


def address(client) -> str:
    """Make the feed's address on the account page and return it as it is shown."""
    made = urlsplit(client.post(reverse("calendar")).context["secret"])
    return f"{made.path}?{made.query}"


def unfolded(answer) -> list[str]:
    return answer.content.decode().replace("\r\n ", "").split("\r\n")


def test_the_feed_holds_the_next_follow_ups_and_visits_and_no_contact(as_user, specialist, lead):
    factories.make_lead(owner=factories.make_specialist(lead.chain), next_follow_up_on=today())
    said = {"summary": "参观", "visitors": 2, "guests": "李四经理"}
    Visit(lead=lead, kind="RECEIVED", by=specialist, **said).save()
    answer = Client().get(address(as_user(specialist)))
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    lines = unfolded(answer)
    assert [line for line in lines if line.startswith("UID:")] == [
        f"UID:lead-{lead.pk}@zone-crm",
        f"UID:visit-{Visit.objects.get().pk}@zone-crm",
    ]
    day = today() + timedelta(days=3)
    assert f"DTSTART;VALUE=DATE:{day:%Y%m%d}" in lines
    assert f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}" in lines
    assert "SUMMARY:跟进：示例企业有限公司 · 甲\\,乙\\;丙" in lines
    text = answer.content.decode()
    assert not [name for name in ("张三", "李四", "0355") if name in text]
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


def test_an_unchanged_feed_is_not_sent_again_and_a_moved_day_keeps_its_uid(
    as_user, specialist, lead
):
    feed = address(as_user(specialist))
    first = Client().get(feed)
    same = Client().get(feed, headers={"If-None-Match": first["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    lead.reschedule(by=specialist, next_on=today() + timedelta(days=9))
    moved = Client().get(feed, headers={"If-None-Match": first["ETag"]})
    assert moved.status_code == 200
    assert f"UID:lead-{lead.pk}@zone-crm" in unfolded(moved)


def test_a_renewed_closed_or_departed_token_finds_nothing(as_user, specialist):
    client = as_user(specialist)
    old, new = address(client), address(client)
    assert [Client().get(feed).status_code for feed in (old, new)] == [404, 200]
    specialist.appointments.update(ends_on=date(2025, 1, 2))
    assert Client().get(new).status_code == 404
    specialist.appointments.update(ends_on=None)
    client.post(reverse("calendar"), {"revoke": "1"})
    assert Client().get(new).status_code == 404
    steps = AuditEntry.objects.of(specialist).filter(action="KEY").values_list("detail", flat=True)
    assert [one["step"] for one in steps] == [
        "calendar revoked",
        "calendar issued",
        "calendar issued",
    ]


def test_the_token_is_kept_as_a_hash_and_stands_in_no_log_line(as_user, specialist):
    feed = address(as_user(specialist))
    secret = feed.split("=")[1]
    assert secret not in str(CalendarToken.objects.values_list())
    assert secret not in str(list(AuditEntry.objects.values_list("detail", "changes")))
    line = f'"GET {feed} HTTP/1.1" 200 512'
    record = logging.LogRecord("django.server", logging.INFO, "", 0, line, None, None)
    written = MaskedFormatter().format(record)
    assert "/calendar.ics?…" in written
    assert secret not in written


def test_whoever_tries_tokens_or_asks_too_often_is_told_to_wait(as_user, specialist, monkeypatch):
    monkeypatch.setattr(calendar_feed, "MOST_WRONG", 2)
    monkeypatch.setattr(calendar_feed, "MOST", 3)
    feed = address(as_user(specialist))
    wrong = [Client().get(f"/calendar.ics?token=x{n}") for n in range(3)]
    assert [answer.status_code for answer in wrong] == [404, 404, 429]
    assert int(wrong[-1]["Retry-After"]) > 0
    assert [Client().get(feed).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_lines_are_folded_between_characters_and_values_escaped():
    line = "SUMMARY:" + "招商" * 60
    pieces = folded(line).split("\r\n")
    assert all(len(piece.encode()) <= 75 for piece in pieces)
    assert "".join([pieces[0], *(piece[1:] for piece in pieces[1:])]) == line
    assert escaped("a\\b;c,d\r\ne") == "a\\\\b\\;c\\,d\\ne"
