"""What a signature costs by kind of key, and what it costs those who wait for something else.

Rounds alternate between the kinds. Printed are medians, and ratios to P-256: times alone are the machine's.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from app.core.documents import Presentation
from app.services.credentials import CredentialFiles, Credentials, read_credentials
from app.services.signing import Signer

from benchmarks.recording import of_rounds, record
from certificates import a_chain
from contracts.accounts import ACCOUNTS, addressed
from contracts.profiles import MOBILECONFIG

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.benchmark

ROUNDS = int(os.environ.get("SIGNPOST_BENCH_ROUNDS", "7"))
SIGNATURES = 20
KINDS = ("p-256", "p-384", "rsa-2048", "rsa-3072", "rsa-4096")
SECONDS = 1.0


def files_of(kind: str, folder: Path) -> CredentialFiles:
    folder.mkdir(exist_ok=True)
    certificate, key, chain = a_chain(kind).write(folder)
    return CredentialFiles(certificate=certificate, key=key, chain=chain)


def cpu_microseconds(credentials: Credentials, content: bytes) -> float:
    started = time.process_time()
    for _ in range(SIGNATURES):
        credentials.sign(content)
    return (time.process_time() - started) / SIGNATURES * 1e6


def test_signatures_by_kind_of_key(tmp_path: Path) -> None:
    content = MOBILECONFIG.render(addressed(ACCOUNTS["minimal"]), Presentation()).body
    credentials = {kind: read_credentials(files_of(kind, tmp_path / kind)) for kind in KINDS}
    rounds = [{kind: cpu_microseconds(credentials[kind], content) for kind in KINDS} for _ in range(ROUNDS)]
    medians = {kind: statistics.median(one[kind] for one in rounds) for kind in KINDS}
    ratios = {kind: statistics.median(one[kind] / one["p-256"] for one in rounds) for kind in KINDS}
    print(f"\nCMS SignedData over {len(content)} bytes, {ROUNDS} rounds, medians of CPU time:")
    for kind in KINDS:
        described = {"group": "CPU time of a signature (CMS)", "unit": "us", "is_more_better": False}
        record(of_rounds([one[kind] for one in rounds], name=kind, **described))
        print(f"  {kind:<9} {medians[kind]:>6.0f} us  {ratios[kind]:>5.1f} x P-256")
    assert 1 < ratios["rsa-2048"] < ratios["rsa-4096"]


async def lags_while_signing(signer: Signer | None, content: bytes) -> tuple[list[float], int]:
    """Sign without a pause, or not at all; return how much too late the loop woke up, and how often."""
    lags: list[float] = []
    end = time.monotonic() + SECONDS
    signed = 0

    async def sign() -> None:
        nonlocal signed
        while signer is not None and time.monotonic() < end:
            await signer.sign(content + b"%d" % signed)
            signed += 1

    task = asyncio.create_task(sign())
    while time.monotonic() < end:
        started = time.perf_counter()
        await asyncio.sleep(0.001)
        lags.append((time.perf_counter() - started - 0.001) * 1e6)
    await task
    return sorted(lags), signed


@pytest.mark.parametrize("kind", ["p-256", "rsa-2048", "rsa-4096"])
async def test_the_loop_waits_for_no_signature(kind: str, tmp_path: Path) -> None:
    signer = Signer(files_of(kind, tmp_path), lambda: datetime.now(UTC))
    signer.load()
    idle, _none = await lags_while_signing(None, b"")
    busy, signed = await lags_while_signing(signer, b"x" * 6000)
    signer.close()
    shown = {name: (lags[len(lags) // 2], lags[len(lags) * 99 // 100]) for name, lags in
             (("idle", idle), ("signing", busy))}  # fmt: skip
    print(f"\n{kind}: {signed} signatures in {SECONDS:.0f} s; the loop's lag, median and 99th percentile:")
    for name, (median, high) in shown.items():
        print(f"  {name:<8} {median:>6.0f} us {high:>6.0f} us")
    # On the loop itself every turn would take a whole signature.
    assert len(busy) > signed / 4
