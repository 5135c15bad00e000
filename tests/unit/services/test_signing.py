"""Signing beside the event loop: renewal, memory, limits, warnings."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from app.core.errors import InvalidInput, NotAvailable
from app.services.credentials import CredentialFiles
from app.services.signing import MAX_CACHED, MAX_WAITING, QUICK_SECONDS, Signer
from cryptography.hazmat.primitives.serialization import pkcs7

from certificates import Chain, a_chain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography import x509


def now() -> datetime:
    return datetime.now(UTC)


class Setup:
    """A signer with its files, which can be replaced as a renewal does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.renewals = 0
        certificate, key, chain = a_chain().write(folder)
        # Behind the certificate's own times, so that of its ninetieth day less than all is left.
        self.now = now()
        files = CredentialFiles(certificate=certificate, key=key, chain=chain)
        self.signer = Signer(files, lambda: self.now)

    def renew(self, chain: Chain) -> None:
        chain.write(self.folder)
        self.look_again()

    def look_again(self) -> None:
        """Let the second pass in which the files are not looked at; make the change's time a new one."""
        self.renewals += 1
        for path in self.folder.glob("*.pem"):
            os.utime(path, (self.renewals, self.renewals))
        self.signer._next_check = 0.0


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    made = Setup(tmp_path)
    yield made
    made.signer.close()


def certificates_in(signed: bytes) -> list[x509.Certificate]:
    return pkcs7.load_der_pkcs7_certificates(signed)


async def test_the_chain_is_sent_along(setup: Setup) -> None:
    names = {found.subject.rfc4514_string() for found in certificates_in(await setup.signer.sign(b"a"))}
    assert names == {"CN=profiles.provider.example", "CN=Test Intermediate"}


async def test_a_renewed_certificate_is_used_without_a_restart(setup: Setup) -> None:
    before = await setup.signer.sign(b"content")
    renewed = a_chain("rsa-2048")
    setup.renew(renewed)
    after = await setup.signer.sign(b"content")
    assert renewed.leaf.certificate in certificates_in(after)
    assert renewed.leaf.certificate not in certificates_in(before)


async def test_the_old_certificate_is_used_while_the_files_do_not_fit(setup: Setup) -> None:
    before = await setup.signer.sign(b"content")
    renewed = a_chain(number=1)
    (setup.folder / "cert.pem").write_bytes(renewed.leaf.pem)
    setup.look_again()
    with structlog.testing.capture_logs() as logs:
        assert await setup.signer.sign(b"content") == before
        setup.signer._next_check = 0.0
        assert await setup.signer.sign(b"content") == before
    assert [entry["event"] for entry in logs] == ["signing_files_refused"]
    assert "SIGNPOST_SIGNING_KEY" in str(setup.signer.state().warning)
    setup.renew(renewed)
    assert renewed.leaf.certificate in certificates_in(await setup.signer.sign(b"content"))
    assert setup.signer.state().warning is None


async def test_a_file_that_is_gone_for_a_moment_does_no_harm(setup: Setup) -> None:
    before = await setup.signer.sign(b"content")
    (setup.folder / "privkey.pem").unlink()
    setup.look_again()
    assert await setup.signer.sign(b"content") == before


async def test_the_files_are_looked_at_once_a_second_at_the_most(setup: Setup) -> None:
    before = await setup.signer.sign(b"content")
    await setup.signer.sign(b"content")
    a_chain(number=1).write(setup.folder)
    assert await setup.signer.sign(b"content") == before


async def test_the_same_content_is_signed_once(setup: Setup) -> None:
    # A signature on P-256 has chance in it, so equal bytes were made once.
    assert await setup.signer.sign(b"a") == await setup.signer.sign(b"a")
    assert await setup.signer.sign(b"a") != await setup.signer.sign(b"b")


async def test_what_is_remembered_is_bounded_and_the_oldest_goes_first(
    setup: Setup,
) -> None:
    kept, dropped = await setup.signer.sign(b"kept"), await setup.signer.sign(b"dropped")
    for number in range(MAX_CACHED - 2):
        await setup.signer.sign(b"%d" % number)
    assert await setup.signer.sign(b"kept") == kept
    await setup.signer.sign(b"one more")
    assert len(setup.signer._cache) == MAX_CACHED
    assert await setup.signer.sign(b"kept") == kept
    assert await setup.signer.sign(b"dropped") != dropped


