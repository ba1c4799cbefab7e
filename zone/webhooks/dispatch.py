"""The dispatcher: a step takes what has changed, sends what is due, and notes what became of it.

What is sent is leased first. A dispatcher that dies between sending and noting leaves a lease
that ends; the message then goes out again with the same ``webhook-id``, by which its receiver
knows it. So nothing is lost, and what comes twice can be told.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from queue import SimpleQueue
from threading import Event

from django.core.exceptions import ValidationError

from zone.access import signing
from zone.database.outages import is_outage
from zone.models import ApprovedHost, WebhookDelivery
from zone.webhooks.guard import Guard
from zone.webhooks.queueing import queue_all
from zone.webhooks.sending import Fault, Outcome, asked_wait, send

logger = logging.getLogger(__name__)
# Of one endpoint and in all, in one step; and the seconds in which a step begins new requests.
EACH, MOST, BEGIN_WITHIN = 50, 400, 10.0
AT_ONCE = 16  # receivers
# A receiver that hangs costs 15 seconds each time: what waits behind is not tried at once.
HANGS = timedelta(minutes=1)

Result = tuple[WebhookDelivery, Outcome | None]


class Clock:
    """The time as it was given, going on from there."""

    def __init__(self, now: datetime):
        self.begun, self.started = now, time.monotonic()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started

    @property
    def now(self) -> datetime:
        return self.begun + timedelta(seconds=self.elapsed)


def step(now: datetime, guard: Guard | None = None, stop: Event | None = None) -> int:
    """Take one step at ``now``; return how many messages it handled.

    Runs outside of any transaction. With ``stop`` set, requests under way are finished and no
    others begun.
    """
    clock, stop, guard = Clock(now), stop or Event(), guard or Guard()
    messages = WebhookDelivery.objects
    if given_up := messages.note_lost(now):
        logger.error("webhook messages given up since nobody survived them: %d", given_up)
    done = queue_all(now)
    for take in (partial(messages.lease, now, EACH, MOST), partial(messages.lease_alone, now)):
        taken = take()
        done += len(taken)
        sending = Clock(clock.now)
        for delivery, outcome in send_all(taken, guard, sending, stop) if taken else ():
            try_note(delivery, outcome, sending.now)
    return done


def try_note(delivery: WebhookDelivery, outcome: Outcome | None, at: datetime):
    """Note what became of a message; what cannot be noted keeps its lease, and the rest goes on."""
    try:
        note(delivery, outcome, at)
    except Exception as fault:
        if is_outage(fault):
            raise
        logger.exception("webhook message %s: its outcome cannot be noted", delivery.pk)


def send_all(taken: list[WebhookDelivery], guard, clock: Clock, stop: Event) -> Iterator[Result]:
    """Send to all receivers side by side, to each one after the other; yield what became of it."""
    groups: dict = {}
    for delivery in taken:
        groups.setdefault(delivery.endpoint_id, []).append(delivery)
    hosts = {host.host: host for host in ApprovedHost.objects.all()}
    sender = Sender(hosts, guard, clock, stop)
    results: SimpleQueue = SimpleQueue()
    with ThreadPoolExecutor(min(AT_ONCE, len(groups))) as pool:
        # By chance, so that those who hang are not always the first.
        for group in random.sample(list(groups.values()), len(groups)):
            pool.submit(sender.send_group, group, results)
        ended = 0
        while ended < len(groups):
            result = results.get()
            ended += result is None
            if result is not None:
                yield result


class Sender:
    """What the threads that send share; none of them touches the database."""

    def __init__(self, hosts: dict[str, ApprovedHost], guard: Guard, clock: Clock, stop: Event):
        self.hosts, self.guard, self.clock, self.stop = hosts, guard, clock, stop

    def send_group(self, group: list[WebhookDelivery], results: SimpleQueue):
        over = False
        try:
            for delivery in group:
                over = over or self.stop.is_set() or self.clock.elapsed > BEGIN_WITHIN
                outcome = None if over else self.try_one(delivery)
                results.put((delivery, outcome))
                # Whoever hangs, or wants no more, is not asked with the next one.
                over = over or outcome.fault == Fault.TIMEOUT or outcome.is_gone
        finally:
            results.put(None)

    def try_one(self, delivery: WebhookDelivery) -> Outcome:
        """Send a message; one that fails in our own hands comes again like any other."""
        try:
            return self.send_one(delivery)
        except Exception:
            logger.exception("webhook message %s was not sent", delivery.pk)
            return Outcome(fault=Fault.INTERNAL)

    def send_one(self, delivery: WebhookDelivery) -> Outcome:
        endpoint, body, now = delivery.endpoint, delivery.body.encode(), self.clock.now
        seeds, timestamp = endpoint.seeds(now), int(now.timestamp())
        signed = signing.headers(seeds, delivery.webhook_id, timestamp, body)
        return send(endpoint.url, self.hosts, signed, body, guard=self.guard)


def note(delivery: WebhookDelivery, outcome: Outcome | None, at: datetime):
    """Write down what became of a message; None: it was not sent."""
    if outcome is None:
        return delivery.put_back()
    if outcome.is_good:
        return delivery.arrived(outcome.status, at)
    delivery.failed(
        at,
        status=outcome.status,
        fault=outcome.fault,
        wait=asked_wait(outcome.retry_after, at),
        for_good=outcome.is_gone,
    )
    if outcome.is_gone:
        with suppress(ValidationError):  # switched off by somebody else meanwhile
            delivery.endpoint.disable(reason=GONE)
    if outcome.fault == Fault.TIMEOUT:
        behind = delivery.endpoint.deliveries.waiting().filter(next_at__lt=at + HANGS)
        behind.exclude(pk=delivery.pk).update(next_at=at + HANGS)


GONE = "410 Gone"
