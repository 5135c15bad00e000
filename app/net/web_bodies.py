"""Bodies of answers over HTTP/1.1, up to a limit (RFC 9112 §6)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from app.core.observations import FailureReason
from app.net.failures import ConversationError, shown

if TYPE_CHECKING:
    from app.net.http import WebResponse
    from app.net.lines import Lines

OK: Final = 200
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
_LENGTH: Final = re.compile(r"[0-9]{1,9}")
_WITHOUT_BODY: Final = frozenset({204, 304})


async def read_body(reader: Lines, response: WebResponse) -> bytes:
    """Read the body that follows a header.

    Raises:
        ConversationError: When it does not come whole, or is longer than anything that clients fetch.
    """
    if response.status in _WITHOUT_BODY:
        return b""
    if (response.header("transfer-encoding") or "").lower().endswith("chunked"):
        return await _read_chunks(reader)
    length = response.header("content-length")
    if length is None:
        return await reader.read_rest()
    if not _LENGTH.fullmatch(length):
        raise ConversationError(FailureReason.WRONG_PROTOCOL, shown(length))
    return await reader.read_octets(int(length))


async def read_document(reader: Lines, response: WebResponse) -> bytes | None:
    """Read what was asked for; None where that is not what comes, or it is longer than any document.

    Raises:
        ConversationError: When it does not come whole.
    """
    if response.status != OK:
        return None
    try:
        return await read_body(reader, response)
    except ConversationError as error:
        if error.reason is FailureReason.TOO_LONG:
            return None
        raise


async def _read_chunks(reader: Lines) -> bytes:
    body = bytearray()
    while True:
        line = await reader.read()
        found = _SIZE.fullmatch(line)
        if found is None:
            raise ConversationError(FailureReason.WRONG_PROTOCOL, shown(line))
        size = int(found[1], 16)
        if size == 0:
            return bytes(body)
        body += await reader.read_octets(size)
        await reader.read()
