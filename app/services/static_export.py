"""All that needs no request to be looked at, domain by domain, for files that a web server hands out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from app.core.names import DomainName
from app.services.known_domains import Shared
from app.services.static_documents import Layout, documents_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.services.static_documents import Reason, StaticDocuments
    from app.store.accounts import Accounts
    from app.store.standings import Standing
    from app.store.unit_of_work import Store

BATCH: Final = 1000
_MAX_KINDS: Final = 10_000
_MAX_EXAMPLES: Final = 10


@dataclass(slots=True)
class Tally:
    """What came of the domains so far."""

    domains: int = 0
    """Active ones, with files or without."""
    suspended: int = 0
    """Those that are suspended, or aliases of one that is; they have no files."""
    reasons: Counter[Reason] = field(default_factory=Counter)
    examples: dict[Reason, list[str]] = field(default_factory=dict)
    """The first few domains of each reason."""

    def add(self, documents: StaticDocuments) -> None:
        """Count an active domain."""
        self.domains += 1
        for reason in documents.reasons:
            self.reasons[reason] += 1
            examples = self.examples.setdefault(reason, [])
            if len(examples) < _MAX_EXAMPLES:
                examples.append(documents.name)


class StaticExport:
    """Reads all domains in the order of their names, in many short transactions."""

    def __init__(self, store: Store) -> None:
        """Take the database."""
        self._store = store
        self._kinds: dict[tuple[object, ...], Shared] = {}

    async def count(self) -> int:
        """Return how many domains are stored, whatever their status.

        Raises:
            NotAvailable: When the database does not answer.
        """
        async with self._store.discovering() as accounts:
            return await accounts.count()

    async def batches(
        self, tally: Tally, layout: Layout = Layout.FILES
    ) -> AsyncIterator[list[StaticDocuments]]:
        """Yield the documents of active domains; what else there is to say is counted.

        Raises:
            NotAvailable: When the database does not answer.
        """
        self._kinds.clear()
        after = ""
        while True:
            async with self._store.discovering() as accounts:
                standings = await accounts.standings(after, BATCH)
                documents = [
                    documents_of(await self._shared(accounts, standing), standing, layout)
                    for standing in standings
                    if standing.is_active
                ]
            tally.suspended += len(standings) - len(documents)
            for one in documents:
                tally.add(one)
            yield documents
            if len(standings) < BATCH:
                return
            after = standings[-1].name

    async def _shared(self, accounts: Accounts, standing: Standing) -> Shared:
        """Return what discovery would remember of a domain."""
        shared = self._kinds.get(standing.kind)
        if shared is None:
            # By the domain that was read in this same transaction; it cannot be gone.
            found = await accounts.find(DomainName(standing.name))
            if found is None:
                raise LookupError(standing.name)
            shared = Shared(found)
            if standing.own_servers_of is None:
                if len(self._kinds) >= _MAX_KINDS:
                    self._kinds.clear()
                self._kinds[standing.kind] = shared
        return shared.alone(standing.name) if standing.name in shared.text else shared
