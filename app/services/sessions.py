"""Sessions of the operator pages: a token is exchanged for a secret that only the browser keeps.

The database has digests only and is asked each time, so that any process knows a session, and one whose
token is revoked, rotated away or expired holds nowhere any more.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core.errors import NotAuthenticated
from app.core.sessions import StoredSession
from app.services.callers import Caller
from app.services.tokens import digest_of
from app.store.change_watching import Reach

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.core.sessions import SessionSpans
    from app.core.tokens import StoredToken
    from app.services.access import Access
    from app.store.unit_of_work import Store

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_FORM_KEY: Final = b"forms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session that holds."""

    caller: Caller
    form_key: str
    """What forms have to send back, so that no other site can send them."""
    expires_at: datetime
    """Its end, however much is asked."""


class SessionService:
    """Opens sessions, knows them again, and ends them."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], access: Access, spans: SessionSpans
    ) -> None:
        """Take the database, the time, what knows tokens, and how long sessions last."""
        self._store = store
        self._clock = clock
        self._access = access
        self._spans = spans
        # Not written at once: a page must not wait for a writer.
        self._uses: dict[str, datetime] = {}

    async def open(self, bearer: str, address: str | None = None) -> tuple[str, Session]:
        """Exchange a token for a session; return its secret, for the only time, and the session.

        Args:
            bearer: The token.
            address: Where it comes from.

        Raises:
            NotAuthenticated: When the token is none, or holds no longer.
            TooManyRequests: When too many wrong ones came from there.
        """
        caller = await self._access.authenticate(bearer, address)
        secret, now = secrets.token_urlsafe(32), self._clock()
        async with self._store.writing(reach=Reach.NOTHING) as unit:
            token = await unit.tokens.find_stored(caller.token_id)
            if token is None:
                raise NotAuthenticated
            stored = StoredSession(
                digest=digest_of(secret),
                token_id=caller.token_id,
                # A token is its prefix, its public half and its secret, which may hold underscores too.
                token_digest=digest_of(bearer.split("_", 2)[2]),
                created_at=now,
                seen_at=now,
                expires_at=now + self._spans.absolute,
            )
            await unit.sessions.insert(stored, token.id)
        return secret, _session(secret, stored, token.value)

    async def find(self, secret: str) -> Session | None:
        """Return the session of a secret; None where there is none, or it holds no longer."""
        if _SECRET.fullmatch(secret) is None:
            return None
        digest, now = digest_of(secret), self._clock()
        async with self._store.reading() as unit:
            stored = await unit.sessions.find(digest)
            token = None if stored is None else await unit.tokens.find(stored.token_id)
        if stored is None or token is None or not _holds(stored, token, now):
            return None
        if stored.expires_at <= now or now - self._last_use(stored) >= self._spans.idle:
            return None
        self._uses[digest] = now
        self._access.note_use(stored.token_id)
        return _session(secret, stored, token)

    def _last_use(self, stored: StoredSession) -> datetime:
        noted = self._uses.get(stored.digest)
        return stored.seen_at if noted is None else max(noted, stored.seen_at)

    async def close(self, secret: str) -> None:
        """End a session, if there is one."""
        if _SECRET.fullmatch(secret) is None:
            return
        digest = digest_of(secret)
        self._uses.pop(digest, None)
        async with self._store.writing(reach=Reach.NOTHING) as unit:
            await unit.sessions.delete(digest)

    async def write_last_used(self) -> None:
        """Write when the sessions were used that were used since the last time.

        Raises:
            NotAvailable: When the database does not answer.
        """
        if not self._uses:
            return
        uses, self._uses = self._uses, {}
        async with self._store.writing(reach=Reach.NOTHING) as unit:
            # Always in one order, so that two processes never wait for each other.
            for digest, at in sorted(uses.items()):
                await unit.sessions.note_use(digest, at)

    async def forget(self) -> int:
        """Remove the sessions that are over; return how many."""
        now = self._clock()
        async with self._store.writing(reach=Reach.NOTHING) as unit:
            return await unit.sessions.forget(now, now - self._spans.idle)


def _holds(stored: StoredSession, token: StoredToken, now: datetime) -> bool:
    return stored.token_digest in token.digests_at(now)


def _session(secret: str, stored: StoredSession, token: StoredToken) -> Session:
    caller = Caller(
        token_id=token.public_id,
        token_name=token.name,
        scopes=token.scopes,
        provider=token.provider,
        expires_at=token.expires_at,
    )
    # From the secret itself: nothing to store, and nobody without the cookie can make it.
    form_key = hmac.new(secret.encode(), _FORM_KEY, hashlib.sha256).hexdigest()
    return Session(caller=caller, form_key=form_key, expires_at=stored.expires_at)
