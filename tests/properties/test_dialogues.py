"""Whatever other hosts send, and however it is cut: lines are lines, limits hold, and failures are facts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from ipaddress import ip_address
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from app.core.endpoints import Listing, Protocol
from app.core.observations import EndpointObservation, Failure, Stage
from app.core.servers import Authentication, SocketType
from app.core.text import FORBIDDEN_CHARACTERS
from app.net.failures import ConversationError, shown, words_of
from app.net.http import WebTarget, find_redirect, schemes_of
from app.net.imap import ImapDialogue
from app.net.lines import MAX_LINE_BYTES, MAX_TOTAL_BYTES, Lines
from app.net.managesieve import ManageSieveDialogue
from app.net.pop3 import Pop3Dialogue
from app.net.smtp import SmtpDialogue
from app.net.streams import Stream
from app.verification.certificate_judging import judge_chain
from app.verification.judging import judge, judge_listing
from app.verification.probe import Sight
from app.verification.trust import TrustStore
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from observed import FIRST, a_session, an_endpoint
from pki import INTERMEDIATE, NOW, chain, issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.endpoints import Endpoint
    from app.net.dialogues import Dialogue

LINE = st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"").rstrip(b"\r"))
WORDS = st.lists(
    st.sampled_from([
        b"* OK ", b"a1 OK", b"* CAPABILITY ", b"* BYE", b"+OK", b"-ERR", b"220 ", b"220-", b"250 ", b"250-x",
        b"AUTH", b"AUTH=", b"=", b"SASL", b'"SASL" ""', b"OK", b"NO", b"BYE", b".", b"{3}\r\n", b"{0+}",
        b'"', b"\\", b"\r\n", b"\n", b"\r\n", b"\n", b"\0", b"\xff", b" ",
    ]),
    max_size=40,
).map(b"".join)  # fmt: skip


class Pieces(Stream):
    """A far side that sends these pieces, and hears nothing."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]

    @override
    def reply_deadline(self) -> float:
        return 0.0

    @override
    async def receive(self, until: float) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    @override
    async def send(self, data: bytes) -> None:
        assert data.endswith(b"\r\n")
        assert data.count(b"\n") == 1


def cut(data: bytes, at: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in at)})
    return [data[first:last] for first, last in pairwise(places)]


@given(
    st.lists(st.tuples(LINE, st.sampled_from([b"\n", b"\r\n"])), max_size=20), st.lists(st.integers(0, 2000))
)
def test_lines_come_out_as_they_went_in_however_they_are_cut(
    sent: list[tuple[bytes, bytes]], places: list[int]
) -> None:
    async def read() -> list[bytes]:
        lines = Lines(Pieces(cut(b"".join(line + end for line, end in sent), places)))
        found = [await lines.read() for _ in sent]
        assert not lines.drop_rest()
        return found

    assert asyncio.run(read()) == [line for line, _ in sent]


@given(st.integers(1, 40), st.integers(1, 20_000), st.binary(max_size=3))
def test_no_line_is_longer_and_no_conversation_larger_than_its_limit(
    count: int, length: int, end: bytes
) -> None:
    data = (b"x" * length + b"\n") * count + end

    async def read() -> int:
        lines, total = Lines(Pieces(cut(data, [16_384 * number for number in range(1, 60)]))), 0
        while True:
            line = await lines.read()
            assert len(line) <= MAX_LINE_BYTES
            total += len(line) + 1
            assert total <= MAX_TOTAL_BYTES

    with pytest.raises(ConversationError):
        asyncio.run(read())


@pytest.mark.parametrize("kind", [ImapDialogue, Pop3Dialogue, SmtpDialogue, ManageSieveDialogue])
@given(data=st.one_of(WORDS, st.binary(max_size=300)), places=st.lists(st.integers(0, 300), max_size=5))
def test_whatever_is_said_is_understood_or_is_a_failure(
    kind: type[Dialogue], data: bytes, places: list[int]
) -> None:
    async def talk() -> None:
        lines = Lines(Pieces(cut(data, places)))
        dialogue = kind(lines, "probe.example")
        await dialogue.greet()
        offered = await dialogue.ask_capabilities()
        assert "" not in offered.atoms | offered.mechanisms
        assert all(atom == atom.upper() for atom in offered.atoms | offered.mechanisms)
        await dialogue.ask_for_tls()
        lines.drop_rest()
        await dialogue.take_leave()

    # Anything else that is raised is a fault of ours.
    with suppress(ConversationError):
        asyncio.run(talk())


CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
HOSTILE: Final = st.lists(
    st.sampled_from(
        [b"\x1b]0;owned\x07", b"\0", b"\x9b", b"\x7f", b"PLAIN", b"\xc2\x9b", b"\r", b"\x1f", b"x"]
    ),
    max_size=5,
).map(b"".join)
TALKS: Final[dict[type[Dialogue], tuple[Protocol, bytes]]] = {
    ImapDialogue: (Protocol.IMAP, b"* OK %b\r\n* CAPABILITY %b AUTH=%b\r\na1 OK\r\n"),
    Pop3Dialogue: (Protocol.POP3, b"+OK %b\r\n+OK\r\nX%b\r\nSASL %b\r\n.\r\n"),
    SmtpDialogue: (Protocol.SMTP, b"220 %b\r\n250-x\r\n250-X%b\r\n250 AUTH %b\r\n"),
    ManageSieveDialogue: (
        Protocol.MANAGESIEVE,
        b'"IMPLEMENTATION" "%b"\r\n"X%b"\r\n"SASL" "%b"\r\nOK\r\n',
    ),
}


