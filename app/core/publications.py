"""What a domain's names return to clients, as fetched, beside what this service answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.dns_lookups import Lookup
    from app.core.observations import Failure, HttpAnswer, TlsSession


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedDocument:
    """A document that clients are to get at a URL of a domain's own."""

    url: str
    """Where clients ask, such as ``https://autoconfig.customer.example/mail/config-v1.1.xml?emailaddress=…``."""
    format: str
    """The format's name."""
    body_sha256: str
    """Of what this service answers, in hexadecimal."""
    posted: bytes = b""
    """What clients send with POST, in XML; empty where they ask with GET."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentObservation:
    """What came back for one URL, nothing of it verified."""

    url: str
    lookups: tuple[Lookup, ...] = ()
    """A and AAAA of the URL's host, as far as they were asked for."""
    failure: Failure | None = None
    """Why the URL itself did not answer."""
    tls: TlsSession | None = None
    """Of the URL's own host; None where it is http or no handshake was completed."""
    http: HttpAnswer | None = None
    media_type: str = ""
    """In lower case, without parameters."""
    body_sha256: str = ""
    """Of the whole body, in hexadecimal; empty where it was not read to its end."""
    body_start: bytes = b""
    """The first few hundred octets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentCheck:
    """A document, and what came in its place."""

    expected: ExpectedDocument
    seen: DocumentObservation
