"""Wherever an answer leads: what is asked next is a place that can be asked, and all else is a fact."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Final

from app.core.names import Hostname
from app.net.failures import ConversationError
from app.net.http import WebTarget, target_of
from app.net.streams import Stream
from app.net.web_asking import GET, Progress, Question, Reply, ask_once, follow
from hypothesis import example, given
from hypothesis import strategies as st
from typing_extensions import override

from observed import a_session

if TYPE_CHECKING:
    from app.core.observations import TlsSession
    from app.net.streams import Handshake

START: Final = WebTarget(scheme="https", hostname="autoconfig.customer.example", port=443, path="/")
PIECES: Final = (
    "[", "]", "v1.", "vF.", "::1", "fe80::", "%25eth0", "%eth0", ":", ":0", ":443", "@", "/", "?", "#", "\\",
    " ", "\t", "\xe9", "\xff", "\x80", "a", "a.example", "127.1", "1", "xn--a", "..", "%40", "%",
)  # fmt: skip
HOSTILE: Final = st.builds(
    lambda scheme, pieces: (scheme + "".join(pieces)).encode("latin-1"),
    st.sampled_from(["http://", "https://", "//", "http:", "", "ftp://"]),
    st.lists(st.sampled_from(PIECES), max_size=10),
)


class LeadsTo(Stream):
    """A far side that answers everything with a redirect to one place, over TLS or without."""

    def __init__(self, location: bytes) -> None:
        self._answer = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\n\r\n"

    @override
    def reply_deadline(self) -> float:
        return 0.0

    @override
    async def start_tls(self, handshake: Handshake) -> TlsSession:
        return a_session()

    @override
    async def send(self, data: bytes) -> None:
        assert data.endswith(b"\r\n\r\n")

    @override
    async def receive(self, until: float) -> bytes:
        answer, self._answer = self._answer, b""
        return answer


def is_place(target: WebTarget) -> bool:
    if ":" in target.hostname:
        return IPv6Address(target.hostname).scope_id is None
    return Hostname.parse(target.hostname).ascii == target.hostname


@given(st.one_of(HOSTILE, st.binary(max_size=80)))
@example("http://[v1.é.a:b.attacker.example]/".encode("latin-1"))
@example(b"https://[v1.a:b.attacker.example]/")
@example(b"https://[v1.attacker.example]/")
@example(b"http://[fe80::1%25eth0]/")
def test_only_places_that_can_be_asked_are_asked(location: bytes) -> None:
    asked: list[WebTarget] = []

    async def ask(question: Question, progress: Progress) -> Reply:
        asked.append(question.target)
        return Reply((await ask_once(LeadsTo(location), question, progress))[0])

    async def go() -> None:
        question = Question(START, GET)
        await follow(question, await ask(question, Progress()), ask, may_go_plain=True)

    # Anything else that is raised is a fault of ours, which discovery and verification would end with.
    with suppress(ConversationError):
        asyncio.run(go())
    for target in asked:
        assert is_place(target), target
        assert target_of(target.url) == target
