"""What is not answered over plain http: whatever may have a token or a session with it.

A proxy that forgets to refuse it would let tokens travel in clear, one request after the other. It is refused
unread, also where the token is right, so that nobody gets used to sending it so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.api.refusals import MANAGEMENT
from app.core.errors import HttpsRequired

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from app.api.refusals import Refusals

_PAGES: Final = "/admin"


def is_confidential(path: str) -> bool:
    """Tell whether what is sent to a path is for nobody else to read."""
    return path.startswith((MANAGEMENT, f"{_PAGES}/")) or path == _PAGES


class PlainHttp:
    """Refuses every request: a problem for programs, a line of text for people."""

    def __init__(self, refusals: Refusals) -> None:
        """Take how to say no; without pages, as their script and style would not be for such a place."""
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request."""
        await self._refusals.answer(scope, HttpsRequired())(scope, receive, send)
