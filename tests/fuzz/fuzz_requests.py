"""Coverage-guided fuzzing of what mail clients send: ``python tests/fuzz/fuzz_requests.py CORPUS -runs=N``.

Every format reads every input as a request and answers it, for a known mailbox and for an unknown one.
An exception, a reply that is none, a body that does not parse, a hang or growth ends the run with an
error; libFuzzer's own limits watch over time and memory.
"""

from __future__ import annotations

import json
import plistlib
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

with atheris.instrument_imports(include=["app.core", "app.renderers"]):
    from app.core.documents import ClientRequest
    from app.core.resolving import resolve
    from app.renderers import FORMATS

from builders import a_domain  # noqa: E402 - the path comes first
from contracts.accounts import ACCOUNTS  # noqa: E402

METHODS = ("GET", "POST", "HEAD")
HEADERS = (
    "x-mapihttpcapability",
    "x-clientcanhandle",
    "accept",
    "accept-language",
    "content-type",
    "soapaction",
)
STATUSES = {200, 302, 400, 401, 404, 405, 413, 415, 422, 500}


def account_for(question: object) -> object:
    """Resolve the fullest account for the address in question."""
    address = getattr(question, "address", None)
    domain = a_domain("customer.example" if address is None else address.domain.ascii)
    return resolve(ACCOUNTS["exchange"].provider, domain, address=address)


def request_from(data: bytes) -> ClientRequest:
    """Read five texts that end in a NUL, then the body; the first text's letters choose the rest."""
    choice, host, query, parameter, header, body = (data.split(b"\0", 5) + [b""] * 6)[:6]
    first = choice[0] if choice else 0
    return ClientRequest(
        method=METHODS[first % 3],
        scheme="https" if first & 4 else "http",
        host=host.decode("latin-1"),
        query=query.decode("utf-8", "replace"),
        path_parameters=dict.fromkeys(
            ("domain", "address", "email", "protocol", "name"), parameter.decode("utf-8", "replace")
        ),
        headers={HEADERS[first % len(HEADERS)]: header.decode("latin-1")},
        body=body,
    )


def check_body(media_type: str, body: bytes) -> None:
    if "json" in media_type:
        json.loads(body)
    elif "aspen" in media_type:
        plistlib.loads(body)
    elif "xml" in media_type:
        ET.fromstring(body)  # noqa: S314 - our own document


def test_one(data: bytes) -> None:
    request = request_from(data)
    for client_format in FORMATS:
        inquiry = client_format.inquire(request)
        for accounts in (
            tuple(None for _ in inquiry.questions),
            tuple(account_for(question) for question in inquiry.questions),
        ):
            reply = inquiry.answer(accounts)  # type: ignore[arg-type]
            if reply.status not in STATUSES:
                message = f"{client_format.name} answers {reply.status}"
                raise AssertionError(message)
            check_body(reply.media_type, reply.body)


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one)
    atheris.Fuzz()