def texts_in(value: object) -> Iterator[str]:
    """Yield all texts that a value is made of."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for item in value.items() for one in item for text in texts_in(one))
    elif isinstance(value, tuple | list | frozenset):
        yield from (text for one in value for text in texts_in(one))
    elif is_dataclass(value):
        yield from (text for one in fields(value) for text in texts_in(getattr(value, one.name)))


@pytest.mark.parametrize("kind", TALKS)
@given(words=st.tuples(HOSTILE, HOSTILE, HOSTILE))
def test_nothing_that_is_observed_or_found_holds_a_control_character(
    kind: type[Dialogue], words: tuple[bytes, bytes, bytes]
) -> None:
    protocol, said = TALKS[kind]
    observation = asyncio.run(observe(kind, an_endpoint(protocol, SocketType.STARTTLS), said % words))
    listing = Listing(endpoint=observation.endpoint, server="server", authentication=tuple(Authentication))
    trust = TrustStore(())
    findings = (*judge(observation, trust, NOW), *judge_listing(listing, observation))
    assert [text for text in texts_in((observation, findings)) if CONTROL.search(text)] == []


async def observe(kind: type[Dialogue], endpoint: Endpoint, said: bytes) -> EndpointObservation:
    """Talk, and write down what was heard as a probe does."""
    dialogue, sight = kind(Lines(Pieces([said])), "probe.example"), Sight(stage=Stage.GREETING)
    failure = None
    try:
        sight.greeting = (await dialogue.greet()).text
        sight.stage = Stage.CAPABILITIES_IN_TLS
        sight.in_tls = await dialogue.ask_capabilities()
    except ConversationError as error:
        failure = Failure(stage=sight.stage, reason=error.reason, detail=error.detail)
    sight.tls = a_session()
    seen = sight.observation(ip_address(FIRST), failure)
    return EndpointObservation(endpoint=endpoint, at=NOW, addresses=(seen,))


def test_a_word_becomes_no_other_word_by_what_cannot_be_shown() -> None:
    assert words_of(b"plain\0 \x1bLOGIN\x07 X-" + b"Y" * 300) == [
        "PLAIN\ufffd",
        "\ufffdLOGIN\ufffd",
        "X-" + "Y" * 198,
    ]


@given(
    st.lists(
        HOSTILE.filter(bool).map(lambda name: name.decode("ascii", "ignore") or "x"), min_size=1, max_size=7
    )
)
def test_no_name_in_a_certificate_brings_a_control_character_into_a_finding(names: list[str]) -> None:
    leaf = issue(names[0], INTERMEDIATE, names=tuple(names))
    facts = [
        facts for _, facts in judge_chain(chain(leaf, INTERMEDIATE), "mail.example", TrustStore(()), NOW)
    ]
    assert facts
    assert [text for text in texts_in(facts) if CONTROL.search(text)] == []


@given(st.one_of(st.binary(max_size=1000), st.text(max_size=1000)))
def test_what_is_shown_is_one_short_line_that_can_be_stored_anywhere(said: bytes | str) -> None:
    text = shown(said)
    assert len(text) <= 200
    assert not FORBIDDEN_CHARACTERS.search(text)
    assert len(text.splitlines()) <= 1


@given(
    st.one_of(
        st.text(max_size=60),
        st.text(alphabet=":/@?#[]%.\\\r\n\t abhtps0127x", max_size=40).map(lambda text: f"https://{text}"),
    )
)
def test_redirects_lead_to_what_can_be_asked_for_or_nowhere(location: str) -> None:
    start = WebTarget(scheme="https", hostname="mail.example", port=443, path="/")
    found = find_redirect(start, location)
    if found is not None:
        assert found.scheme in {"https", "http"}
        assert 0 < found.port < 65536
        line = f"{found.path} {found.authority}"
        assert line.isascii()
        assert line.isprintable()
        assert found.path.startswith("/")
        assert " " not in found.path
        assert "@" not in found.authority


@given(st.text(alphabet='abc", =\\Basic', max_size=60))
def test_schemes_are_tokens_in_upper_case(challenges: str) -> None:
    assert all(scheme and scheme == scheme.upper() and " " not in scheme for scheme in schemes_of(challenges))


@pytest.mark.parametrize(
    ("challenges", "schemes"),
    [
        ("", set()),
        ("Basic", {"BASIC"}),
        ('Basic realm="x, Digest y"', {"BASIC"}),
        ('Digest realm="a", nonce = "b", Negotiate, NTLM', {"DIGEST", "NEGOTIATE", "NTLM"}),
        ("Negotiate YII=, Bearer realm=x", {"NEGOTIATE", "BEARER"}),
        ('Basic realm="unclosed, NTLM', {"BASIC", "NTLM"}),
    ],
)
def test_schemes_are_told_from_their_parameters(challenges: str, schemes: set[str]) -> None:
    assert schemes_of(challenges) == schemes
