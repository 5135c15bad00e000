"""The processes that serve at one port, as the system tells of them."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from service_process import Service

PATIENCE_SECONDS: Final = 30


def members(service: Service) -> list[int]:
    """Find the processes that serve: those of the group that hold the port, but for the first one."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.getpgid(int(entry.name)) == service.process.pid:
                descriptors = {str(one.readlink()) for one in (entry / "fd").iterdir()}
                if listening_inode(service.port) & descriptors and int(entry.name) != service.process.pid:
                    found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return sorted(found)


def listening_inode(port: int) -> set[str]:
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return {f"socket:[{line.split()[9]}]" for line in lines if line.split()[1].endswith(f":{port:04X}")}


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not await condition():
        assert time.monotonic() < end, "it did not come to that"
        await asyncio.sleep(0.05)


async def there_are(service: Service, count: int, *, without: int = 0) -> None:
    async def enough() -> bool:
        found = members(service)
        return len(found) == count and without not in found

    await until(enough)
