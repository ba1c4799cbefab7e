"""Two dispatchers at once, and one that is killed: each message arrives, and is known again."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier, Event

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from tests import factories
from tests.webhooks.receiver import Receiver, guard_of_tests
from zone.models import WebhookDelivery
from zone.models.deliveries import LEASE, WebhookDeliveryQuerySet
from zone.webhooks import dispatch
from zone.webhooks.dispatch import step

pytestmark = pytest.mark.django_db(transaction=True)


def both(times: int):
    """Let two dispatchers begin each step together."""
    barrier, now = Barrier(2), timezone.now()

    def work() -> int:
        done = 0
        for _ in range(times):
            barrier.wait()
            done += step(now, guard_of_tests())
        connection.close()
        return done

    with ThreadPoolExecutor(2) as pool:
        return [one.result() for one in [pool.submit(work), pool.submit(work)]]


def many(endpoint, number: int = 120):
    for _ in range(number):
        factories.make_delivery(endpoint)


@pytest.mark.slow
def test_two_dispatchers_send_each_message_once(receiver, endpoint_of):
    many(endpoint_of(receiver))
    receiver.seconds = 0.002
    done = both(4)
    assert (len(receiver.got), receiver.twice) == (120, [])
    assert min(done) > 0


@pytest.mark.slow
def test_without_leases_they_send_twice(receiver, endpoint_of, monkeypatch):
    """The negative control."""

    def all_that_is_due(self, now, each, most):
        return list(self.due(now).select_related("endpoint__client"))

    monkeypatch.setattr(WebhookDeliveryQuerySet, "lease", all_that_is_due)
    many(endpoint_of(receiver), 40)
    receiver.seconds = 0.02  # long enough that the two meet, however busy the machine
    both(2)
    assert len(receiver.twice) > 5


def test_a_lease_that_ended_counts_no_attempt_of_who_lost_it(receiver, endpoint_of):
    factories.make_delivery(endpoint_of(receiver))
    now = timezone.now()
    (mine,) = WebhookDelivery.objects.lease(now, 1, 1)
    assert WebhookDelivery.objects.lease(now + LEASE / 2, 1, 1) == []
    (theirs,) = WebhookDelivery.objects.lease(now + LEASE, 1, 1)
    mine.failed(now, fault="TIMEOUT")
    mine.put_back()
    theirs.refresh_from_db()
    assert (theirs.attempts, theirs.lease is None) == (0, False)
    mine.arrived(204, now)
    theirs.failed(now, fault="TIMEOUT")
    theirs.refresh_from_db()
    assert (theirs.delivered_at, theirs.last_fault) == (now, "")


def test_a_receiver_that_hangs_holds_no_other_up(receiver, endpoint_of, monkeypatch, guard):
    monkeypatch.setattr(dispatch, "BEGIN_WITHIN", 1.0)
    monkeypatch.setattr(dispatch, "send", partial(dispatch.send, seconds=0.5))
    hanging = Receiver()
    try:
        hanging.seconds = 2
        slow, quick = endpoint_of(hanging, "/slow"), endpoint_of(receiver)
        many(slow, 20)
        many(quick, 20)
        begun = time.monotonic()
        now = timezone.now()
        step(now, guard)
        assert time.monotonic() - begun < 5  # 20 attempts would take 10
        assert (len(receiver.got), len(hanging.got)) == (20, 1)
        # What waits behind it is not tried at once, and counts no attempt.
        assert step(now + timedelta(seconds=5), guard) == 0
        assert WebhookDelivery.objects.filter(attempts=0, next_at__gt=now).count() == 19
    finally:
        hanging.close()


def test_what_was_taken_and_not_begun_is_given_back(receiver, endpoint_of, guard):
    many(endpoint_of(receiver), 3)
    stop = Event()
    stop.set()
    step(timezone.now(), guard, stop)
    assert receiver.got == []
    assert WebhookDelivery.objects.filter(lease=None).count() == 3


def test_no_endpoint_fills_a_step_alone(receiver, endpoint_of, guard):
    one, other = endpoint_of(receiver, "/one"), endpoint_of(receiver, "/other")
    many(one, 70)
    many(other, 5)
    step(timezone.now(), guard)
    paths = [request["path"] for request in receiver.got]
    assert (paths.count("/one"), paths.count("/other")) == (50, 5)


# A dispatcher of its own, as the command runs it, but allowed to reach this machine. It says when
# something was sent and not yet noted, and waits there to be killed.
PROGRAM = """
import sys, time, django
django.setup()
from django.utils import timezone
from tests.webhooks.receiver import guard_of_tests
from zone.webhooks import dispatch
if sys.argv[1] == "hang":
    def note(*args):
        print("sent", flush=True)
        time.sleep(600)
    dispatch.note = note
while True:
    if not dispatch.step(timezone.now(), guard_of_tests()):
        time.sleep(0.05)
"""


def start(*args: str, program: str = "") -> subprocess.Popen:
    """Start a process that works on the tests' own database."""
    parts = connection.settings_dict
    url = f"postgresql://{parts['USER']}:{parts['PASSWORD']}@{parts['HOST']}:{parts['PORT']}"
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "zone.settings",
        "DATABASE_URL": f"{url}/{parts['NAME']}",
        "PYTHONPATH": str(settings.BASE_DIR),
    }
    command = [sys.executable, "-c", program, *args] if program else [sys.executable, *args]
    return subprocess.Popen(
        command, env=environment, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True
    )


