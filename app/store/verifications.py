"""What somebody asked to be verified, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, insert, or_, select, update

from app.core.reports import State
from app.core.verified import StoredVerification
from app.store.conflicts import conflicts
from app.store.mass_writing import is_among
from app.store.rows import DOMAIN, VERIFICATION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

_SELECTION: Final = select(VERIFICATION, DOMAIN.c.name.label("domain")).select_from(
    VERIFICATION.join(DOMAIN, VERIFICATION.c.domain_id == DOMAIN.c.id)
)


class Verifications:
    """Verifications of domains, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def insert(self, public_id: str, domain_id: int, now: datetime) -> StoredVerification:
        """Store that a domain is to be verified.

        Raises:
            ConcurrentChange: When the domain is gone by now.
        """
        row = {
            "public_id": public_id,
            "domain_id": domain_id,
            "requested_at": now,
            "state": State.UNTESTED.value,
        }
        with conflicts("The domain"):
            await self._connection.execute(insert(VERIFICATION).values(row))
        found = await self.find(domain_id, public_id)
        assert found is not None, "just inserted"  # noqa: S101
        return found

    async def find(self, domain_id: int, public_id: str) -> StoredVerification | None:
        """Return one of a domain's."""
        wanted = VERIFICATION.c.public_id == public_id, VERIFICATION.c.domain_id == domain_id
        row = (await self._connection.execute(_SELECTION.where(*wanted))).first()
        return None if row is None else _verification(row)

    async def find_open(self, domain_id: int) -> StoredVerification | None:
        """Return a domain's that is under way."""
        wanted = VERIFICATION.c.domain_id == domain_id, VERIFICATION.c.finished_at.is_(None)
        row = (await self._connection.execute(_SELECTION.where(*wanted).limit(1))).first()
        return None if row is None else _verification(row)

    async def newest(self, domain_id: int) -> StoredVerification | None:
        """Return the last of a domain's that came to its end."""
        wanted = VERIFICATION.c.domain_id == domain_id, VERIFICATION.c.finished_at.is_not(None)
        statement = _SELECTION.where(*wanted).order_by(VERIFICATION.c.id.desc()).limit(1)
        row = (await self._connection.execute(statement)).first()
        return None if row is None else _verification(row)

    async def page(self, domain_id: int, *, before: int | None, limit: int) -> list[StoredVerification]:
        """Return a domain's, the newest first, those older than ``before``."""
        statement = _SELECTION.where(VERIFICATION.c.domain_id == domain_id)
        if before is not None:
            statement = statement.where(VERIFICATION.c.id < before)
        found = await self._connection.execute(statement.order_by(VERIFICATION.c.id.desc()).limit(limit))
        return [_verification(row) for row in found]

    async def count(self, domain_id: int) -> int:
        """Return how many a domain has."""
        statement = (
            select(func.count()).select_from(VERIFICATION).where(VERIFICATION.c.domain_id == domain_id)
        )
        found: int = (await self._connection.execute(statement)).scalar_one()
        return found

    async def has_open(self, now: datetime) -> bool:
        """Tell whether any is under way that nobody holds."""
        statement = select(VERIFICATION.c.id).where(*_open(now)).limit(1)
        return (await self._connection.execute(statement)).first() is not None

    async def lease(self, lease: str, now: datetime, until: datetime, limit: int) -> list[StoredVerification]:
        """Take those that are under way and that nobody holds, for this process alone until a moment."""
        chosen = select(VERIFICATION.c.id).where(*_open(now)).order_by(VERIFICATION.c.id).limit(limit)
        ids = list((await self._connection.execute(chosen.with_for_update(skip_locked=True))).scalars())
        if not ids:
            return []
        is_taken = VERIFICATION.c.id.in_(ids)
        values = {"lease": lease, "leased_until": until}
        await self._connection.execute(update(VERIFICATION).where(is_taken).values(values))
        return [_verification(row) for row in await self._connection.execute(_SELECTION.where(is_taken))]

    async def finish(
        self, verification_id: int, lease: str, state: State, report: Mapping[str, Any], now: datetime
    ) -> bool:
        """Write what came of one and let go of it; False where it is somebody else's, or gone."""
        is_own = VERIFICATION.c.id == verification_id, VERIFICATION.c.lease == lease
        values = {
            "state": state.value,
            "report": dict(report),
            "finished_at": now,
            "lease": None,
            "leased_until": None,
        }
        result = await self._connection.execute(update(VERIFICATION).where(*is_own).values(values))
        return result.rowcount == 1

    async def release(self, verification_id: int, lease: str) -> None:
        """Let go of one as it was."""
        is_own = VERIFICATION.c.id == verification_id, VERIFICATION.c.lease == lease
        free = update(VERIFICATION).where(*is_own).values(lease=None, leased_until=None)
        await self._connection.execute(free)

    async def forget_of(self, domain_ids: Sequence[int]) -> None:
        """Remove those of some domains: what was found for one owner is not for the next to read."""
        if domain_ids:
            of_these = is_among(self._connection, VERIFICATION.c.domain_id, domain_ids)
            await self._connection.execute(delete(VERIFICATION).where(of_these))

    async def forget(self, before: datetime, limit: int) -> int:
        """Remove those from before a moment; return how many."""
        old = select(VERIFICATION.c.id).where(VERIFICATION.c.requested_at < before).limit(limit)
        is_old = VERIFICATION.c.id.in_(old.scalar_subquery())
        return (await self._connection.execute(delete(VERIFICATION).where(is_old))).rowcount


def _open(now: datetime) -> list[ColumnElement[bool]]:
    ends = VERIFICATION.c.leased_until
    return [VERIFICATION.c.finished_at.is_(None), or_(ends.is_(None), ends <= now)]


def _verification(row: Any) -> StoredVerification:  # noqa: ANN401 - a row
    return StoredVerification(
        id=row.id,
        public_id=row.public_id,
        domain_id=row.domain_id,
        domain=row.domain,
        requested_at=row.requested_at,
        finished_at=row.finished_at,
        state=State(row.state),
        report=row.report,
    )
