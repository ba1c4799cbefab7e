"""The door (pages, interface, command) and address of a request, kept on its user."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import SimpleLazyObject

ADMIN, API, COMMAND, SYSTEM = "ADMIN", "API", "COMMAND", "SYSTEM"
IMPORT = "IMPORT"  # a file whose rows are written, perhaps later and by the worker


@dataclass(frozen=True)
class Origin:
    """A door (ADMIN, API, COMMAND, SYSTEM, IMPORT) and the network address at the other side."""

    door: str = SYSTEM
    address: str | None = None


def client_address(request) -> str | None:
    """Return the caller's address: what our own proxy says, or the socket's other end.

    The proxy overwrites ``X-Forwarded-For`` (see README); without one the header is a
    stranger's claim and is not read.
    """
    claimed = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    text = claimed.rsplit(",", 1)[-1].strip() or request.META.get("REMOTE_ADDR", "")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


class OriginMiddleware:
    """Gives the logged-in person the door and address of this request.

    State methods take ``by=``; whoever writes the trail then knows from where, and no rule
    needs to see a request.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.origin = Origin(ADMIN, client_address(request))
        person = request.user
        request.user = SimpleLazyObject(lambda: self._carry(person, request.origin))
        return self.get_response(request)

    @staticmethod
    def _carry(person, origin: Origin):
        person.origin = origin
        # The person itself, not the lazy wrapper around it.
        return person._wrapped if isinstance(person, SimpleLazyObject) else person
