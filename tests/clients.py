"""Many mail clients at once, each with a connection that it keeps for as long as the server lets it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass
class Seen:
    """What the clients met; a request without a whole answer is lost."""

    statuses: Counter[int] = field(default_factory=Counter)
    bodies: Counter[bytes] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    connections: int = 0
    is_over: bool = False

    @property
    def total(self) -> int:
        return self.statuses.total()


class Connection:
    """A connection over which one request after the other is sent."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @property
    def is_open(self) -> bool:
        return self._streams is not None

    async def open(self) -> None:
        self._streams = await asyncio.open_connection("127.0.0.1", self._port)

    async def ask(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        if self._streams is None:
            await self.open()
        assert self._streams is not None
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head)}
        body = await reader.readexactly(int(fields["content-length"]))
        if fields.get("connection") == "close":
            self.close()
        return int(head[0].split()[1]), fields, body

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def get(path: str, *fields: str) -> bytes:
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: signpost.example", *fields, "", "")).encode()


KNOWN = get("/mail/config-v1.1.xml?emailaddress=jane%40demo.example")


@contextlib.asynccontextmanager
async def clients(
    port: int, count: int = 8, *, request: bytes = KNOWN, pause: float = 0.002
) -> AsyncIterator[Seen]:
    """Have clients ask without end, while the block runs; a connection is opened anew when it was closed."""
    seen = Seen()

    async def one() -> None:
        connection = Connection(port)
        while not seen.is_over:
            try:
                seen.connections += not connection.is_open
                status, _, body = await asyncio.wait_for(connection.ask(request), 20)
            except (OSError, EOFError, TimeoutError) as error:
                seen.lost.append(repr(error))
                connection.close()
                await asyncio.sleep(0.1)
            else:
                seen.statuses[status] += 1
                seen.bodies[body] += 1
            await asyncio.sleep(pause)
        connection.close()

    tasks = [asyncio.create_task(one()) for _ in range(count)]
    try:
        yield seen
    finally:
        seen.is_over = True
        await asyncio.gather(*tasks)
