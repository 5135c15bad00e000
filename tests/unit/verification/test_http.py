from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from app.core.dns_lookups import LookupStatus
from app.core.endpoints import Protocol
from app.core.observations import AddressObservation, FailureReason, Stage
from app.core.servers import ServerType, SocketType
from app.verification.web_services import judge_web

from fakes.peers import (
    HOST,
    HearHeader,
    Idle,
    Peer,
    Repeat,
    Reset,
    Say,
    ShakeHands,
    Step,
    lines,
    server_context,
)
from fakes.resolver import ScriptedResolver
from probing import a_prober, a_resolver, an_endpoint, limits_for

if TYPE_CHECKING:
    from app.net.resolver import Resolver


ASKED: tuple[Step, ...] = (ShakeHands(), HearHeader())


def answer(status: str, *headers: str) -> tuple[Step, ...]:
    return (*ASKED, lines(f"HTTP/1.1 {status}", *headers, ""))


async def observe(
    peer: Peer,
    service: ServerType = ServerType.WEBMAIL,
    *,
    path: str = "/mail?x=1",
    socket_type: SocketType = SocketType.TLS,
    resolver: Resolver | None = None,
) -> AddressObservation:
    server_context()
    async with peer:
        prober = a_prober(resolver or a_resolver(peer.address), limits=limits_for(peer))
        endpoint = an_endpoint(Protocol.HTTP, peer.port, socket_type, service=service, path=path)
        observation = await prober.observe(endpoint)
    (seen,) = observation.addresses
    return seen


async def test_a_page_is_asked_for_with_its_path_and_host() -> None:
    peer = Peer.of(*answer("200 OK", "Strict-Transport-Security: max-age=9", "X-Other: 1", "Set-Cookie: a"))

    seen = await observe(peer)

    assert seen.failure is None
    assert seen.reached is Stage.DONE
    assert seen.tls is not None
    assert seen.http is not None
    assert seen.http.status == 200
    assert seen.http.headers == (("strict-transport-security", "max-age=9"),)
    (request,) = peer.heard
    assert request.startswith(b"GET /mail?x=1 HTTP/1.1\r\n")
    assert f"\r\nHost: {HOST}:{peer.port}\r\n".encode() in request
    assert b"\r\nConnection: close\r\n" in request
    assert b"authorization" not in request.lower()


@pytest.mark.parametrize(
    ("service", "start"),
    [
        (ServerType.CALDAV, b"PROPFIND"),
        (ServerType.CARDDAV, b"PROPFIND"),
        (ServerType.WEBDAV, b"PROPFIND"),
        (ServerType.ACTIVESYNC, b"OPTIONS"),
        (ServerType.EWS, b"GET"),
        (ServerType.JMAP, b"GET"),
        (ServerType.MAPI, b"GET"),
    ],
)
async def test_each_service_is_asked_its_own_question(service: ServerType, start: bytes) -> None:
    challenges = ('WWW-Authenticate: Basic realm="a, b=c", Digest nonce=1', "WWW-Authenticate: negotiate")
    peer = Peer.of(*answer("401 Unauthorized", *challenges))

    seen = await observe(peer, service)

    assert seen.http is not None
    assert seen.http.status == 401
    assert seen.in_tls is not None
    assert seen.in_tls.mechanisms == {"BASIC", "DIGEST", "NEGOTIATE"}
    assert peer.heard[0].startswith(start)
    if start == b"PROPFIND":
        assert b"\r\nDepth: 0\r\n" in peer.heard[0]


async def test_redirects_to_the_same_host_stay_with_the_address() -> None:
    peer = Peer(
        [answer("301 Moved", "Location: /one"), answer("302 Found", "Location: two"), answer("200 OK")]
    )

    seen = await observe(peer, path="/mail/")

    assert seen.failure is None
    assert seen.http is not None
    base = f"https://{HOST}:{peer.port}"
    assert seen.http.redirects == (f"{base}/mail/", f"{base}/one")
    assert seen.http.url == f"{base}/two"
    assert seen.http.status == 200
    assert peer.gauge.most == 1


async def test_redirects_have_an_end() -> None:
    peer = Peer.of(*answer("302 Found", "Location: /again"))

    seen = await observe(peer)

    assert seen.http is not None
    assert seen.http.status == 302
    assert len(seen.http.redirects) == 5
    assert peer.connections == 6


