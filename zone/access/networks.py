from __future__ import annotations

import ipaddress

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def check_networks(networks: list[str]) -> None:
    """Refuse what is neither an address nor a network."""
    for text in networks:
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            raise ValidationError(
                _("“%(text)s” is no network; write it as 10.20.0.0/16 or 10.20.3.4."),
                params={"text": text},
            ) from error
