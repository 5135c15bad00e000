"""What sslyze says of certificates and TLS versions, and what we say, on the same real servers.

sslyze is installed in an environment of its own, because it needs older libraries than ours. Where the two
disagree, docs/divergences.md says why; here each disagreement is named.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from app.core.findings import Severity
from app.verification.judging import judge
from app.verification.tls_questions import Scope

from lab_certificates import FAULTS
from verification_lab import ADDRESSES, a_lab

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from verification_lab import Lab

pytestmark = pytest.mark.integration

SSLYZE = Path(".venv/scanner/bin/sslyze")
VERSIONS = {
    "TLSv1": "tls_1_0_cipher_suites",
    "TLSv1.1": "tls_1_1_cipher_suites",
    "TLSv1.2": "tls_1_2_cipher_suites",
    "TLSv1.3": "tls_1_3_cipher_suites",
}
# Ours is the stricter word in both: clients of today refuse keys so short, and a certificate of three
# days' life is an alarm before it is an error.
ONLY_WE_OBJECT = {"weakkey": ["certificate.key-weak"], "ending": ["certificate.expires-at-once"]}


@pytest.fixture(scope="module")
def sslyze() -> str:
    found = os.environ.get("SIGNPOST_SSLYZE") or (str(SSLYZE.absolute()) if SSLYZE.exists() else "")
    if not found:
        reason = "sslyze is not installed (make test installs it)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with a_lab() as found:
        yield found


def scanned(
    sslyze: str, lab: Lab, service: str, tags: Iterable[str], *options: str
) -> Mapping[str, dict[str, Any]]:
    """Let sslyze scan an endpoint of each variant; returns the results by tag."""
    targets = {f"{tag}.lab.example": tag for tag in tags}
    ports = {tag: lab.endpoint(tag, service).port for tag in targets.values()}
    done = subprocess.run(  # noqa: S603 - the program found above
        [
            sslyze,
            "--json_out=-",
            "--mozilla_config=disable",
            "--slow_connection",
            *options,
            *[f"{host}:{ports[tag]}{{{ADDRESSES[tag]}}}" for host, tag in targets.items()],
        ],
        capture_output=True,
        check=False,
        timeout=500,
    )
    results = json.loads(done.stdout)["server_scan_results"]
    assert [one["connectivity_status"] for one in results] == ["COMPLETED"] * len(targets)
    return {targets[one["server_location"]["hostname"]]: one["scan_result"] for one in results}


async def our_objections(lab: Lab, service: str, tag: str) -> list[str]:
    """Return the codes of what we find bad in the certificate."""
    seen = await lab.prober().observe(lab.endpoint(tag, service))
    return [
        one.kind.code
        for one in judge(seen, lab.trust, datetime.now(UTC))
        if one.kind.severity is Severity.BAD and one.kind.code.startswith("certificate.")
    ]


@pytest.mark.parametrize(
    ("service", "option"),
    [("imaps", ()), ("imap", ("--starttls=imap",)), ("exim-submission", ("--starttls=smtp",))],
    ids=["at once", "starttls imap", "starttls smtp"],
)
def test_both_accept_and_refuse_the_same_certificates(
    lab: Lab, sslyze: str, service: str, option: tuple[str, ...]
) -> None:
    root = str(lab.folder / "root.pem")
    results = scanned(sslyze, lab, service, FAULTS, "--certinfo", "--certinfo_ca_file", root, *option)
    disagreed = {}
    for tag, result in results.items():
        (deployment,) = result["certificate_info"]["result"]["certificate_deployments"]
        (theirs,) = [
            path["was_validation_successful"]
            for path in deployment["path_validation_results"]
            if path["trust_store"]["name"] == "Supplied CA file"
        ]
        ours = asyncio.run(our_objections(lab, service, tag))
        if theirs is not (not ours):
            disagreed[tag] = ours
    assert disagreed == ONLY_WE_OBJECT


def test_both_see_the_same_versions(lab: Lab, sslyze: str) -> None:
    options = ("--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3")
    results = scanned(sslyze, lab, "imaps", ("good", "old", "oldtoo"), *options)
    for tag, result in results.items():
        theirs = {
            name: result[command]["result"]["is_tls_version_supported"] for name, command in VERSIONS.items()
        }
        seen = asyncio.run(lab.prober(scope=Scope(versions=True)).observe(lab.endpoint(tag, "imaps")))
        assert dict(seen.addresses[0].versions) == theirs, tag