async def test_a_redirect_to_plain_http_is_not_followed() -> None:
    peer = Peer.of(*answer("301 Moved", "Location: http://mail.provider.example/"))

    seen = await observe(peer)

    assert seen.failure is None
    assert seen.http is not None
    assert seen.http.url == "http://mail.provider.example/"
    assert seen.http.status == 301
    assert peer.connections == 1


async def test_plain_http_may_lead_to_https() -> None:
    async with Peer.of(*answer("200 OK")) as other:
        location = f"Location: https://{HOST}:{other.port}/mail"
        peer = Peer.of(HearHeader(), lines("HTTP/1.1 301 Moved", location, ""))
        seen = await observe(peer, socket_type=SocketType.PLAIN)

    assert seen.http is not None
    assert seen.http.status == 200
    assert seen.http.url.startswith("https://")
    assert seen.http.tls is not None
    assert seen.tls is None
    assert seen.before_tls is not None


@pytest.mark.parametrize(
    "location",
    [
        "mailto:x@y",
        "https://[",
        "https://x:99999/",
        "https://a b/",
        "ftp://x/",
        "/\u00fc",
        "http://[v1.\u00fc.a:b.x]/",
        "https://[v1.x]/",
        "https://[fe80::1%25eth0]/",
    ],
)
async def test_where_a_redirect_leads_nowhere_it_is_the_answer(location: str) -> None:
    peer = Peer.of(
        ShakeHands(), HearHeader(), Say(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode())
    )

    seen = await observe(peer)

    assert seen.failure is None
    assert seen.http is not None
    assert seen.http.status == 302
    assert seen.http.redirects == ()
    assert peer.connections == 1


async def test_a_redirect_to_a_name_without_an_address_is_a_fact_of_the_answer() -> None:
    peer = Peer.of(*answer("302 Found", "Location: https://user:secret@gone.example/x"))
    resolver = a_resolver(peer.address)

    seen = await observe(peer, resolver=resolver)

    assert (seen.failure, seen.reached) == (None, Stage.DONE)
    assert seen.http is not None
    assert seen.http.failure is not None
    assert seen.http.failure.reason is FailureReason.UNREACHABLE
    assert seen.http.url == "https://gone.example/x"
    assert (seen.http.status, len(seen.http.redirects)) == (302, 1)
    assert isinstance(resolver, ScriptedResolver)
    assert ("gone.example", "A") in resolver.asked


@pytest.mark.parametrize(
    ("status", "code"),
    [(LookupStatus.TIMED_OUT, "http.leads-to-untested"), (LookupStatus.BOGUS, "http.leads-nowhere")],
)
async def test_a_redirect_to_a_name_of_which_the_dns_does_not_say_is_not_tested(
    status: LookupStatus, code: str
) -> None:
    peer = Peer.of(*answer("302 Found", "Location: https://slow.example/x"))

    seen = await observe(peer, resolver=a_resolver(peer.address, otherwise=status))

    found = judge_web(an_endpoint(Protocol.HTTP, peer.port, service=ServerType.CALDAV, path="/"), seen)
    assert [evidence.kind.code for evidence in found] == [code]


@pytest.mark.parametrize(
    ("steps", "stage", "reason"),
    [
        ((Reset(),), Stage.HANDSHAKE, FailureReason.CUT),
        ((lines("220 SMTP"),), Stage.HANDSHAKE, FailureReason.NOT_TLS),
        (ASKED, Stage.REQUEST, FailureReason.CUT),
        ((*ASKED, Idle()), Stage.REQUEST, FailureReason.TIMED_OUT),
    ],
)
async def test_what_goes_wrong_where_a_redirect_leads_is_not_the_fault_of_the_host_that_is_listed(
    steps: tuple[Step, ...], stage: Stage, reason: FailureReason
) -> None:
    server_context()
    async with Peer.of(*steps) as other:
        location = f"Location: https://{HOST}:{other.port}/there"
        async with Peer.of(*answer("302 Found", location)) as peer:
            prober = a_prober(a_resolver(peer.address), limits=limits_for(other))
            endpoint = an_endpoint(Protocol.HTTP, peer.port, service=ServerType.WEBMAIL)
            observation = await prober.observe(endpoint)

    (seen,) = observation.addresses
    assert seen.failure is None
    assert seen.http is not None
    assert seen.http.failure is not None
    assert (seen.http.failure.stage, seen.http.failure.reason) == (stage, reason)
    assert seen.http.url == f"https://{HOST}:{other.port}/there"
    assert (seen.http.status, seen.http.tls) == (302, None)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Moved", "308 Moved"])
