from __future__ import annotations

import pytest
from app.core.endpoints import Protocol
from app.core.observations import AddressObservation, Capabilities, Failure, FailureReason, Stage
from app.core.servers import SocketType

from fakes.peers import Hear, Idle, Peer, Repeat, Reset, Say, ShakeHands, Step, Wait, lines
from probing import IMPATIENT, observe

GREETING = lines("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready")
GOODBYE: tuple[Step, ...] = (Hear(b"a2 LOGOUT"), lines("* BYE", "a2 OK"))


async def observe_imap(*steps: Step, socket_type: SocketType = SocketType.PLAIN) -> AddressObservation:
    return await observe(Peer.of(*steps), Protocol.IMAP, socket_type)


def failure(stage: Stage, reason: FailureReason, detail: str = "") -> Failure:
    return Failure(stage=stage, reason=reason, detail=detail)


async def test_tls_from_the_first_byte_is_observed_to_the_end() -> None:
    seen = await observe_imap(
        ShakeHands(),
        GREETING,
        Hear(b"a1 CAPABILITY"),
        lines("* CAPABILITY IMAP4rev1 AUTH=PLAIN auth=scram-sha-256 SASL-IR", "a1 OK done"),
        *GOODBYE,
        socket_type=SocketType.TLS,
    )

    assert seen.failure is None
    assert seen.reached is Stage.DONE
    assert seen.before_tls is None
    assert seen.in_tls == Capabilities(
        atoms=frozenset({"IMAP4REV1", "AUTH=PLAIN", "AUTH=SCRAM-SHA-256", "SASL-IR"}),
        mechanisms=frozenset({"PLAIN", "SCRAM-SHA-256"}),
    )
    assert seen.tls is not None
    assert seen.tls.version == "TLSv1.3"
    assert seen.tls.cipher.startswith("TLS_")
    assert len(seen.tls.chain) == 2
    assert not seen.tls.is_legacy
    assert seen.greeting.startswith("* OK [CAPABILITY")
    assert 0 < seen.seconds < 10


async def test_starttls_asks_for_the_capabilities_again() -> None:
    seen = await observe_imap(
        GREETING,
        Hear(b"a1 CAPABILITY"),
        lines("* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED", "a1 OK done"),
        Hear(b"a2 STARTTLS"),
        lines("a2 OK begin"),
        ShakeHands(),
        Hear(b"a3 CAPABILITY"),
        lines("* CAPABILITY IMAP4rev2", "* CAPABILITY AUTH=PLAIN", "a3 OK done"),
        Hear(b"a4 LOGOUT"),
        lines("* BYE", "a4 OK"),
        socket_type=SocketType.STARTTLS,
    )

    assert seen.failure is None
    assert seen.before_tls is not None
    assert seen.before_tls.atoms == {"IMAP4REV1", "STARTTLS", "LOGINDISABLED"}
    assert seen.in_tls is not None
    assert seen.in_tls.atoms == {"IMAP4REV2", "AUTH=PLAIN"}
    assert seen.tls is not None
    assert not seen.tls.had_bytes_before


async def test_without_an_offer_starttls_is_not_tried() -> None:
    peer = Peer.of(GREETING, Hear(b"a1"), lines("* CAPABILITY IMAP4rev1", "a1 OK"), *GOODBYE)

    seen = await observe(peer, Protocol.IMAP, SocketType.STARTTLS)

    assert seen.failure is None
    assert seen.tls is None
    assert [line.split()[1] for line in peer.heard] == [b"CAPABILITY", b"LOGOUT"]


async def test_starttls_is_tried_where_capabilities_are_not_told() -> None:
    seen = await observe_imap(
        GREETING,
        Hear(b"a1"),
        lines("a1 BAD unknown command"),
        Hear(b"a2 STARTTLS"),
        lines("a2 NO not today"),
        Hear(b"a3 LOGOUT"),
        lines("* BYE", "a3 OK"),
        socket_type=SocketType.STARTTLS,
    )

    assert seen.before_tls == Capabilities(are_known=False)
    assert seen.failure == failure(Stage.STARTTLS, FailureReason.REJECTED, "a2 NO not today")


async def test_bytes_that_come_with_the_consent_are_dropped_and_noted() -> None:
    seen = await observe_imap(
        GREETING,
        Hear(b"a1"),
        lines("* CAPABILITY IMAP4rev1 STARTTLS", "a1 OK"),
        Hear(b"a2"),
        lines("a2 OK begin", "* CAPABILITY IMAP4rev1 AUTH=EVIL", "a3 OK"),
        ShakeHands(),
        Hear(b"a3 LOGOUT"),
        lines("* BYE", "a3 OK"),
        socket_type=SocketType.STARTTLS,
    )

    assert seen.tls is not None
    assert seen.tls.had_bytes_before
    assert seen.in_tls is None


