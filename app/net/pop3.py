"""POP3 as far as its capabilities (RFC 1939, RFC 2449, RFC 2595, RFC 5034)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from app.core.observations import Capabilities, FailureReason
from app.net.dialogues import Dialogue, Greeting
from app.net.failures import ConversationError, shown, words_of

if TYPE_CHECKING:
    from app.net.lines import Lines

_STATUS: Final = re.compile(rb"(\+OK|-ERR)(?: +(.*)| *)", re.IGNORECASE)


class Pop3Dialogue(Dialogue):
    """One connection."""

    start_tls_atom = "STLS"
    takes_injecting = True

    def __init__(self, lines: Lines, own_name: str) -> None:  # noqa: ARG002 - nobody asks for it
        """Take the lines."""
        self._lines = lines

    @override
    async def greet(self) -> Greeting:
        """Read the greeting; an error turns away."""
        line = await self._lines.read()
        if not _is_fine(line):
            raise ConversationError(FailureReason.TURNED_AWAY, shown(line))
        return Greeting(text=shown(line))

    @override
    async def ask_capabilities(self) -> Capabilities:
        """Ask with CAPA, which old servers do not know."""
        await self._lines.send("CAPA")
        if not _is_fine(await self._lines.read()):
            return Capabilities(are_known=False)
        lines: list[bytes] = []
        while (line := await self._lines.read()) != b".":
            lines.append(line)
        return capabilities_of(lines)

    @override
    async def ask_for_tls(self, *, injects: bool = False) -> None:
        """Send STLS."""
        await self._lines.send("STLS\r\nNOOP" if injects else "STLS")
        line = await self._lines.read()
        if not _is_fine(line):
            raise ConversationError(FailureReason.REJECTED, shown(line))

    @override
    async def answers_injected(self) -> bool:
        """Quit, and see whether there are two answers, though the other may be that it is not allowed yet."""
        await self._lines.send("QUIT")
        _is_fine(await self._lines.read())
        try:
            _is_fine(await self._lines.read())
        except ConversationError:
            return False
        return True

    @override
    async def take_leave(self) -> None:
        """Quit."""
        await self._lines.send("QUIT")
        await self._lines.read()


def _is_fine(line: bytes) -> bool:
    status = _STATUS.fullmatch(line)
    if status is None:
        raise ConversationError(FailureReason.WRONG_PROTOCOL, shown(line))
    return status[1].upper() == b"+OK"


def capabilities_of(lines: list[bytes]) -> Capabilities:
    """Read the lines of an answer to CAPA, each a tag that may have arguments."""
    atoms: set[str] = set()
    mechanisms: set[str] = set()
    for line in lines:
        tag, *arguments = words_of(line) or [""]
        atoms.add(tag)
        if tag == "SASL":
            mechanisms.update(arguments)
    return Capabilities(atoms=frozenset(atoms - {""}), mechanisms=frozenset(mechanisms))
