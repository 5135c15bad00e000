"""What an overview of the service counts: domains, endpoints, certificates, findings. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from app.core.domains import DomainStatus
    from app.core.findings import Severity
    from app.core.reports import State


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysLeft:
    """A span of days until certificates end."""

    label: str
    until: int | None
    """The span ends before so many days; None where it has no end."""


CERTIFICATE_SPANS: Final = (
    DaysLeft(label="expired", until=0),
    DaysLeft(label="under 7", until=7),
    DaysLeft(label="7 to 13", until=14),
    DaysLeft(label="14 to 29", until=30),
    DaysLeft(label="30 to 59", until=60),
    DaysLeft(label="60 to 89", until=90),
    DaysLeft(label="90 or more", until=None),
)
"""From the most pressing on; each begins where the one before ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingCount:
    """At how many endpoints something was found."""

    code: str
    severity: Severity
    endpoints: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainCounts:
    """How many domains there are."""

    by_status: Mapping[DomainStatus, int]
    by_state: Mapping[State, int]
    """By what verification says of their servers; those that it did not come to yet are untested."""

    @property
    def total(self) -> int:
        """Return how many there are in all."""
        return sum(self.by_status.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointCounts:
    """How many endpoints there are, and how they stand."""

    by_state: Mapping[State, int]
    by_days_left: tuple[int, ...]
    """By when their certificates end: one number for each of ``CERTIFICATE_SPANS``."""
    findings: tuple[FindingCount, ...]
    """The worst first, then those at most endpoints."""

    @property
    def total(self) -> int:
        """Return how many there are in all."""
        return sum(self.by_state.values())

    def at_severity(self, severity: Severity) -> int:
        """Return how many findings of a severity there are."""
        return sum(one.endpoints for one in self.findings if one.severity is severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was counted, and when."""

    domains: DomainCounts | None
    """None where the reader may not see it, as with what follows."""
    endpoints: EndpointCounts | None
    counted_at: datetime
    seconds: float = field(default=0.0)
    """How long counting took."""
