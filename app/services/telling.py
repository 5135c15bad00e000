"""What a run at an endpoint changes for those who list it: states, published names, news."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from app.core.checks import Occasion
from app.core.cohorts import cohort_state, proven_hostnames
from app.core.domains import PublishedName
from app.core.endpoints import Listing
from app.core.events import EventType, News
from app.core.stored import Stored
from app.core.verified import HostChoice
from app.verification.judging import judge_listing
from app.verification.reporting import state_of

if TYPE_CHECKING:
    from app.core.checks import Outcome, StoredEndpoint
    from app.core.findings import Finding
    from app.core.observations import EndpointObservation
    from app.services.changes import Change

_EVENTS: Final = {
    Occasion.ALARM: EventType.HOST_BAD,
    Occasion.CLEARED: EventType.HOST_GOOD,
    Occasion.EXPIRING: EventType.CERTIFICATE_EXPIRING,
}


async def tell(
    change: Change,
    stored: StoredEndpoint,
    observation: EndpointObservation,
    outcome: Outcome,
    findings: tuple[Finding, ...],
) -> None:
    """Write what follows from a run into the same transaction: for cohorts, the audit and subscribers.

    Args:
        change: The transaction.
        stored: The endpoint as it was.
        observation: What was seen.
        outcome: What follows for the endpoint.
        findings: What was found.
    """
    have_promises_changed = await _judge_promises(change, stored, observation)
    has_state_changed = outcome.standing.state is not stored.standing.state
    if has_state_changed or have_promises_changed or outcome.has_proof_changed:
        await _update_cohorts(change, stored.id)
    if outcome.occasions:
        providers = await change.unit.endpoints.providers_of(stored.id)
        for occasion in outcome.occasions:
            data = _data(stored, outcome, findings)
            change.announce(
                News(
                    type=_EVENTS[occasion],
                    kind="host",
                    subject=stored.endpoint.hostname,
                    data=data,
                    providers=providers,
                )
            )


async def _judge_promises(change: Change, stored: StoredEndpoint, observation: EndpointObservation) -> bool:
    has_changed = False
    for authentication, state_before in await change.unit.endpoints.promises(stored.id):
        listing = Listing(endpoint=stored.endpoint, server="", authentication=authentication)
        state = state_of(judge_listing(listing, observation))
        if state is not state_before:
            has_changed = True
            await change.unit.endpoints.set_promise(stored.id, authentication, state)
    return has_changed


async def _update_cohorts(change: Change, endpoint_id: int) -> None:
    changed = []
    chosen: dict[tuple[str, str], bool] = {}
    for cohort in await change.unit.cohorts.listing_endpoint(endpoint_id):
        proven = proven_hostnames(cohort.listings)
        state = cohort_state(cohort.listings, proven)
        if (state, proven) != (cohort.state, cohort.proven):
            changed.append((cohort.id, state, proven))
        for hostname in cohort.proven ^ proven:
            chosen[cohort.provider, hostname] = hostname in proven
    await change.unit.cohorts.set_states(changed)
    for (provider, hostname), is_own in sorted(chosen.items()):
        _note_choice(change, provider, hostname, is_own=is_own)


def _note_choice(change: Change, provider: str, hostname: str, *, is_own: bool) -> None:
    """Write down, and tell, that the other of a server's two names is published."""

    def choice(published: PublishedName) -> Stored[HostChoice]:
        value = HostChoice(provider=provider, hostname=hostname, published=published)
        return Stored(id=0, value=value, version=1, created_at=change.now, updated_at=change.now)

    own, shared = choice(PublishedName.OWN), choice(PublishedName.SHARED)
    before, after = (shared, own) if is_own else (own, shared)
    change.note("hostname.choose", before, after)
    change.announce(
        News(
            type=EventType.HOST_CHOSEN,
            kind="host",
            subject=hostname,
            data=after.value.record(),
            providers=frozenset({provider}),
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