async def test_what_waits_is_bounded(setup: Setup) -> None:
    setup.signer.load()
    jobs = [asyncio.create_task(setup.signer.sign(b"%d" % number)) for number in range(MAX_WAITING + 5)]
    results = await asyncio.gather(*jobs, return_exceptions=True)
    refused = [result for result in results if isinstance(result, NotAvailable)]
    assert len(refused) == 5
    assert all(isinstance(result, bytes) for result in results if result not in refused)
    assert await setup.signer.sign(b"again")


async def test_the_loop_goes_on_while_signatures_are_made(tmp_path: Path) -> None:
    certificate, key, chain = a_chain("rsa-4096").write(tmp_path)
    signer = Signer(CredentialFiles(certificate=certificate, key=key, chain=chain), now)
    signer.load()
    jobs = [asyncio.create_task(signer.sign(b"%d" % number)) for number in range(20)]
    turns = 0
    while not all(job.done() for job in jobs):
        await asyncio.sleep(0)
        turns += 1
    signer.close()
    # On the loop itself there would be one turn for each signature.
    assert turns > 10 * len(jobs)


async def test_a_quick_key_signs_at_once_while_its_files_were_looked_at_lately(setup: Setup) -> None:
    signed = await setup.signer.sign(b"content")
    # By the clock of a machine that may have much to do.
    setup.signer.signature_seconds = 0.0
    # With the first signature they were read, with the second looked at.
    assert await setup.signer.sign(b"content") == signed
    at_hand = [setup.signer.is_at_hand]
    assert setup.signer.sign_at_once(b"content") == signed
    at_once = setup.signer.sign_at_once(b"another")
    assert await setup.signer.sign(b"another") == at_once
    setup.look_again()
    at_hand.append(setup.signer.is_at_hand)
    assert at_hand == [True, False]


async def test_a_slow_key_never_signs_at_once(tmp_path: Path) -> None:
    certificate, key, chain = a_chain("rsa-4096").write(tmp_path)
    signer = Signer(CredentialFiles(certificate=certificate, key=key, chain=chain), now)
    await signer.sign(b"content")
    assert signer.signature_seconds > QUICK_SECONDS
    assert not signer.is_at_hand
    signer.close()


@pytest.mark.parametrize(
    ("passed", "days_left", "word"),
    [
        (timedelta(), 89, None),
        (timedelta(days=68), 21, None),
        (timedelta(days=70), 19, "expires in 19 days"),
        (timedelta(days=91), -2, "has expired"),
        (timedelta(days=-2), 91, "not valid yet"),
    ],
)
def test_operators_are_warned_in_time(
    setup: Setup, passed: timedelta, days_left: int, word: str | None
) -> None:
    setup.now += passed
    with structlog.testing.capture_logs() as logs:
        setup.signer.load()
    state = setup.signer.state()
    assert state.days_left == days_left
    if word is None:
        assert state.warning is None
        assert logs == []
    else:
        assert word in str(state.warning)
        assert [(entry["event"], entry["log_level"]) for entry in logs] == [
            ("signing_certificate", "warning")
        ]


async def test_an_expired_certificate_signs_all_the_same(tmp_path: Path) -> None:
    certificate, key, chain = a_chain(days=(-30, -1)).write(tmp_path)
    signer = Signer(CredentialFiles(certificate=certificate, key=key, chain=chain), now)
    assert await signer.sign(b"content")
    signer.close()


async def test_files_that_never_could_be_used_are_an_error_and_a_warning(setup: Setup) -> None:
    (setup.folder / "privkey.pem").write_bytes(b"nonsense")
    with pytest.raises(InvalidInput, match="SIGNPOST_SIGNING_KEY"):
        setup.signer.load()
    with pytest.raises(InvalidInput, match="SIGNPOST_SIGNING_KEY"):
        await setup.signer.sign(b"content")
    state: Any = setup.signer.state()
    assert (state.expires_at, state.days_left) == (None, None)
    assert "SIGNPOST_SIGNING_KEY" in state.warning
