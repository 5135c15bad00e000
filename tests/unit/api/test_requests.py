"""What happens to every request before anything else."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from app.api.requests import ForwardedHeaders, RequestLog
from app.settings import Settings

from asgi import ask

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from api_client import ApiClient

PROXIES = Settings(trusted_proxies="10.0.0.0/8, 2001:db8::/32").trusted_proxies


class Recorder:
    """An application that keeps the scope and answers with nothing."""

    def __init__(self, status: int = 204) -> None:
        self.scope: dict[str, Any] = {}
        self.status = status

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        self.scope = dict(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": self.status, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    @property
    def host(self) -> list[bytes]:
        return [value for name, value in self.scope["headers"] if name == b"host"]


async def seen(peer: str | None, proxies: Any = PROXIES, **headers: str) -> Recorder:
    """Send a request through the proxies' rules and return what the application sees."""
    recorder = Recorder()
    sent = [(b"host", b"inside.example"), (b"accept", b"*/*")]
    sent += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    client = None if peer is None else (peer, 1)
    await ask(ForwardedHeaders(recorder, proxies), "GET", "/", headers=sent, client=client)
    return recorder


@pytest.mark.parametrize("peer", ["10.1.2.3", "2001:db8::1", "::ffff:10.1.2.3"])
async def test_a_trusted_proxy_is_believed(peer: str) -> None:
    found = await seen(
        peer, x_forwarded_for="192.0.2.7", x_forwarded_proto="https", x_forwarded_host="autoconfig.a.example"
    )
    assert found.host == [b"autoconfig.a.example"]
    assert (found.scope["scheme"], found.scope["client"]) == ("https", ("192.0.2.7", 0))
    assert (b"accept", b"*/*") in found.scope["headers"]


@pytest.mark.parametrize("peer", ["192.0.2.1", "11.0.0.1", "2001:db9::1", "unix", None])
async def test_nobody_else_is(peer: str | None) -> None:
    found = await seen(
        peer, x_forwarded_for="10.0.0.1", x_forwarded_proto="https", x_forwarded_host="a.example"
    )
    assert found.host == [b"inside.example"]
    assert found.scope["scheme"] == "http"
    assert found.scope["client"] == (None if peer is None else (peer, 1))


async def test_without_trusted_proxies_nobody_is_believed() -> None:
    found = await seen("10.1.2.3", (), x_forwarded_host="a.example")
    assert found.host == [b"inside.example"]


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.66, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        (" , 192.0.2.7 ,", "192.0.2.7"),
        ("", "10.1.2.3"),
        ("not an address", "10.1.2.3"),
        ("192.0.2.7, unknown, 10.0.0.2", "10.0.0.2"),
        (", ".join(["192.0.2.66", *["10.0.0.2"] * 30]), "10.0.0.2"),
    ],
)
async def test_the_sender_is_the_last_hop_that_is_no_proxy(hops: str, client: str) -> None:
    found = await seen("10.1.2.3", x_forwarded_for=hops)
    assert found.scope["client"][0] == client


async def test_lines_of_one_name_are_one_list() -> None:
    recorder = Recorder()
    headers = [
        (b"host", b"inside.example"),
        (b"x-forwarded-for", b"192.0.2.66"),
        (b"x-forwarded-for", b"192.0.2.7"),
        (b"x-forwarded-for", b"10.0.0.2"),
        (b"x-forwarded-host", b"evil.example"),
        (b"x-forwarded-host", b"a.example"),
    ]
    await ask(ForwardedHeaders(recorder, PROXIES), "GET", "/", headers=headers, client=("10.1.2.3", 1))
    assert recorder.scope["client"] == ("192.0.2.7", 0)
    assert recorder.host == [b"a.example"]


@pytest.mark.parametrize(
    ("headers", "host", "scheme"),
    [
        ({}, b"inside.example", "http"),
        ({"x_forwarded_host": "evil.example, a.example"}, b"a.example", "http"),
        ({"x_forwarded_host": ""}, b"inside.example", "http"),
        ({"x_forwarded_proto": "http, https"}, b"inside.example", "https"),
        ({"x_forwarded_proto": "gopher"}, b"inside.example", "http"),
        ({"x_forwarded_proto": ""}, b"inside.example", "http"),
    ],
)
async def test_the_nearest_proxys_word_counts(headers: dict[str, str], host: bytes, scheme: str) -> None:
    found = await seen("10.1.2.3", **headers)
    assert (found.host, found.scope["scheme"]) == ([host], scheme)


