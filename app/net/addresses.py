"""From a host name to the addresses to connect to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import zip_longest
from typing import TYPE_CHECKING

from app.core.dns_lookups import LookupStatus
from app.core.dns_records import AddressData, RecordType
from app.core.observations import FailureReason
from app.net.failures import ConversationError

if TYPE_CHECKING:
    from app.core.dns_lookups import Lookup
    from app.net.address_policy import Address
    from app.net.resolver import Resolver


@dataclass(frozen=True, slots=True)
class Resolved:
    """What came of a host name."""

    addresses: tuple[Address, ...]
    """The families in turn, so that whoever looks at a few only has looked at both."""
    lookups: tuple[Lookup, ...] = ()
    """The answers for A and AAAA; none for what is an address already."""

    def known_addresses(self) -> tuple[Address, ...]:
        """Return the addresses; none where the DNS says that there is none.

        Raises:
            ConversationError: When there is none because the DNS does not say.
        """
        failed = [lookup.status for lookup in self.lookups if not lookup.is_answered]
        if self.addresses or not failed:
            return self.addresses
        if LookupStatus.BOGUS in failed:
            # Whose provider checks DNSSEC finds none either.
            detail = "has addresses whose DNSSEC signatures do not hold"
            raise ConversationError(FailureReason.UNREACHABLE, detail)
        reasons = ", ".join(dict.fromkeys(failed))
        detail = f"the DNS gave no answer for its addresses: {reasons}"
        raise ConversationError(FailureReason.NOT_LOOKED_UP, detail)


async def resolve(resolver: Resolver, host: str) -> Resolved:
    """Ask for the addresses of both families; nothing but our resolver ever sees the name.

    An address in its usual form, with brackets or without, stands for itself. Other ways to write one
    (hexadecimal, octal, one number) are names that do not exist.
    """
    try:
        return Resolved((ip_address(host.removeprefix("[").removesuffix("]")),))
    except ValueError:
        lookups = await asyncio.gather(
            resolver.lookup(host, RecordType.A), resolver.lookup(host, RecordType.AAAA)
        )
    families = [[one.address for one in lookup.records if isinstance(one, AddressData)] for lookup in lookups]
    in_turn = (one for pair in zip_longest(*families) for one in pair if one is not None)
    return Resolved(tuple(dict.fromkeys(in_turn)), tuple(lookups))
