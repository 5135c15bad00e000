"""A lookup table of Postfix (postmap(1)) for ``virtual_mailbox_domains``; it has no servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.leaving import PeerFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.leaving import Household


def render_postfix(households: Sequence[Household]) -> PeerFile:
    """Write a line for each domain, in their alphabetical order."""
    names = sorted(holding.domain.name.ascii for one in households for holding in one.holdings)
    return PeerFile(data="".join(f"{name} OK\n" for name in names).encode("ascii"), domains=len(names))
