"""What came of asking the DNS, as a value: records, an empty answer, or why there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Self

from typing_extensions import override

from app.core.errors import refuse

if TYPE_CHECKING:
    from app.core.dns_records import RecordData, RecordType

_DNS_PORT = 53
_MAX_PORT = 65535
_WITH_PORT = re.compile(r"(?:\[([^\]]*)\]|([^:\[\]]*)):([0-9]{1,5})")


class LookupStatus(StrEnum):
    """How a look-up ended."""

    FOUND = "found"
    NO_DATA = "no-data"
    """The name is there, with no record of this type."""
    NO_NAME = "no-name"
    TIMED_OUT = "timed-out"
    REFUSED = "refused"
    SERVER_FAILURE = "server-failure"
    BOGUS = "bogus"
    """The answer is there, and its signatures do not hold."""
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    """The name cannot be asked for, or the answer cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """The answer for one name and type; a name server's failure is an answer too."""

    name: str
    type: RecordType
    status: LookupStatus
    records: tuple[RecordData, ...] = ()
    """In the order of the answer; none unless the status is ``found``."""
    aliases: tuple[str, ...] = ()
    """The names that were passed on the way, each the alias of the one before; the last has the records."""
    is_authenticated: bool = False
    """Whether the resolver vouches for the answer, an empty one too (the AD bit, RFC 4035 §3.2.3).

    Worth as much as the resolver and the way to it are.
    """
    ttl_seconds: int | None = None
    detail: str = ""
    """What the name server or the network said, for people."""

    @property
    def is_answered(self) -> bool:
        """Whether it is known what is published."""
        return self.status in (LookupStatus.FOUND, LookupStatus.NO_DATA, LookupStatus.NO_NAME)


@dataclass(frozen=True, slots=True)
class NameServer:
    """A DNS server to ask."""

    address: IPv4Address | IPv6Address
    port: int = _DNS_PORT

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``ADDRESS`` or ``ADDRESS:PORT``, an IPv6 address with a port in brackets.

        Raises:
            InvalidInput: When it is neither.
        """
        host, port = text.strip(), _DNS_PORT
        if with_port := _WITH_PORT.fullmatch(host):
            host, port = with_port[1] or with_port[2], int(with_port[3])
        try:
            address = ip_address(host)
        except ValueError:
            raise refuse("must be an IP address, with a port behind a colon if need be") from None
        if not 1 <= port <= _MAX_PORT:
            raise refuse("must have a port between 1 and 65535")
        return cls(address, port)

    @override
    def __str__(self) -> str:
        """Return what ``parse`` reads."""
        shown = f"[{self.address}]" if self.address.version == 6 else str(self.address)  # noqa: PLR2004
        return f"{shown}:{self.port}"
