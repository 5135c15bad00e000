"""ManageSieve as far as its capabilities (RFC 5804)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from app.core.observations import Capabilities, FailureReason
from app.net.dialogues import Dialogue, Greeting
from app.net.failures import ConversationError, as_word, shown, words_of
from app.net.lines import MAX_LINE_BYTES

if TYPE_CHECKING:
    from app.net.lines import Lines

_STATUS: Final = re.compile(rb"(OK|NO|BYE)(?: +(.*)| *)", re.IGNORECASE | re.DOTALL)
_LITERAL: Final = re.compile(rb"\{([0-9]{1,9})\+?\}$")
_QUOTED: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)


class ManageSieveDialogue(Dialogue):
    """One connection: the capabilities are the greeting, and come by themselves in TLS again (§2.2)."""

    start_tls_atom = "STARTTLS"
    takes_injecting = False

    def __init__(self, lines: Lines, own_name: str) -> None:  # noqa: ARG002 - nobody asks for it
        """Take the lines."""
        self._lines = lines
        self._greeted: Capabilities | None = None

    @override
    async def greet(self) -> Greeting:
        """Read the capabilities, which are the greeting."""
        capabilities, implementation = await self._read_capabilities()
        self._greeted = capabilities
        return Greeting(text=shown(implementation))

    @override
    async def ask_capabilities(self) -> Capabilities:
        """Return what the greeting said, or read what comes by itself after TLS was started."""
        if self._greeted is None:
            self._greeted, _ = await self._read_capabilities()
        return self._greeted

    @override
    async def ask_for_tls(self, *, injects: bool = False) -> None:
        """Send STARTTLS; what was said before is void."""
        await self._lines.send("STARTTLS")
        status, text = await self._read_status()
        if status != b"OK":
            reason = FailureReason.TURNED_AWAY if status == b"BYE" else FailureReason.REJECTED
            raise ConversationError(reason, shown(text))
        self._greeted = None

    @override
    async def answers_injected(self) -> bool:
        """Return False: nothing is injected."""
        return False

    @override
    async def take_leave(self) -> None:
        """Log out."""
        await self._lines.send("LOGOUT")
        await self._read_status()

    async def _read_capabilities(self) -> tuple[Capabilities, bytes]:
        entries: list[list[bytes]] = []
        while True:
            line, strings = await self._read()
            if status := _STATUS.fullmatch(line):
                if status[1].upper() != b"OK":
                    raise ConversationError(FailureReason.TURNED_AWAY, shown(line))
                return capabilities_of(entries), _implementation(entries)
            if not strings or not line.startswith((b'"', b"{")):
                raise ConversationError(FailureReason.WRONG_PROTOCOL, shown(line))
            entries.append(strings)

    async def _read_status(self) -> tuple[bytes, bytes]:
        line, _ = await self._read()
        status = _STATUS.fullmatch(line)
        if status is None:
            raise ConversationError(FailureReason.WRONG_PROTOCOL, shown(line))
        return status[1].upper(), line

    async def _read(self) -> tuple[bytes, list[bytes]]:
        """Read a line with its literals.

        Returns:
            All of it, and the strings in it, quoted or literal (§4).
        """
        line = await self._lines.read()
        strings = _quoted(line)
        whole = line
        while (literal := _LITERAL.search(line)) is not None:
            octets = await self._lines.read_octets(int(literal[1]))
            line = await self._lines.read()
            strings += [octets, *_quoted(line)]
            whole += octets + line
            if len(whole) > MAX_LINE_BYTES:
                raise ConversationError(FailureReason.TOO_LONG, "sends endless literals")
        return whole, strings


def _quoted(line: bytes) -> list[bytes]:
    return [_ESCAPED.sub(rb"\1", string) for string in _QUOTED.findall(line)]


def _implementation(entries: list[list[bytes]]) -> bytes:
    return next(
        (entry[1] for entry in entries if len(entry) > 1 and entry[0].upper() == b"IMPLEMENTATION"), b""
    )


def capabilities_of(entries: list[list[bytes]]) -> Capabilities:
    """Read capabilities, each a name that may have a value; an empty list of mechanisms is none."""
    atoms: set[str] = set()
    mechanisms: set[str] = set()
    for name, *values in entries:
        atom = as_word(name.decode("ascii", "replace"))
        atoms.add(atom)
        if atom == "SASL":
            mechanisms.update(words_of(b" ".join(values)))
    return Capabilities(atoms=frozenset(atoms - {""}), mechanisms=frozenset(mechanisms))
