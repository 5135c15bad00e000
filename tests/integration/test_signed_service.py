"""The program as operators run it: settings from the environment, files that change under it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import pkcs7

from certificates import Chain, a_chain
from service_process import ROOT, Service, signpost

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

JANE = "jane@demo.example"
DAYS_UNTIL_WARNED_OF = 20


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    url = f"sqlite+aiosqlite:///{tmp_path}/test.db"
    for command in ("migrate", "demo"):
        finished = signpost(command, database_url=url)
        assert finished.returncode == 0, finished.stderr
    return url


def configure(monkeypatch: pytest.MonkeyPatch, chain: Chain, folder: Path) -> None:
    names = ("CERTIFICATE", "KEY", "CHAIN")
    for name, path in zip(names, chain.write(folder), strict=True):
        monkeypatch.setenv(f"SIGNPOST_SIGNING_{name}", str(path))


def rendered(database_url: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "app", "render", "mobileconfig", *arguments],
        cwd=ROOT,
        env={**os.environ, "SIGNPOST_DATABASE_URL": database_url},
        capture_output=True,
        timeout=120,
        check=False,
    )


def fetched(service: Service) -> bytes:
    url = f"{service.url}/mobileconfig?emailaddress={JANE}"
    with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - loopback
        content: bytes = response.read()
    return content


def test_the_command_line_signs_when_it_is_told_to(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, a_chain("rsa-2048"), tmp_path)
    unsigned, signed = rendered(database_url, JANE), rendered(database_url, JANE, "--signed")
    assert unsigned.returncode == signed.returncode == 0
    assert unsigned.stdout.startswith(b"<?xml")
    message = tmp_path / "signed"
    message.write_bytes(signed.stdout)
    command = ("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any")
    verified = subprocess.run(  # noqa: S603 - our own file
        [*command, "-CAfile", tmp_path / "root.pem", "-in", message], capture_output=True, check=True
    )
    assert verified.stdout == unsigned.stdout


def test_the_command_line_says_what_is_missing(database_url: str) -> None:
    unsigned = rendered(database_url, JANE, "--signed")
    assert unsigned.returncode == 2
    assert b"SIGNPOST_SIGNING_CERTIFICATE: must be set" in unsigned.stderr
    domain = rendered(database_url, "demo.example")
    assert domain.returncode == 1
    assert b"it needs an address" in domain.stderr
    other = signpost("render", "autoconfig", JANE, "--signed", database_url=database_url)
    assert other.returncode == 2
    assert "--signed: must not be used with autoconfig" in other.stderr


def test_a_service_whose_key_is_not_the_certificates_does_not_start(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, a_chain(), tmp_path)
    (tmp_path / "privkey.pem").write_bytes(a_chain(number=1).leaf.key_pem)
    finished = signpost("serve", "--port", "0", database_url=database_url)
    assert finished.returncode == 2
    assert "SIGNPOST_SIGNING_KEY: must be the key of the certificate" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_half_of_the_settings_are_an_error(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNPOST_SIGNING_CERTIFICATE", "")
    monkeypatch.setenv("SIGNPOST_SIGNING_KEY", "privkey.pem")
    finished = signpost("serve", "--port", "0", database_url=database_url)
    assert finished.returncode == 2
    assert "SIGNPOST_SIGNING_CERTIFICATE: must be set" in finished.stderr


def test_a_renewed_certificate_is_served_without_a_restart(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = a_chain(), a_chain("rsa-2048")
    configure(monkeypatch, first, tmp_path)
    with Service(database_url) as service:
        assert first.leaf.certificate in pkcs7.load_der_pkcs7_certificates(fetched(service))
        second.write(tmp_path)
        end = time.monotonic() + 20
        while second.leaf.certificate not in pkcs7.load_der_pkcs7_certificates(fetched(service)):
            assert time.monotonic() < end
            time.sleep(0.1)


def test_a_certificate_that_ends_soon_is_warned_of_and_used(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = a_chain(days=(-70, DAYS_UNTIL_WARNED_OF))
    configure(monkeypatch, chain, tmp_path)
    with Service(database_url) as service:
        assert chain.leaf.certificate in pkcs7.load_der_pkcs7_certificates(fetched(service))
        service.process.terminate()
        errors = service.process.communicate(timeout=25)[1].decode()
    assert "The signing certificate expires in 19 days." in errors
