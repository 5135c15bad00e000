"""SignedData that is put together of prepared parts is what the library's builder writes."""

from __future__ import annotations

import hashlib
import re
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from app.services.signed_data import SignedDataWriter
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from certificates import Chain, a_chain

if TYPE_CHECKING:
    from pathlib import Path

# Around where a length takes another byte, of the content itself and of what is around it.
SIZES = (0, 1, 127, 128, 129, 200, 255, 256, 5262, 65_535, 65_536)
MOMENT = re.compile(rb"(?<=\x17\x0d)\d{12}Z(?=0)")


def writer_of(chain: Chain, *further: Chain) -> SignedDataWriter:
    certificates = [one.intermediate.certificate for one in further]
    return SignedDataWriter(chain.leaf.certificate, chain.leaf.key, certificates)


def written(writer: SignedDataWriter, content: bytes) -> bytes:
    return writer.write(content, hashlib.sha256(content).digest())


def built(chain: Chain, content: bytes, *further: Chain) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(chain.leaf.certificate, chain.leaf.key, hashes.SHA256())
    for one in further:
        builder = builder.add_certificate(one.intermediate.certificate)
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])


@pytest.mark.parametrize("kind", ["rsa-2048", "rsa-4096"])
@pytest.mark.parametrize("has_chain", [True, False])
def test_a_signature_without_chance_makes_the_same_bytes(kind: str, *, has_chain: bool) -> None:
    chain = a_chain(kind)
    further = (chain,) if has_chain else ()
    writer = writer_of(chain, *further)
    for size in SIZES:
        content = b"\0" * size
        # A second may end between the two, and then they differ in it and in the signature.
        pairs = ((built(chain, content, *further), written(writer, content)) for _ in range(5))
        assert any(expected == found for expected, found in pairs), size


@pytest.mark.parametrize("kind", ["p-256", "p-384", "p-521"])
def test_a_signature_with_chance_is_verified_at_any_length(kind: str, tmp_path: Path) -> None:
    chain = a_chain(kind)
    chain.write(tmp_path)
    writer = writer_of(chain, chain)
    for size in SIZES:
        content = b"\r\n" * (size // 2) + b"x" * (size % 2)
        done = subprocess.run(  # noqa: S603 - our own file
            ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any",  # noqa: S607
             "-CAfile", str(tmp_path / "root.pem")],
            input=written(writer, content), capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout == content


def test_the_moment_is_the_present_one() -> None:
    writer = writer_of(a_chain())
    before = datetime.now(UTC).replace(microsecond=0)
    signed = written(writer, b"content")
    # The certificate has its own before it.
    moment = datetime.strptime(MOMENT.findall(signed)[-1].decode(), "%y%m%d%H%M%SZ").replace(tzinfo=UTC)
    assert before <= moment <= datetime.now(UTC)
