"""What verification says in the end: of an endpoint, and of a domain that lists endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

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
class Change:
    """What is different from the report before."""

    before: State
    appeared: tuple[Finding, ...]
    """Findings whose code was not there before."""
    gone: tuple[Finding, ...]
    """Findings of the report before whose code is not there any more."""


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
    runs_in_state: int
    """How many runs in a row, this one among them, had this state: an alarm waits for a few."""
    change: Change | None
    """None in the first report, and where nothing is different."""
    due_in: timedelta
    """When to look again, without jitter: sooner when it is bad or a certificate expires."""

    def days_to_expiry(self, now: datetime) -> int | None:
        """Return whole days until a certificate expires, negative ones afterwards."""
        expires_at = self.certificate_expires_at
        return None if expires_at is None else (expires_at - now).days


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingReport:
    """How one endpoint stands for a domain that lists it."""

    listing: Listing
    state: State
    findings: tuple[Finding, ...]
    """The endpoint's, and those of what the domain says of it; the worst first."""
    at: datetime | None
    """When the endpoint was looked at; None if it was not yet."""


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
    change: Change | None
