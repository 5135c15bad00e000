from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from app.core.checks import (
    ALARM_AFTER,
    CLEAR_AFTER,
    CONFIRM_IN,
    PROVEN_AFTER,
    Occasion,
    Outcome,
    Proof,
    Run,
    Standing,
    follow,
    proof_of,
    spread,
)
from app.core.observations import FailureReason, Stage
from app.core.reports import State
from app.verification.judging import judge
from app.verification.reporting import state_of
from app.verification.trust import TrustStore
from hypothesis import given
from hypothesis import strategies as st

from fakes.clock import NOW
from judging_cases import IMAPS
from observed import SECOND, a_session, failed_at, observed, seen_at
from pki import INTERMEDIATE, ROOT, chain, issue
from pki import NOW as ISSUED

HALF_A_DAY = timedelta(hours=12)
STATES = {"g": State.GOOD, "w": State.WARNING, "b": State.BAD, "u": State.UNTESTED}


def a_run(state: State = State.GOOD, proof: Proof = Proof.VALID, **changes: Any) -> Run:
    values: dict[str, Any] = {"at": NOW, "state": state, "proof": proof, "due_in": HALF_A_DAY}
    return Run(**{**values, **changes})


def followed(*runs: Run, jitter: float = 0.5) -> list[Outcome]:
    outcomes: list[Outcome] = []
    standing = Standing()
    for run in runs:
        outcomes.append(follow(standing, run, jitter))
        standing = outcomes[-1].standing
    return outcomes


def told(states: str) -> list[tuple[Occasion, ...]]:
    return [one.occasions for one in followed(*(a_run(STATES[state]) for state in states))]


def test_two_bad_runs_are_no_alarm_and_the_third_is() -> None:
    assert told("bbb") == [(), (), (Occasion.ALARM,)]


def test_what_no_client_is_given_is_no_alarm_until_it_is_given_and_bad() -> None:
    hidden, shown = a_run(State.BAD, is_given=False), a_run(State.BAD)
    untested = a_run(State.UNTESTED)
    outcomes = followed(hidden, hidden, hidden, hidden, untested, shown)
    assert [one.occasions for one in outcomes] == [(), (), (), (), (), (Occasion.ALARM,)]
    assert outcomes[3].standing.alarmed_at is None
    assert outcomes[3].standing.failures == 4


def test_an_alarm_is_over_whether_the_endpoint_is_still_given_or_not() -> None:
    good = a_run(is_given=False)
    occasions = [one.occasions for one in followed(*[a_run(State.BAD)] * 3, good, good)]
    assert occasions[2:] == [(Occasion.ALARM,), (), (Occasion.CLEARED,)]


def test_a_certificate_that_expires_where_no_client_is_sent_is_told_once_they_are() -> None:
    end = NOW + timedelta(days=10)
    hidden = a_run(State.WARNING, certificate_expires_at=end, is_expiring=True, is_given=False)
    occasions = [one.occasions for one in followed(hidden, hidden, replace(hidden, is_given=True))]
    assert occasions == [(), (), (Occasion.EXPIRING,)]


def test_an_alarm_is_told_once() -> None:
    assert told("bbbbbb").count((Occasion.ALARM,)) == 1


def test_a_good_run_between_bad_ones_starts_the_count_again() -> None:
    assert told("bbgbb") == [()] * 5
    assert told("bbgbbb")[-1] == (Occasion.ALARM,)


def test_what_could_not_be_tested_neither_counts_as_bad_nor_as_good() -> None:
    assert told("bubub")[-1] == (Occasion.ALARM,)
    assert told("bbbguuu")[-1] == ()


def test_an_alarm_is_over_after_two_runs_that_are_not_bad() -> None:
    assert told("bbbgbgw")[3:] == [(), (), (), (Occasion.CLEARED,)]


def test_a_certificate_that_expires_is_told_once_and_its_successor_again() -> None:
    end = NOW + timedelta(days=10)
    expiring = a_run(State.WARNING, certificate_expires_at=end, is_expiring=True)
    renewed = a_run(certificate_expires_at=end + timedelta(days=80))
    again = replace(expiring, certificate_expires_at=end + timedelta(days=80))
    occasions = [one.occasions for one in followed(expiring, expiring, renewed, again, again)]
    assert occasions == [(Occasion.EXPIRING,), (), (), (Occasion.EXPIRING,), ()]


def test_a_certificate_is_proven_by_three_runs_and_disproved_by_three() -> None:
    runs = [a_run()] * 3 + [a_run(proof=Proof.INVALID)] * 3
    outcomes = followed(*runs)
    assert [one.standing.is_proven for one in outcomes] == [False, False, True, True, True, False]
    assert [one.has_proof_changed for one in outcomes] == [False, False, True, False, False, True]


def test_an_endpoint_is_disproved_by_three_runs_and_no_sooner() -> None:
    valid, invalid, none = a_run(), a_run(proof=Proof.INVALID), a_run(proof=Proof.NONE)
    outcomes = followed(invalid, none, invalid, none, invalid, invalid, valid)
    disproven = [one.standing.is_disproven for one in outcomes]
    assert disproven == [False, False, False, False, True, True, False]
    # That nothing is believed any more changes nothing for anybody.
    assert [one.has_proof_changed for one in outcomes] == [False, False, False, False, True, False, False]
    assert not Standing().is_disproven


