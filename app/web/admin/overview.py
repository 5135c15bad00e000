"""The first page: what there is, how it stands, what is most pressing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.overview import CERTIFICATE_SPANS
from app.services.callers import Scope
from app.verification.catalogue import KINDS_BY_CODE
from app.web.admin.charts import column_chart, shares
from app.web.admin.showing import SEVERITIES_WORST_FIRST, WORST_FIRST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from app.core.checks import StoredEndpoint
    from app.core.findings import Severity
    from app.core.overview import EndpointCounts
    from app.core.reports import State
    from app.web.admin.charts import ColumnChart, Share
    from app.web.admin.gate import Visit

_FEW: Final = 8
_ENDING: Final = 5
_SOON_DAYS: Final = 30
_BAD_DAYS: Final = 7


async def show_overview(visit: Visit) -> Response:
    """Show what there is at a glance, as far as the token reaches."""
    caller, services = visit.caller, visit.services
    counts = await services.operators.overview.counts(caller)
    ending: list[StoredEndpoint] = []
    if caller.has(Scope.VERIFY):
        ending = await services.verification.endpoints.ending_first(caller, limit=_ENDING)
    recent = None
    if caller.has(Scope.AUDIT_READ):
        recent = await services.auditing.page(caller, limit=_FEW)
    domains = None if counts is None else counts.domains
    endpoints = None if counts is None else counts.endpoints
    return visit.show(
        "overview.html",
        counts=counts,
        domains=domains,
        domain_shares=None if domains is None else _state_shares(domains.by_state),
        endpoints=endpoints,
        endpoint_shares=None if endpoints is None else _state_shares(endpoints.by_state),
        certificates=None if endpoints is None else certificate_chart(endpoints),
        ending_soon=0 if endpoints is None else _ending_soon(endpoints),
        severities=[] if endpoints is None else _severities(endpoints),
        findings=[] if endpoints is None else endpoints.findings[:_FEW],
        kinds=KINDS_BY_CODE,
        ending=ending,
        recent=recent,
    )


def _severities(endpoints: EndpointCounts) -> list[tuple[Severity, int]]:
    return [(severity, endpoints.at_severity(severity)) for severity in SEVERITIES_WORST_FIRST]


def _state_shares(by_state: Mapping[State, int]) -> tuple[Share, ...]:
    return shares([(state.value, by_state[state], state.value) for state in WORST_FIRST if by_state])


def certificate_chart(endpoints: EndpointCounts) -> ColumnChart:
    """Draw when certificates end."""
    return column_chart(
        [
            (span.label, count, _pressing(span.until))
            for span, count in zip(CERTIFICATE_SPANS, endpoints.by_days_left, strict=True)
        ]
    )


def _pressing(until: int | None) -> str:
    if until is not None and until <= _BAD_DAYS:
        return "bad"
    return "warning" if until is not None and until <= _SOON_DAYS else "good"


def _ending_soon(endpoints: EndpointCounts) -> int:
    counted = zip(CERTIFICATE_SPANS, endpoints.by_days_left, strict=True)
    return sum(count for span, count in counted if _pressing(span.until) == "bad")
