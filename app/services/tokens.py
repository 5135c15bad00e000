"""API tokens, as those change them who may: shown once, kept as digests, rotated, revoked.

Nothing here gives anybody more than they have: a token makes and rotates only tokens with scopes of
its own, for the provider that it is limited to itself, and that end when it ends itself at the latest.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from app.core.errors import IssueCollector, NotPermitted, ProviderNotFound, TokenNotFound, refuse
from app.core.provider import NAMING_RULE, is_slug
from app.core.text import single_line
from app.core.tokens import StoredToken
from app.services.callers import Scope
from app.services.changes import Changes
from app.services.preconditions import ANYTHING, Precondition

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.core.stored import Stored
    from app.services.callers import Caller
    from app.services.changes import Change
    from app.store.unit_of_work import Store, UnitOfWork

MAX_EXPIRES_DAYS: Final = 3650
MAX_OVERLAP_SECONDS: Final = 30 * 24 * 3600
_PUBLIC_ID = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWish:
    """A token that somebody wants."""

    name: str
    scopes: frozenset[str]
    provider: str | None = None
    """None for all providers, or for the one that who wishes is limited to."""
    expires_days: int | None = None

    def checked(self) -> TokenWish:
        """Return the wish in normal form.

        Raises:
            InvalidInput: For an empty name or slug, an unknown scope or a span that is none.
        """
        issues = IssueCollector()
        name = self.name
        with issues.at("name"):
            name = single_line(self.name, 100)
        with issues.at("scopes"):
            _check_scopes(self.scopes)
        if self.provider == "":
            # Taken for none it would be a token for all of them.
            issues.add(NAMING_RULE, "provider")
        days = self.expires_days
        if days is not None and not 1 <= days <= MAX_EXPIRES_DAYS:
            issues.add(f"must be between 1 and {MAX_EXPIRES_DAYS}", "expires_days")
        issues.close()
        return replace(self, name=name)


def _check_scopes(scopes: frozenset[str]) -> None:
    known = [scope.value for scope in Scope]
    if not scopes or scopes - set(known):
        raise refuse(f"must be one or more of {', '.join(known)}")


class TokenService:
    """Reads and changes of tokens; every method checks what the caller may."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        """Take the database and the time."""
        self._store = store
        self._changes = Changes(store, clock)

    async def page(self, caller: Caller, *, after: str, limit: int) -> list[Stored[StoredToken]]:
        """Return the tokens that the caller sees, by id, behind ``after``."""
        caller.require(Scope.TOKENS_WRITE)
        async with self._store.reading() as unit:
            return await unit.tokens.page(after=after, limit=limit, provider=caller.provider)

    async def count(self, caller: Caller) -> int:
        """Return how many tokens the caller sees."""
        caller.require(Scope.TOKENS_WRITE)
        async with self._store.reading() as unit:
            return await unit.tokens.count(caller.provider)

    async def get(self, caller: Caller, public_id: str) -> Stored[StoredToken]:
        """Return one token.

        Raises:
            TokenNotFound: When there is none or the caller may not see it.
        """
        caller.require(Scope.TOKENS_WRITE)
        async with self._store.reading() as unit:
            return await _visible(unit, caller, public_id)

    async def create(self, caller: Caller, wish: TokenWish) -> tuple[Stored[StoredToken], str]:
        """Store a token; return it, and its text for the only time. It ends with the caller's at the latest.

        Raises:
            InvalidInput: For an empty name or slug, an unknown scope or a span that is none.
            NotPermitted: When it would have a scope that the caller has not.
            ProviderNotFound: When its provider is not stored or the caller may not see it.
        """
        caller.require(Scope.TOKENS_WRITE)
        wish = wish.checked()
        _require_all(caller, wish.scopes)
        async with self._changes.making(caller) as change:
            provider_id = None
            provider = caller.provider if wish.provider is None else wish.provider
            if provider is not None:
                visible = caller.sees(provider) and is_slug(provider)
                stored = await change.unit.providers.find(provider) if visible else None
                if stored is None:
                    raise ProviderNotFound(provider)
                provider_id = stored.id
            token, text = _made(replace(wish, provider=provider), caller, change)
            made = await change.unit.tokens.insert(token, provider_id, change.now)
            change.note("token.create", None, made)
            return made, text

    async def rotate(
        self,
        caller: Caller,
        public_id: str,
        overlap_seconds: int,
        precondition: Precondition = ANYTHING,
    ) -> tuple[Stored[StoredToken], str]:
        """Give a token another secret; return it, and its text for the only time.

        It ends with the caller's at the latest: whoever has the secret would go on with it otherwise.

        Args:
            caller: Who asks.
            public_id: The token.
            overlap_seconds: For how long the secret that it has holds too.
            precondition: What the caller expects to find.

        Raises:
            TokenNotFound: When there is none or the caller may not see it.
            NotPermitted: When it has a scope that the caller has not.
        """
        caller.require(Scope.TOKENS_WRITE)
        if not 0 <= overlap_seconds <= MAX_OVERLAP_SECONDS:
            raise refuse(f"must be between 0 and {MAX_OVERLAP_SECONDS}", "overlap_seconds")
        async with self._changes.making(caller) as change:
            stored = await _visible(change.unit, caller, public_id)
            _require_all(caller, stored.value.scopes)
            precondition.check(stored)
            secret = secrets.token_urlsafe(32)
            token = replace(
                stored.value,
                digest=digest_of(secret),
                expires_at=_earlier(stored.value.expires_at, caller.expires_at),
                previous_digest=stored.value.digest if overlap_seconds else None,
                previous_ends_at=change.now + timedelta(seconds=overlap_seconds) if overlap_seconds else None,
            )
            rotated = await change.unit.tokens.replace_secret(stored, token, change.now)
            change.note("token.rotate", stored, rotated)
            return rotated, _text(token, secret)

    async def revoke(self, caller: Caller, public_id: str, precondition: Precondition = ANYTHING) -> None:
        """Remove a token; no process takes it any more.

        Raises:
            TokenNotFound: When there is none or the caller may not see it.
            NotPermitted: When it has a scope that the caller has not.
        """
        caller.require(Scope.TOKENS_WRITE)
        async with self._changes.making(caller) as change:
            stored = await _visible(change.unit, caller, public_id)
            _require_all(caller, stored.value.scopes)
            precondition.check(stored)
            await change.unit.tokens.delete(stored)
            change.note("token.revoke", stored, None)


async def _visible(unit: UnitOfWork, caller: Caller, public_id: str) -> Stored[StoredToken]:
    is_one = _PUBLIC_ID.fullmatch(public_id) is not None
    stored = await unit.tokens.find_stored(public_id) if is_one else None
    if stored is None or (caller.provider is not None and stored.value.provider != caller.provider):
        raise TokenNotFound(public_id)
    return stored


def _require_all(caller: Caller, scopes: frozenset[str]) -> None:
    for scope in sorted(scopes):
        if not caller.has(scope):
            raise NotPermitted(scope)


def _made(wish: TokenWish, caller: Caller, change: Change) -> tuple[StoredToken, str]:
    secret = secrets.token_urlsafe(32)
    days = wish.expires_days
    wished = None if days is None else change.now + timedelta(days=days)
    token = StoredToken(
        public_id=secrets.token_hex(6),
        digest=digest_of(secret),
        name=wish.name,
        scopes=wish.scopes,
        provider=wish.provider,
        expires_at=_earlier(wished, caller.expires_at),
    )
    return token, _text(token, secret)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two ends; None is no end."""
    return min((end for end in (one, other) if end is not None), default=None)


def _text(token: StoredToken, secret: str) -> str:
    return f"sp_{token.public_id}_{secret}"


def digest_of(secret: str) -> str:
    """Return what is stored of a secret."""
    # The secret has 256 random bits: nothing to guess, so nothing that a slow hash would protect.
    return hashlib.sha256(secret.encode()).hexdigest()
