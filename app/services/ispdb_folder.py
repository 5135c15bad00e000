"""The operator's own copy of the ISPDB: a folder of autoconfig files, found by the domains in them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from app.core.errors import InvalidInput, refuse
from app.discovery.source import IspdbCopy
from app.parsers.autoconfig import MAX_BYTES, parse_autoconfig

if TYPE_CHECKING:
    from pathlib import Path

FOLDER: Final = "SIGNPOST_ISPDB_FOLDER"


class IspdbFolder(IspdbCopy):
    """Reads the folder when it is first asked, and keeps what it found."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; reads nothing yet."""
        self._folder = folder
        self._files: dict[str, bytes] | None = None
        self._turn = asyncio.Lock()

    @override
    async def find(self, domain: str) -> bytes | None:
        """Return the first file, by name, that has the domain."""
        async with self._turn:
            if self._files is None:
                self._files = await asyncio.to_thread(self._read)
        return self._files.get(domain)

    def check(self) -> None:
        """Raise where there is no such folder.

        Raises:
            InvalidInput: Then.
        """
        if not self._folder.is_dir():
            raise refuse("must be a folder that can be read", FOLDER)

    def _read(self) -> dict[str, bytes]:
        files: dict[str, bytes] = {}
        for path in sorted(self._folder.iterdir(), key=lambda path: path.name):
            if path.suffix not in ("", ".xml") or not path.is_file() or path.stat().st_size > MAX_BYTES:
                continue
            data = path.read_bytes()
            try:
                domains = parse_autoconfig(data, "discovered").domains
            except InvalidInput:
                continue
            for listed in domains:
                files.setdefault(listed.name.ascii, data)
        return files
