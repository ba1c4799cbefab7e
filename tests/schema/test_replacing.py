"""Triggers are replaced while others write."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection, transaction

from crm.models import Lead
from tests import factories
from tests.feed.log import Watch
from zone.feed import triggers
from zone.schema import following

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def write_until(over: Event, key) -> None:
    try:
        while not over.is_set():
            Lead.objects.filter(pk=key).update(title=f"示例线索{time.monotonic_ns()}")
    finally:
        connection.close()


def replace_by_migrate(patch) -> None:
    """Install other functions and triggers, then those of the code again."""
    with patch.context() as changed:
        changed.setattr(triggers, "_on_update", lambda model: ["PERFORM 1"] + ON_UPDATE(model))
        with transaction.atomic():
            assert following.install_objects()
    with connection.cursor() as cursor:
        # The trigger itself is the same in both: without its comment it is made anew.
        cursor.execute("COMMENT ON TRIGGER feed_update ON crm_lead IS NULL")
    with transaction.atomic():
        assert following.install_objects()


def replace_in_pieces(_patch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER feed_update ON crm_lead")
        time.sleep(0.05)
    with transaction.atomic():
        assert following.install_objects()


ON_UPDATE = triggers._on_update


def versions_without_event(replace, patch) -> set[int]:
    lead, over = factories.make_lead(), Event()
    watch, first = Watch(), Lead.objects.get(pk=lead.pk).version
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_until, over, lead.pk)
        for _ in range(10):
            replace(patch)
        over.set()
        writing.result()
    last = Lead.objects.get(pk=lead.pk).version
    assert last > first + 10
    return set(range(first + 1, last + 1)) - {event.version for event in watch.of(lead)}


def test_no_change_goes_without_an_event_while_triggers_are_replaced(monkeypatch):
    assert versions_without_event(replace_by_migrate, monkeypatch) == set()


def test_without_the_one_transaction_changes_go_without_an_event(monkeypatch):
    """Negative control."""
    assert versions_without_event(replace_in_pieces, monkeypatch) != set()
