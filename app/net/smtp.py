"""SMTP as far as its extensions (RFC 5321, RFC 3207, RFC 4954)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from app.core.observations import Capabilities, FailureReason
from app.net.dialogues import Dialogue, Greeting
from app.net.failures import ConversationError, shown, words_of

if TYPE_CHECKING:
    from app.net.lines import Lines

_LINE: Final = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?")
_READY: Final = 220
_DONE: Final = 250
_CLOSING: Final = 421
_TRANSIENT: Final = 400
_PERMANENT: Final = 500
_UNKNOWN_COMMAND: Final = (500, 502)
_AUTH: Final = "AUTH"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of one line or several."""

    code: int
    lines: tuple[bytes, ...]
    """Without the code."""

    @property
    def text(self) -> str:
        """Return it on one line, to be shown."""
        return shown(f"{self.code} {shown(b' '.join(self.lines))}")


class SmtpDialogue(Dialogue):
    """One connection."""

    start_tls_atom = "STARTTLS"
    takes_injecting = True

    def __init__(self, lines: Lines, own_name: str) -> None:
        """Take the lines, and the name for EHLO."""
        self._lines = lines
        self._own_name = own_name

    @override
    async def greet(self) -> Greeting:
        """Wait for the banner, however long it takes: who talks first is taken for a spammer."""
        reply = await self._read()
        if reply.code != _READY:
            raise ConversationError(_refusal(reply), reply.text)
        return Greeting(text=reply.text)

    @override
    async def ask_capabilities(self) -> Capabilities:
        """Say EHLO, or HELO to servers that know no extensions."""
        reply = await self._command(f"EHLO {self._own_name}")
        if reply.code in _UNKNOWN_COMMAND:
            reply = await self._command(f"HELO {self._own_name}")
            if reply.code == _DONE:
                return Capabilities()
        if reply.code != _DONE:
            raise ConversationError(_refusal(reply), reply.text)
        return capabilities_of(reply)

    @override
    async def ask_for_tls(self, *, injects: bool = False) -> None:
        """Send STARTTLS."""
        reply = await self._command("STARTTLS\r\nNOOP" if injects else "STARTTLS")
        if reply.code == _CLOSING:
            raise ConversationError(FailureReason.TURNED_AWAY, reply.text)
        # 454 says that TLS is not there at present; where it is about certificates, that lasts (RFC 3207 §4).
        if reply.code != _READY:
            raise ConversationError(FailureReason.REJECTED, reply.text)

    @override
    async def answers_injected(self) -> bool:
        """Quit, and see whether there are two answers."""
        await self._command("QUIT")
        try:
            await self._read()
        except ConversationError:
            return False
        return True

    @override
    async def take_leave(self) -> None:
        """Quit."""
        await self._command("QUIT")

    async def _command(self, command: str) -> Reply:
        await self._lines.send(command)
        return await self._read()

    async def _read(self) -> Reply:
        lines: list[bytes] = []
        code = b""
        while True:
            line = await self._lines.read()
            found = _LINE.fullmatch(line)
            if found is None or (code and found[1] != code):
                raise ConversationError(FailureReason.WRONG_PROTOCOL, shown(line))
            code = found[1]
            lines.append(found[3] or b"")
            if found[2] != b"-":
                return Reply(int(code), tuple(lines))


def _refusal(reply: Reply) -> FailureReason:
    if reply.code >= _PERMANENT:
        return FailureReason.REJECTED
    return FailureReason.TURNED_AWAY if reply.code >= _TRANSIENT else FailureReason.WRONG_PROTOCOL


def ehlo_name_of(host: str) -> str:
    """Return a host of a URL as EHLO wants it, addresses in brackets (RFC 5321 §4.1.3)."""
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return host
    return f"[IPv6:{address}]" if isinstance(address, IPv6Address) else f"[{address}]"


def capabilities_of(reply: Reply) -> Capabilities:
    """Read the answer to EHLO, whose first line is the server's name.

    Mechanisms may come with ``AUTH=`` too, as clients of the nineties wanted; both lists count.
    """
    atoms: set[str] = set()
    mechanisms: set[str] = set()
    for line in reply.lines[1:]:
        keyword, *arguments = words_of(line) or [""]
        name, equals, first = keyword.partition("=")
        if name == _AUTH and equals:
            keyword, arguments = _AUTH, [first, *arguments]
        atoms.add(keyword)
        if keyword == _AUTH:
            mechanisms.update(arguments)
    return Capabilities(atoms=frozenset(atoms - {""}), mechanisms=frozenset(mechanisms - {""}))
