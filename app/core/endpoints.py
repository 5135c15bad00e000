"""What is probed: a host name and port with what is spoken there, shared by all domains that list it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.names import DomainName
    from app.core.servers import Authentication, ServerType, SocketType


class Protocol(StrEnum):
    """What a probe speaks."""

    IMAP = "imap"
    POP3 = "pop3"
    SMTP = "smtp"
    MANAGESIEVE = "managesieve"
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One thing to connect to; equal endpoints are probed once, however many domains list them."""

    protocol: Protocol
    hostname: str
    """As listed, in lower-case A-label form: certificates must be valid for this name."""
    port: int
    socket_type: SocketType
    """For HTTP ``tls`` where the URL is https, ``plain`` where it is http."""
    service: ServerType | None = None
    """What is behind a URL: the dialogue depends on it. None for what is no HTTP.

    ``exchange`` is Exchange's own Autodiscover in plain XML.
    """
    path: str = ""
    """The path and query of the URL, with its leading slash; empty for what is no HTTP."""

    @property
    def key(self) -> str:
        """Return the endpoint as one word that is stable and unique: ``imap:mail.example.com:993:tls``."""
        word = f"{self.protocol}:{self.hostname}:{self.port}:{self.socket_type}"
        return word if self.service is None else f"{word}:{self.service}:{self.path}"

    @property
    def place(self) -> str:
        """Return host name and port, by which connections are counted."""
        return f"{self.hostname}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """That a domain publishes an endpoint, and what it says of it."""

    endpoint: Endpoint
    server: str
    """The key of the server whose endpoint it is."""
    authentication: tuple[Authentication, ...]
    """What the documents promise; empty where they promise nothing (web mail)."""
    is_published: bool = True
    """False for the other name of a server that has its own and a shared one: clients are not given it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unprobed:
    """Something that is published and cannot be probed, and why."""

    server: str
    """The server's key."""
    reason: str
    """Stable kebab-case code, such as ``address-needed``."""
    detail: str
    """One sentence for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationPlan:
    """All that is to be probed for a domain."""

    domain: DomainName
    listings: tuple[Listing, ...]
    unprobed: tuple[Unprobed, ...] = ()

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return each endpoint once, in the order of the listings."""
        return tuple(dict.fromkeys(listing.endpoint for listing in self.listings))