async def test_preauth_ends_where_tls_was_to_begin() -> None:
    peer = Peer.of(
        lines("* PREAUTH [CAPABILITY IMAP4rev1] hello"), Hear(b"a1 LOGOUT"), lines("* BYE", "a1 OK")
    )

    seen = await observe(peer, Protocol.IMAP, SocketType.STARTTLS)

    assert seen.is_preauthenticated
    assert seen.tls is None
    assert seen.failure is None
    assert len(peer.heard) == 1


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((lines("* BYE overloaded"),), (Stage.GREETING, FailureReason.TURNED_AWAY, "overloaded")),
        ((lines("220 mail ESMTP"),), (Stage.GREETING, FailureReason.WRONG_PROTOCOL, "220 mail ESMTP")),
        (
            (lines("HTTP/1.1 400 Bad Request"),),
            (Stage.GREETING, FailureReason.WRONG_PROTOCOL, "HTTP/1.1 400 Bad Request"),
        ),
        ((Say(b"\x00\xff\n"),), (Stage.GREETING, FailureReason.WRONG_PROTOCOL, "\N{REPLACEMENT CHARACTER}")),
        ((Say(b"* OK rea"),), (Stage.GREETING, FailureReason.CUT, "* OK rea")),
        ((), (Stage.GREETING, FailureReason.CUT, "")),
        ((Reset(),), (Stage.GREETING, FailureReason.CUT, "Connection reset by peer")),
        ((Repeat(b"* OK " + b"x" * 1000),), (Stage.GREETING, FailureReason.TOO_LONG, None)),
        (
            (GREETING, Hear(b"a1"), Repeat(b"* 1 EXISTS\r\n")),
            (Stage.CAPABILITIES, FailureReason.TOO_LONG, None),
        ),
        (
            (GREETING, Hear(b"a1"), lines("* ID {99999999}")),
            (Stage.CAPABILITIES, FailureReason.TOO_LONG, None),
        ),
        (
            (GREETING, Hear(b"a1"), lines("* BYE going down")),
            (Stage.CAPABILITIES, FailureReason.TURNED_AWAY, "* BYE going down"),
        ),
        (
            (GREETING, Hear(b"a1"), lines("what?")),
            (Stage.CAPABILITIES, FailureReason.WRONG_PROTOCOL, "what?"),
        ),
        ((GREETING, Hear(b"a1"), Say(b"* CAPABILITY IMAP4")), (Stage.CAPABILITIES, FailureReason.CUT, None)),
        ((GREETING, Hear(b"a1"), Idle()), (Stage.CAPABILITIES, FailureReason.TIMED_OUT, None)),
    ],
)
async def test_what_goes_wrong_is_a_fact(
    steps: tuple[Step, ...], expected: tuple[Stage, FailureReason, str | None]
) -> None:
    seen = await observe_imap(*steps)

    stage, reason, detail = expected
    assert seen.failure is not None
    assert (seen.failure.stage, seen.failure.reason) == (stage, reason)
    assert seen.reached is stage
    if detail is not None:
        assert seen.failure.detail == detail


async def test_packets_may_be_cut_anywhere_and_lines_end_as_they_like() -> None:
    said = b'* OK hi\n* ID ("name" {4}\r\nx\r\ny)\r\n* CAPABILITY IMAP4rev1\r\n'
    said += b"* CAPABILITY AUTH=LOGIN\na1 OK\r\n"
    cut = [Say(said[at : at + 1]) for at in range(8)]
    rest = [Say(said[at : at + 3]) for at in range(8, len(said), 3)]

    seen = await observe_imap(*cut, Hear(b"a1"), *rest, *GOODBYE)

    assert seen.failure is None
    assert seen.before_tls is not None
    assert seen.before_tls.mechanisms == {"LOGIN"}


async def test_a_slow_banner_is_waited_for_and_an_endless_drip_is_not() -> None:
    told = (Hear(b"a1"), lines("* CAPABILITY IMAP4rev1", "a1 OK"), *GOODBYE)
    slow = await observe_imap(Wait(0.2), GREETING, *told)
    drip = [step for at in range(20) for step in (Say(GREETING.data[at : at + 1]), Wait(0.1))]
    dripping = await observe(Peer([drip]), Protocol.IMAP, SocketType.PLAIN, limits=IMPATIENT)

    assert slow.failure is None
    assert dripping.failure is not None
    assert dripping.failure.reason is FailureReason.TIMED_OUT


async def test_a_goodbye_that_goes_wrong_does_not_matter() -> None:
    seen = await observe_imap(
        GREETING, Hear(b"a1"), lines("* CAPABILITY IMAP4rev1", "a1 OK"), Hear(b"a2"), Reset()
    )

    assert seen.failure is None
    assert seen.reached is Stage.DONE
