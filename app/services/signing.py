"""Signing of documents: one at a time beside the event loop, or at once with a key that is quick.

A signature takes as long as a document with P-256, and 100 times as long with RSA-4096; OpenSSL works without
the interpreter's lock, so one thread of its own keeps the loop free. What waits for it is bounded.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from app.core.durations import phase
from app.core.errors import InvalidInput, NotAvailable
from app.services.credentials import read_credentials
from app.services.signing_thread import SigningThread

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.services.credentials import CredentialFiles, Credentials

WARNING_DAYS: Final = 21
"""From how many days before its end on a certificate is warned of."""
MAX_WAITING: Final = 64
MAX_CACHED: Final = 256
"""Some two megabytes: a profile is fetched once or twice a person, mostly within a minute."""
CHECK_SECONDS: Final = 1.0
"""How often the files are looked at, at the most."""
QUICK_SECONDS: Final = 0.000_2
"""How long a signature may take in the event loop; handing it to a thread costs half as much."""
_TRIALS: Final = 5

T = TypeVar("T")

_log = structlog.get_logger("signpost.signing")

_FileState = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningState:
    """What operators should know of the certificate in use."""

    expires_at: datetime | None
    """None where the files cannot be used, and never could."""
    days_left: int | None
    """Full days; negative once it has expired."""
    warning: str | None
    """One sentence where something is to be done."""


class Signer:
    """Signs with the certificate in its files, also after they have changed."""

    def __init__(self, files: CredentialFiles, clock: Callable[[], datetime]) -> None:
        """Take the files, which are first read by ``load``."""
        self._files = files
        self._clock = clock
        self._loaded: Credentials | None = None
        self._seen: _FileState = ()
        self._failure: str | None = None
        self._next_check = 0.0
        self._cache: OrderedDict[tuple[bytes, bytes], bytes] = OrderedDict()
        self._waiting = 0
        self._thread = SigningThread("signing")
        self.signature_seconds = 0.0
        """How long one takes with the key in use, when nothing comes between."""

    def load(self) -> Credentials:
        """Read the files, and log what is to be warned of.

        Raises:
            InvalidInput: Naming the variable whose file is not right.
        """
        self._seen = self._look()
        loaded = read_credentials(self._files)
        self.signature_seconds = min(_duration_of(loaded) for _ in range(_TRIALS))
        self._loaded = loaded
        self._failure = None
        state = self._state_of(self._loaded)
        if state.warning is not None:
            _log.warning("signing_certificate", days_left=state.days_left, warning=state.warning)
        return self._loaded

    def state(self) -> SigningState:
        """Tell how long the certificate in use is good for."""
        try:
            return self._state_of(self._loaded or self.load())
        except InvalidInput as error:
            return SigningState(expires_at=None, days_left=None, warning=f"{error}.")

    async def sign(self, content: bytes) -> bytes:
        """Return the content in CMS SignedData.

        Raises:
            NotAvailable: When too many are waiting already.
            InvalidInput: As ``load``, where nothing is loaded yet.
        """
        credentials = await self._current()
        digest = hashlib.sha256(content).digest()
        signed = self._recall(credentials, digest)
        if signed is None:
            with phase("signing"):
                signed = await self._in_thread(lambda: credentials.sign_digested(content, digest))
            self._remember(credentials, digest, signed)
        return signed

    @property
    def is_at_hand(self) -> bool:
        """Whether ``sign_at_once`` may be called: the key is quick, and its files were looked at lately."""
        return (
            self.signature_seconds <= QUICK_SECONDS
            and self._loaded is not None
            and time.monotonic() < self._next_check
        )

    def sign_at_once(self, content: bytes) -> bytes:
        """Do the same as ``sign`` without waiting, while it is at hand."""
        credentials = self._loaded
        assert credentials is not None, "what is not loaded is not at hand"  # noqa: S101
        digest = hashlib.sha256(content).digest()
        signed = self._recall(credentials, digest)
        if signed is None:
            signed = credentials.sign_digested(content, digest)
            self._remember(credentials, digest, signed)
        return signed

    def _recall(self, credentials: Credentials, digest: bytes) -> bytes | None:
        key = (credentials.fingerprint, digest)
        signed = self._cache.get(key)
        if signed is not None:
            self._cache.move_to_end(key)
        return signed

    def _remember(self, credentials: Credentials, digest: bytes, signed: bytes) -> None:
        self._cache[credentials.fingerprint, digest] = signed
        if len(self._cache) > MAX_CACHED:
            self._cache.popitem(last=False)

    def close(self) -> None:
        """Let the thread end."""
        self._thread.close()

    async def _current(self) -> Credentials:
        """Return what to sign with, read again if the files have changed."""
        if self._loaded is None:
            return await self._in_thread(self.load)
        now = time.monotonic()
        if now >= self._next_check:
            self._next_check = now + CHECK_SECONDS
            if self._look() != self._seen:
                await self._in_thread(self._reload)
        return self._loaded

    def _reload(self) -> None:
        """Take over renewed files; the old ones go on while the new ones are not right.

        A renewal writes one file after the other, so that for a moment they do not fit.
        """
        try:
            self.load()
        except InvalidInput as error:
            self._failure = str(error)
            _log.warning("signing_files_refused", reason=self._failure)
        else:
            _log.info("signing_files_reloaded")

    def _look(self) -> _FileState:
        found: list[tuple[int, int, int] | None] = []
        for path in self._files.paths:
            try:
                status = path.stat()
            except OSError:
                found.append(None)
            else:
                found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        return tuple(found)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise NotAvailable("signing of profiles")
        self._waiting += 1
        try:
            return await self._thread.do(work)
        finally:
            self._waiting -= 1

    def _state_of(self, credentials: Credentials) -> SigningState:
        now = self._clock()
        days_left = (credentials.not_after - now).days
        if self._failure is not None:
            warning: str | None = f"The changed files are not used: {self._failure}."
        elif credentials.not_before > now:
            warning = "The signing certificate is not valid yet: devices show profiles as not verified."
        elif credentials.not_after <= now:
            warning = "The signing certificate has expired: devices show profiles as not verified."
        elif days_left < WARNING_DAYS:
            warning = f"The signing certificate expires in {days_left} days."
        else:
            warning = None
        return SigningState(expires_at=credentials.not_after, days_left=days_left, warning=warning)


def _duration_of(credentials: Credentials) -> float:
    began = time.perf_counter()
    credentials.sign(b"")
    return time.perf_counter() - began
