"""Signed profiles: what a request costs against the signature alone, and what others have left beside them.

The service has one core, for its loop and for its signatures; wrk has the other. Printed are medians of
ratios.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import pytest
from app.services.credentials import CredentialFiles, Credentials, read_credentials

from benchmarks.load import ROUNDS, ask, asking, measure_briefly, pin
from benchmarks.test_hot_path import ENVIRONMENT, FORMS, script
from certificates import a_chain
from service_process import Service

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.benchmark

SIGNATURES = 50
BYTES = 5300
AUTOCONFIG, PROFILE = (
    next(form for form in FORMS if form.name.startswith(name)) for name in ("auto", "mobile")
)


def signature_microseconds(credentials: Credentials) -> float:
    content = b"x" * BYTES
    began = time.process_time()
    for _ in range(SIGNATURES):
        credentials.sign(content)
    return (time.process_time() - began) / SIGNATURES * 1e6


@pytest.mark.parametrize("kind", ["p-256", "rsa-2048", "rsa-4096"])
def test_signed_profiles_against_the_key(many_url: str, tmp_path: Path, kind: str) -> None:
    certificate, key, chain = a_chain(kind).write(tmp_path)
    credentials = read_credentials(CredentialFiles(certificate=certificate, key=key, chain=chain))
    settings = {
        "SIGNPOST_SIGNING_CERTIFICATE": str(certificate),
        "SIGNPOST_SIGNING_KEY": str(key),
        "SIGNPOST_SIGNING_CHAIN": str(chain),
    }
    profiles, documents = (
        script(tmp_path, number, form) for number, form in enumerate((PROFILE, AUTOCONFIG))
    )
    with Service(many_url, environment={**ENVIRONMENT, **settings}) as service:
        pin(service.process.pid, 0)
        ask(service, script(tmp_path, 2, AUTOCONFIG, in_order=True), 12)
        ask(service, profiles, 1)
        ratios, left = [], []
        for _ in range(ROUNDS):
            bare = signature_microseconds(credentials)
            ratios.append(bare / measure_briefly(service, profiles).cpu_microseconds)
            alone = measure_briefly(service, documents).rate
            with asking(service, profiles):
                left.append(measure_briefly(service, documents).rate / alone)
    print(
        f"\n{kind}, {ROUNDS} rounds of 1 s: CPU of a bare signature / of a signed profile "
        f"{statistics.median(ratios):.2f}, goal 0.60; autoconfig beside them at "
        f"{statistics.median(left):.2f} of its rate alone"
    )
    # As many of either wait; those who want a signature must not have nearly all of the core.
    assert statistics.median(left) > 0.3
