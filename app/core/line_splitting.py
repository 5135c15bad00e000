"""A stream of bytes cut into lines, none longer than a limit, in the memory of one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class LineSplitter:
    """Cuts bytes into numbered lines as they come; empty lines count and are left out."""

    def __init__(self, max_bytes: int) -> None:
        """Take how long a line may be."""
        self._max_bytes = max_bytes
        self._kept = b""
        self._is_too_long = False
        self._number = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes | None]]:
        """Give the lines that end in these bytes, by their number; None for one that is too long."""
        first, *others = data.split(b"\n")
        if not others:
            self._keep(first)
            return
        self._keep(first)
        yield from self._ended()
        for line in others[:-1]:
            self._keep(line)
            yield from self._ended()
        self._keep(others[-1])

    def finish(self) -> Iterator[tuple[int, bytes | None]]:
        """Give the last line, which may have no end."""
        yield from self._ended()

    def _keep(self, part: bytes) -> None:
        if self._is_too_long:
            return
        if len(self._kept) + len(part) > self._max_bytes:
            self._kept, self._is_too_long = b"", True
        else:
            self._kept = self._kept + part if self._kept else part

    def _ended(self) -> Iterator[tuple[int, bytes | None]]:
        line = None if self._is_too_long else self._kept
        self._kept, self._is_too_long = b"", False
        self._number += 1
        if line is None or line.strip():
            yield self._number, line
