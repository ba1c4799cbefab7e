"""How often a client may call: a bucket that refills (``zone.access.throttling``)."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from zone.access.throttling import take_statement
from zone.api.problems import Problem

TAKE = take_statement("zone_apibudget", "client_id")


@dataclass(frozen=True)
class Budget:
    """What is left of a minute's requests."""

    most: int
    left: int
    is_open: bool

    def refuse_empty(self):
        if not self.is_open:
            refused = Problem(HTTPStatus.TOO_MANY_REQUESTS, EMPTY, "throttled")
            refused.wait = 60 / self.most
            raise refused

    @property
    def headers(self) -> dict[str, str]:
        refill = (self.most - self.left) * 60 // self.most
        return {
            "RateLimit-Policy": f'"minute";q={self.most};w=60',
            "RateLimit": f'"minute";r={max(self.left, 0)};t={refill}',
        }


def take(client) -> Budget:
    """Take one request from the client's bucket, if there is one left."""
    most = settings.API_REQUESTS_A_MINUTE
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"key": client.pk, "most": most, "rate": most / 60})
        left, is_open = cursor.fetchone()
    return Budget(most, int(left), is_open)


EMPTY = _("Too many requests in a minute; please wait as long as Retry-After says.")
