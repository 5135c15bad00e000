"""Whatever other hosts send, and however it is cut: lines are lines, limits hold, and failures are facts."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from app.core.text import FORBIDDEN_CHARACTERS
from app.net.failures import ConversationError, shown
from app.net.http import WebTarget, find_redirect, schemes_of
from app.net.imap import ImapDialogue
from app.net.lines import MAX_LINE_BYTES, MAX_TOTAL_BYTES, Lines
from app.net.managesieve import ManageSieveDialogue
from app.net.pop3 import Pop3Dialogue
from app.net.smtp import SmtpDialogue
from app.net.streams import Stream
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

if TYPE_CHECKING:
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
