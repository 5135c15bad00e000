"""Lines from another host, with limits: read by line, however they were cut into packets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.observations import FailureReason
from app.net.failures import ConversationError, shown

if TYPE_CHECKING:
    from app.net.streams import Stream

MAX_LINE_BYTES: Final = 8 * 1024
MAX_TOTAL_BYTES: Final = 64 * 1024


class Lines:
    """Reads and writes lines on a stream; CRLF or a bare LF ends one."""

    def __init__(self, stream: Stream) -> None:
        """Take the stream, which whoever opened it closes."""
        self.stream = stream
        self._buffer = bytearray()
        self._searched = 0
        self._total = 0

    async def read(self) -> bytes:
        """Return the next line without its end.

        Raises:
            ConversationError: When it is not whole in time, is too long, or does not come.
        """
        until = self.stream.reply_deadline()
        while (end := self._buffer.find(b"\n", self._searched)) < 0:
            self._searched = len(self._buffer)
            if self._searched > MAX_LINE_BYTES:
                raise ConversationError(
                    FailureReason.TOO_LONG, f"sends a line of over {MAX_LINE_BYTES} bytes"
                )
            await self._fill(until)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        if end > MAX_LINE_BYTES:
            raise ConversationError(FailureReason.TOO_LONG, f"sends a line of over {MAX_LINE_BYTES} bytes")
        return line.removesuffix(b"\r")

    async def read_octets(self, count: int) -> bytes:
        """Return so many bytes, whatever they are: the literals of IMAP and ManageSieve.

        Raises:
            ConversationError: As ``read``.
        """
        if count > MAX_TOTAL_BYTES:
            raise ConversationError(FailureReason.TOO_LONG, f"announces {count} bytes")
        until = self.stream.reply_deadline()
        while len(self._buffer) < count:
            await self._fill(until)
        octets = bytes(self._buffer[:count])
        del self._buffer[:count]
        self._searched = 0
        return octets

    async def read_rest(self) -> bytes:
        """Return everything up to the end of the connection.

        Raises:
            ConversationError: As ``read``, but for the end.
        """
        until = self.stream.reply_deadline()
        while data := await self.stream.receive(until):
            self._take(data)
        rest = bytes(self._buffer)
        self.drop_rest()
        return rest

    async def send(self, line: str) -> None:
        """Send a line.

        Raises:
            ConversationError: When the far side takes nothing more.
        """
        await self.stream.send(line.encode("ascii") + b"\r\n")

    def drop_rest(self) -> bool:
        """Forget what has come beyond the last line; tells whether there was anything."""
        had_rest = bool(self._buffer)
        self._buffer.clear()
        self._searched = 0
        return had_rest

    async def _fill(self, until: float) -> None:
        data = await self.stream.receive(until)
        if not data:
            raise ConversationError(FailureReason.CUT, shown(bytes(self._buffer)))
        self._take(data)

    def _take(self, data: bytes) -> None:
        self._total += len(data)
        if self._total > MAX_TOTAL_BYTES:
            raise ConversationError(FailureReason.TOO_LONG, f"sends over {MAX_TOTAL_BYTES} bytes")
        self._buffer += data
