"""Sessions in the database, as Django keeps them."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError

from zone.database.outages import is_outage


class SessionStore(db.SessionStore):
    """Tells a database that is away from a session that was ended meanwhile.

    Django takes every fault of the database for the latter, and answers 400.
    """

    def save(self, must_create: bool = False) -> None:
        try:
            super().save(must_create)
        except UpdateError as lost:
            fault = lost.__context__
            if is_outage(fault):
                raise fault from fault.__cause__
            raise
