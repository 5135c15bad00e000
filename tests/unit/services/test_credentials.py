from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from app.core.errors import InvalidInput
from app.services.credentials import CERTIFICATE, CHAIN, KEY, CredentialFiles, read_credentials
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from certificates import a_chain, a_key

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> CredentialFiles:
    certificate, key, chain = a_chain("rsa-2048").write(tmp_path)
    return CredentialFiles(certificate=certificate, key=key, chain=chain)


def refusal(files: CredentialFiles) -> str:
    with pytest.raises(InvalidInput) as caught:
        read_credentials(files)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["rsa-2048", "p-256", "p-384", "p-521"])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_keys_are_read_in_both_of_their_forms(kind: str, form: PrivateFormat, tmp_path: Path) -> None:
    certificate, key, chain = a_chain(kind).write(tmp_path)
    key.write_bytes(a_key(kind).private_bytes(Encoding.PEM, form, NoEncryption()))
    credentials = read_credentials(CredentialFiles(certificate=certificate, key=key, chain=chain))
    assert credentials.sign(b"content")


def test_a_key_is_read_behind_the_parameters_that_openssl_writes_before_it(tmp_path: Path) -> None:
    chain = a_chain("p-256")
    certificate, key, _chain = chain.write(tmp_path)
    parameters = subprocess.run(
        ["openssl", "ecparam", "-name", "prime256v1"],  # noqa: S607 - whichever there is
        capture_output=True,
        check=True,
    ).stdout
    traditional = chain.leaf.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    key.write_bytes(parameters + traditional)
    assert read_credentials(CredentialFiles(certificate=certificate, key=key)).sign(b"content")


def test_a_certificate_that_is_in_both_files_is_sent_once(tmp_path: Path) -> None:
    chain = a_chain()
    certificate, key, further = chain.write(tmp_path)
    further.write_bytes(chain.leaf.pem + chain.intermediate.pem + chain.intermediate.pem)
    certificate.write_bytes(chain.leaf.pem + chain.intermediate.pem)
    credentials = read_credentials(CredentialFiles(certificate=certificate, key=key, chain=further))
    assert credentials.chain == (chain.intermediate.certificate,)


def test_the_key_of_another_certificate_is_refused(files: CredentialFiles) -> None:
    for kind in ("rsa-2048", "p-256"):
        files.key.write_bytes(a_chain(kind, number=1).leaf.key_pem)
        assert refusal(files) == f"{KEY}: must be the key of the certificate in {CERTIFICATE}"


def test_an_encrypted_key_is_refused(files: CredentialFiles) -> None:
    key = a_key("rsa-2048")
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        files.key.write_bytes(key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"secret")))
        assert refusal(files).startswith(f"{KEY}: must not be encrypted")


@pytest.mark.parametrize("kind", ["rsa-1024", "k-256"])
def test_a_key_that_devices_do_not_take_is_refused(kind: str, files: CredentialFiles) -> None:
    chain = a_chain(kind)
    files.certificate.write_bytes(chain.leaf.pem)
    files.key.write_bytes(chain.leaf.key_pem)
    assert refusal(files).startswith(f"{KEY}: must")


def test_a_key_of_another_kind_is_refused(files: CredentialFiles) -> None:
    key = Ed25519PrivateKey.generate()
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert refusal(files).startswith(f"{KEY}: must be an RSA key, or an EC key")


@pytest.mark.parametrize(("name", "variable"), [("certificate", CERTIFICATE), ("key", KEY), ("chain", CHAIN)])
@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff" * 100, b"x" * 1_000_001])
def test_what_is_no_pem_is_refused(files: CredentialFiles, name: str, variable: str, content: bytes) -> None:
    getattr(files, name).write_bytes(content)
    assert refusal(files).startswith(f"{variable}: must")


@pytest.mark.parametrize(("name", "variable"), [("certificate", CERTIFICATE), ("key", KEY), ("chain", CHAIN)])
def test_a_file_that_cannot_be_read_is_named(files: CredentialFiles, name: str, variable: str) -> None:
    getattr(files, name).unlink()
    assert refusal(files) == f"{variable}: must be a file that can be read: No such file or directory"
    getattr(files, name).mkdir()
    assert refusal(files).startswith(f"{variable}: must be a file that can be read")
