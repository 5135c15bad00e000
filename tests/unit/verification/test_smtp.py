from __future__ import annotations

import pytest
from app.core.endpoints import Protocol
from app.core.observations import AddressObservation, Capabilities, FailureReason, Stage
from app.core.servers import SocketType
from app.net.smtp import ehlo_name_of

from fakes.peers import Hear, Idle, Peer, Reset, Say, ShakeHands, Step, Wait, lines
from probing import IMPATIENT, OWN_NAME, observe

BANNER = lines("220-mail.provider.example says", "220 hello")
GOODBYE: tuple[Step, ...] = (Hear(b"QUIT"), lines("221 2.0.0 bye"))


async def observe_smtp(*steps: Step, socket_type: SocketType = SocketType.STARTTLS) -> AddressObservation:
    return await observe(Peer.of(*steps), Protocol.SMTP, socket_type)


async def test_submission_with_starttls_is_observed_to_the_end() -> None:
    peer = Peer.of(
        BANNER,
        Hear(b"EHLO"),
        lines("250-mail", "250-SIZE 52428800", "250-auth PLAIN", "250-AUTH=LOGIN PLAIN", "250 starttls"),
        Hear(b"STARTTLS"),
        lines("220 2.0.0 Ready"),
        ShakeHands(),
        Hear(b"EHLO"),
        lines("250-mail", "250-AUTH PLAIN SCRAM-SHA-256", "250 HELP"),
        *GOODBYE,
    )

    seen = await observe(peer, Protocol.SMTP, SocketType.STARTTLS)

    assert seen.failure is None
    assert seen.reached is Stage.DONE
    assert seen.greeting == "220 mail.provider.example says hello"
    assert seen.before_tls == Capabilities(
        atoms=frozenset({"SIZE", "AUTH", "STARTTLS"}), mechanisms=frozenset({"PLAIN", "LOGIN"})
    )
    assert seen.in_tls is not None
    assert seen.in_tls.mechanisms == {"PLAIN", "SCRAM-SHA-256"}
    assert [line for line in peer.heard if line.startswith(b"EHLO")] == [f"EHLO {OWN_NAME}\r\n".encode()] * 2


async def test_implicit_tls_waits_for_the_banner_and_says_who_it_is() -> None:
    seen = await observe_smtp(
        ShakeHands(),
        Wait(0.2),
        BANNER,
        Hear(b"EHLO"),
        lines("250 mail"),
        *GOODBYE,
        socket_type=SocketType.TLS,
    )

    assert seen.failure is None
    assert seen.in_tls == Capabilities()


async def test_helo_is_said_where_ehlo_is_not_known() -> None:
    seen = await observe_smtp(
        BANNER, Hear(b"EHLO"), lines("502 what?"), Hear(b"HELO"), lines("250 hi"), *GOODBYE
    )

    assert seen.failure is None
    assert seen.before_tls == Capabilities()
    assert seen.tls is None


async def test_a_banner_in_the_clear_where_tls_is_listed_is_shown() -> None:
    seen = await observe_smtp(BANNER, Wait(0.1), socket_type=SocketType.TLS)

    assert seen.failure is not None
    assert (seen.failure.stage, seen.failure.reason) == (Stage.HANDSHAKE, FailureReason.NOT_TLS)
    assert seen.failure.detail == "220-mail.provider.example says 220 hello"


async def test_a_server_that_waits_for_a_handshake_is_found_out() -> None:
    peer = Peer.of(ShakeHands(), BANNER, Wait(0.1))

    seen = await observe(peer, Protocol.SMTP, SocketType.STARTTLS, limits=IMPATIENT)

    assert seen.failure is not None
    assert (seen.failure.stage, seen.failure.reason) == (Stage.GREETING, FailureReason.TIMED_OUT)
    assert seen.tls is not None


async def test_a_server_that_is_merely_silent_has_no_handshake() -> None:
    peer = Peer.of(Idle())

    seen = await observe(peer, Protocol.SMTP, SocketType.STARTTLS)

    assert seen.failure is not None
    assert seen.failure.reason is FailureReason.TIMED_OUT
    assert seen.tls is None
    assert peer.connections == 2
    assert peer.gauge.most == 1


