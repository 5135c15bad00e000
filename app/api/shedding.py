"""Does not begin what there is no room for: management first, discovery long after it.

Plain ASGI and around everything. What is answered at once is never in the way of others, and passes by.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import structlog

from app.api.allowances import OWN_ALLOWANCES, is_followed
from app.api.requests import RequestLog
from app.core.errors import Overloaded
from app.services.load import Kind

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from app.api.refusals import Refusals
    from app.net.connections import AnswerAtOnce
    from app.services.load import Load

_MANAGEMENT: Final = ("/api/", "/admin")
_ALWAYS: Final = "/health/"
_TOLD_EVERY_SECONDS: Final = 60

_log = structlog.get_logger(__name__)


class Shedding:
    """Refuses at once what would only wait."""

    def __init__(self, app: ASGIApp, load: Load, refusals: Refusals) -> None:
        """Take what comes next, how much there is to do, and how to say no."""
        self._app = app
        self._load = load
        self._refusals = refusals
        self._refusing = RequestLog(self._refuse)
        self._shed = 0
        self._told_at = -float(_TOLD_EVERY_SECONDS)
        self.answer_at_once: AnswerAtOnce | None = getattr(app, "answer_at_once", None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request while it is being answered, or refuse it."""
        if scope["type"] != "http" or (path := scope["path"]).startswith(_ALWAYS):
            await self._app(scope, receive, send)
            return
        kind = Kind.MANAGEMENT if path.startswith(_MANAGEMENT) else Kind.DISCOVERY
        if not self._load.has_room(kind):
            self._note(kind)
            await self._refusing(scope, receive, send)
        elif _is_endless(path):
            # They would hold a place for as long as somebody likes, and have little to do at a time.
            await self._app(scope, receive, send)
        else:
            await self._counted(kind, scope, receive, send)

    async def _counted(self, kind: Kind, scope: Scope, receive: Receive, send: Send) -> None:
        load = self._load

        async def receive_uncounted() -> Message:
            # Who waits for a slow client has nothing to do: many of these must not keep out all others.
            load.end(kind)
            try:
                return await receive()
            finally:
                load.begin(kind)

        load.begin(kind)
        try:
            await self._app(scope, receive_uncounted, send)
        finally:
            load.end(kind)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._refusals.answer(scope, Overloaded())(scope, receive, send)

    def _note(self, kind: Kind) -> None:
        """Count, and log once a minute at most: each line would be one more thing to do."""
        self._load.shed(kind)
        self._shed += 1
        now = time.monotonic()
        if now - self._told_at >= _TOLD_EVERY_SECONDS:
            lag = round(self._load.lag_seconds, 3)
            _log.warning("requests_shed", count=self._shed, kind=kind.value, lag_seconds=lag)
            self._shed, self._told_at = 0, now


def _is_endless(path: str) -> bool:
    own = OWN_ALLOWANCES.get(path)
    return (own is not None and not own.has_deadline) or is_followed(path)
