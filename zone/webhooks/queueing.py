"""From the change feed to messages: one more consumer of it, with a cursor for each endpoint.

A page and the cursor behind it are stored together, and only by whoever still holds the cursor
that the page was read with. So a dispatcher that dies in between leaves nothing half done, and
two at once store a page once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import models, transaction

from zone.feed.cursor import BadCursor, CursorGone, cursor_now
from zone.models import WebhookCursor, WebhookDelivery, WebhookEndpoint
from zone.models.webhooks import View
from zone.sync.pages import Item, Page, read_page

logger = logging.getLogger(__name__)
# A receiver that is down is not given more: what follows waits in the feed, which is kept.
MOST_WAITING = 2_000
# A quiet endpoint's cursor is moved now and then, so that it does not age, and not each second.
RESTED = timedelta(minutes=1)
RESET = "feed.reset"
BOOTSTRAP = "/api/v1/changes?from=now"


def queue_all(now: datetime) -> int:
    """Store what has changed for every endpoint; return how many messages."""
    live = WebhookEndpoint.objects.live(now)
    places = WebhookCursor.objects.filter(endpoint__in=live).select_related("endpoint__client")
    return sum(_queue_one(place, now) for place in places.order_by("at"))


def _queue_one(place: WebhookCursor, now: datetime) -> int:
    try:
        return queue(place, now)
    except Exception:  # one endpoint that cannot be told is no reason to tell nobody
        logger.exception("the feed cannot be read for webhook endpoint %s", place.pk)
        return 0


def queue(place: WebhookCursor, now: datetime) -> int:
    """Store one page of changes for an endpoint; return how many messages."""
    view = place.endpoint.view()
    if not view.names:
        return 0
    try:
        if place.revision != view.revision:
            raise CursorGone("scope")
        if place.endpoint.deliveries.waiting().count() >= MOST_WAITING:
            return 0
        page = read_page(
            view.scope,
            place.cursor,
            entities=view.names,
            revision=view.revision,
            rows=versions_of,
        )
    except CursorGone as gone:
        return begin_anew(place, view, gone.reason, now)
    except BadCursor:  # signed with another key
        return begin_anew(place, view, "restored", now)
    return store(place, page, now)


def versions_of(name: str, rows: models.QuerySet) -> Iterable[models.Model]:
    """Load what a thin message needs, and nothing about anybody."""
    return rows.only("pk", "version")


@transaction.atomic
def store(place: WebhookCursor, page: Page, now: datetime) -> int:
    """Keep the messages of a page and the cursor behind it."""
    idle = not page.items and not page.has_more and now < place.at + RESTED
    if idle or not hold(place):
        return 0
    messages = [
        WebhookDelivery.of(
            place.endpoint, place.digest, f"{item.entity}.{item.op}", serialise(item), now
        )
        for item in page.items
    ]
    WebhookDelivery.objects.bulk_create(messages, ignore_conflicts=True)
    move(place, page.cursor, now)
    return len(messages) or int(page.has_more)


def serialise(item: Item) -> dict:
    """Return what a message says of a row: where to look, never what stands there."""
    data = {"entity": item.entity, "id": str(item.id), "version": item.version, "op": item.op}
    if item.reason:
        data["reason"] = item.reason
    if item.merged_into:
        data["merged_into"] = str(item.merged_into)
    return data


@transaction.atomic
def begin_anew(place: WebhookCursor, view: View, reason: str, now: datetime) -> int:
    """Follow the feed from now on, and tell the receiver that its copy has to be made anew."""
    if not hold(place):
        return 0
    if reason == "scope":
        # It may name rows that the client sees no longer; all of them are read anew anyway.
        place.endpoint.deliveries.waiting().delete()
    data = {"reason": reason, "bootstrap": BOOTSTRAP}
    WebhookDelivery.of(place.endpoint, place.digest, RESET, data, now).save()
    move(place, cursor_now(view.revision), now)
    return 1


def hold(place: WebhookCursor) -> bool:
    """Whether the cursor is still the one that was read, locked until the transaction ends."""
    mine = WebhookCursor.objects.filter(pk=place.pk, cursor=place.cursor)
    return bool(list(mine.select_for_update(skip_locked=True).values_list("pk")))


def move(place: WebhookCursor, cursor: str, now: datetime):
    WebhookCursor.objects.filter(pk=place.pk).update(cursor=cursor, at=now)
