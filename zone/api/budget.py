"""How often a client may call: a bucket that refills, drawn on by one atomic statement."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from zone.api.problems import Problem

FILLED = "least(%(most)s, b.tokens + %(rate)s * extract(epoch FROM clock_timestamp() - b.at))"
# A refused request draws nothing, or whoever keeps knocking would never get in again.
DRAW = f"""
INSERT INTO zone_apibudget AS b (client_id, tokens, is_open, at)
VALUES (%(client)s, %(most)s - 1, true, clock_timestamp())
ON CONFLICT (client_id) DO UPDATE SET at = clock_timestamp(), is_open = {FILLED} >= 1,
  tokens = {FILLED} - CASE WHEN {FILLED} >= 1 THEN 1 ELSE 0 END
RETURNING tokens, is_open
"""


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


def draw(client) -> Budget:
    """Take one request from the client's bucket, if there is one left."""
    most = settings.API_REQUESTS_A_MINUTE
    with connection.cursor() as cursor:
        cursor.execute(DRAW, {"client": client.pk, "most": most, "rate": most / 60})
        left, is_open = cursor.fetchone()
    return Budget(most, int(left), is_open)


EMPTY = _("Too many requests in a minute; please wait as long as Retry-After says.")
