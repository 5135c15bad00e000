"""Whether the service can do its work."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core.errors import NotAvailable
from app.store.schema import is_current, takes_changes

if TYPE_CHECKING:
    from app.services.signing import Signer, SigningState
    from app.store.unit_of_work import Store

TIMEOUT_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What a load balancer wants to know."""

    database: bool
    """Whether the database answers."""
    schema: bool
    """Whether it has this program's schema."""
    is_writable: bool = True
    """Whether it takes changes; discovery needs none."""

    @property
    def is_ready(self) -> bool:
        """Whether requests can be served."""
        return self.database and self.schema


class Health:
    """Checks of what the service depends on, and the migration that makes one of them good."""

    def __init__(
        self, store: Store, timeout_seconds: float = TIMEOUT_SECONDS, signer: Signer | None = None
    ) -> None:
        """Take the database, how long an answer may take, and what signs where that is configured."""
        self._store = store
        self._timeout_seconds = timeout_seconds
        self._signer = signer
        self._has_been_ready = False

    async def takes_requests(self) -> bool:
        """Tell whether requests may be sent here: from when all was there for the first time.

        What is known is served without the database. Were this to look at it each time, all replicas would be
        taken out of service together, and nobody would be served at all.
        """
        if not self._has_been_ready:
            await self.readiness()
        return self._has_been_ready

    async def readiness(self) -> Readiness:
        """Look now."""
        found = await self._look()
        self._has_been_ready = self._has_been_ready or found.is_ready
        return found

    async def _look(self) -> Readiness:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                with self._store.translated():
                    engine = self._store.engine
                    return Readiness(
                        database=True,
                        schema=await is_current(engine),
                        is_writable=await takes_changes(engine),
                    )
        except (NotAvailable, TimeoutError):
            return Readiness(database=False, schema=False)

    async def has_current_schema(self) -> bool:
        """Tell whether the database has this program's schema.

        Raises:
            NotAvailable: When the database does not answer; its cause says why.
        """
        with self._store.translated():
            return await is_current(self._store.engine)

    def signing(self) -> SigningState | None:
        """Look at the signing certificate, where one is configured; it never keeps the service from work."""
        return None if self._signer is None else self._signer.state()

    async def migrate(self) -> bool:
        """Bring the schema to the newest revision.

        Returns:
            Whether anything was to be done.

        Raises:
            NotAvailable: When the database does not answer.
            SchemaTooNew: When a newer version of the program migrated it.
        """
        with self._store.translated():
            if await is_current(self._store.engine):
                return False
            # Alembic takes as long to load as all of the routes.
            from app.store.migrating import migrate  # noqa: PLC0415

            await migrate(self._store.engine)
            return True
