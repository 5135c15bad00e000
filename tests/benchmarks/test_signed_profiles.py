"""Signed profiles: what a request costs against the signature alone, and what others have left beside them.

The service has one core, for its loop and for its signatures; wrk has the other. The limit of a key is a loop
that does nothing but sign with it. With RSA nearly all of a request is the signature. With P-256 a signature
takes as long as a bare uvicorn's constant does, and no server on uvicorn could come near the limit; so
printed is also what a bare constant of the same size and a signature cost one after the other. Medians of
ratios.
"""

from __future__ import annotations

import statistics
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from benchmarks.load import ROUNDS, ask, ask_for_all, asking, measure_briefly, pin
from benchmarks.recording import of_rounds, record
from benchmarks.test_hot_path import ENVIRONMENT, FORMS, HERE, script, size_of
from certificates import a_chain
from service_process import Service

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from certificates import PrivateKey

pytestmark = pytest.mark.benchmark

GOAL = 0.60
SIGNED_BYTES = 150
"""As many as the attributes of a message, over which its signature is."""
SECONDS_SIGNING = 0.1
AUTOCONFIG, PROFILE = (
    next(form for form in FORMS if form.name.startswith(name)) for name in ("auto", "mobile")
)


@dataclass(frozen=True)
class Round:
    limit: float
    """CPU microseconds of a signature with the key, and nothing else."""
    bare: float
    signed: float
    left: float
    """How much of the rate of autoconfig alone is left beside signed profiles."""


def bare_microseconds(key: PrivateKey) -> float:
    content, count = b"x" * SIGNED_BYTES, 0
    ecdsa, padding, digest = ECDSA(hashes.SHA256()), PKCS1v15(), hashes.SHA256()
    end = time.monotonic() + SECONDS_SIGNING
    began = time.process_time()
    while time.monotonic() < end:
        if isinstance(key, EllipticCurvePrivateKey):
            key.sign(content, ecdsa)
        else:
            key.sign(content, padding, digest)
        count += 1
    return (time.process_time() - began) / count * 1e6


@pytest.mark.parametrize("kind", ["p-256", "rsa-2048", "rsa-4096"])
def test_signed_profiles_against_the_key(many_url: str, tmp_path: Path, kind: str) -> None:
    chain = a_chain(kind)
    names = ("CERTIFICATE", "KEY", "CHAIN")
    paths = zip(names, chain.write(tmp_path), strict=True)
    settings = {f"SIGNPOST_SIGNING_{name}": str(path) for name, path in paths}
    profiles, documents = (
        script(tmp_path, number, form) for number, form in enumerate((PROFILE, AUTOCONFIG))
    )
    with ExitStack() as stack:
        service = stack.enter_context(Service(many_url, environment={**ENVIRONMENT, **settings}))
        pin(service.process.pid, 0)
        size = str(size_of(service, PROFILE))
        command = (sys.executable, str(HERE / "bare_constant.py"), "--bytes", size)
        constant = stack.enter_context(Service(many_url, command=command))
        pin(constant.process.pid, 0)
        ask_for_all(service, script(tmp_path, 2, AUTOCONFIG, in_order=True))
        ask(service, profiles, 1)
        rounds = []
        for _ in range(ROUNDS):
            limit = bare_microseconds(chain.leaf.key)
            bare = measure_briefly(constant, profiles).cpu_microseconds
            signed = measure_briefly(service, profiles).cpu_microseconds
            alone = measure_briefly(service, documents).rate
            with asking(service, profiles):
                left = measure_briefly(service, documents).rate / alone
            rounds.append(Round(limit, bare, signed, left))
    tell(kind, rounds)
    # As many of either wait. Served in turn, documents would have a twentieth of their rate beside signatures
    # of RSA-2048; of one core the signing thread gets half, and the loop's half is for both.
    assert statistics.median(one.left for one in rounds) > 0.2


def tell(kind: str, rounds: Sequence[Round]) -> None:
    of_limit = [one.limit / one.signed for one in rounds]
    in_series = [(one.bare + one.limit) / one.signed for one in rounds]
    left = [one.left for one in rounds]
    group = "CPU time of a signed profile"
    record(of_rounds(of_limit, group=group, name=f"{kind}: the key's limit", unit="of it", goal=GOAL))
    record(of_rounds(in_series, group=group, name=f"{kind}: bare uvicorn, then the key", unit="of both"))
    record(of_rounds(left, group="Autoconfig beside signed profiles", name=kind, unit="of its rate alone"))
    medians = [statistics.median(values) for values in (of_limit, in_series, left)]
    costs = [
        statistics.median(values)
        for values in zip(*((one.limit, one.bare, one.signed) for one in rounds), strict=True)
    ]
    print(
        f"\n{kind}, {len(rounds)} rounds of 1 s: a signature {costs[0]:.0f} us, a bare constant "
        f"{costs[1]:.0f}, a signed profile {costs[2]:.0f}; of the key's limit {medians[0]:.2f}, goal "
        f"{GOAL:.2f}; of bare and key in series {medians[1]:.2f}; autoconfig beside them at "
        f"{medians[2]:.2f} of its rate"
    )
