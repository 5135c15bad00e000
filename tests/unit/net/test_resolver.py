"""The resolver against a name server in this process that misbehaves on purpose."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from app.core.dns_lookups import LookupStatus, NameServer
from app.core.dns_records import (
    AddressData,
    AliasData,
    MxData,
    RecordData,
    RecordType,
    SrvData,
    TlsaData,
    TxtData,
)
from app.net.dnspython_resolver import DnspythonResolver
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

NAME = "customer.example"
LOOPBACK = ip_address("127.0.0.1")


class BadServer(asyncio.DatagramProtocol):
    """Answers every datagram with what a function makes of it, or not at all."""

    def __init__(self, answer: Callable[[dns.message.Message], bytes | None]) -> None:
        self._answer = answer
        self.asked: list[dns.message.Message] = []

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        query = dns.message.from_wire(data)
        self.asked.append(query)
        answer = self._answer(query)
        if answer is not None:
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def answering(
    answer: Callable[[dns.message.Message], bytes | None], deadline_seconds: float = 5
) -> AsyncIterator[tuple[DnspythonResolver, BadServer]]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: BadServer(answer), local_addr=("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    try:
        yield DnspythonResolver(NameServer(LOOPBACK, port), deadline_seconds), server
    finally:
        transport.close()


def saying(
    *texts: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR, flags: int = 0
) -> Callable[[dns.message.Message], bytes]:
    """Make an answer of records in text: ``NAME TYPE DATA``."""

    def answer(query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        response.flags |= flags
        for text in texts:
            name, record_type, data = text.split(" ", 2)
            response.answer.append(dns.rrset.from_text(f"{name}.", 300, "IN", record_type, data))
        return response.to_wire()

    return answer


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("A 192.0.2.1", AddressData(ip_address("192.0.2.1"))),
        ("AAAA 2001:db8::1", AddressData(ip_address("2001:db8::1"))),
        ("CNAME Host.Example.", AliasData("host.example")),
        ("MX 10 MX.example.", MxData(preference=10, exchange="mx.example")),
        ("MX 0 .", MxData(preference=0, exchange=None)),
        ("SRV 0 1 993 IMAP.example.", SrvData(priority=0, weight=1, port=993, target="imap.example")),
        ("SRV 0 0 0 .", SrvData(priority=0, weight=0, port=0, target=None)),
        (
            f"TLSA 3 1 1 {'ab' * 32}",
            TlsaData(usage=3, selector=1, matching_type=1, association=b"\xab" * 32),
        ),
        ('TXT "v=UAAC1; " "a=sha256"', TxtData("v=UAAC1; a=sha256")),
        ('TXT "\\195\\188\\255"', TxtData("ü\\xff")),
    ],
)
async def test_records_of_every_type_become_values(text: str, data: RecordData) -> None:
    async with answering(saying(f"{NAME} {text}")) as (resolver, _):
        lookup = await resolver.lookup(NAME, RecordType(text.split(" ", 1)[0]))
    assert lookup.status is LookupStatus.FOUND
    assert lookup.records == (data,)
    assert lookup.ttl_seconds == 300
    assert lookup.aliases == ()
    assert not lookup.is_authenticated


async def test_a_question_asks_for_authentication_and_not_for_signatures() -> None:
    async with answering(saying(f"{NAME} A 192.0.2.1", flags=dns.flags.AD)) as (resolver, server):
        lookup = await resolver.lookup(NAME, RecordType.A)
    assert lookup.is_authenticated
    (query,) = server.asked
    assert query.flags & dns.flags.AD
    assert query.flags & dns.flags.RD
    assert not query.ednsflags & dns.flags.DO
    assert query.payload == 1232


async def test_aliases_on_the_way_are_told() -> None:
    answer = saying(f"{NAME} CNAME a.example.", "a.example CNAME B.example.", "b.example A 192.0.2.1")
    async with answering(answer) as (resolver, _):
        lookup = await resolver.lookup(NAME, RecordType.A)
    assert lookup.records == (AddressData(ip_address("192.0.2.1")),)
    assert lookup.aliases == ("a.example", "b.example")


async def test_an_alias_that_leads_nowhere_is_told_with_the_empty_answer() -> None:
    async with answering(saying(f"{NAME} CNAME a.example.", rcode=dns.rcode.NXDOMAIN)) as (resolver, _):
        lookup = await resolver.lookup(NAME, RecordType.A)
    assert (lookup.status, lookup.records) == (LookupStatus.NO_NAME, ())
    assert lookup.aliases == ("a.example",)


@pytest.mark.parametrize(
    ("rcode", "status"),
    [(dns.rcode.NOERROR, LookupStatus.NO_DATA), (dns.rcode.NXDOMAIN, LookupStatus.NO_NAME)],
)
@pytest.mark.parametrize("flags", [0, dns.flags.AD])
async def test_an_empty_answer_is_an_answer(rcode: dns.rcode.Rcode, status: LookupStatus, flags: int) -> None:
    async with answering(saying(rcode=rcode, flags=flags)) as (resolver, _):
        lookup = await resolver.lookup(NAME, RecordType.TXT)
    assert lookup.status is status
    assert lookup.is_answered
    assert lookup.is_authenticated is bool(flags)


@pytest.mark.parametrize(
    ("rcode", "status"),
    [
        (dns.rcode.REFUSED, LookupStatus.REFUSED),
        (dns.rcode.SERVFAIL, LookupStatus.SERVER_FAILURE),
        (dns.rcode.NOTIMP, LookupStatus.SERVER_FAILURE),
    ],
)
async def test_a_name_servers_failure_is_told(rcode: dns.rcode.Rcode, status: LookupStatus) -> None:
    async with answering(saying(rcode=rcode)) as (resolver, _):
        lookup = await resolver.lookup(NAME, RecordType.A)
    assert lookup.status is status
    assert lookup.detail == dns.rcode.to_text(rcode)
    assert not lookup.is_answered


@pytest.mark.parametrize("unchecked", [dns.rcode.NOERROR, dns.rcode.NXDOMAIN])
async def test_an_answer_that_only_an_unchecked_question_gets_is_bogus(unchecked: dns.rcode.Rcode) -> None:
    def answer(query: dns.message.Message) -> bytes:
        is_unchecked = bool(query.flags & dns.flags.CD)
        return saying(rcode=unchecked if is_unchecked else dns.rcode.SERVFAIL)(query)

    async with answering(answer) as (resolver, _):
        lookup = await resolver.lookup(NAME, RecordType.A)
    assert lookup.status is LookupStatus.BOGUS


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (saying(f"{NAME} A 192.0.2.1"), LookupStatus.FOUND),
        (saying(rcode=dns.rcode.NXDOMAIN), LookupStatus.NO_NAME),
        (saying(rcode=dns.rcode.REFUSED), LookupStatus.REFUSED),
    ],
)
async def test_a_failure_that_is_gone_when_asked_again_was_none_of_signatures(
    answer: Callable[[dns.message.Message], bytes], status: LookupStatus
) -> None:
    questions: list[bool] = []

    def flaky(query: dns.message.Message) -> bytes:
        questions.append(bool(query.flags & dns.flags.CD))
        return saying(rcode=dns.rcode.SERVFAIL)(query) if len(questions) == 1 else answer(query)

    async with answering(flaky) as (resolver, _):
        lookup = await resolver.lookup(NAME, RecordType.A)
    assert lookup.status is (LookupStatus.SERVER_FAILURE if status is LookupStatus.REFUSED else status)
    # An unchecked question that is refused tells nothing, so nobody asks a third time.
    assert questions == ([False, True] if status is LookupStatus.REFUSED else [False, True, False])


async def test_a_second_question_without_an_answer_does_not_make_signatures_wrong() -> None:
    questions: list[bool] = []

    def silent_at_last(query: dns.message.Message) -> bytes | None:
        questions.append(bool(query.flags & dns.flags.CD))
        if len(questions) > 2:
            return None
        return saying(rcode=dns.rcode.NOERROR if questions[-1] else dns.rcode.SERVFAIL)(query)

    async with answering(silent_at_last, deadline_seconds=0.5) as (resolver, _):
        lookup = await resolver.lookup(NAME, RecordType.A)
    assert lookup.status is LookupStatus.TIMED_OUT


async def test_names_in_answers_hold_no_control_characters() -> None:
    async with answering(saying(f"{NAME} CNAME a\\027]0\\000b.example.")) as (resolver, _):
        lookup = await resolver.lookup(NAME, RecordType.CNAME)
    (data,) = lookup.records
    assert isinstance(data, AliasData)
    assert data.target == "a\\027]0\\000b.example"


async def test_a_resolver_that_says_bogus_is_believed_at_once() -> None:
    def answer(query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.SERVFAIL)
        response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.SIGNATURE_EXPIRED)])
        return response.to_wire()

    async with answering(answer) as (resolver, server):
        lookup = await resolver.lookup(NAME, RecordType.A)
    assert lookup.status is LookupStatus.BOGUS
    assert not [query for query in server.asked if query.flags & dns.flags.CD]


def another_id(query: dns.message.Message) -> bytes:
    response = dns.message.make_response(query)
    response.id ^= 1
    return response.to_wire()


@pytest.mark.parametrize(
    "answer", [lambda _query: None, lambda _query: b"\x00garbage", another_id], ids=["silence", "junk", "id"]
)
async def test_what_is_no_answer_runs_into_the_deadline(
    answer: Callable[[dns.message.Message], bytes | None],
) -> None:
    started = asyncio.get_running_loop().time()
    async with answering(answer, deadline_seconds=0.3) as (resolver, _):
        lookup = await resolver.lookup(NAME, RecordType.A)
    assert lookup.status is LookupStatus.TIMED_OUT
    assert lookup.detail == "no answer within 0.3 seconds"
    assert asyncio.get_running_loop().time() - started < 2


async def test_a_cut_answer_without_tcp_behind_it_is_unreachable() -> None:
    async with answering(saying(flags=dns.flags.TC)) as (resolver, _):
        lookup = await resolver.lookup(NAME, RecordType.TXT)
    assert lookup.status in (LookupStatus.UNREACHABLE, LookupStatus.TIMED_OUT)


@pytest.mark.parametrize("name", ["a..example", "x" * 64 + ".example", ".".join(["a" * 60] * 5)])
async def test_a_name_that_cannot_be_asked_for_is_told(name: str) -> None:
    async with answering(saying()) as (resolver, server):
        lookup = await resolver.lookup(name, RecordType.A)
    assert lookup.status is LookupStatus.UNREADABLE
    assert lookup.detail
    assert server.asked == []
