from __future__ import annotations

import pytest
from app.core.endpoints import Protocol
from app.core.observations import AddressObservation, Capabilities, FailureReason, Stage
from app.core.servers import SocketType

from fakes.peers import Hear, Peer, Repeat, Say, ShakeHands, Step, lines
from probing import observe

GREETING = lines("+OK POP3 ready <1896.697170952@mail.provider.example>")
GOODBYE: tuple[Step, ...] = (Hear(b"QUIT"), lines("+OK bye"))


async def observe_pop3(*steps: Step, socket_type: SocketType = SocketType.STARTTLS) -> AddressObservation:
    return await observe(Peer.of(*steps), Protocol.POP3, socket_type)


async def test_capabilities_are_asked_for_again_in_tls() -> None:
    seen = await observe_pop3(
        GREETING,
        Hear(b"CAPA"),
        lines("+OK", "STLS", "EXPIRE NEVER", "."),
        Hear(b"STLS"),
        lines("+OK begin"),
        ShakeHands(),
        Hear(b"CAPA"),
        lines("+OK list follows", "USER", "sasl plain SCRAM-SHA-256", "."),
        *GOODBYE,
    )

    assert seen.failure is None
    assert seen.greeting == "+OK POP3 ready <1896.697170952@mail.provider.example>"
    assert seen.before_tls == Capabilities(atoms=frozenset({"STLS", "EXPIRE"}))
    assert seen.in_tls == Capabilities(
        atoms=frozenset({"USER", "SASL"}), mechanisms=frozenset({"PLAIN", "SCRAM-SHA-256"})
    )


async def test_starttls_is_tried_where_capabilities_are_not_told() -> None:
    seen = await observe_pop3(
        GREETING,
        Hear(b"CAPA"),
        lines("-ERR unknown"),
        Hear(b"STLS"),
        lines("+OK begin"),
        ShakeHands(),
        Hear(b"CAPA"),
        lines("-ERR unknown"),
        *GOODBYE,
    )

    assert seen.failure is None
    assert seen.tls is not None
    assert seen.in_tls == Capabilities(are_known=False)


async def test_without_an_offer_starttls_is_not_tried() -> None:
    seen = await observe_pop3(GREETING, Hear(b"CAPA"), lines("+OK", "USER", "."), *GOODBYE)

    assert seen.failure is None
    assert seen.tls is None


@pytest.mark.parametrize(
    ("steps", "stage", "reason", "detail"),
    [
        (
            (lines("-ERR [SYS/TEMP] later"), *GOODBYE),
            Stage.GREETING,
            FailureReason.TURNED_AWAY,
            "-ERR [SYS/TEMP] later",
        ),
        ((lines("* OK IMAP4"),), Stage.GREETING, FailureReason.WRONG_PROTOCOL, "* OK IMAP4"),
        ((Say(b"+OK"),), Stage.GREETING, FailureReason.CUT, "+OK"),
        (
            (GREETING, Hear(b"CAPA"), Say(b"+OK\r\nSTLS\r\n")),
            Stage.CAPABILITIES,
            FailureReason.CUT,
            "",
        ),
        (
            (GREETING, Hear(b"CAPA"), lines("+OK"), Repeat(b"X\r\n")),
            Stage.CAPABILITIES,
            FailureReason.TOO_LONG,
            "sends over 65536 bytes",
        ),
        (
            (GREETING, Hear(b"CAPA"), lines("+OK", "STLS", "."), Hear(b"STLS"), lines("-ERR no"), *GOODBYE),
            Stage.STARTTLS,
            FailureReason.REJECTED,
            "-ERR no",
        ),
    ],
)
async def test_what_goes_wrong_is_a_fact(
    steps: tuple[Step, ...], stage: Stage, reason: FailureReason, detail: str
) -> None:
    seen = await observe_pop3(*steps)

    assert seen.failure is not None
    assert (seen.failure.stage, seen.failure.reason, seen.failure.detail) == (stage, reason, detail)
