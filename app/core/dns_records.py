"""DNS records as values: those to publish for a domain, and those that a resolver found.

Names are absolute, in lower-case A-labels and without a dot at the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from app.core.errors import refuse

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from app.core.account import Omission
    from app.core.names import DomainName

TTL_SECONDS: Final = 3600
MAX_STRING_OCTETS: Final = 255
"""Of one string of a TXT record (RFC 1035 §3.3)."""
MAX_NAME_LENGTH: Final = 253

_LABEL = re.compile(r"_?[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")
_MAX_LABEL_LENGTH: Final = 63
# What a zone file needs no escape for inside quotes: printable ASCII but the quote and the backslash.
_UNQUOTABLE = re.compile(rb"[^ !#-\[\]-~]")


class RecordType(StrEnum):
    """The types that are published or looked up here."""

    A = "A"
    AAAA = "AAAA"
    CNAME = "CNAME"
    MX = "MX"
    SRV = "SRV"
    TLSA = "TLSA"
    TXT = "TXT"


ADDRESS_TYPES: Final = (RecordType.A, RecordType.AAAA)


@dataclass(frozen=True, slots=True)
class AddressData:
    """An address of a host (A, AAAA)."""

    address: IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class AliasData:
    """The name that another one stands for (CNAME)."""

    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MxData:
    """A mail exchanger."""

    preference: int
    exchange: str | None
    """None where the domain takes no mail (RFC 7505)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SrvData:
    """Where a service is (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str | None
    """None where the service is decidedly not available: the target is the root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsaData:
    """What a server's certificate must match (RFC 6698)."""

    usage: int
    selector: int
    matching_type: int
    association: bytes


@dataclass(frozen=True, slots=True)
class TxtData:
    """A text, its strings put together; octets that are no UTF-8 are written in hexadecimal."""

    text: str


RecordData: TypeAlias = AddressData | AliasData | MxData | SrvData | TlsaData | TxtData
CLOSED: Final = SrvData(priority=0, weight=0, port=0, target=None)
"""The service is decidedly not available (RFC 2782, RFC 6186 §3.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsRecord:
    """A record to publish."""

    name: str
    data: RecordData
    why: str
    """One sentence for the operator, ASCII."""
    ttl_seconds: int = TTL_SECONDS

    def __post_init__(self) -> None:
        """Refuse what no zone could hold."""
        check_record_name(self.name)

    @property
    def type(self) -> RecordType:
        """The type, which the data decides."""
        return type_of(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRecords:
    """All that is to be published for a domain, and what records cannot say."""

    domain: DomainName
    records: tuple[DnsRecord, ...]
    omissions: tuple[Omission, ...] = ()


def check_record_name(name: str) -> None:
    """Check a name, which may have underscores at the start of labels.

    Raises:
        InvalidInput: When it is too long or a label is not what a zone can hold.
    """
    if len(name) > MAX_NAME_LENGTH:
        raise refuse(f"must be at most {MAX_NAME_LENGTH} characters long", "name")
    for label in name.split("."):
        if len(label) > _MAX_LABEL_LENGTH or not _LABEL.fullmatch(label):
            raise refuse("must consist of lower-case labels that may start with an underscore", "name")


def type_of(data: RecordData) -> RecordType:
    """Return the type of a record with this data."""
    if isinstance(data, AddressData):
        return RecordType.A if data.address.version == 4 else RecordType.AAAA  # noqa: PLR2004
    types: dict[type, RecordType] = {
        AliasData: RecordType.CNAME,
        MxData: RecordType.MX,
        SrvData: RecordType.SRV,
        TlsaData: RecordType.TLSA,
        TxtData: RecordType.TXT,
    }
    return types[type(data)]


def presented(data: RecordData) -> str:
    """Write data as zone files do, with absolute names (RFC 1035 §5.1)."""
    match data:
        case AddressData(address):
            return str(address)
        case AliasData(target):
            return absolute(target)
        case MxData():
            return f"{data.preference} {absolute(data.exchange)}"
        case SrvData():
            return f"{data.priority} {data.weight} {data.port} {absolute(data.target)}"
        case TlsaData():
            return f"{data.usage} {data.selector} {data.matching_type} {data.association.hex()}"
        case TxtData(text):
            return " ".join(f'"{_escaped(string)}"' for string in txt_strings(text))
        case _:
            assert_never(data)


def absolute(name: str | None) -> str:
    """Write a name with its dot at the end; None is the root."""
    return "." if name is None else f"{name}."


def txt_strings(text: str) -> tuple[bytes, ...]:
    """Split a text into strings that a TXT record can hold; an empty text is one empty string."""
    octets = text.encode("utf-8", "backslashreplace")
    starts = range(0, len(octets), MAX_STRING_OCTETS) or (0,)
    return tuple(octets[start : start + MAX_STRING_OCTETS] for start in starts)


def _escaped(string: bytes) -> str:
    def escape(found: re.Match[bytes]) -> bytes:
        octet = found[0]
        return b"\\" + octet if octet in b'"\\' else b"\\%03d" % octet[0]

    return _UNQUOTABLE.sub(escape, string).decode("ascii")
