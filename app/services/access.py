"""API tokens: who may do what. Tokens are shown once and kept as digests."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from app.core.errors import IssueCollector, NotAuthenticated, ProviderNotFound, refuse
from app.core.stored import Stored
from app.core.text import single_line
from app.services.callers import CONSOLE, Caller, Scope
from app.services.changes import Changes
from app.store.tokens import StoredToken

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.store.unit_of_work import Store

MAX_EXPIRES_DAYS: Final = 3650
_TOKEN = re.compile(r"sp_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NO_DIGEST: Final = "0" * 64


class Access:
    """Tokens and their bearers."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        """Take the database and the time."""
        self._store = store
        self._clock = clock
        self._changes = Changes(store, clock)

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
            InvalidInput: For an empty name, an unknown scope or a span that is none.
            ProviderNotFound: When it is to be limited to a provider that is not stored.
        """
        issues = IssueCollector()
        with issues.at("name"):
            name = single_line(name, 100)
        with issues.at("scopes"):
            _check_scopes(scopes)
        if expires_days is not None and not 1 <= expires_days <= MAX_EXPIRES_DAYS:
            issues.add(f"must be between 1 and {MAX_EXPIRES_DAYS}", "expires_days")
        issues.close()
        now = self._clock()
        public_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        token = StoredToken(
            public_id=public_id,
            digest=_digest(secret),
            name=name,
            scopes=scopes,
            provider=provider,
            expires_at=None if expires_days is None else now + timedelta(days=expires_days),
        )
        async with self._changes.making(CONSOLE) as change:
            provider_id = None
            if provider is not None:
                stored = await change.unit.providers.find(provider)
                if stored is None:
                    raise ProviderNotFound(provider)
                provider_id = stored.id
            await change.unit.tokens.insert(token, provider_id, now)
            made = Stored(id=0, value=token, version=1, created_at=now, updated_at=now)
            change.note("token.create", None, made)
        return f"sp_{public_id}_{secret}"

    async def authenticate(self, bearer: str) -> Caller:
        """Find out who bears a token.

        Raises:
            NotAuthenticated: Whatever is wrong with it.
        """
        found = _TOKEN.fullmatch(bearer)
        if found is None:
            raise NotAuthenticated
        async with self._store.reading() as unit:
            token = await unit.tokens.find(found[1])
        # Compared even when there is no such token, so that both take the same time.
        matches = hmac.compare_digest(_digest(found[2]), _NO_DIGEST if token is None else token.digest)
        if token is None or not matches:
            raise NotAuthenticated
        if token.expires_at is not None and token.expires_at <= self._clock():
            raise NotAuthenticated
        return Caller(
            token_id=token.public_id,
            token_name=token.name,
            scopes=token.scopes,
            provider=token.provider,
        )


def _check_scopes(scopes: frozenset[str]) -> None:
    known = [scope.value for scope in Scope]
    unknown = sorted(scopes - set(known))
    if not scopes or unknown:
        raise refuse(f"must be one or more of {', '.join(known)}")


def _digest(secret: str) -> str:
    # The secret has 256 random bits: nothing to guess, so nothing that a slow hash would protect.
    return hashlib.sha256(secret.encode()).hexdigest()
