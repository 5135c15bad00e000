"""Signatures of what is sent to subscribers (Standard Webhooks 1.0, "Signature scheme")."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the standard's mark
SECRET_BYTES: Final = 32
"""The standard allows 24 to 64."""


def write_secret(key: bytes) -> str:
    """Return a signing key as its owner gets it."""
    return SECRET_PREFIX + base64.b64encode(key).decode()


def signing_headers(
    secrets: Iterable[str], webhook_id: str, timestamp_seconds: int, body: bytes
) -> dict[str, str]:
    """Return the three headers of an attempt.

    Args:
        secrets: All that hold, as ``write_secret`` gives them; there is a signature by each.
        webhook_id: The event's own id, the same in each attempt; without a dot.
        timestamp_seconds: When the attempt is made, since 1970.
        body: What is sent, byte for byte.
    """
    signed = f"{webhook_id}.{timestamp_seconds}.".encode() + body
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp_seconds),
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
