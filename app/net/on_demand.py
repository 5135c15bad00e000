"""Ways out whose libraries are loaded when they are first taken: to serve mail clients takes none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from typing_extensions import override

from app.net.posting import Poster
from app.net.resolver import Resolver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from app.core.dns_lookups import Lookup, NameServer
    from app.core.dns_records import RecordType
    from app.net.posting import Posted, PostingLimits


class ResolverOnDemand(Resolver):
    """Asks by dnspython."""

    def __init__(self, server: NameServer | None = None) -> None:
        """Take the server, None for the system's; nothing is read or asked yet."""
        self._server = server
        self._resolver: Resolver | None = None

    @override
    async def lookup(self, name: str, record_type: RecordType) -> Lookup:
        """Ask."""
        if self._resolver is None:
            # Beside the loop, which others wait for.
            self._resolver = await asyncio.to_thread(self._load)
        return await self._resolver.lookup(name, record_type)

    def _load(self) -> Resolver:
        from app.net.dnspython_resolver import DnspythonResolver  # noqa: PLC0415

        return self._resolver or DnspythonResolver(self._server)


class PosterOnDemand(Poster):
    """Posts by httpx."""

    def __init__(self, resolver: Resolver, limits: PostingLimits, ca_file: Path | None = None) -> None:
        """Take what resolves names, the limits, and further roots to trust; nothing is read yet."""
        self._resolver = resolver
        self._limits = limits
        self._ca_file = ca_file
        self._poster: Poster | None = None

    def check(self) -> None:
        """Read the file of further roots, where there is to be one.

        Raises:
            InvalidInput: When it is none.
        """
        if self._ca_file is not None:
            self._poster = self._load()

    @override
    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Posted:
        """Send a request and say how it ended."""
        if self._poster is None:
            # Beside the loop, which others wait for.
            self._poster = await asyncio.to_thread(self._load)
        return await self._poster.post(url, headers, body)

    def _load(self) -> Poster:
        from app.net.httpx_poster import HttpxPoster  # noqa: PLC0415

        poster = HttpxPoster(self._resolver, self._limits, self._ca_file)
        poster.load()
        return poster
