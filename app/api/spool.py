"""What is written on one side and read on the other, kept in a file so that neither waits for the other."""

from __future__ import annotations

import asyncio
import errno
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Final, Self

from app.core.errors import NotAvailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import TracebackType

_IN_MEMORY: Final = 1_000_000
_AT_ONCE: Final = 65_536
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class Spool:
    """Bytes in the order in which they were written.

    A client that sends all before it reads anything would otherwise wait for a service that waits for it.
    """

    def __init__(self) -> None:
        """Start empty; most of it is on disk where it grows."""
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        self._written = 0
        self._read = 0
        self._is_closed = False
        self._changed = asyncio.Event()

    def __enter__(self) -> Self:
        """Use it in a block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the file."""
        self._file.close()

    @property
    def size(self) -> int:
        """How many bytes were written."""
        return self._written

    def write(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            NotAvailable: When there is no room for them.
        """
        try:
            self._file.seek(self._written)
            self._file.write(data)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise NotAvailable("folder for temporary files", "has no room left") from error
        self._written += len(data)
        self._changed.set()

    def close(self) -> None:
        """Say that nothing more will come."""
        self._is_closed = True
        self._changed.set()

    def parts(self) -> Iterator[bytes]:
        """Give what was written, from the start."""
        self._read = 0
        while part := self._next():
            yield part

    async def stream(self) -> AsyncIterator[bytes]:
        """Give what is written as it comes, until the end was said to have come."""
        while True:
            while part := self._next():
                yield part
            if self._is_closed:
                return
            self._changed.clear()
            await self._changed.wait()

    def _next(self) -> bytes:
        self._file.seek(self._read)
        part = self._file.read(_AT_ONCE)
        self._read += len(part)
        return part
