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
from queue import SimpleQueue
from threading import Event

from django.core.exceptions import ValidationError
from django.db import Error, connection
from django.utils import timezone

from zone.models import ApprovedHost, WebhookDelivery
from zone.webhooks import signing
from zone.webhooks.guard import Guard
from zone.webhooks.queueing import queue_all
from zone.webhooks.sending import Fault, Outcome, asked_wait, send

logger = logging.getLogger(__name__)
# Of one endpoint and in all, in one step; and the seconds in which a step begins new requests.
EACH, MOST, BEGIN_WITHIN = 50, 400, 10.0
AT_ONCE = 16  # receivers
# A receiver that hangs costs 15 seconds each time: what waits behind is not tried at once.
HANGS = timedelta(minutes=1)
PAUSE = 1.0  # seconds between steps that had nothing to do

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
    """Do once what there is to do at ``now``; return how much that was.

    Runs outside of any transaction. With ``stop`` set, requests under way are finished and no
    others begun.
    """
    clock, stop = Clock(now), stop or Event()
    queued = queue_all(now)
    taken = WebhookDelivery.objects.lease(now, EACH, MOST)
    for delivery, outcome in send_all(taken, guard or Guard(), clock, stop) if taken else ():
        note(delivery, outcome, clock.now)
    return queued + len(taken)


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
                outcome = None if over else self.send_one(delivery)
                results.put((delivery, outcome))
                # Whoever hangs, or wants no more, is not asked with the next one.
                over = over or outcome.fault == Fault.TIMEOUT or outcome.is_gone
        except Exception:  # the rest keeps its lease until it ends
            logger.exception("webhook messages to %s were not sent", group[0].endpoint_id)
        finally:
            results.put(None)

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


def run(stop: Event, guard: Guard | None = None, pause: float = PAUSE):
    """Go on until told to stop; a database that is away is waited for."""
    guard = guard or Guard()
    while not stop.is_set():
        try:
            done = step(timezone.now(), guard, stop)
        except Error:
            logger.exception("the database cannot be reached; trying again")
            connection.close()
            done = 0
        if not done:
            stop.wait(pause)
