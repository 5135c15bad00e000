"""Secrets that the service has to know again, sealed under the operator's keys where there are any."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.core.errors import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAIN: Final = "plain:"
_SEALED: Final = "fernet:"
KEY_RULE: Final = "must be 32 random bytes in URL-safe Base64, several separated by commas"


class SecretBox:
    """Seals with the first of the operator's keys, and opens with each of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the keys; without one, secrets are stored as they are.

        Raises:
            InvalidInput: For a key that is none; it does not show it.
        """
        try:
            ciphers = [Fernet(key) for key in keys]
        except (ValueError, binascii.Error):
            raise refuse(KEY_RULE, "SIGNPOST_SECRET_KEYS") from None
        self._cipher = MultiFernet(ciphers) if ciphers else None

    def seal(self, secret: str) -> str:
        """Return a secret as it is stored."""
        if self._cipher is None:
            return _PLAIN + secret
        return _SEALED + self._cipher.encrypt(secret.encode()).decode()

    def find(self, stored: str) -> str | None:
        """Return a secret that was stored; None where no key opens it any more."""
        if stored.startswith(_PLAIN):
            return stored.removeprefix(_PLAIN)
        if self._cipher is None:
            return None
        try:
            return self._cipher.decrypt(stored.removeprefix(_SEALED)).decode()
        except InvalidToken:
            return None
