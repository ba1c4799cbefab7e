"""Where a webhook may go: one plain spelling of an address, and networks that are never reached.

Receivers stand on private addresses, so nothing is allowed that is not approved; and what other
programs take for an address in some second spelling (octal, short, full-width) is no address here.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST = 500
USUAL_PORTS = {"https": 443, "http": 80}
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label is no number of any kind: 127.1, 0x7f.1 and 2130706433 are addresses to some.
NAME = re.compile(
    rf"(?:{LABEL}\.){{0,126}}(?!(?:[0-9]{{1,63}}|0x[0-9a-f]{{0,61}})$){LABEL}", re.ASCII
)
URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?:\[(?P<six>[0-9a-f:]{2,39})\]|(?P<host>[a-z0-9.-]{1,253}))"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?",
    re.ASCII,
)
# Names, and ends of names, that lead to this machine on most others, whatever was approved.
OURSELVES = {"localhost", "localdomain", "ip6-localhost", "ip6-loopback"}

# Loopback, link-local, multicast, broadcast and the like; and every form of IPv6 that hides an
# address of IPv4, since what it hides is reached behind it.
NEVER = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, the clouds' metadata among it
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "224.0.0.0/4",
        "240.0.0.0/4",  # reserved, and the broadcast address
        "100.100.100.200/32",  # metadata at Alibaba
        "168.63.129.16/32",  # the host at Azure
        "::/96",  # unspecified, loopback, IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "fd00:ec2::254/128",  # metadata at Amazon
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
]
# ISATAP keeps an address of IPv4 in the second half, whatever stands before it.
ISATAP = (0x00005EFE, 0x02005EFE)


@dataclass(frozen=True)
class Target:
    """An address taken apart; ``host`` is a name or an address in its one usual spelling."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_name(self) -> bool:
        return bool(NAME.fullmatch(self.host))

    @property
    def authority(self) -> str:
        """Return what stands in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == USUAL_PORTS[self.scheme] else f"{host}:{self.port}"


def read_url(text: str) -> Target:
    """Take an address apart; whatever could be read in two ways is refused."""
    found = URL.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise ValidationError(BAD_URL, code="url")
    host = found["host"] or found["six"]
    check_host(host)
    if bool(found["six"]) != (":" in host):
        raise ValidationError(BAD_URL, code="url")
    port = int(found["port"] or USUAL_PORTS[found["scheme"]])
    if port > 65535:
        raise ValidationError(BAD_URL, code="url")
    return Target(found["scheme"], host, port, found["path"] or "/")


BAD_URL = _(
    "Write the address as https://host.example/path: in plain small letters, without a user name, "
    "without a fragment, the port only if it is not the usual one."
)


def usual_ports() -> list[int]:
    return [USUAL_PORTS["https"]]


def check_host(host: str) -> None:
    """Refuse what is neither a plain name nor an address in its usual spelling."""
    if NAME.fullmatch(host) and len(host) <= 253:
        if host.rpartition(".")[2] in OURSELVES:
            raise ValidationError(_("This name leads to this machine itself."), code="host")
        return
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or str(address) != host:
        raise ValidationError(
            _(
                "“%(host)s” is no host: write a name in small letters (xn--… for a Chinese one) or "
                "an address as 10.20.3.4, with no dot at the end."
            ),
            params={"host": host},
            code="host",
        )
    if is_never(address):
        raise ValidationError(_("This address is never called."), code="host")


def is_never(address: Address) -> bool:
    """Whether an address is refused whatever was approved."""
    if address.version == 6 and (address.scope_id or _hides(address)):
        return True
    return any(address in network for network in NEVER)


def _hides(address: ipaddress.IPv6Address) -> bool:
    return (int(address) >> 32) & 0xFFFFFFFF in ISATAP


def check_approved_networks(networks: list[str]) -> None:
    """Refuse networks that are misspelt, or that hold what is never called."""
    for text in networks:
        try:
            network = ipaddress.ip_network(text)
        except ValueError as error:
            raise ValidationError(
                _("“%(text)s” is no network; write it as 10.20.0.0/16 or 10.20.3.4."),
                params={"text": text},
                code="network",
            ) from error
        if any(same_kind(network, never) and network.overlaps(never) for never in NEVER):
            raise ValidationError(
                _("%(text)s holds addresses that are never called; approve a narrower network."),
                params={"text": text},
                code="network",
            )


def same_kind(one: Network, other: Network) -> bool:
    return one.version == other.version


def check_ports(ports: list[int]) -> None:
    """Refuse the ports of other services."""
    wrong = [port for port in ports if port not in (80, 443) and not 1024 <= port <= 65535]
    wrong += [port for port in ports if port in OTHER_SERVICES]
    if wrong:
        raise ValidationError(
            _("Not a port of web servers: %(ports)s."),
            params={"ports": ", ".join(map(str, wrong))},
            code="port",
        )


# Databases, caches, mail, file and management services: they might take a request for commands.
OTHER_SERVICES = frozenset(
    (1080, 1433, 1521, 2049, 2181, 2375, 2376, 2379, 3128, 3306, 3389, 4444, 5432, 5672, 5900, 5985)
    + (5986, 6379, 6443, 9092, 9200, 9300, 10250, 11211, 15672, 26379, 27017, 27018, 50070)
)
