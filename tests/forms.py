"""Sending a form of the admin back as a browser would."""

from projects.management.forms import carried, fields

__all__ = ["carried", "fields", "send"]


def send(client, address: str, data: dict, **options):
    """Post ``data`` as whoever has just opened the form at ``address``."""
    return client.post(address, carried(client.get(address)) | data, **options)
