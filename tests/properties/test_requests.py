"""Whatever is sent to the service, it answers, and with nothing of what was sent where that matters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_from_bytes
from xml.etree import ElementTree as ET

from app.settings import Settings
from hypothesis import example, given
from hypothesis import strategies as st

from properties.conftest import STORED, SUSPENDED, InProcess
from properties.strategies import MARKUP, domain_names

if TYPE_CHECKING:
    from asgi import Answer

AUTOCONFIG = (
    "/mail/config-v1.1.xml",
    "/.well-known/autoconfig/mail/config-v1.1.xml",
    "/.well-known/mail-v1.xml",
)
MAX_BODY_BYTES = Settings().max_body_bytes
CLIENT_STATUSES = {200, 304, 400, 404}

methods = st.sampled_from(["GET", "HEAD"])
noise = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from(MARKUP).map(lambda text: text.encode()),
    st.integers(60, 320).map(lambda length: b"a" * length + b".example"),
    st.sampled_from(
        [b"%", b"%4", b"%zz", b"%ff%fe", b"%c3", b"%00", b"%ed%a0%80", b"%F0%9F%93%A7", b"+", b"@"]
    ),
)
encoded = st.one_of(noise, noise.map(lambda data: quote_from_bytes(data).encode()))
local_parts = st.one_of(encoded, st.just(b"jane"), st.just(b"vip"), st.just(b"jane%2Bnews"))
domains = st.one_of(
    st.sampled_from([*STORED, SUSPENDED, "unknown.example", "b\u00fccher.example", "CUSTOMER.example."]),
    domain_names,
).map(lambda name: name.encode())
addresses = st.builds(lambda local, domain: local + b"@" + domain, local_parts, domains | encoded)
names = (
    st.sampled_from([b"emailaddress", b"EmailAddress", b"domain", b"emailmd5", b"%65mailaddress", b""])
    | noise
)
queries = st.one_of(
    encoded,
    st.lists(
        st.builds(lambda name, value: name + b"=" + value, names, addresses | domains | encoded), max_size=4
    ).map(b"&".join),
    st.integers(30, 40).map(lambda count: b"&".join([b"a=1"] * count)),
    st.integers(4090, 4100).map(lambda length: b"a" * length),
)
hosts = st.none() | st.one_of(
    noise,
    domains,
    domains.map(lambda name: b"autoconfig." + name + b":8080"),
    st.sampled_from(
        [b"", b"[::1]:8080", b"127.0.0.1", b"a:b:c", b"customer.example, evil.example", b"localhost"]
    ),
)


def with_host(host: bytes | None) -> list[tuple[bytes, bytes]]:
    return [] if host is None else [(b"host", host)]


def check(answer: Answer, method: str) -> None:
    """Check an answer to a mail client: a document of a stored domain, or a short text."""
    assert answer.status in CLIENT_STATUSES, answer
    if answer.status == 304:
        assert answer.body == b""
    elif answer.status == 200:
        assert answer.media_type == "text/xml"
        assert answer.headers["etag"]
        if method == "GET":
            provider = ET.fromstring(answer.body).find("emailProvider")  # noqa: S314 - our own document
            assert provider is not None
            assert {node.text for node in provider.findall("domain")} <= {*STORED, "alias.example"}
    else:
        assert answer.media_type == "text/plain"
        assert len(answer.body) < 200
        assert not answer.body.startswith(b"<")
    assert answer.headers["x-content-type-options"] == "nosniff"


@given(method=methods, path=st.sampled_from(AUTOCONFIG), query=queries, host=hosts)
@example(method="GET", path=AUTOCONFIG[0], query=b"emailaddress=a.%2Bb@customer.example", host=None)
@example(method="GET", path=AUTOCONFIG[0], query=b"emailaddress=%", host=b"\xff")
def test_any_query_and_any_host_is_answered(
    service: InProcess, method: str, path: str, query: bytes, host: bytes | None
) -> None:
    check(service.ask(method, path, query=query, headers=with_host(host)), method)


SEGMENTS = ("api", "v1", "domains", "providers", "\x00", "..", "%2e", "mail", "problems")
paths = st.one_of(
    st.text(max_size=60),
    domain_names,
    st.sampled_from([*STORED, "<b>", "..", "%", "a" * 300 + ".example", "customer.example/..", "\x00"]),
)


@given(method=methods, prefix=st.sampled_from(["/v1.1/", "/autoconfig/v1.1/"]), name=paths)
def test_any_domain_in_a_path_is_answered(service: InProcess, method: str, prefix: str, name: str) -> None:
    answer = service.ask(method, prefix + name)
    # A path with a slash more is no client's endpoint, so its answer is the API's.
    if answer.media_type != "application/problem+json":
        check(answer, method)
    assert answer.status in CLIENT_STATUSES


@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "X"]),
    path=st.one_of(
        st.text(max_size=60).map(lambda text: f"/{text}"),
        st.lists(st.sampled_from(SEGMENTS), max_size=5)
        .map(lambda parts: "/" + "/".join(parts)),
    ),
    query=queries,
    body=noise,
)  # fmt: skip
def test_any_path_is_answered(service: InProcess, method: str, path: str, query: bytes, body: bytes) -> None:
    answer = service.ask(method, path, query=query, body=[body])
    assert answer.status < 500, answer
    if answer.media_type == "application/problem+json" and method != "HEAD":
        check_problem(answer)


@given(local_part=local_parts)
def test_no_local_part_is_told_from_another(service: InProcess, local_part: bytes) -> None:
    if b"&" in local_part or b"vip" in local_part.lower() or b"#" in local_part:
        return
    known = service.ask("GET", AUTOCONFIG[0], query=b"domain=customer.example")
    answer = service.ask("GET", AUTOCONFIG[0], query=b"emailaddress=" + local_part + b"@customer.example")
    if answer.status == 400:
        # Bytes that are no UTF-8 are no text, whoever they are meant for.
        assert b"UTF-8" in answer.body
    elif b"imap" in answer.body and b"%EMAILADDRESS%" in answer.body:
        assert answer.body == known.body
    else:
        # The sub-address is taken off, so that the log-in has to be written out.
        assert answer.status == 200
        assert b"%2B" in local_part or b"+" in local_part or b"%20" in local_part or b" " in local_part


def check_problem(answer: Answer) -> dict[str, Any]:
    """Check a problem document (RFC 9457)."""
    assert answer.media_type == "application/problem+json", answer
    problem: dict[str, Any] = json.loads(answer.body)
    assert set(problem) <= {"type", "title", "status", "detail", "instance", "errors"}
    assert problem["status"] == answer.status
    assert problem["type"] == "about:blank" or problem["type"].startswith("http://127.0.0.1:8080/problems/")
    assert problem["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
    for error in problem.get("errors", []):
        assert set(error) in ({"pointer", "detail"}, {"parameter", "detail"})
    return problem


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        [*MARKUP, "\x00", "\ud800", "imap", "tls", "%EMAILADDRESS%", "a" * 300, "provider", 10**30]
    ),
)
json_values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=10) | st.just("\ud800"), inner, max_size=3),
    ),
    max_leaves=6,
)
FIELDS = {
    "domains": [
        "provider", "alias_of", "variables", "status", "published_name", "reference", "serves_mx", "servers",
        "x",
    ],
    "providers": [
        "display_name", "short_name", "identifier", "documentation", "instructions", "enable", "support",
        "logo_url", "colour", "oauth2", "input_fields", "servers", "variables", "list_domains",
        "subaddress_separator", "lowercase_login",
    ],
    "servers": [
        "type", "hostname", "port", "socket_type", "url", "authentication", "username", "shared_hostname",
        "imap", "pop3", "smtp", "exchange", "webmail",
    ],
}  # fmt: skip
VALID: dict[str, dict[str, Any]] = {
    "domains": {"provider": "provider"},
    "providers": {"display_name": "P", "short_name": "P"},
    "servers": {
        "type": "imap", "hostname": "a.example", "port": 993, "socket_type": "tls",
        "authentication": ["password-cleartext"], "username": "%EMAILADDRESS%",
    },
}  # fmt: skip
PLACES = {
    "domains": "/api/v1/domains/generated.example",
    "providers": "/api/v1/providers/generated",
    "servers": "/api/v1/providers/generated/servers/imap",
}
WRITE_STATUSES = {200, 201, 204, 400, 404, 409, 412, 422}


@given(kind=st.sampled_from(sorted(FIELDS)), data=st.data())
def test_any_json_is_stored_as_it_is_or_refused_with_a_problem(
    service: InProcess, kind: str, data: st.DataObject
) -> None:
    changes = data.draw(st.dictionaries(st.sampled_from(FIELDS[kind]), json_values, max_size=2))
    body = json.dumps({**VALID[kind], **changes}).encode()
    if kind == "servers":
        service.send("PUT", PLACES["providers"], VALID["providers"])
    answer = service.send("PUT", PLACES[kind], body)
    assert answer.status in WRITE_STATUSES, answer
    if answer.status >= 400:
        check_problem(answer)
        return
    stored = json.loads(service.send("GET", PLACES[kind], b"").body)
    assert stored == json.loads(answer.body)
    # What is read can be written again, and changes nothing.
    for name in ("created_at", "updated_at", "version", "name", "unicode_name", "slug", "key"):
        stored.pop(name, None)
    again = service.send("PUT", PLACES[kind], stored)
    assert (again.status, again.headers["etag"]) == (200, answer.headers["etag"])


@given(
    path=st.sampled_from(sorted(PLACES.values())),
    body=st.one_of(st.binary(max_size=200), json_values.map(lambda value: json.dumps(value).encode())),
)
@example(path=PLACES["domains"], body=b"[" * 100_000)
@example(path=PLACES["domains"], body=b'{"port":' + b"9" * 5000 + b"}")
@example(path=PLACES["domains"], body=b'{"\\ud800": 1}')
def test_any_body_is_answered(service: InProcess, path: str, body: bytes) -> None:
    answer = service.send("PUT", path, body)
    assert answer.status in WRITE_STATUSES, answer
    if answer.status >= 400:
        check_problem(answer)


@given(chunks=st.integers(1, 20), declared=st.sampled_from([True, False]))
def test_a_body_over_the_limit_is_refused_before_it_is_read(
    service: InProcess, chunks: int, *, declared: bool
) -> None:
    chunk = b" " * (10_000_000 // chunks)
    headers = [(b"authorization", f"Bearer {service.token}".encode()), (b"content-type", b"application/json")]
    if declared:
        headers.append((b"content-length", b"10000000"))
    answer = service.ask("PUT", PLACES["domains"], headers=headers, body=[chunk] * chunks)
    assert answer.status == 413
    check_problem(answer)
    assert answer.chunks_read <= (0 if declared else MAX_BODY_BYTES // len(chunk) + 1)
