"""The authorities that clients trust: Mozilla's list, and those that the operator adds."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
from cryptography.utils import CryptographyDeprecationWarning

from app.core.errors import refuse
from app.net.tls import CA_FILE
from app.verification.trust import TrustStore

if TYPE_CHECKING:
    from app.core.errors import InvalidInput


class Trust:
    """Trust roots that are read when they are first needed."""

    def __init__(self, ca_file: Path | None = None) -> None:
        """Take the file with the operator's own roots; reads nothing yet."""
        self._ca_file = ca_file
        self._store: TrustStore | None = None

    def check(self) -> None:
        """Read the operator's own roots, where there are to be any.

        Raises:
            InvalidInput: As ``load``.
        """
        if self._ca_file is not None:
            self.load()

    def load(self) -> TrustStore:
        """Return the roots.

        Raises:
            InvalidInput: When the operator's file cannot be read or holds no certificate.
        """
        if self._store is None:
            bundles = [Path(certifi.where()).read_bytes()]
            if self._ca_file is not None:
                bundles.append(_own_roots(self._ca_file))
            with warnings.catch_warnings():
                # Of a root in Mozilla's list whose serial number is none by RFC 5280.
                warnings.simplefilter("ignore", CryptographyDeprecationWarning)
                self._store = TrustStore.from_pem(*bundles)
        return self._store


def _own_roots(path: Path) -> bytes:
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise _unusable(f"must be a file that can be read ({error.strerror})") from None
    if not len(TrustStore.from_pem(pem)):
        raise _unusable("must hold certificates in PEM")
    return pem


def _unusable(rule: str) -> InvalidInput:
    return refuse(rule, CA_FILE)
