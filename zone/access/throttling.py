"""Token buckets in PostgreSQL: each taken from by one statement, whichever worker asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone
from django.utils.crypto import salted_hmac

# A clock that was set back refills nothing, and empties nothing either.
FILLED = (
    "least(%(most)s, b.tokens"
    " + %(rate)s * greatest(0, extract(epoch FROM clock_timestamp() - b.at)))"
)


def take_statement(table: str, key: str) -> str:
    """Return the SQL that takes one token of a bucket, if there is one left.

    A refused request takes nothing, or whoever keeps knocking would never get in again.
    """
    return f"""
INSERT INTO {table} AS b ({key}, tokens, is_open, at)
VALUES (%(key)s, %(most)s - 1, true, clock_timestamp())
ON CONFLICT ({key}) DO UPDATE SET at = clock_timestamp(), is_open = {FILLED} >= 1,
  tokens = {FILLED} - CASE WHEN {FILLED} >= 1 THEN 1 ELSE 0 END
RETURNING tokens, is_open
"""


TAKE = take_statement("zone_throttle", "key")
GIVE_BACK = "UPDATE zone_throttle SET tokens = least(%(most)s, tokens + 1) WHERE key = %(key)s"
RESET = "DELETE FROM zone_throttle WHERE key = %(key)s"


@dataclass(frozen=True)
class BucketState:
    """Whether there was a token, how many are left, and when the next one comes."""

    is_open: bool
    left: int
    until: datetime


@dataclass(frozen=True)
class Limit:
    """So many tries in so long a time for one subject, which is kept as a keyed hash."""

    kind: str
    subject: str
    most: int
    within: timedelta

    @property
    def _values(self) -> dict:
        seconds = self.within.total_seconds()
        key = salted_hmac(f"zone.throttle.{self.kind}", self.subject, algorithm="sha256")
        return {"key": key.hexdigest(), "most": self.most, "rate": self.most / seconds}

    def take(self) -> BucketState:
        values = self._values
        with connection.cursor() as cursor:
            cursor.execute(TAKE, values)
            tokens, is_open = cursor.fetchone()
        missing = max(0.0, 1 - tokens) / values["rate"]
        return BucketState(is_open, int(tokens), timezone.now() + timedelta(seconds=missing))

    def give_back(self):
        """Return the token of a try that was none, or a right one."""
        self._execute(GIVE_BACK)

    def reset(self):
        self._execute(RESET)

    def _execute(self, statement: str):
        with connection.cursor() as cursor:
            cursor.execute(statement, self._values)
