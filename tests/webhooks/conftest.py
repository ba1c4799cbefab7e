"""Receivers, and endpoints that point at them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import factories
from tests.webhooks.receiver import HOST, Receiver, guard_of_tests
from zone.models import WebhookDelivery
from zone.webhooks.dispatch import step


@pytest.fixture
def receiver():
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def guard():
    return guard_of_tests()


@pytest.fixture
def endpoint_of(db):
    """Return a function that makes an endpoint at a receiver, its host approved."""

    def make(receiver: Receiver, path: str = "/hook", **fields):
        host = factories.make_host(HOST, allows_http=True)
        type(host).objects.update(ports=[*host.ports, receiver.port])
        return factories.make_endpoint(url=receiver.url(path), **fields)

    return make


class Dispatcher:
    """Steps on a clock of the test's own."""

    def __init__(self, guard):
        self.guard, self.now = guard, timezone.now()

    def step(self, **later) -> int:
        self.now += timedelta(**later)
        return step(self.now, self.guard)

    def drain(self, **later):
        self.now += timedelta(**later)
        while self.step():
            pass

    def until_due(self) -> timedelta:
        """Go to when the next message is due; return how far that was."""
        due = WebhookDelivery.objects.waiting().order_by("next_at").first().next_at
        wait, self.now = due - self.now, max(due, self.now)
        self.step()
        return wait


@pytest.fixture
def dispatcher(guard):
    return Dispatcher(guard)
