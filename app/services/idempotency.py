"""Requests that are done once however often they are sent (draft-ietf-httpapi-idempotency-key-header).

The key is taken, the change made and the answer kept in one transaction: after a crash either all of
it is there or nothing, and whoever sends the same key meanwhile waits for that transaction to end.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from app.core.errors import IdempotencyKeyReused
from app.store.change_watching import Reach
from app.store.idempotency import KeptAnswer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from app.services.callers import Caller
    from app.store.unit_of_work import Store

KEPT_FOR: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Claim:
    """A key, and a digest of the request that came with it."""

    key: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as it is sent."""

    status: int
    headers: Mapping[str, str]
    body: str = field(repr=False)
    kept_body: str | None = field(default=None, repr=False)
    """What is kept instead of the body, where that has a secret that is shown only once."""
    is_replayed: bool = False


class OnceService:
    """Does the work of keyed requests once."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        """Take the database and the time."""
        self._store = store
        self._clock = clock

    async def once(self, caller: Caller, claim: Claim, work: Callable[[Caller], Awaitable[Answer]]) -> Answer:
        """Do the work, or give the answer of when it was done.

        What is refused is not kept: the same key may be sent again, with another body too.

        Args:
            caller: Who asks; each token has keys of its own.
            claim: The key.
            work: Makes the change for the caller that it is given, whose transaction it is part of.

        Raises:
            IdempotencyKeyReused: When the key came with another request before.
            NotAvailable: When another request with the key takes too long.
        """
        now = self._clock()
        token_id = caller.token_id
        async with self._store.writing(reach=Reach.NOTHING) as unit:
            await unit.idempotency.release(token_id, claim.key, now - KEPT_FOR)
            if await unit.idempotency.claim(token_id, claim.key, claim.digest, now):
                answer = await work(replace(caller, call=replace(caller.call, transaction=unit)))
                body = answer.body if answer.kept_body is None else answer.kept_body
                kept = KeptAnswer(
                    digest=claim.digest, status=answer.status, headers=answer.headers, body=body
                )
                await unit.idempotency.keep(token_id, claim.key, kept)
                return answer
            found = await unit.idempotency.find(token_id, claim.key)
        return _replayed(claim, found)

    async def find(self, caller: Caller, claim: Claim) -> Answer | None:
        """Return the answer of when the work was done; None where it was not, or that is long ago.

        For work that has something to find out first, outside of the transaction; ``once`` still decides.

        Raises:
            IdempotencyKeyReused: When the key came with another request before.
        """
        async with self._store.reading() as unit:
            found = await unit.idempotency.find(caller.token_id, claim.key, self._clock() - KEPT_FOR)
        return None if found is None else _replayed(claim, found)


def _replayed(claim: Claim, found: KeptAnswer | None) -> Answer:
    if found is None or found.digest != claim.digest:
        raise IdempotencyKeyReused(claim.key)
    return Answer(status=found.status, headers=found.headers, body=found.body, is_replayed=True)
