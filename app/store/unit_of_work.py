"""One transaction: read-only for discovery and reads, all or nothing for writes."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy.pool import QueuePool

from app.core.errors import AppError, ConcurrentChange, NotAvailable
from app.store.accounts import Accounts, AsyncRows, ImmediateRows
from app.store.audit import Audit
from app.store.change_watching import Audience, Reach
from app.store.cohorts import Cohorts
from app.store.deleted_domains import DeletedDomains
from app.store.deliveries import Deliveries
from app.store.domain_batches import DomainBatches
from app.store.domain_search import DomainSearches
from app.store.domains import Domains
from app.store.endpoint_totals import EndpointTotals
from app.store.endpoints import Endpoints
from app.store.engine import reading_options
from app.store.faults import find_absence, means_other_schema, means_race
from app.store.idempotency import Idempotency
from app.store.imports import Imports
from app.store.listings import Listings
from app.store.mailboxes import Mailboxes
from app.store.overview import Overviews
from app.store.provider_dependents import ProviderDependents
from app.store.providers import Providers
from app.store.queues import Queues
from app.store.relation_locks import RelationLocks
from app.store.sessions import Sessions
from app.store.tokens import Tokens
from app.store.transaction_counts import TransactionCounts, TransactionKind
from app.store.variable_mailboxes import VariableMailboxes
from app.store.verifications import Verifications
from app.store.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sqlalchemy import Engine
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from app.core.domains import Domain
    from app.core.stored import Stored


MAX_NAMES: Final = 50
"""Of more changed domains than this the names are not told: all are forgotten."""


class UnitOfWork:
    """The repositories of one transaction."""

    def __init__(self, connection: AsyncConnection, reach: Reach = Reach.NOTHING) -> None:
        """Take a connection with a transaction under way."""
        self._connection = connection
        self.reach = reach
        """What discovery has to forget of what it knows, should this be committed."""
        self.changed_names: set[str] = set()
        """Where single domains changed, which."""
        self.accounts = Accounts(AsyncRows(connection))
        self.audit = Audit(connection)
        self.cohorts = Cohorts(connection)
        self.deleted_domains = DeletedDomains(connection)
        self.domain_batches = DomainBatches(connection)
        self.deliveries = Deliveries(connection)
        self.domain_searches = DomainSearches(connection)
        self.domains = Domains(connection)
        self.endpoint_totals = EndpointTotals(connection)
        self.endpoints = Endpoints(connection)
        self.idempotency = Idempotency(connection)
        self.imports = Imports(connection)
        self.listings = Listings(connection)
        self.locks = RelationLocks(connection)
        self.overviews = Overviews(connection)
        self.provider_dependents = ProviderDependents(connection)
        self.providers = Providers(connection)
        self.queues = Queues(connection)
        self.sessions = Sessions(connection)
        self.tokens = Tokens(connection)
        self.variable_mailboxes = VariableMailboxes(connection)
        self.verifications = Verifications(connection)
        self.webhooks = Webhooks(connection)

    def mailboxes(self, domain: Stored[Domain]) -> Mailboxes:
        """Return the mailboxes of one domain."""
        return Mailboxes(self._connection, domain)


class Store:
    """The database, one transaction at a time."""

    def __init__(self, engine: AsyncEngine, reader: Engine | None = None) -> None:
        """Take an engine from ``create_engine`` and what ``create_reader`` gives for the same URL."""
        self.engine = engine
        self._reader = reader
        self.audience: Audience | None = None
        """Who is told of each transaction at its end, before whoever asked for it."""
        self.counts = TransactionCounts()

    @asynccontextmanager
    async def discovering(self) -> AsyncIterator[Accounts]:
        """Open a read-only transaction for discovery, the shortest way that the database has.

        Raises:
            NotAvailable: When the database does not answer.
        """
        if self._reader is None:
            async with self.reading() as unit:
                yield unit.accounts
        else:
            counted = self.counts.counting(TransactionKind.DISCOVERING)
            with counted, self.translated(), self._reader.connect() as connection:
                yield Accounts(ImmediateRows(connection))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[UnitOfWork]:
        """Open a read-only transaction: one consistent state, nothing to commit.

        Raises:
            NotAvailable: When the database does not answer.
        """
        with self.counts.counting(TransactionKind.READING), self.translated():
            async with self.engine.connect() as connection:
                await connection.execution_options(**reading_options(self.engine))
                yield UnitOfWork(connection)

    @asynccontextmanager
    async def writing(
        self, *, keep: bool = True, reach: Reach = Reach.PROVIDERS
    ) -> AsyncIterator[UnitOfWork]:
        """Open a transaction that is committed at the end of the block, or rolled back whole.

        Args:
            keep: Whether it is committed; a trial is rolled back whatever happens.
            reach: What it changes of what discovery serves, as far as is known before it is made.

        Raises:
            NotAvailable: When the database does not answer or is locked for too long.
            ConcurrentChange: When the database gave it up in favour of another transaction.
        """
        with self.counts.counting(TransactionKind.WRITING), self.translated(is_writing=True):
            async with self.engine.connect() as connection, connection.begin() as transaction:
                unit = UnitOfWork(connection, reach)
                try:
                    yield unit
                    if keep:
                        await transaction.commit()
                    else:
                        await transaction.rollback()
                finally:
                    # After a failure too: that of a commit may be one of its answer alone.
                    if self.audience is not None and keep:
                        self._tell(self.audience, unit)

    @staticmethod
    def _tell(audience: Audience, unit: UnitOfWork) -> None:
        if unit.reach is not Reach.NOTHING:
            few = len(unit.changed_names) <= MAX_NAMES
            audience.forget(unit.reach, unit.changed_names if few else ())

    @staticmethod
    @contextmanager
    def translated(*, is_writing: bool = False) -> Iterator[None]:
        """Turn an absent database and a lost race into errors of ours; other faults are bugs and pass."""
        try:
            yield
        except AppError:
            raise
        except Exception as error:
            if means_race(error) and is_writing:
                what = "The data"
                raise ConcurrentChange(what) from error
            if means_race(error):
                # A standby gives up whoever reads what it has to change itself.
                raise NotAvailable("database", "was busy with other changes") from error
            if (state := find_absence(error, is_writing=is_writing)) is not None:
                raise NotAvailable("database", state) from error
            if means_other_schema(error):
                state = "does not have this version's schema: run 'signpost migrate'"
                raise NotAvailable("database", state) from error
            raise

    def connections(self) -> dict[str, int]:
        """Return how many connections are in use and idle; nothing where they are not kept."""
        pool = self.engine.pool
        if not isinstance(pool, QueuePool):
            return {}
        return {"in_use": pool.checkedout(), "idle": pool.checkedin()}

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
        if self._reader is not None:
            self._reader.dispose()
