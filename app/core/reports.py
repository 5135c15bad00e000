"""What verification says in the end: of an endpoint, and of a domain that lists endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from app.core.endpoints import Endpoint, Listing, Unprobed
    from app.core.findings import Finding
    from app.core.names import DomainName


class State(StrEnum):
    """How something stands, best first."""

    GOOD = "good"
    UNTESTED = "untested"
    """Nothing wrong was seen, and something could not be tested."""
    WARNING = "warning"
    BAD = "bad"

    @property
    def rank(self) -> int:
        """Return a number by which states compare."""
        return tuple(State).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointReport:
    """What one run says of an endpoint."""

    endpoint: Endpoint
    at: datetime
    state: State
    findings: tuple[Finding, ...]
    """The worst first."""
    certificate_expires_at: datetime | None
    """Of the certificate that expires first, where any was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingReport:
    """How one endpoint stands for a domain that lists it."""

    listing: Listing
    state: State
    findings: tuple[Finding, ...]
    """The endpoint's, and those of what the domain says of it; the worst first."""
    at: datetime | None
    """When the endpoint was looked at; None if it was not yet."""
    is_missed: bool = False
    """Whether it was to be looked at for this report, and was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainReport:
    """How a domain stands."""

    domain: DomainName
    state: State
    """The worst of what is published; names that clients are not given do not count."""
    listings: tuple[ListingReport, ...]
    findings: tuple[Finding, ...]
    """The domain's own: its DNS records and its documents."""
    unprobed: tuple[Unprobed, ...]