async def test_what_is_no_request_passes() -> None:
    recorder = Recorder()

    async def nothing() -> Message:
        return {}

    async def ignore(_message: Message) -> None:
        pass

    scope: dict[str, Any] = {"type": "lifespan"}
    await ForwardedHeaders(RequestLog(recorder), PROXIES)(scope, nothing, ignore)
    assert recorder.scope == {"type": "lifespan"}


@pytest.fixture
def events() -> Any:
    with structlog.testing.capture_logs() as found:
        yield found


async def test_a_request_of_the_api_is_one_line_that_names_the_route(api: ApiClient, events: Any) -> None:
    await api.ok("PUT", "/api/v1/domains/customer.example", {"provider": "provider"})
    path = "/api/v1/domains/customer.example/mailboxes/secret-jane"
    response = await api.send("PUT", path, {"login": "secret-login"})
    line = events[-1]
    assert re.fullmatch(r"[0-9.]+", str(line.pop("milliseconds")))
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "PUT",
        "route": "/api/v1/domains/{name}/mailboxes/{local_part}",
        "status": 201,
        "token": api.token.split("_")[1],
    }
    assert response.headers["x-request-id"]
    for secret in ("secret", api.token.split("_", 2)[2], "customer"):
        assert secret not in json.dumps(events)


async def test_a_request_may_bring_a_uuid_of_its_own(api: ApiClient) -> None:
    own = "6F9619FF-8B86-d011-b42d-00cf4fc964ff"
    path = "/api/v1/domains/customer.example"
    # Nobody relies on there being no other request of it.
    for reference in ("K-1", "K-2"):
        body = {"provider": "provider", "reference": reference}
        response = await api.send("PUT", path, body, x_request_id=own)
        assert response.headers.get_list("x-request-id") == [own]
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as events:
        refused = await api.send("GET", f"{path}2", x_request_id=own)
    assert refused.json()["instance"] == f"urn:uuid:{own}"
    assert [line["request_id"] for line in events if line["event"] == "request"] == [own]
    found = await api.ok("GET", f"/api/v1/audit?request_id={own}")
    assert [entry["after"]["reference"] for entry in found["items"]] == ["K-2", "K-1"]


@pytest.mark.parametrize(
    "given",
    [
        "",
        "1",
        "6f9619ff8b86d011b42d00cf4fc964ff",
        "6f9619ff-8b86-d011-b42d-00cf4fc964ff ",
        "{6f9619ff-8b86-d011-b42d-00cf4fc964ff}",
        "6f9619ff-8b86-d011-b42d-00cf4fc964fg",
        "6f9619ff-8b86-d011-b42d-00cf4fc964ff, 6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        "x" * 10_000,
    ],
)
async def test_what_is_no_uuid_is_replaced(api: ApiClient, given: str) -> None:
    response = await api.send("GET", "/api/v1/domains", x_request_id=given)
    assert response.status_code == 200
    assert response.headers["x-request-id"] != given
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", response.headers["x-request-id"])


async def test_what_mail_clients_ask_is_named_by_the_service_alone(api: ApiClient) -> None:
    own = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
    asked = "/mail/config-v1.1.xml?emailaddress=jane@customer.example"
    response = await api.http.get(asked, headers={"X-Request-Id": own})
    assert response.headers["x-request-id"] != own


async def test_what_mail_clients_ask_is_not_logged(api: ApiClient, events: Any) -> None:
    response = await api.http.get("/mail/config-v1.1.xml?emailaddress=jane@customer.example")
    assert events == []
    assert response.headers["x-request-id"]


async def test_an_unknown_route_and_a_refused_token_are_lines_too(api: ApiClient, events: Any) -> None:
    await api.send("GET", "/api/v1/nothing/jane@customer.example", token=None)
    await api.send("GET", "/api/v1/domains", token="sp_x")
    assert [(line["route"], line["status"], line["token"]) for line in events] == [
        ("none", 401, None),
        ("/api/v1/domains", 401, None),
    ]


async def test_requests_have_ids_of_their_own(api: ApiClient) -> None:
    ids = {(await api.http.get("/health/live")).headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


async def test_a_line_is_written_even_when_the_application_fails(events: Any) -> None:
    async def fail(scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ask(RequestLog(fail), "GET", "/api/v1/domains")
    assert [(line["event"], line["status"]) for line in events] == [("request", 0)]
    assert structlog.contextvars.get_contextvars() == {}
