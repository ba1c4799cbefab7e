"""Standard Webhooks 1.0: what a secret is, and how a message is signed with it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from django.conf import settings

PREFIX = "whsec_"


def new_seed() -> str:
    return secrets.token_hex(16)


def secret_of(seed: str) -> str:
    """Return the secret that a seed stands for: ``whsec_`` and 32 bytes in base64.

    The database keeps the seed alone; without the pepper, which stands in no database, a copy
    of it signs nothing.
    """
    key = settings.API_PEPPER.encode()
    made = hmac.new(key, f"webhook:{seed}".encode(), hashlib.sha256).digest()
    return PREFIX + base64.b64encode(made).decode()


def sign(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    said = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()


def headers(seeds: list[str], webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a message; two signatures while an old secret still holds."""
    signatures = [sign(secret_of(seed), webhook_id, timestamp, body) for seed in seeds]
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
