"""Signed profiles, checked by OpenSSL's command: what devices check, too."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from app.core.documents import Presentation
from app.services.credentials import CredentialFiles, read_credentials

from certificates import KINDS, a_chain
from contracts.accounts import ACCOUNTS, addressed
from contracts.profiles import MOBILECONFIG

if TYPE_CHECKING:
    from pathlib import Path

    from app.services.credentials import Credentials

OPENSSL = shutil.which("openssl") or "openssl"


# A web server's certificate is for no purpose that OpenSSL has for messages.
WEB = ("-purpose", "any")


def verified(
    signed: bytes, folder: Path, purpose: tuple[str, ...] = WEB
) -> subprocess.CompletedProcess[bytes]:
    """Check a message against the root alone: the intermediate has to be in it."""
    message = folder / "signed.mobileconfig"
    message.write_bytes(signed)
    command = ("cms", "-verify", "-binary", "-inform", "DER", *purpose, "-CAfile", str(folder / "root.pem"))
    return subprocess.run(  # noqa: S603 - our own file
        [OPENSSL, *command, "-in", message], capture_output=True, check=False
    )


def credentials_of(kind: str, folder: Path) -> Credentials:
    certificate, key, chain = a_chain(kind).write(folder)
    return read_credentials(CredentialFiles(certificate=certificate, key=key, chain=chain))


@pytest.mark.parametrize("kind", KINDS)
def test_the_enclosed_profile_is_the_unsigned_one_byte_for_byte(kind: str, tmp_path: Path) -> None:
    credentials = credentials_of(kind, tmp_path)
    for account in ACCOUNTS.values():
        document = MOBILECONFIG.render(addressed(account), Presentation())
        if document.is_usable:
            result = verified(credentials.sign(document.body), tmp_path)
            assert result.returncode == 0, result.stderr
            assert result.stdout == document.body


@pytest.mark.parametrize("kind", KINDS)
def test_a_profile_that_was_tampered_with_is_not_verified(kind: str, tmp_path: Path) -> None:
    document = MOBILECONFIG.render(addressed(ACCOUNTS["minimal"]), Presentation())
    signed = credentials_of(kind, tmp_path).sign(document.body)
    assert b"imap.provider.example" in signed
    tampered = signed.replace(b"imap.provider.example", b"imap.attacker.example")
    assert len(tampered) == len(signed)
    assert verified(signed, tmp_path).returncode == 0
    assert verified(tampered, tmp_path).returncode != 0


def test_a_profile_without_the_intermediate_is_not_verified(tmp_path: Path) -> None:
    certificate, key, _chain = a_chain().write(tmp_path)
    credentials = read_credentials(CredentialFiles(certificate=certificate, key=key))
    assert verified(credentials.sign(b"content"), tmp_path).returncode != 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_for_no_stated_purpose_needs_no_indulgence(kind: str, tmp_path: Path) -> None:
    certificate, key, chain = a_chain(kind, is_for_web=False).write(tmp_path)
    credentials = read_credentials(CredentialFiles(certificate=certificate, key=key, chain=chain))
    assert verified(credentials.sign(b"content"), tmp_path, purpose=()).returncode == 0


def test_the_intermediate_may_follow_the_certificate_in_one_file(tmp_path: Path) -> None:
    chain = a_chain()
    _certificate, key, _chain = chain.write(tmp_path)
    full = tmp_path / "fullchain.pem"
    full.write_bytes(chain.leaf.pem + chain.intermediate.pem)
    credentials = read_credentials(CredentialFiles(certificate=full, key=key))
    assert verified(credentials.sign(b"content"), tmp_path).returncode == 0


def test_the_digest_is_sha_256_and_line_ends_stay(tmp_path: Path) -> None:
    credentials = credentials_of("rsa-2048", tmp_path)
    content = b"one\nanother\r\nlast\r"
    signed = credentials.sign(content)
    assert verified(signed, tmp_path).stdout == content
    printed = subprocess.run(  # noqa: S603 - our own file
        [OPENSSL, "cms", "-cmsout", "-print", "-inform", "DER", "-in", tmp_path / "signed.mobileconfig"],
        capture_output=True,
        check=True,
    ).stdout
    assert b"sha256" in printed
    assert b"sha1 " not in printed
