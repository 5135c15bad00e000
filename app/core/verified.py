"""What is stored of verification, and which of it is wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from app.core.domains import PublishedName
    from app.core.endpoints import Protocol
    from app.core.findings import Severity
    from app.core.reports import State

FRESH_FOR: Final = timedelta(seconds=60)
"""What was probed less than this ago is not probed again because somebody asks: hosts are others'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFinding:
    """A finding of an endpoint's last run; what its code means is the catalogue's to say."""

    id: int
    endpoint_id: int
    subject: str
    """The endpoint's key."""
    code: str
    severity: Severity
    addresses: tuple[str, ...]
    facts: Mapping[str, str]
    since: datetime
    """The first of the runs in a row that found it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheck:
    """One run of an endpoint."""

    id: int
    at: datetime
    state: State
    seconds: float
    findings: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVerification:
    """That somebody had a domain verified."""

    id: int
    public_id: str
    domain_id: int
    domain: str
    """The domain's name."""
    requested_at: datetime
    finished_at: datetime | None
    """None while it is under way."""
    state: State
    report: Mapping[str, Any] | None = field(default=None)
    """The domain's report as JSON has it; None while it is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChoice:
    """Which of two names a provider's domains publish: their own host name, or one that many share."""

    provider: str
    hostname: str
    """The own one."""
    published: PublishedName
    """``own`` or ``shared``."""

    def record(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"hostname": self.hostname, "published": self.published.value, "provider": self.provider}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointFilter:
    """Which endpoints are wanted; None for any."""

    provider: str | None = None
    """Those that this provider's domains list."""
    state: State | None = None
    is_alarmed: bool | None = None
    """Those that are told to be bad, and given to clients."""
    is_given: bool | None = None
    """Those that any domain, or one of the provider's, gives to clients."""
    hostname: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointTotal:
    """How many endpoints of a protocol came to a state in a run of some length."""

    protocol: Protocol
    state: State
    place: int | None
    """The first of the bounds that were asked for that the run did not exceed, or their number; None where
    there was no run yet."""
    endpoints: int
    seconds: float
    """Of all their last runs together."""
    alarmed: int
    ending: tuple[int, ...]
    """How many have a certificate that ends before each of the moments that were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFilter:
    """Which findings are wanted; None for any."""

    provider: str | None = None
    severity: Severity | None = None
    code: str | None = None
    hostname: str | None = None
