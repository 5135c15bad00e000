"""All domains as data that imports again to the same: those that others are aliases of come first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from app.core.records import domain_record, mailbox_record
from app.services.callers import Scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.core.domains import Domain
    from app.core.stored import Stored
    from app.services.callers import Caller
    from app.store.unit_of_work import Store, UnitOfWork

_BATCH: Final = 500


class DomainExport:
    """Domains with their mailboxes, as many as there are."""

    def __init__(self, store: Store) -> None:
        """Take the database."""
        self._store = store

    async def batches(
        self, caller: Caller, provider: str | None = None
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """Give the domains that the caller sees, some at a time; no transaction stays open between them.

        Each has the fields of a line that stores it. What changes meanwhile is there as it was or as it is.

        Args:
            caller: Who asks.
            provider: Whose domains; None for all.
        """
        caller.require(Scope.DOMAINS_READ)
        if provider is not None and not caller.sees(provider):
            return
        wanted = caller.provider if provider is None else provider
        for aliases in (False, True):
            after = ""
            while True:
                async with self._store.reading() as unit:
                    found = await unit.domain_batches.page(
                        after=after, limit=_BATCH, provider=wanted, aliases=aliases
                    )
                    records = await _records(unit, found)
                if records:
                    yield records
                    after = found[-1].value.name.ascii
                if len(found) < _BATCH:
                    break


async def _records(unit: UnitOfWork, domains: list[Stored[Domain]]) -> list[dict[str, Any]]:
    mailboxes = await unit.domain_batches.mailboxes_of({one.id: one.value.name for one in domains})
    return [
        {
            **domain_record(one.value),
            "mailboxes": [mailbox_record(mailbox.value) for mailbox in mailboxes.get(one.id, ())],
        }
        for one in domains
    ]
