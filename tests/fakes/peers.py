"""Peers that speak from a script, byte for byte, on addresses of loopback."""

from __future__ import annotations

import asyncio
import socket
import ssl
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from certificates import a_web_chain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

HOST = "mail.provider.example"


@dataclass(frozen=True)
class Say:
    """Send these bytes at once."""

    data: bytes


@dataclass(frozen=True)
class Hear:
    """Read a line, which must start like this."""

    start: bytes


@dataclass(frozen=True)
class HearHeader:
    """Read a request of HTTP up to its empty line."""


@dataclass(frozen=True)
class Wait:
    """Do nothing for so long."""

    seconds: float


@dataclass(frozen=True)
class ShakeHands:
    """Take a handshake."""

    context: ssl.SSLContext | None = None


@dataclass(frozen=True)
class Repeat:
    """Send these bytes without an end."""

    data: bytes


@dataclass(frozen=True)
class Reset:
    """End the connection with a reset."""


@dataclass(frozen=True)
class Idle:
    """Say nothing until the other side ends the connection."""


Step: TypeAlias = Say | Hear | HearHeader | Idle | Wait | ShakeHands | Repeat | Reset


def lines(*texts: str) -> Say:
    """Say these lines in one packet."""
    return Say("".join(f"{text}\r\n" for text in texts).encode())


@cache
def server_context(name: str = HOST) -> ssl.SSLContext:
    """Make what a server with a certificate for this name shakes hands with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chain = a_web_chain([name])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "server.pem"
        path.write_bytes(chain.leaf.pem + chain.intermediate.pem + chain.leaf.key_pem)
        context.load_cert_chain(path)
    return context


@dataclass
class Gauge:
    """Counts what there is at a time."""

    now: int = 0
    most: int = 0

    def up(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)


@dataclass
class Peer:
    """Plays its script to each that connects; closes at the end of it. Several scripts are played in turn."""

    scripts: Sequence[Sequence[Step]]
    address: str = "127.0.0.1"
    port: int = 0
    connections: int = 0
    gauge: Gauge = field(default_factory=Gauge)
    shared_gauges: Sequence[Gauge] = ()
    """Of several peers together."""
    heard: list[bytes] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _open: int = 0

    @classmethod
    def of(cls, *steps: Step, address: str = "127.0.0.1") -> Self:
        return cls([steps], address)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.address, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        # Connections end by themselves: their other side is closed.
        for _ in range(100):
            if not self._open:
                break
            await asyncio.sleep(0.01)
        assert self.problems == []

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        self._open += 1
        for gauge in (self.gauge, *self.shared_gauges):
            gauge.up()
        try:
            for step in script:
                await self._play(step, reader, writer)
        except (OSError, EOFError, ssl.SSLError):
            pass
        finally:
            for gauge in (self.gauge, *self.shared_gauges):
                gauge.now -= 1
            writer.close()
            with suppress(OSError, ssl.SSLError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 0.5)
            writer.transport.abort()
            self._open -= 1

    async def _play(self, step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match step:
            case Say(data):
                writer.write(data)
                await writer.drain()
            case Hear(start):
                line = await reader.readline()
                self.heard.append(line)
                if line and not line.startswith(start):
                    self.problems.append(f"heard {line!r} for {start!r}")
            case HearHeader():
                self.heard.append(await reader.readuntil(b"\r\n\r\n"))
            case Idle():
                await reader.read(-1)
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case ShakeHands(context):
                await writer.start_tls(context or server_context())
            case Repeat(data):
                await _repeat(data, writer)
            case Reset():
                _reset(writer)


async def _repeat(data: bytes, writer: asyncio.StreamWriter) -> None:
    while True:
        # Many at once: a loop that is kept busy by small ones would let nobody else's time pass.
        writer.write(data * 500)
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.transport.abort()
