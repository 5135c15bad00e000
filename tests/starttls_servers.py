"""Servers with STARTTLS that forget what was sent before TLS, as they must, or do not (CVE-2011-0411)."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from ssl import SSLContext


@dataclass(frozen=True)
class Manner:
    """What a server of a protocol says."""

    greeting: str
    answers: Mapping[str, str]
    """By command in upper case; ``{tag}`` stands for IMAP's."""
    otherwise: str
    is_tagged: bool = False

    def command(self, line: str) -> str:
        words = line.upper().split()[int(self.is_tagged) :]
        return words[0] if words else ""

    def answer(self, line: str) -> str:
        tag = line.partition(" ")[0]
        return self.answers.get(self.command(line), self.otherwise).replace("{tag}", tag)


IMAP = Manner(
    "* OK ready\r\n",
    {
        "CAPABILITY": "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED AUTH=SCRAM-SHA-256\r\n{tag} OK\r\n",
        "STARTTLS": "{tag} OK go\r\n",
        "NOOP": "{tag} OK nothing\r\n",
        "LOGOUT": "* BYE\r\n{tag} OK\r\n",
    },
    "{tag} BAD what?\r\n",
    is_tagged=True,
)
POP3 = Manner(
    "+OK ready\r\n",
    {"CAPA": "+OK\r\nSTLS\r\nSASL SCRAM-SHA-256\r\n.\r\n", "STLS": "+OK go\r\n", "QUIT": "+OK bye\r\n"},
    "-ERR log in first\r\n",
)
SMTP = Manner(
    "220 hello\r\n",
    {
        "EHLO": "250-hello\r\n250-AUTH SCRAM-SHA-256\r\n250 STARTTLS\r\n",
        "STARTTLS": "220 go\r\n",
        "NOOP": "250 nothing\r\n",
        "QUIT": "221 bye\r\n",
    },
    "500 what?\r\n",
)


@asynccontextmanager
async def a_starttls_server(
    manner: Manner, context: SSLContext, address: str, *, forgets: bool
) -> AsyncIterator[int]:
    """Listen, and give the port.

    Args:
        manner: What it says.
        context: What it shakes hands with.
        address: Where it listens.
        forgets: Whether it throws away what came before the handshake.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            await _serve(reader, writer)
        writer.close()

    async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(manner.greeting.encode())
        while line := (await reader.readline()).decode():
            writer.write(manner.answer(line).encode())
            await writer.drain()
            match manner.command(line):
                case "STARTTLS" | "STLS":
                    if forgets:
                        _forget(reader)
                    await writer.start_tls(context)
                case "LOGOUT" | "QUIT":
                    return
                case _:
                    pass

    server = await asyncio.start_server(serve, address, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _forget(reader: asyncio.StreamReader) -> None:
    """Drop what was read and not looked at yet; what streams of asyncio do not do by themselves."""
    buffer: bytearray = reader._buffer  # type: ignore[attr-defined]
    buffer.clear()
