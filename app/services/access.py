"""Who bears a token, and when it was used last."""

from __future__ import annotations

import hmac
import re
from time import monotonic
from typing import TYPE_CHECKING, Final

from app.core.errors import NotAuthenticated
from app.services.attempts import FailedAttempts
from app.services.callers import CONSOLE, Caller
from app.services.tokens import TokenService, TokenWish, digest_of
from app.store.change_watching import Reach

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.core.tokens import StoredToken
    from app.store.unit_of_work import Store

_TOKEN = re.compile(r"sp_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NO_DIGEST: Final = "0" * 64


class Access:
    """Tokens and their bearers."""

    def __init__(self, store: Store, clock: Callable[[], datetime], *, free_attempts: int = 0) -> None:
        """Take the database and the time.

        Args:
            store: The database.
            clock: Gives the present moment.
            free_attempts: How many wrong tokens an address may send before it has to wait; 0 for any.
        """
        self._store = store
        self._clock = clock
        self._tokens = TokenService(store, clock)
        # Of a kind that nobody sets: a clock put back must not make anybody wait for longer.
        self._attempts = FailedAttempts(monotonic, free_attempts)
        # Not written at once: a read must not wait for a writer.
        self._uses: dict[str, datetime] = {}

    async def create_token(
        self,
        name: str,
        scopes: frozenset[str],
        *,
        provider: str | None = None,
        expires_days: int | None = None,
    ) -> str:
        """Store a token for whoever may run commands, and return it, for the only time.

        Raises:
            InvalidInput: For an empty name or slug, an unknown scope or a span that is none.
            ProviderNotFound: When it is to be limited to a provider that is not stored.
        """
        wish = TokenWish(name=name, scopes=scopes, provider=provider, expires_days=expires_days)
        _stored, text = await self._tokens.create(CONSOLE, wish)
        return text

    async def authenticate(self, bearer: str, address: str | None = None) -> Caller:
        """Find out who bears a token.

        The database is asked each time, so that a token that was revoked holds nowhere any more.

        Args:
            bearer: The token.
            address: Where it comes from.

        Raises:
            NotAuthenticated: Whatever is wrong with it.
            TooManyRequests: When too many wrong ones came from there.
        """
        self._attempts.check(address)
        token = await self._find(bearer)
        if token is None:
            self._attempts.note(address)
            raise NotAuthenticated
        self.note_use(token.public_id)
        return Caller(
            token_id=token.public_id,
            token_name=token.name,
            scopes=token.scopes,
            provider=token.provider,
            expires_at=token.expires_at,
        )

    def note_use(self, public_id: str) -> None:
        """Note that a token is used now."""
        self._uses[public_id] = self._clock()

    async def holds(self, bearer: str) -> bool:
        """Tell whether a token that was let in still is one, for answers that go on and on."""
        return await self._find(bearer) is not None

    async def _find(self, bearer: str) -> StoredToken | None:
        found = _TOKEN.fullmatch(bearer)
        if found is None:
            return None
        async with self._store.reading() as unit:
            token = await unit.tokens.find(found[1])
        now, digest = self._clock(), digest_of(found[2])
        holding = () if token is None else token.digests_at(now)
        present, previous = (*holding, _NO_DIGEST, _NO_DIGEST)[:2]
        # Both compared, and even when there is no such token, so that all take the same time.
        matches = hmac.compare_digest(digest, present) | hmac.compare_digest(digest, previous)
        return token if matches else None

    async def write_last_used(self) -> None:
        """Write when the tokens were used that were used since the last time.

        Raises:
            NotAvailable: When the database does not answer.
        """
        if not self._uses:
            return
        uses, self._uses = self._uses, {}
        async with self._store.writing(reach=Reach.NOTHING) as unit:
            # Always in one order, so that two processes never wait for each other.
            for public_id, at in sorted(uses.items()):
                await unit.tokens.note_use(public_id, at)