async def test_clients_of_dav_ask_where_they_are_led_what_they_asked_before(status: str) -> None:
    peer = Peer([answer(status, "Location: /dav/"), answer("207 Multi-Status")])

    seen = await observe(peer, ServerType.CALDAV, path="/.well-known/caldav")

    assert seen.http is not None
    assert seen.http.status == 207
    assert peer.heard[1].startswith(b"PROPFIND /dav/ ")
    assert b"\r\nDepth: 0\r\n" in peer.heard[1]


@pytest.mark.parametrize(("status", "method"), [("302 Found", b"OPTIONS"), ("303 See Other", b"GET")])
async def test_other_services_are_asked_with_get_after_303(status: str, method: bytes) -> None:
    peer = Peer([answer(status, "Location: /there"), answer("200 OK")])

    await observe(peer, ServerType.ACTIVESYNC)

    assert peer.heard[1].startswith(method + b" /there ")


async def test_that_a_service_is_busy_is_told_by_its_status() -> None:
    seen = await observe(Peer.of(*answer("503 Busy")))

    assert seen.http is not None
    assert seen.http.status == 503
    assert seen.failure is None


@pytest.mark.parametrize(
    ("steps", "stage", "reason"),
    [
        ((lines("220 SMTP"),), Stage.HANDSHAKE, FailureReason.NOT_TLS),
        ((Reset(),), Stage.HANDSHAKE, FailureReason.CUT),
        ((Idle(),), Stage.HANDSHAKE, FailureReason.TIMED_OUT),
        (ASKED, Stage.REQUEST, FailureReason.CUT),
        ((*ASKED, Idle()), Stage.REQUEST, FailureReason.TIMED_OUT),
        ((*ASKED, lines("220 SMTP")), Stage.REQUEST, FailureReason.WRONG_PROTOCOL),
        ((*ASKED, lines("HTTP/1.1 200 OK", "no header")), Stage.REQUEST, FailureReason.WRONG_PROTOCOL),
        ((*ASKED, lines("HTTP/1.1 200 OK"), Repeat(b"A: b\r\n")), Stage.REQUEST, FailureReason.TOO_LONG),
        ((*ASKED, lines("HTTP/1.1 200 OK"), Repeat(b"a" * 999)), Stage.REQUEST, FailureReason.TOO_LONG),
        ((*ASKED, lines(*["HTTP/1.1 100 Continue", ""] * 9)), Stage.REQUEST, FailureReason.TOO_LONG),
    ],
)  # fmt: skip
async def test_what_goes_wrong_is_a_fact(
    steps: tuple[Step, ...], stage: Stage, reason: FailureReason
) -> None:
    seen = await observe(Peer.of(*steps))

    assert seen.failure is not None
    assert (seen.failure.stage, seen.failure.reason) == (stage, reason)


async def test_interim_answers_and_folded_headers_are_read_over() -> None:
    seen = await observe(
        Peer.of(
            ShakeHands(),
            HearHeader(),
            lines("HTTP/1.1 103 Early Hints", "Link: x", "", "HTTP/1.0 200", "DAV: 1,", " addressbook", ""),
        )
    )

    assert seen.http is not None
    assert seen.http.headers == (("dav", "1, addressbook"),)


async def test_a_header_takes_little_time_whatever_is_in_it() -> None:
    blanks, quotes = f"X-Blank: a{' ' * 7000}b", '\\"' * 3500
    challenge = ('WWW-Authenticate: Negotiate, Basic "', *[f" {quotes}"] * 5)
    peer = Peer.of(*answer("401 Unauthorized", *[blanks] * 3, *challenge))
    began = time.process_time()

    seen = await observe(peer)

    assert seen.in_tls is not None
    assert "NEGOTIATE" in seen.in_tls.mechanisms
    assert time.process_time() - began < 1
