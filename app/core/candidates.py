"""What discovery finds elsewhere for an address or a domain: candidates, whatever became of them.

Nothing that the far side does is an exception; why nothing was found is part of the candidate. The local
part of an address is in no candidate: URLs have its placeholder.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.names import DomainName, EmailAddress
    from app.core.notices import Notice
    from app.core.servers import Server


class Trust(StrEnum):
    """Who vouches for what was found."""

    LOCAL = "local"
    """The operator, whose own copy it is."""
    HTTPS = "https"
    """The certificate of a host whose name follows from the domain's."""
    DNSSEC = "dnssec"
    """Signatures in the DNS."""
    HTTP = "http"
    """Nobody: at least a part of the way was plain."""
    DNS = "dns"
    """Nobody: answers without signatures led to it."""

    @property
    def is_authenticated(self) -> bool:
        """Whether anybody vouches for it."""
        return self in (Trust.LOCAL, Trust.HTTPS, Trust.DNSSEC)


class Outcome(StrEnum):
    """What became of asking."""

    FOUND = "found"
    NOTHING = "nothing"
    """The answer is that there is nothing: no such name, no record, 404, an error document."""
    UNUSABLE = "unusable"
    """Something came that clients cannot use."""
    FAILED = "failed"
    """No answer came."""
    FORBIDDEN = "forbidden"
    """Addresses or ports that the operator allows do not let us ask."""
    NOT_ASKED = "not-asked"
    """There was no place to ask, or no need."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose settings are looked for."""

    domain: DomainName
    address: EmailAddress | None = None
    """None where only the domain is known."""

    @property
    def asked_address(self) -> str:
        """The address to send where clients must send one; one that every domain has (RFC 5321 §4.5.1)."""
        return str(self.address or f"postmaster@{self.domain.ascii}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What one place says, or why it says nothing."""

    source: str
    """The name of the mechanism."""
    asked: str
    """The URL, file or record; the address as its placeholder."""
    trust: Trust
    outcome: Outcome = Outcome.NOTHING
    reason: str = ""
    """Why nothing was found, as a clause; of what was found, what is remarkable."""
    servers: tuple[Server, ...] = ()
    """In the order in which they are listed."""
    display_name: str | None = None
    redirects: tuple[str, ...] = ()
    """The URLs that led on, first to last."""
    hops: int = 0
    """How many of them did so by a document, not by a status."""
    status: int | None = None
    """Of the last answer over HTTP."""
    media_type: str = ""
    document: bytes = field(default=b"", repr=False)
    """As it came; empty where it was not read."""
    notices: tuple[Notice, ...] = ()
    seconds: float = 0.0

    @property
    def is_found(self) -> bool:
        """Whether it has servers."""
        return self.outcome is Outcome.FOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """All candidates of one run, in the order of the sources."""

    subject: Subject
    candidates: tuple[Candidate, ...]
    seconds: float
