from __future__ import annotations

import pytest
from app.core.endpoints import Protocol
from app.core.observations import AddressObservation, Capabilities, FailureReason, Stage
from app.core.servers import SocketType

from fakes.peers import Hear, Peer, Say, ShakeHands, Step, lines
from probing import observe

CAPABILITIES = ('"IMPLEMENTATION" "Example1 \\"quoted\\""', '"SASL" ""', '"SIEVE" "fileinto"', '"STARTTLS"')
GREETING = lines(*CAPABILITIES, 'OK "ready"')
GOODBYE: tuple[Step, ...] = (Hear(b"LOGOUT"), lines("OK"))


async def observe_sieve(*steps: Step, socket_type: SocketType = SocketType.STARTTLS) -> AddressObservation:
    return await observe(Peer.of(*steps), Protocol.MANAGESIEVE, socket_type)


async def test_capabilities_come_by_themselves_in_tls() -> None:
    peer = Peer.of(
        GREETING,
        Hear(b"STARTTLS"),
        lines('OK "Begin TLS"'),
        ShakeHands(),
        Say(b'{4}\r\nSASL "PLAIN scram-sha-1"\r\n"VERSION" {3}\r\n1.0\r\nOK (TAG {2}\r\nhi) "go"\r\n'),
        *GOODBYE,
    )

    seen = await observe(peer, Protocol.MANAGESIEVE, SocketType.STARTTLS)

    assert seen.failure is None
    assert seen.greeting == 'Example1 "quoted"'
    assert seen.before_tls == Capabilities(
        atoms=frozenset({"IMPLEMENTATION", "SASL", "SIEVE", "STARTTLS"}), mechanisms=frozenset()
    )
    assert seen.in_tls == Capabilities(
        atoms=frozenset({"SASL", "VERSION"}), mechanisms=frozenset({"PLAIN", "SCRAM-SHA-1"})
    )
    assert peer.heard == [b"STARTTLS\r\n", b"LOGOUT\r\n"]


async def test_implicit_tls_greets_in_tls() -> None:
    seen = await observe_sieve(ShakeHands(), GREETING, *GOODBYE, socket_type=SocketType.TLS)

    assert seen.failure is None
    assert seen.in_tls is not None
    assert "SIEVE" in seen.in_tls.atoms


@pytest.mark.parametrize(
    ("steps", "stage", "reason", "detail"),
    [
        ((lines('BYE "busy"'), *GOODBYE), Stage.GREETING, FailureReason.TURNED_AWAY, 'BYE "busy"'),
        ((lines('NO "not you"'), *GOODBYE), Stage.GREETING, FailureReason.TURNED_AWAY, 'NO "not you"'),
        ((lines("* OK IMAP"),), Stage.GREETING, FailureReason.WRONG_PROTOCOL, "* OK IMAP"),
        ((lines("220 SMTP"),), Stage.GREETING, FailureReason.WRONG_PROTOCOL, "220 SMTP"),
        ((lines('"SIEVE" "a"'),), Stage.GREETING, FailureReason.CUT, ""),
        (
            (Say(b'"X" {70000}\r\n' + b"x" * 9000),),
            Stage.GREETING,
            FailureReason.TOO_LONG,
            "announces 70000 bytes",
        ),
        (
            (GREETING, Hear(b"STARTTLS"), lines('NO "no certificate"'), *GOODBYE),
            Stage.STARTTLS,
            FailureReason.REJECTED,
            'NO "no certificate"',
        ),
        (
            (GREETING, Hear(b"STARTTLS"), lines('BYE "too many"')),
            Stage.STARTTLS,
            FailureReason.TURNED_AWAY,
            'BYE "too many"',
        ),
    ],
)
async def test_what_goes_wrong_is_a_fact(
    steps: tuple[Step, ...], stage: Stage, reason: FailureReason, detail: str
) -> None:
    seen = await observe_sieve(*steps)

    assert seen.failure is not None
    assert (seen.failure.stage, seen.failure.reason, seen.failure.detail) == (stage, reason, detail)
