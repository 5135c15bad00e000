"""Questions to the DNS, with deadlines; whatever the far side does is an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.core.dns_lookups import Lookup
    from app.core.dns_records import RecordType


class Resolver(Protocol):
    """Asks the DNS."""

    async def lookup(self, name: str, record_type: RecordType) -> Lookup:
        """Ask for the records of one type at an absolute name, following aliases.

        Never raises for what a name server or the network does, and ends within its deadline.
        """
        ...
