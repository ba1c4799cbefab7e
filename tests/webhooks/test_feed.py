"""The dispatcher as a consumer of the feed: nothing lost, nothing doubled, and begun anew."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.core.signing import Signer
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from crm.models import Enterprise, Lead
from tests import factories
from tests.webhooks.receiver import guard_of_tests
from zone.feed import tables
from zone.feed.cursor import SALT
from zone.models import ApiClient, WebhookCursor, WebhookDelivery
from zone.webhooks import queueing
from zone.webhooks.dispatch import step

pytestmark = pytest.mark.django_db(transaction=True)


def reset_of(receiver) -> list[str]:
    return [e["data"]["reason"] for e in receiver.events if e["type"] == "feed.reset"]


def test_a_changed_scope_begins_anew_and_says_so(receiver, endpoint_of, dispatcher):
    near, far = factories.make_chain(), factories.make_chain("electronics")
    client = factories.make_client(whole_zone=False, scopes=["changes:read", "leads:read"])
    client.chains.set([near])
    endpoint_of(receiver, client=client)
    hidden = factories.make_lead(chain=near)
    assert queueing.queue_all(dispatcher.now) == 1
    client.chains.set([far])
    factories.make_lead(chain=far)
    dispatcher.drain()
    (event,) = receiver.events
    assert (event["type"], event["data"]) == (
        "feed.reset",
        {"reason": "scope", "bootstrap": "/api/v1/changes?from=now"},
    )
    assert not WebhookDelivery.objects.filter(object_id=hidden.pk).exists()
    shown = factories.make_lead(chain=far)
    dispatcher.drain()
    assert receiver.events[-1]["data"]["id"] == str(shown.pk)


@pytest.mark.parametrize(
    "change",
    [
        lambda endpoint: ApiClient.objects.update(scopes=["changes:read", "leads:read"]),
        lambda endpoint: type(endpoint).objects.update(entities=["leads"]),
    ],
)
def test_other_kinds_of_rows_begin_anew_too(receiver, endpoint_of, dispatcher, change):
    endpoint = endpoint_of(receiver)
    change(endpoint)
    dispatcher.drain()
    assert reset_of(receiver) == ["scope"]


def expire():
    """Trim the log as if everything in it were older than it is kept."""
    factories.make_enterprise()
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {tables.STATE} SET floor_xid = pg_current_xact_id()")


def restore():
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {tables.STATE} SET epoch = gen_random_uuid()")


def forge():
    words = Signer(key="another" * 9, salt=SALT).sign_object(["a", 1, 1, "b"])
    WebhookCursor.objects.update(cursor=words)


@pytest.mark.parametrize(
    ("lose", "reason"), [(expire, "expired"), (restore, "restored"), (forge, "restored")]
)
def test_a_cursor_that_can_be_followed_no_longer_begins_anew(
    receiver, endpoint_of, dispatcher, lose, reason
):
    endpoint_of(receiver)
    lose()
    dispatcher.drain()
    assert reset_of(receiver) == [reason]
    made = factories.make_enterprise()
    dispatcher.drain()
    assert receiver.events[-1]["data"]["id"] == str(made.pk)
    assert len(reset_of(receiver)) == 1


def test_a_reset_of_a_restored_database_keeps_what_waits(receiver, endpoint_of, dispatcher):
    endpoint_of(receiver)
    factories.make_enterprise()
    assert queueing.queue_all(dispatcher.now) == 1
    restore()
    dispatcher.drain()
    assert sorted(e["type"] for e in receiver.events) == ["enterprises.upsert", "feed.reset"]


def test_what_changes_between_making_the_endpoint_and_the_first_step_is_told(
    receiver, endpoint_of, dispatcher
):
    endpoint_of(receiver)
    made = factories.make_enterprise()
    dispatcher.drain()
    assert [event["data"]["id"] for event in receiver.events] == [str(made.pk)]


def test_a_page_that_was_stored_by_another_is_not_stored_again(endpoint_of, receiver):
    endpoint_of(receiver)
    factories.make_enterprise()
    now = timezone.now()
    stale = WebhookCursor.objects.select_related("endpoint__client").get()
    assert queueing.queue_all(now) == 1
    assert queueing.queue(stale, now) == 0
    # Had the cursor not been looked at again, the constraint would still hold.
    message = WebhookDelivery.objects.get()
    message.pk, message.webhook_id, message._state.adding = None, "msg_other", True
    WebhookDelivery.objects.bulk_create([message], ignore_conflicts=True)
    assert WebhookDelivery.objects.count() == 1


def test_a_crash_between_reading_and_storing_leaves_nothing_half_done(
    endpoint_of, receiver, dispatcher, monkeypatch
):
    endpoint_of(receiver)
    made = factories.make_enterprise()

    class Crash(Exception):
        pass

    def crash(*args):
        raise Crash

    before = WebhookCursor.objects.get().cursor
    with monkeypatch.context() as patch:
        patch.setattr(queueing, "move", crash)
        assert queueing.queue_all(timezone.now()) == 0
    assert (WebhookDelivery.objects.count(), WebhookCursor.objects.get().cursor) == (0, before)
    dispatcher.drain()
    assert [event["data"]["id"] for event in receiver.events] == [str(made.pk)]


def test_a_quiet_endpoint_is_not_written_at_each_step(receiver, endpoint_of, dispatcher):
    endpoint = endpoint_of(receiver)
    endpoint.refresh_from_db()
    before = WebhookCursor.objects.get().cursor
    for _ in range(3):
        dispatcher.step(seconds=1)
    assert WebhookCursor.objects.get().cursor == before
    dispatcher.step(hours=1)
    assert WebhookCursor.objects.get().cursor != before
    version = endpoint.version
    endpoint.refresh_from_db()
    assert endpoint.version == version


def test_an_endpoint_that_cannot_be_read_for_stops_no_other(
    receiver, endpoint_of, dispatcher, monkeypatch
):
    broken, sound = endpoint_of(receiver, "/broken"), endpoint_of(receiver, "/sound")
    plain = queueing.queue

    def queue(place, now):
        if place.pk == broken.pk:
            raise RuntimeError
        return plain(place, now)

    monkeypatch.setattr(queueing, "queue", queue)
    factories.make_enterprise()
    dispatcher.drain()
    assert [one["path"] for one in receiver.got] == ["/sound"]
    assert sound.deliveries.count() == 1


@pytest.mark.slow
def test_nothing_is_lost_under_concurrent_writes(receiver, endpoint_of):
    """Writers hold, roll back and write at once; two dispatchers follow them."""
    endpoint_of(receiver, entities=["enterprises"])
    rows = [factories.make_enterprise() for _ in range(8)]
    stop, ended = Event(), Event()

    def write(seed: int):
        rng = random.Random(seed)
        while not stop.is_set():
            with transaction.atomic():
                for row in rng.sample(rows, 2):
                    words = str(rng.random())
                    list(Enterprise.objects.filter(pk=row.pk).order_by("pk").select_for_update())
                    Enterprise.objects.filter(pk=row.pk).update(address=words)
                    time.sleep(rng.random() * 0.02)
                if rng.random() < 0.2:
                    transaction.set_rollback(True)
        connection.close()

    def dispatch():
        while not ended.is_set():
            step(timezone.now(), guard_of_tests()) or time.sleep(0.01)
        connection.close()

    with ThreadPoolExecutor(6) as pool:
        dispatchers = [pool.submit(dispatch) for _ in range(2)]
        writers = [pool.submit(safely, write, seed) for seed in range(3)]
        time.sleep(3)
        stop.set()
        for writer in writers:
            writer.result()
        time.sleep(0.3)
        ended.set()
        for one in dispatchers:
            one.result()
    while step(timezone.now(), guard_of_tests()):
        pass
    told = {}
    for event in receiver.events:
        data = event["data"]
        told[data["id"]] = max(told.get(data["id"], 0), data["version"])
    truth = {str(row.pk): row.version for row in Enterprise.objects.all()}
    assert (told, receiver.twice) == (truth, [])
    assert len(receiver.got) > 20


def safely(write, seed: int):
    """Write on after a deadlock, as whoever tries again."""
    while True:
        try:
            return write(seed)
        except OperationalError:
            continue


def test_leads_that_move_away_are_told_to_those_who_lose_them(receiver, endpoint_of, dispatcher):
    near, far = factories.make_chain(), factories.make_chain("electronics")
    client = factories.make_client(whole_zone=False, scopes=["changes:read", "leads:read"])
    client.chains.set([near])
    endpoint_of(receiver, client=client)
    lead = factories.make_lead(chain=near)
    dispatcher.drain()
    Lead.objects.filter(pk=lead.pk).update(chain=far)
    dispatcher.drain()
    data = receiver.events[-1]["data"]
    assert (data["op"], data["reason"]) == ("delete", "out_of_scope")
