"""What follows from one run at an endpoint: when it is due again, what is told, what is proven. Pure.

One bad run is no alarm and one good certificate no proof: networks lose packets, hosts restart, and a
name that goes back and forth in every customer's settings is worse than either name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from app.core.findings import Severity
from app.core.observations import FailureReason, Stage
from app.core.reports import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.core.endpoints import Endpoint
    from app.core.findings import Finding
    from app.core.observations import AddressObservation, EndpointObservation

ALARM_AFTER: Final = 3
"""Bad runs in a row before anybody is told."""
CLEAR_AFTER: Final = 2
"""Runs in a row that are not bad before an alarm is over."""
PROVEN_AFTER: Final = 3
"""Runs in a row that say the same of a certificate before that is believed."""
CONFIRM_IN: Final = timedelta(minutes=5)
"""When a run is looked at again that says something else than what is believed."""
_STILL_VALID: Final = frozenset({"certificate.expires-at-once"})
"""What is bad of certificates that clients accept today."""


class Proof(StrEnum):
    """What a run says of an endpoint's certificate."""

    VALID = "valid"
    """Every address that takes connections showed a certificate that is valid for the name."""
    INVALID = "invalid"
    NONE = "none"
    """Nothing was seen that would prove either."""


class Occasion(StrEnum):
    """What operators are told of, once each."""

    ALARM = "alarm"
    CLEARED = "cleared"
    EXPIRING = "expiring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an endpoint stands after all runs so far."""

    state: State = State.UNTESTED
    """Of the last run."""
    checked_at: datetime | None = None
    runs_in_state: int = 0
    failures: int = 0
    """Bad runs in a row; what could not be tested neither counts nor ends them."""
    successes: int = 0
    """Runs in a row that were tested and not bad."""
    alarmed_at: datetime | None = None
    """Since when it is told to be bad; None while it is not."""
    proofs: int = 0
    """Runs in a row that said the other of what ``is_proven`` says."""
    is_proven: bool = False
    """Whether its certificate is believed to be valid."""
    disproofs: int = 0
    """Runs in a row that saw no valid certificate; what could not be tested neither counts nor ends them."""
    certificate_expires_at: datetime | None = None
    announced_expiry: datetime | None = None
    """The end of the certificate that was told of."""
    good_fingerprint: str | None = None
    """SHA-256 of the last certificate that was valid."""

    @property
    def is_disproven(self) -> bool:
        """Whether it is believed to have no valid certificate; of one that is not judged yet nothing is."""
        return not self.is_proven and self.disproofs >= PROVEN_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEndpoint:
    """An endpoint as it is stored."""

    id: int
    endpoint: Endpoint
    standing: Standing
    due_at: datetime
    seconds: float | None
    """How long the last run took."""
    is_given: bool
    """Whether any domain gives it to clients: of two names only the one that is chosen is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedEndpoint:
    """An endpoint that this process alone may probe until its lease ends."""

    stored: StoredEndpoint
    lease: str
    until: datetime
    addresses: frozenset[str] = frozenset()
    """Those that the last run looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run came to."""

    at: datetime
    state: State
    proof: Proof
    due_in: timedelta
    """When to look again, without jitter."""
    certificate_expires_at: datetime | None = None
    is_expiring: bool = False
    """Whether a certificate ends sooner than others like it are renewed, or has ended."""
    fingerprint: str | None = None
    """Of the certificate that was seen."""
    is_given: bool = True
    """Whether any domain gives the endpoint to clients; of one that none does nothing is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an endpoint stands after a run, and what there is to tell."""

    standing: Standing
    due_at: datetime
    occasions: tuple[Occasion, ...]
    has_proof_changed: bool
    """Whether its certificate is now believed to be valid, or invalid, and was not before."""


def follow(before: Standing, run: Run, jitter: float) -> Outcome:
    """Work out what follows from a run.

    Args:
        before: How the endpoint stood.
        run: What was seen.
        jitter: Between 0 and 1, any number each time.
    """
    after = _after_proof(_after_state(before, run), run)
    after, occasions = _occasions(after, run)
    return Outcome(
        standing=after,
        due_at=run.at + _wait(after, run, jitter),
        occasions=occasions,
        has_proof_changed=(
            after.is_proven != before.is_proven or (after.is_disproven and not before.is_disproven)
        ),
    )


def proof_of(observation: EndpointObservation, findings: Iterable[Finding], state: State) -> Proof:
    """Return what a run says of the certificate.

    Where nothing answers there is no valid certificate either, unless that could not be tested.
    """
    of_certificates = [one for one in findings if one.code.startswith("certificate.")]
    if any(one.severity is Severity.BAD and one.code not in _STILL_VALID for one in of_certificates):
        return Proof.INVALID
    if any(_keeps_clients_out(seen) for seen in observation.addresses):
        return Proof.INVALID
    if any(seen.tls is not None for seen in observation.addresses):
        return Proof.VALID
    return Proof.INVALID if state is State.BAD else Proof.NONE


def _keeps_clients_out(seen: AddressObservation) -> bool:
    """Tell whether an address that takes connections does not come to TLS as clients begin it.

    One that says nothing may still have shaken hands at once, where clients wait for a greeting.
    """
    failure = seen.failure
    if failure is None:
        return False
    is_silent = failure.stage is Stage.GREETING and failure.reason is FailureReason.TIMED_OUT
    return is_silent or (seen.tls is None and failure.stage in (Stage.HANDSHAKE, Stage.STARTTLS))


def spread(wait: timedelta, jitter: float) -> timedelta:
    """Return a wait between half and double of one, so that what began together does not stay together."""
    factor: float = 2.0 ** (2 * jitter - 1)
    return wait * factor


def _after_state(before: Standing, run: Run) -> Standing:
    is_first = before.checked_at is None
    runs = before.runs_in_state + 1 if not is_first and before.state is run.state else 1
    after = replace(before, state=run.state, checked_at=run.at, runs_in_state=runs)
    if run.state is State.BAD:
        return replace(after, failures=before.failures + 1, successes=0)
    if run.state is State.UNTESTED:
        return after
    return replace(after, failures=0, successes=before.successes + 1)


def _after_proof(after: Standing, run: Run) -> Standing:
    if run.certificate_expires_at is not None:
        after = replace(after, certificate_expires_at=run.certificate_expires_at)
    if run.proof is Proof.VALID and run.fingerprint is not None:
        after = replace(after, good_fingerprint=run.fingerprint)
    if run.proof is Proof.NONE:
        return after
    after = replace(after, disproofs=after.disproofs + 1 if run.proof is Proof.INVALID else 0)
    if (run.proof is Proof.VALID) is after.is_proven:
        return replace(after, proofs=0)
    if after.proofs + 1 >= PROVEN_AFTER:
        return replace(after, proofs=0, is_proven=not after.is_proven)
    return replace(after, proofs=after.proofs + 1)


def _occasions(after: Standing, run: Run) -> tuple[Standing, tuple[Occasion, ...]]:
    found: list[Occasion] = []
    is_bad = run.state is State.BAD and after.failures >= ALARM_AFTER
    if after.alarmed_at is None and is_bad and run.is_given:
        found.append(Occasion.ALARM)
        after = replace(after, alarmed_at=run.at)
    elif after.alarmed_at is not None and after.successes >= CLEAR_AFTER:
        found.append(Occasion.CLEARED)
        after = replace(after, alarmed_at=None)
    end = run.certificate_expires_at
    if run.is_expiring and run.is_given and end is not None and end != after.announced_expiry:
        found.append(Occasion.EXPIRING)
        after = replace(after, announced_expiry=end)
    return after, tuple(found)


def _wait(after: Standing, run: Run, jitter: float) -> timedelta:
    # What could not be tested neither ends a row nor makes it longer: who turns us away is left alone.
    wants_confirmation = run.state is not State.UNTESTED and (
        after.proofs > 0
        or 0 < after.disproofs < PROVEN_AFTER
        or 0 < after.failures < ALARM_AFTER
        or (after.alarmed_at is not None and 0 < after.successes < CLEAR_AFTER)
    )
    return spread(min(run.due_in, CONFIRM_IN) if wants_confirmation else run.due_in, jitter)
