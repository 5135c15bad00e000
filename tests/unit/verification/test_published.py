"""Documents are fetched from loopback, whatever answers there, and judged."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from app.core.dns_lookups import LookupStatus
from app.core.findings import Severity
from app.core.observations import FailureReason
from app.core.ports import ANY_PORT, PortSet
from app.core.publications import DocumentCheck, ExpectedDocument
from app.net.address_policy import AddressPolicy
from app.net.dialer import Dialer
from app.verification.certificates import read_certificate
from app.verification.publication import judge_documents
from app.verification.published import DocumentFetcher
from app.verification.trust import TrustStore

from certificates import a_web_chain
from fakes.clock import FixedClock
from fakes.peers import HOST, HearHeader, Idle, Peer, Say, ShakeHands, Step, lines, server_context
from probing import LOOPBACK, a_resolver, limits_for

BODY = b"<clientConfig/>"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: Application/XML; charset=utf-8\r\n"
LENGTH = OK + b"Content-Length: 15\r\n\r\n" + BODY
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\n<clie\r\nA\r\nntConfig/>\r\n0\r\n\r\n"
UNTIL_THE_END = OK + b"\r\n" + BODY
TRUST = TrustStore.from_pem(a_web_chain([HOST]).root.pem)


async def fetched(  # noqa: PLR0913 - one keyword for each choice
    peer: Peer,
    *,
    scheme: str = "http",
    policy: AddressPolicy = LOOPBACK,
    posted: bytes = b"",
    otherwise: LookupStatus = LookupStatus.NO_NAME,
    ports: PortSet = ANY_PORT,
    **names: str,
) -> DocumentCheck:
    host = names.get("host", HOST)
    expected = ExpectedDocument(
        url=f"{scheme}://{host}:{peer.port}/mail/config-v1.1.xml?emailaddress=a%40b.example",
        format="autoconfig",
        body_sha256=sha256(BODY).hexdigest(),
        posted=posted,
    )
    resolver = a_resolver(*names.get("addresses", "127.0.0.1").split(), otherwise=otherwise)
    return await DocumentFetcher(Dialer(policy, limits_for(peer), ports=ports), resolver).check(expected)


def codes(check: DocumentCheck, now: datetime | None = None) -> list[str]:
    return [finding.code for finding in judge_documents([check], TRUST, now or FixedClock()())]


@pytest.mark.parametrize("answer", [LENGTH, CHUNKED, UNTIL_THE_END], ids=["length", "chunked", "end"])
async def test_a_current_document_is_fine_however_it_is_sent(answer: bytes) -> None:
    async with Peer.of(HearHeader(), Say(answer)) as peer:
        check = await fetched(peer)
    assert codes(check) == []
    assert check.seen.media_type == "application/xml"
    assert peer.heard[0].startswith(b"GET /mail/config-v1.1.xml?emailaddress=a%40b.example HTTP/1.1\r\n")


async def test_autodiscover_is_asked_with_post() -> None:
    async with Peer.of(HearHeader(), Say(LENGTH), Idle()) as peer:
        assert codes(await fetched(peer, posted=b"<Autodiscover/>")) == []
    assert peer.heard[0].startswith(b"POST ")
    assert b"\r\nContent-Length: 15\r\n" in peer.heard[0]


async def test_the_certificate_is_seen() -> None:
    async with Peer.of(ShakeHands(), HearHeader(), Say(LENGTH)) as peer:
        check = await fetched(peer, scheme="https")
    assert check.seen.failure is None
    assert check.seen.tls is not None
    certificate = read_certificate(check.seen.tls.chain[0])
    assert certificate is not None
    assert certificate.dns_names == (HOST,)


async def test_redirects_are_followed_and_those_without_an_end_are_told() -> None:
    async with Peer([[]]) as peer:
        there = f"HTTP/1.1 302 Found\r\nLocation: http://{HOST}:{peer.port}/there\r\n\r\n".encode()
        peer.scripts = [[HearHeader(), Say(there)], [HearHeader(), Say(LENGTH)]]
        check = await fetched(peer)
        assert codes(check) == []
        assert check.seen.http is not None
        assert check.seen.http.url == f"http://{HOST}:{peer.port}/there"
        assert len(check.seen.http.redirects) == 1
        peer.scripts = [[HearHeader(), Say(there)]]
        assert codes(await fetched(peer)) == ["document.redirect-loop"]
    assert peer.connections == 2 + 6


@pytest.mark.parametrize(
    ("status", "method"),
    [("301 Moved", b"GET"), ("302 Found", b"GET"), ("303 Other", b"GET"), ("307 Moved", b"POST"),
     ("308 Moved", b"POST")],
)  # fmt: skip
async def test_a_post_that_is_moved_becomes_a_get_without_a_body_where_clients_make_it_one(
    status: str, method: bytes
) -> None:
    async with Peer.of(HearHeader(), Say(LENGTH), Idle()) as there:
        moved = f"HTTP/1.1 {status}\r\nLocation: http://{HOST}:{there.port}/there\r\n\r\n".encode()
        async with Peer.of(HearHeader(), Say(moved), Idle()) as peer:
            await fetched(peer, posted=b"<Autodiscover/>")
    assert there.heard[0].startswith(method + b" /there ")
    assert (b"Content-Length" in there.heard[0]) is (method == b"POST")
    assert (b"Content-Type" in there.heard[0]) is (method == b"POST")


async def test_autodiscover_behind_a_301_is_not_current() -> None:
    refusal = b"HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\n\r\n"
    async with Peer.of(HearHeader(), Say(refusal)) as there:
        moved = f"HTTP/1.1 301 Moved\r\nLocation: http://{HOST}:{there.port}/there\r\n\r\n".encode()
        async with Peer.of(HearHeader(), Say(moved), Idle()) as peer:
            assert codes(await fetched(peer, posted=b"<Autodiscover/>")) == ["document.not-found"]


async def test_https_that_leads_to_http_is_told_and_not_followed() -> None:
    async with Peer.of(HearHeader(), Say(LENGTH)) as plain:
        moved = f"HTTP/1.1 302 Found\r\nLocation: http://{HOST}:{plain.port}/there\r\n\r\n".encode()
        async with Peer.of(ShakeHands(), HearHeader(), Say(moved)) as peer:
            check = await fetched(peer, scheme="https")
    assert codes(check, datetime.now(UTC)) == ["document.leads-to-plain"]
    assert plain.connections == 0


async def test_the_certificate_of_the_host_to_which_a_redirect_leads_is_judged() -> None:
    context = server_context("other.example")
    async with Peer.of(ShakeHands(context), HearHeader(), Say(LENGTH)) as there:
        moved = f"HTTP/1.1 302 Found\r\nLocation: https://{HOST}:{there.port}/there\r\n\r\n".encode()
        async with Peer.of(HearHeader(), Say(moved)) as peer:
            check = await fetched(peer)
    (finding,) = judge_documents([check], TRUST, datetime.now(UTC))
    assert finding.code == "certificate.name-mismatch"
    assert (finding.facts["hostname"], finding.facts["port"]) == (HOST, str(there.port))


async def test_a_redirect_to_a_closed_port_is_told_with_where_it_leads() -> None:
    async with Peer.of() as gone:
        pass
    moved = f"HTTP/1.1 302 Found\r\nLocation: http://{HOST}:{gone.port}/there\r\n\r\n".encode()
    async with Peer.of(HearHeader(), Say(moved)) as peer:
        check = await fetched(peer)
    (finding,) = judge_documents([check], TRUST, FixedClock()())
    assert finding.code == "document.leads-nowhere"
    assert finding.facts["last"] == f"http://{HOST}:{gone.port}/there"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([HearHeader(), Say(b"HTTP/1.1 404 Not Found\r\n\r\n")], ["document.not-found"]),
        ([HearHeader(), Say(b"HTTP/1.1 503 Busy\r\n\r\n")], ["document.not-tested"]),
        ([HearHeader(), Say(OK + b"\r\n<!doctype html><p>Hello")], ["document.catch-all"]),
        ([HearHeader(), Say(OK + b"\r\n<clientConfig></clientConfig>")], ["document.not-current"]),
        ([HearHeader(), Say(OK + b"Content-Length: 99999999\r\n\r\n")], ["document.not-current"]),
        ([HearHeader(), Say(OK + b"Content-Length: many\r\n\r\n")], ["document.unreachable"]),
        ([HearHeader(), Say(OK + b"Transfer-Encoding: chunked\r\n\r\nsome\r\n")], ["document.unreachable"]),
        ([HearHeader(), Say(OK + b"Content-Length: 15\r\n\r\n<clie")], ["document.unreachable"]),
        ([HearHeader(), Idle()], ["document.unreachable"]),
        ([HearHeader(), lines("SSH-2.0")], ["document.unreachable"]),
        ([], ["document.unreachable"]),
    ],
)
async def test_what_comes_in_its_place_is_told(steps: list[Step], expected: list[str]) -> None:
    async with Peer([steps]) as peer:
        assert codes(await fetched(peer)) == expected


async def test_a_closed_port_and_a_missing_name_are_told() -> None:
    async with Peer.of() as peer:
        pass
    assert codes(await fetched(peer)) == ["document.unreachable"]
    assert codes(await fetched(peer, host="nowhere.example")) == ["document.host-missing"]


UNANSWERED = [
    LookupStatus.TIMED_OUT, LookupStatus.SERVER_FAILURE, LookupStatus.REFUSED, LookupStatus.UNREACHABLE,
    LookupStatus.UNREADABLE,
]  # fmt: skip


@pytest.mark.parametrize("status", UNANSWERED)
async def test_where_the_dns_does_not_say_whether_there_is_an_address_nothing_is_bad(
    status: LookupStatus,
) -> None:
    async with Peer.of() as peer:
        check = await fetched(peer, host="slow.example", otherwise=status)
    (finding,) = judge_documents([check], TRUST, FixedClock()())
    assert (finding.code, finding.severity) == ("document.not-tested", Severity.UNTESTED)
    assert finding.facts["detail"] == f"the DNS gave no answer for its addresses: {status}"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((status, "document.not-tested") for status in UNANSWERED),
        (LookupStatus.BOGUS, "document.leads-nowhere"),
    ],
)
async def test_a_redirect_to_a_name_of_which_the_dns_does_not_say_is_not_tested(
    status: LookupStatus, code: str
) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://slow.example/there\r\n\r\n"
    async with Peer.of(HearHeader(), Say(moved)) as peer:
        assert codes(await fetched(peer, otherwise=status)) == [code]


async def test_a_name_whose_signatures_do_not_hold_is_bad() -> None:
    async with Peer.of() as peer:
        check = await fetched(peer, host="bogus.example", otherwise=LookupStatus.BOGUS)
    assert codes(check) == ["document.unreachable"]
    assert check.seen.failure is not None
    assert check.seen.failure.reason is FailureReason.UNREACHABLE


async def test_the_next_address_is_asked_where_one_is_dead() -> None:
    async with Peer.of(HearHeader(), Say(LENGTH), address="127.0.0.2") as peer:
        assert codes(await fetched(peer, addresses="127.0.0.3 127.0.0.2")) == []


async def test_no_packet_goes_to_an_address_that_is_not_permitted() -> None:
    async with Peer.of(HearHeader(), Say(LENGTH)) as peer:
        assert codes(await fetched(peer, policy=AddressPolicy())) == ["document.not-tested"]
    assert peer.connections == 0


async def test_no_packet_goes_to_a_port_that_is_not_permitted_where_a_redirect_leads_either() -> None:
    async with Peer.of(HearHeader(), Say(LENGTH)) as there:
        moved = f"HTTP/1.1 302 Found\r\nLocation: http://{HOST}:{there.port}/there\r\n\r\n".encode()
        async with Peer.of(HearHeader(), Say(moved)) as peer:
            check = await fetched(peer, ports=PortSet.parse(str(peer.port)))
            assert codes(await fetched(peer, ports=PortSet.parse("443"))) == ["document.not-tested"]
        (finding,) = judge_documents([check], TRUST, FixedClock()())
    assert finding.code == "document.not-tested"
    assert f"port {there.port} is none that the operator allows" in finding.facts["detail"]
    assert there.connections == 0
