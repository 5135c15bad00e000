"""IMAP as far as its capabilities (RFC 3501, RFC 9051)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from app.core.observations import Capabilities, FailureReason
from app.net.dialogues import Dialogue, Greeting
from app.net.failures import ConversationError, shown, words_of
from app.net.lines import MAX_LINE_BYTES

if TYPE_CHECKING:
    from app.net.lines import Lines

_GREETING: Final = re.compile(rb"\* +(OK|PREAUTH|BYE)\b *(.*)", re.IGNORECASE)
_CAPABILITY: Final = re.compile(rb"\* +CAPABILITY +(.*)", re.IGNORECASE)
_LITERAL: Final = re.compile(rb"\{([0-9]{1,9})\+?\}$")
_MECHANISM: Final = "AUTH="
_INJECTED_TAG: Final = "i1"


class ImapDialogue(Dialogue):
    """One connection."""

    start_tls_atom = "STARTTLS"
    takes_injecting = True

    def __init__(self, lines: Lines, own_name: str) -> None:  # noqa: ARG002 - nobody asks for it
        """Take the lines."""
        self._lines = lines
        self._commands = 0

    @override
    async def greet(self) -> Greeting:
        """Read the greeting; BYE turns away."""
        line = await self._read()
        greeting = _GREETING.fullmatch(line)
        if greeting is None:
            raise ConversationError(FailureReason.WRONG_PROTOCOL, shown(line))
        word = greeting[1].upper()
        if word == b"BYE":
            raise ConversationError(FailureReason.TURNED_AWAY, shown(greeting[2]))
        return Greeting(text=shown(line), is_preauthenticated=word == b"PREAUTH")

    @override
    async def ask_capabilities(self) -> Capabilities:
        """Ask, and put together what may come on several lines."""
        status, untagged = await self._command("CAPABILITY")
        if status != b"OK":
            return Capabilities(are_known=False)
        return capabilities_of(untagged)

    @override
    async def ask_for_tls(self, *, injects: bool = False) -> None:
        """Send STARTTLS; NO and BAD refuse."""
        behind = f"\r\n{_INJECTED_TAG} NOOP" if injects else ""
        status, untagged = await self._command(f"STARTTLS{behind}")
        if status != b"OK":
            raise ConversationError(FailureReason.REJECTED, shown(untagged[-1]))

    @override
    async def answers_injected(self) -> bool:
        """Log out, and look for the tag of the other command."""
        await self._lines.send("a0 LOGOUT")
        while not (line := await self._read()).lower().startswith(b"a0 "):
            if line.startswith(f"{_INJECTED_TAG} ".encode()):
                return True
        return False

    @override
    async def take_leave(self) -> None:
        """Log out."""
        await self._command("LOGOUT")

    async def _command(self, command: str) -> tuple[bytes, list[bytes]]:
        """Send a command.

        Returns:
            The status, and all lines of the answer, that with the tag last.
        """
        self._commands += 1
        tag = f"a{self._commands}"
        await self._lines.send(f"{tag} {command}")
        answer: list[bytes] = []
        while True:
            line = await self._read()
            answer.append(line)
            words = line.split(None, 2)
            if len(words) > 1 and words[0].lower() == tag.encode():
                return words[1].upper(), answer
            if not line.startswith((b"* ", b"+")):
                raise ConversationError(FailureReason.WRONG_PROTOCOL, shown(line))
            if len(words) > 1 and words[1].upper() == b"BYE" and command != "LOGOUT":
                raise ConversationError(FailureReason.TURNED_AWAY, shown(line))

    async def _read(self) -> bytes:
        """Read a line with the literals in it, which may be in any answer (RFC 9051 §4.3)."""
        line = await self._lines.read()
        while (literal := _LITERAL.search(line)) is not None:
            line += await self._lines.read_octets(int(literal[1]))
            line += await self._lines.read()
            if len(line) > MAX_LINE_BYTES:
                raise ConversationError(FailureReason.TOO_LONG, "sends endless literals")
        return line


def capabilities_of(lines: list[bytes]) -> Capabilities:
    """Read the CAPABILITY lines of an answer; none is an answer too, though an odd one."""
    atoms: set[str] = set()
    for line in lines:
        found = _CAPABILITY.fullmatch(line)
        if found is not None:
            atoms.update(words_of(found[1]))
    mechanisms = frozenset(atom.removeprefix(_MECHANISM) for atom in atoms if atom.startswith(_MECHANISM))
    return Capabilities(atoms=frozenset(atoms), mechanisms=mechanisms - {""})
