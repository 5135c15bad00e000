"""A poster that ends as it was told to, and remembers what it was given."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.net.posting import Posted, Poster
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping

TAKEN = Posted(status=204, detail="answered 204")
REFUSED = Posted(status=500, detail="answered 500")


@dataclass(frozen=True)
class Sent:
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class ScriptedPoster(Poster):
    """Ends each request as ``outcome`` says, for one URL otherwise where ``by_url`` does."""

    def __init__(self, outcome: Posted = TAKEN) -> None:
        self.outcome = outcome
        self.by_url: dict[str, Posted] = {}
        self.sent: list[Sent] = []
        self._has_come = asyncio.Event()
        self.gate = asyncio.Event()
        """Cleared, it holds all requests back."""
        self.gate.set()

    async def wait_for(self, count: int) -> None:
        """Wait until so many requests have come."""
        while len(self.sent) < count:
            self._has_come.clear()
            await self._has_come.wait()

    @override
    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Posted:
        self.sent.append(Sent(url, dict(headers), body))
        self._has_come.set()
        await self.gate.wait()
        return self.by_url.get(url, self.outcome)
