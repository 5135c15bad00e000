"""The proxies of deploy/ in front of the service, and of an echo that tells what they pass on."""

from __future__ import annotations

import ssl
import sys
from typing import TYPE_CHECKING, TypeAlias

import pytest

from proxies import HOST, OTHER_HOST, SERVICE_HOST, caddy, nginx
from proxy_lab import Echo, Front
from service_process import Service, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    Start: TypeAlias = Callable[..., AbstractContextManager[Front]]

pytestmark = pytest.mark.integration

STRANGER = "autoconfig.stranger.example"
POX = b"""<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
<Request><EMailAddress>jane@demo.example</EMailAddress><AcceptableResponseSchema>\
http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\
</AcceptableResponseSchema></Request></Autodiscover>"""
both_schemes = pytest.mark.parametrize("scheme", ["http", "https"])
# Without these, what the proxies refuse by themselves would reach the service.
WITHOUT_GUARD: dict[Start, dict[str, str]] = {
    nginx: {"location = /tls/ask {": "location = /none {", "if ($scheme = http) {": "if ($scheme = none) {"},
    caddy: {"respond /tls/ask 404": "", 'respond @secret "Use https.\n" 403': ""},
}


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with Echo(frozenset({HOST, OTHER_HOST, SERVICE_HOST})).running() as found:
        yield found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service behind a proxy on the same machine, with the demo domain."""
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('demo')}/demo.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGNPOST_TRUSTED_PROXIES", "127.0.0.1")
        patch.setenv("SIGNPOST_TLS_ASK_NETWORKS", "127.0.0.1")
        patch.setenv("SIGNPOST_PUBLIC_URL", f"https://{SERVICE_HOST}")
        with Service(url, command=(sys.executable, "-m", "app", "serve", "--demo")) as service:
            yield service


@pytest.fixture(scope="module", params=[nginx, caddy], ids=["nginx", "caddy"])
def start(request: pytest.FixtureRequest) -> Start:
    found: Start = request.param
    return found


@pytest.fixture(scope="module")
def before_echo(start: Start, echo: Echo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with start(echo.port, tmp_path_factory.mktemp("echo")) as found:
        yield found


@pytest.fixture(scope="module")
def before_demo(start: Start, demo: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with start(demo.port, tmp_path_factory.mktemp("demo")) as found:
        yield found


@both_schemes
def test_host_scheme_and_client_are_passed_on_and_nobody_is_believed(before_echo: Front, scheme: str) -> None:
    lies = {
        "X-Forwarded-Host": "a.lie.example",
        "X-Forwarded-Proto": "gopher",
        "X-Forwarded-For": "192.0.2.9",
    }
    target = "/mail/config-v1.1.xml?emailaddress=a%2Bb@c.example"
    seen = before_echo.ask(f"{scheme}://{HOST}{target}", headers=lies, client="127.0.0.3").echo
    assert seen.path == target
    assert seen.headers["host"] == HOST
    assert seen.headers["x-forwarded-host"] == HOST
    assert seen.headers["x-forwarded-proto"] == scheme
    assert seen.headers["x-forwarded-for"] == "127.0.0.3"


@both_schemes
def test_what_autodiscover_clients_post_is_passed_on(before_echo: Front, scheme: str) -> None:
    url = f"{scheme}://{OTHER_HOST}/Autodiscover/Autodiscover.xml"
    seen = before_echo.ask(url, method="POST", body=b"<A/>").echo
    assert (seen.method, seen.path, seen.body) == ("POST", "/Autodiscover/Autodiscover.xml", "<A/>")


@pytest.mark.parametrize("path", ["/tls/ask", "/tls/%61sk", "//tls/ask", "/x/../tls/ask", "/tls/./ask"])
@both_schemes
def test_nobody_may_ask_for_certificates(before_echo: Front, echo: Echo, scheme: str, path: str) -> None:
    answer = before_echo.ask(f"{scheme}://{HOST}{path}?domain=x.example")
    assert answer.status in {400, 404}
    assert "x.example" not in echo.asked


@pytest.mark.parametrize("path", ["/api/v1/domains", "/admin", "/admin/login"])
def test_tokens_do_not_travel_in_clear(before_echo: Front, path: str) -> None:
    assert before_echo.ask(f"http://{SERVICE_HOST}{path}").status == 403
    assert before_echo.ask(f"https://{SERVICE_HOST}{path}").echo.path == path


@both_schemes
def test_paths_that_only_begin_alike_are_passed_on(before_echo: Front, scheme: str) -> None:
    assert before_echo.ask(f"{scheme}://{SERVICE_HOST}/administration").echo.path == "/administration"


def test_a_body_over_the_limit_is_refused(before_echo: Front) -> None:
    url = f"https://{HOST}/autodiscover/autodiscover.xml"
    assert before_echo.ask(url, method="POST", body=b"x" * 900_000).status == 200
    # Debian 12's Caddy calls it 502; either way it does not arrive.
    refused = before_echo.ask(url, method="POST", body=b"x" * 1_100_000)
    assert refused.status in {413, 502}


def test_a_stranger_gets_no_connection(before_echo: Front) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        before_echo.ask(f"https://{STRANGER}/")
    assert before_echo.ask(f"https://{HOST}/").status == 200


@both_schemes
def test_a_client_gets_its_document_by_host_name_alone(before_demo: Front, scheme: str) -> None:
    answer = before_demo.ask(f"{scheme}://{HOST}/mail/config-v1.1.xml")
    assert answer.status == 200
    assert b"<domain>demo.example</domain>" in answer.body
    assert len(answer.headers["x-request-id"]) == 36


def test_outlook_is_led_from_http_to_the_service_and_answered_over_https(before_demo: Front) -> None:
    path = "/autodiscover/autodiscover.xml"
    led = before_demo.ask(f"http://{OTHER_HOST}{path}")
    assert (led.status, led.headers["location"]) == (302, f"https://{SERVICE_HOST}{path}")
    answer = before_demo.ask(f"https://{SERVICE_HOST}{path}", method="POST", body=POX)
    assert answer.status == 200
    assert b"<Type>IMAP</Type>" in answer.body


def test_a_body_over_the_services_own_limit_is_refused_by_it(before_demo: Front) -> None:
    url = f"https://{OTHER_HOST}/autodiscover/autodiscover.xml"
    assert before_demo.ask(url, method="POST", body=b"x" * 900_000).status == 413


def test_the_service_sees_who_asks_and_refuses_even_what_a_proxy_lets_through(
    start: Start, demo: Service, tmp_path: Path
) -> None:
    with start(demo.port, tmp_path, **WITHOUT_GUARD[start]) as front:
        url = f"http://{HOST}/tls/ask?domain={HOST}"
        assert front.ask(url, client="127.0.0.2").status == 403
        # The proxy's own address may: so the refusal was for the client's.
        assert front.ask(url, client="127.0.0.1").status == 200


def test_the_service_refuses_tokens_in_clear_that_a_proxy_lets_through(
    start: Start, demo: Service, tmp_path: Path
) -> None:
    with start(demo.port, tmp_path, **WITHOUT_GUARD[start]) as front:
        for path, media_type, status in (
            ("/api/v1/domains", "application/problem+json", 401),
            ("/admin/login", "text/plain; charset=utf-8", 200),
        ):
            refused = front.ask(f"http://{SERVICE_HOST}{path}")
            assert (refused.status, refused.headers["content-type"]) == (403, media_type)
            assert len(refused.headers["x-request-id"]) == 36, "the service's own answer"
            assert front.ask(f"https://{SERVICE_HOST}{path}").status == status


def test_no_address_is_logged_when_the_service_is_away(start: Start, tmp_path: Path) -> None:
    with start(free_port(), tmp_path) as front:
        query = "emailaddress=jane@demo.example"
        answer = front.ask(f"http://{HOST}/mail/config-v1.1.xml?{query}", headers={"Referer": query})
        assert answer.status in {502, 503}
    logs = [path.read_text() for path in tmp_path.glob("*.log")]
    assert any(
        f'"status":{status}' in log or f" {status} " in log or "refused" in log
        for log in logs
        for status in (502, 503)
    )
    assert not any("jane" in log for log in logs)


def test_caddy_obtains_certificates_for_the_names_that_signpost_serves(demo: Service, tmp_path: Path) -> None:
    with caddy(demo.port, tmp_path) as front:
        for name in (HOST, OTHER_HOST, "demo.example", SERVICE_HOST):
            assert front.ask(f"https://{name}/health/live").status == 200
        for name in (STRANGER, "www.demo.example"):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                front.ask(f"https://{name}/health/live")
