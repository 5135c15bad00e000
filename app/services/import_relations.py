"""What an import relies on beside what it changes, kept as it was planned with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.errors import ConcurrentChange
from app.store.sources import FROM_ISPDB

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.core.account import ListedDomain
    from app.core.names import DomainName
    from app.store.imports import ImportedDomain
    from app.store.unit_of_work import UnitOfWork


async def keep_relations(
    unit: UnitOfWork,
    new: Iterable[str],
    changed: Mapping[str, Iterable[ListedDomain]],
    present: Mapping[DomainName, ImportedDomain],
) -> None:
    """Have the providers that get domains stay as they are, and domains that move get no aliases.

    Args:
        unit: The transaction.
        new: The providers that get new domains.
        changed: Domains that change, by the provider that they are to have.
        present: What is stored of these.

    Raises:
        ConcurrentChange: When one is no longer as it was when the import was planned.
    """
    slugs = sorted({*new, *changed})
    await unit.locks.share_providers(slugs)
    if set((await unit.providers.sources_of(slugs)).values()) - {FROM_ISPDB}:
        raise ConcurrentChange("One of the providers")
    await unit.imports.keep_movable(
        [
            listed.name
            for slug, domains in changed.items()
            for listed in domains
            if present[listed.name].provider != slug
        ]
    )
