"""What subscribers hear of a run at an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from app.core.checks import Occasion
from app.core.events import EventType, News

if TYPE_CHECKING:
    from app.core.checks import Outcome, StoredEndpoint
    from app.core.findings import Finding
    from app.services.changes import Change

_EVENTS: Final = {
    Occasion.ALARM: EventType.HOST_BAD,
    Occasion.CLEARED: EventType.HOST_GOOD,
    Occasion.EXPIRING: EventType.CERTIFICATE_EXPIRING,
}


async def tell(
    change: Change,
    stored: StoredEndpoint,
    outcome: Outcome,
    findings: tuple[Finding, ...],
) -> None:
    """Tell subscribers, in the transaction in which a run is written down, what follows from it.

    Args:
        change: The transaction.
        stored: The endpoint as it was.
        outcome: What follows for the endpoint.
        findings: What was found.
    """
    if not outcome.occasions:
        return
    endpoints = change.unit.endpoints
    given = await endpoints.providers_of(stored.id, only_given=True)
    if not given:
        # This very run had them given the other name.
        await endpoints.take_back(stored, outcome.occasions)
    data = _data(stored, outcome, findings)
    for occasion in outcome.occasions:
        providers = given
        if occasion is Occasion.CLEARED:
            # Who heard of the alarm may be given another name since.
            providers = await endpoints.providers_of(stored.id, only_given=False)
        if not providers:
            continue
        change.announce(
            News(
                type=_EVENTS[occasion],
                kind="host",
                subject=stored.endpoint.hostname,
                data=data,
                providers=providers,
            )
        )


def _data(stored: StoredEndpoint, outcome: Outcome, findings: tuple[Finding, ...]) -> dict[str, Any]:
    endpoint, expires_at = stored.endpoint, outcome.standing.certificate_expires_at
    return {
        "endpoint": endpoint.key,
        "protocol": endpoint.protocol.value,
        "port": endpoint.port,
        "state": outcome.standing.state.value,
        "certificate_expires_at": None if expires_at is None else expires_at.isoformat(),
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity.value,
                "statement": finding.statement,
                "advice": finding.advice,
            }
            for finding in findings
        ],
    }