def wait_for(condition, seconds: float = 20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_killed_between_sending_and_noting_it_comes_again_as_the_same_message(
    receiver, endpoint_of
):
    endpoint_of(receiver, entities=["enterprises"])
    made = {str(factories.make_enterprise().pk) for _ in range(5)}
    killed = start("hang", program=PROGRAM)
    try:
        assert killed.stdout.readline() == "sent\n"
        wait_for(lambda: len(receiver.got) == 5)
    finally:
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
    assert WebhookDelivery.objects.waiting().exclude(lease=None).count() == 5
    first = set(receiver.ids)
    assert step(timezone.now(), guard_of_tests()) == 0
    step(timezone.now() + LEASE, guard_of_tests())
    assert WebhookDelivery.objects.waiting().count() == 0
    assert set(receiver.ids) == first
    assert len(receiver.got) == 10
    assert {event["data"]["id"] for event in receiver.events} == made


@pytest.mark.slow
def test_killed_at_random_moments_nothing_is_lost(receiver, endpoint_of):
    endpoint_of(receiver, entities=["enterprises"])
    made = set()
    receiver.seconds = 0.01
    for _ in range(2):
        running = start("go", program=PROGRAM)
        try:
            made |= {str(factories.make_enterprise().pk) for _ in range(30)}
            before = len(receiver.got)
            wait_for(lambda before=before: len(receiver.got) > before + 7)
        finally:
            os.kill(running.pid, signal.SIGKILL)
            running.wait()
    later = timezone.now() + LEASE
    while step(later, guard_of_tests()):
        pass
    assert {event["data"]["id"] for event in receiver.events} == made
    assert WebhookDelivery.objects.waiting().count() == 0


@pytest.mark.slow
def test_the_command_ends_in_good_order_on_sigterm(db):
    running = start("manage.py", "work")
    try:
        assert running.stdout.readline()
        os.kill(running.pid, signal.SIGTERM)
        assert running.wait(10) == 0
    finally:
        running.kill()
        running.wait()


def test_the_command_does_what_is_due_and_ends(db):
    ended = start("manage.py", "work", "--once")
    ended.communicate(timeout=60)
    assert ended.returncode == 0


# As above, with one message that ends whoever is about to send it.
DEADLY = """
import os, signal, sys, django
django.setup()
from datetime import timedelta
from django.utils import timezone
from tests.webhooks.receiver import guard_of_tests
from zone.webhooks import dispatch
send_one = dispatch.Sender.send_one
def deadly(self, delivery):
    if str(delivery.pk) == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)
    return send_one(self, delivery)
dispatch.Sender.send_one = deadly
dispatch.step(timezone.now() + timedelta(hours=float(sys.argv[2])), guard_of_tests())
"""


@pytest.mark.slow
def test_a_message_that_kills_its_dispatcher_is_given_up_and_takes_no_other_with_it(
    receiver, endpoint_of
):
    endpoint = endpoint_of(receiver)
    deadly, *others = [factories.make_delivery(endpoint) for _ in range(6)]
    ends = []
    for hours in range(10):
        process = start(str(deadly.pk), str(hours), program=DEADLY)
        process.communicate(timeout=60)
        ends.append(process.returncode)
    assert ends == [-signal.SIGKILL] * 3 + [0] * 7
    deadly.refresh_from_db()
    assert (bool(deadly.dead_at), deadly.last_fault) == (True, "INTERNAL")
    delivered = WebhookDelivery.objects.filter(delivered_at__isnull=False)
    assert set(delivered.values_list("pk", flat=True)) == {other.pk for other in others}
    deadly.send_again(by=None)
    deadly.refresh_from_db()
    assert (deadly.lost, deadly.is_waiting) == (0, True)


@pytest.mark.slow
def test_without_the_count_it_kills_for_ever(receiver, endpoint_of):
    """The negative control."""
    deadly = factories.make_delivery(endpoint_of(receiver))
    uncounted = DEADLY.replace("send_one = ", UNCOUNTED, 1)
    for hours in range(5):
        process = start(str(deadly.pk), str(hours), program=uncounted)
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL


UNCOUNTED = "dispatch.WebhookDelivery.objects.all().__class__.note_lost = lambda *_: 0\nsend_one = "


def test_a_message_that_fails_here_holds_up_none_behind_it(receiver, endpoint_of, monkeypatch):
    endpoint = endpoint_of(receiver)
    bad, *others = [factories.make_delivery(endpoint) for _ in range(4)]
    send_one = dispatch.Sender.send_one

    def fails(self, delivery):
        if delivery.pk == bad.pk:
            raise KeyError("of our own")
        return send_one(self, delivery)

    monkeypatch.setattr(dispatch.Sender, "send_one", fails)
    step(timezone.now(), guard_of_tests())
    assert len(receiver.got) == 3
    bad.refresh_from_db()
    assert (bad.attempts, bad.last_fault, bad.lease) == (1, "INTERNAL", None)


def test_an_outcome_that_cannot_be_noted_keeps_no_other_from_being_noted(
    receiver, endpoint_of, monkeypatch
):
    endpoint = endpoint_of(receiver)
    bad, *others = [factories.make_delivery(endpoint) for _ in range(4)]
    note = dispatch.note

    def fails(delivery, outcome, at):
        if delivery.pk == bad.pk:
            raise KeyError("of our own")
        note(delivery, outcome, at)

    monkeypatch.setattr(dispatch, "note", fails)
    step(timezone.now(), guard_of_tests())
    assert WebhookDelivery.objects.waiting().get().pk == bad.pk
