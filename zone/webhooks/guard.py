"""Resolves a receiver's name at connection time and refuses what was not approved.

A name is resolved once, every answer is checked, and the connection goes to a checked address:
what the name leads to a moment later makes no difference.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable
from threading import Thread

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from zone.access.addresses import Address, Network, Target, is_never
from zone.models import ApprovedHost

Resolve = Callable[[str, int], Iterable[str]]
# Reading the authorities this machine trusts takes 35 ms: once for a process.
trusted = functools.cache(ssl.create_default_context)


class NoSuchName(Exception):
    """The name of a host leads nowhere, or nobody said in time where."""


def ask_system(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_kind, address in found))


class Guard:
    """Decides where a connection may go.

    ``besides`` are networks that are reached whatever the rules say: for receivers of tests on
    this machine, given by a test in its own code and by nothing else.
    """

    def __init__(
        self,
        resolve: Resolve = ask_system,
        tls: ssl.SSLContext | None = None,
        besides: tuple[Network, ...] = (),
    ):
        self.resolve, self.besides = resolve, besides
        self.tls = tls or trusted()

    def addresses(self, target: Target, host: ApprovedHost, seconds: float) -> list[Address]:
        """Return the addresses of ``target``, all of them approved; else refuse."""
        host.check_covers(target)
        answers = self._ask(target, seconds) if target.is_name else [target.host]
        if not answers:
            raise NoSuchName(target.host)
        return [self.checked(answer, host) for answer in answers]

    def checked(self, text: str, host: ApprovedHost) -> Address:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            address = None
        if address is not None:
            if any(address.version == own.version and address in own for own in self.besides):
                return address
            if not is_never(address) and host.holds(address):
                return address
        raise ValidationError(
            _("%(host)s leads to %(address)s, which is not approved."),
            params={"host": host.host, "address": text},
            code="address",
        )

    def _ask(self, target: Target, seconds: float) -> list[str]:
        """Ask where a name leads; the system's own waiting cannot be cut short, so beside it."""
        answers: list[str] = []

        def ask():
            try:
                answers.extend(self.resolve(target.host, target.port))
            except (OSError, UnicodeError):
                answers.clear()

        asking = Thread(target=ask, daemon=True)
        asking.start()
        asking.join(max(seconds, 0))
        if asking.is_alive():
            raise NoSuchName(target.host)
        return list(answers)
