"""The cursor of a client: opaque, signed, and valid in one history of the log only."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.signing import BadSignature, Signer

from zone.feed.log import Place, State, look

SALT = "zone.feed.cursor"


class BadCursor(Exception):
    """No cursor of ours: cut short, changed, or of another service."""


class CursorGone(Exception):
    """A cursor that can be followed no longer; the client begins anew.

    ``reason``: ``expired`` (older than the log), ``restored`` (the database's history is
    another), ``scope`` (what the client may see has changed).
    """

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Cursor:
    """A place in one history of the log, for one scope."""

    epoch: str
    place: Place
    revision: str

    def __str__(self):
        words = [self.epoch, self.place.xid, self.place.seq, self.revision]
        return Signer(salt=SALT).sign_object(words)

    @classmethod
    def read(cls, text: str) -> Cursor:
        try:
            epoch, xid, seq, revision = Signer(salt=SALT).unsign_object(text)
        except (BadSignature, ValueError, TypeError) as error:
            raise BadCursor from error
        return cls(epoch, Place(xid, seq), revision)

    def check(self, state: State, revision: str):
        """Refuse to go on where something would be missed; ``state`` is of the same snapshot."""
        ahead = not state.is_standby and self.place.xid > state.newest
        if self.epoch != state.epoch or ahead:
            raise CursorGone("restored")
        if self.revision != revision:
            raise CursorGone("scope")
        if self.place < state.floor:
            raise CursorGone("expired")


def cursor_now(revision: str, using: str = "default") -> str:
    """Return a cursor from which everything that is not yet committed will be read.

    Taken before the lists are paged: what changes meanwhile comes once more, nothing is missed.
    """
    state = look(using)
    return str(Cursor(state.epoch, state.horizon, revision))
