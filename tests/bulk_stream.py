"""A bulk request over a socket, both ways at once: what HTTP libraries that send all first cannot do."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self
from urllib.parse import urlsplit


class BulkStream:
    """Sends lines while it reads results."""

    def __init__(self, url: str, token: str, query: str = "") -> None:
        self._address = urlsplit(url)
        self._token = token
        self._query = query
        self.results: list[dict[str, Any]] = []
        self.status = 0
        self._came = asyncio.Event()
        self.is_whole = False
        """Whether the answer came to its end."""

    async def __aenter__(self) -> Self:
        host, port = self._address.hostname, self._address.port
        self._reader, self._writer = await asyncio.open_connection(host, port)
        self._writer.write(
            f"POST /api/v1/domains/bulk{self._query} HTTP/1.1\r\nHost: {host}\r\n"
            f"Authorization: Bearer {self._token}\r\nContent-Type: application/x-ndjson\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode()
        )
        self.reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.reading.cancel()
        await asyncio.gather(self.reading, return_exceptions=True)
        self._writer.close()

    async def send(self, data: bytes) -> None:
        self._writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await self._writer.drain()

    async def await_results(self, count: int) -> None:
        """Wait until there are so many."""
        async with asyncio.timeout(120):
            while len(self.results) < count:
                self._came.clear()
                await self._came.wait()

    async def send_end(self) -> None:
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    def go_away(self) -> None:
        """Break the connection off."""
        self._writer.transport.abort()

    async def _read(self) -> None:
        head = await self._reader.readuntil(b"\r\n\r\n")
        self.status = int(head.split(b" ", 2)[1])
        if b"content-length" in head.lower():
            return
        kept = b""
        while size := int(await self._reader.readline() or b"0", 16):
            *lines, kept = (kept + await self._reader.readexactly(size)).split(b"\n")
            await self._reader.readexactly(2)
            self.results += [json.loads(line) for line in lines]
            self._came.set()
        self.is_whole = bool(self.results) and "summary" in self.results[-1]