@pytest.mark.parametrize(("days", "proof"), [(60, "valid"), (10, "valid"), (3, "valid"), (-1, "invalid")])
def test_a_certificate_is_valid_until_it_ends(days: float, proof: str) -> None:
    sent = chain(issue(IMAPS.hostname, INTERMEDIATE, days=(days - 90, days)), INTERMEDIATE)
    observation = observed(IMAPS, seen_at(IMAPS, tls=a_session(sent)))
    findings = judge(observation, TrustStore.from_pem(ROOT.pem), ISSUED)
    assert (state_of(findings) is State.BAD) is (days < 7)
    assert proof_of(observation, findings, state_of(findings)) == proof


def test_what_ends_soon_and_what_keeps_clients_out_together_are_invalid() -> None:
    sent = chain(issue(IMAPS.hostname, INTERMEDIATE, days=(-87, 3)), INTERMEDIATE)
    closed = failed_at(IMAPS, Stage.HANDSHAKE, FailureReason.CUT, SECOND)
    observation = observed(IMAPS, seen_at(IMAPS, tls=a_session(sent)), closed)
    findings = judge(observation, TrustStore.from_pem(ROOT.pem), ISSUED)
    assert proof_of(observation, findings, state_of(findings)) is Proof.INVALID


def test_the_last_good_certificate_is_kept_when_another_comes() -> None:
    outcomes = followed(a_run(fingerprint="good"), a_run(State.BAD, Proof.INVALID, fingerprint="bad"))
    assert outcomes[-1].standing.good_fingerprint == "good"


def test_what_is_in_doubt_is_looked_at_again_soon() -> None:
    proven = replace(Standing(), is_proven=True, checked_at=NOW, state=State.GOOD)
    for before, run in (
        (proven, a_run(State.BAD, Proof.NONE)),
        (proven, a_run(proof=Proof.INVALID)),
        (Standing(), a_run()),
        (replace(proven, alarmed_at=NOW, state=State.BAD), a_run()),
    ):
        assert follow(before, run, 0.5).due_at == NOW + CONFIRM_IN
    assert follow(proven, a_run(), 0.5).due_at == NOW + HALF_A_DAY


@given(st.floats(0, 1), st.floats(0, 1))
def test_waits_are_spread_between_half_and_double(first: float, second: float) -> None:
    waits = [spread(HALF_A_DAY, jitter) for jitter in sorted((first, second))]
    assert timedelta(hours=6) <= waits[0] <= waits[1] <= timedelta(hours=24)


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_a_good_endpoint_is_due_after_6_to_24_hours(jitter: float) -> None:
    proven = replace(Standing(), is_proven=True)
    due_in = follow(proven, a_run(), jitter).due_at - NOW
    assert due_in == (timedelta(hours=24) if jitter else timedelta(hours=6))


PROOFS = st.lists(st.sampled_from(list(Proof)), max_size=60)


@given(PROOFS)
def test_what_is_proven_changes_only_after_as_many_runs_that_say_so(proofs: list[Proof]) -> None:
    outcomes = followed(*(a_run(proof=proof) for proof in proofs))
    for number, outcome in enumerate(outcomes):
        if outcome.has_proof_changed:
            wanted = Proof.VALID if outcome.standing.is_proven else Proof.INVALID
            said = [proof for proof in proofs[: number + 1] if proof is not Proof.NONE]
            assert said[-PROVEN_AFTER:] == [wanted] * PROVEN_AFTER


@given(st.lists(st.sampled_from([Proof.VALID, Proof.NONE]), max_size=PROVEN_AFTER - 1), st.integers(1, 40))
def test_results_that_alternate_never_change_what_is_proven(middle: list[Proof], rounds: int) -> None:
    alternating = [*middle[: PROVEN_AFTER - 1], Proof.INVALID] * rounds
    outcomes = followed(*(a_run(proof=proof) for proof in alternating))
    # A single valid run between invalid ones proves nothing, nor does the reverse.
    assert not any(one.standing.is_proven for one in outcomes)


@given(st.lists(st.sampled_from(list(State)), max_size=60))
def test_alarms_and_all_clears_take_turns_and_each_needs_its_runs(states: list[State]) -> None:
    outcomes = followed(*(a_run(state) for state in states))
    changes = [
        (number, occasion)
        for number, one in enumerate(outcomes)
        for occasion in one.occasions
        if occasion is not Occasion.EXPIRING
    ]
    assert [occasion for _, occasion in changes][::2] == [Occasion.ALARM] * ((len(changes) + 1) // 2)
    assert all(first[1] is not second[1] for first, second in pairwise(changes))
    for number, occasion in changes:
        tested = [state for state in states[: number + 1] if state is not State.UNTESTED]
        if occasion is Occasion.ALARM:
            assert tested[-ALARM_AFTER:] == [State.BAD] * ALARM_AFTER
        else:
            assert State.BAD not in tested[-CLEAR_AFTER:]