async def test_bytes_that_come_with_the_consent_are_dropped_and_noted() -> None:
    seen = await observe_smtp(
        BANNER,
        Hear(b"EHLO"),
        lines("250-mail", "250 STARTTLS"),
        Hear(b"STARTTLS"),
        lines("220 Ready", "250-evil", "250 AUTH EVIL"),
        ShakeHands(),
        *GOODBYE,
    )

    assert seen.tls is not None
    assert seen.tls.had_bytes_before
    assert seen.in_tls is None


OFFER: tuple[Step, ...] = (BANNER, Hear(b"EHLO"), lines("250-mail", "250 STARTTLS"), Hear(b"STARTTLS"))


@pytest.mark.parametrize(
    ("steps", "stage", "reason", "detail"),
    [
        ((lines("421 busy"), *GOODBYE), Stage.GREETING, FailureReason.TURNED_AWAY, "421 busy"),
        ((lines("450 later"), *GOODBYE), Stage.GREETING, FailureReason.TURNED_AWAY, "450 later"),
        ((lines("554 not here"), *GOODBYE), Stage.GREETING, FailureReason.REJECTED, "554 not here"),
        ((lines("+OK POP3"),), Stage.GREETING, FailureReason.WRONG_PROTOCOL, "+OK POP3"),
        ((lines("* OK IMAP"),), Stage.GREETING, FailureReason.WRONG_PROTOCOL, "* OK IMAP"),
        ((lines("SSH-2.0-x"),), Stage.GREETING, FailureReason.WRONG_PROTOCOL, "SSH-2.0-x"),
        ((lines("250 done"),), Stage.GREETING, FailureReason.WRONG_PROTOCOL, "250 done"),
        ((lines("220-one", "250 two"),), Stage.GREETING, FailureReason.WRONG_PROTOCOL, "250 two"),
        (
            (lines(*["220-more"] * 9000),),
            Stage.GREETING,
            FailureReason.TOO_LONG,
            "sends over 65536 bytes",
        ),
        ((Say(b"220-mail\r\n220"),), Stage.GREETING, FailureReason.CUT, "220"),
        (
            (BANNER, Hear(b"EHLO"), lines("550 who?"), *GOODBYE),
            Stage.CAPABILITIES,
            FailureReason.REJECTED,
            "550 who?",
        ),
        (
            (BANNER, Hear(b"EHLO"), lines("500 what?"), Hear(b"HELO"), lines("501 who?"), *GOODBYE),
            Stage.CAPABILITIES,
            FailureReason.REJECTED,
            "501 who?",
        ),
        ((BANNER, Hear(b"EHLO"), lines("421 bye")), Stage.CAPABILITIES, FailureReason.TURNED_AWAY, "421 bye"),
        (
            (*OFFER, lines("454 4.7.0 TLS not available"), *GOODBYE),
            Stage.STARTTLS,
            FailureReason.REJECTED,
            "454 4.7.0 TLS not available",
        ),
        ((*OFFER, lines("421 bye")), Stage.STARTTLS, FailureReason.TURNED_AWAY, "421 bye"),
        ((*OFFER, Reset()), Stage.STARTTLS, FailureReason.CUT, None),
        ((*OFFER, lines("220 Ready")), Stage.HANDSHAKE, FailureReason.CUT, None),
        (
            (*OFFER, lines("220 Ready"), Hear(b""), lines("554 nothing")),
            Stage.HANDSHAKE,
            FailureReason.NOT_TLS,
            "554 nothing",
        ),
        (
            (*OFFER, lines("220 Ready"), Hear(b""), Say(b"\x15\x03\x01\x00\x02\x02\x28")),
            Stage.HANDSHAKE,
            FailureReason.TLS_ALERT,
            "sslv3 alert handshake failure",
        ),
    ],
)
async def test_what_goes_wrong_is_a_fact(
    steps: tuple[Step, ...], stage: Stage, reason: FailureReason, detail: str | None
) -> None:
    seen = await observe_smtp(*steps)

    assert seen.failure is not None
    assert (seen.failure.stage, seen.failure.reason) == (stage, reason)
    if detail is not None:
        assert seen.failure.detail == detail


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("mail.provider.example", "mail.provider.example"),
        ("127.0.0.1", "[127.0.0.1]"),
        ("[2001:db8::1]", "[IPv6:2001:db8::1]"),
    ],
)
def test_addresses_are_put_in_brackets_for_ehlo(host: str, name: str) -> None:
    assert ehlo_name_of(host) == name
