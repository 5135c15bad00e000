"""Ends requests that are too large, too slow or too long: each with an answer while there is none yet.

Plain ASGI, inside the application, so that what it raises is answered like any other error.
"""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.api.allowances import FOLLOWING, OWN_ALLOWANCES, Allowance, is_followed, limits_of
from app.api.problems import problem_of, problem_response
from app.core.errors import TookTooLong

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from app.api.allowances import Limits
    from app.settings import Settings

_MIN_BYTES_PER_SECOND: Final = 1000
_MANAGEMENT: Final = "/api/"
# What is left of the body need not be waited for (RFC 9110 §15.5.9).
_CLOSING: Final = {"Connection": "close"}

_log = structlog.get_logger(__name__)


class RequestGuard:
    """Holds requests to their allowance."""

    def __init__(
        self, app: ASGIApp, settings: Settings, own: Mapping[str, Allowance] = OWN_ALLOWANCES
    ) -> None:
        """Take the application, which answers the exceptions, and the paths with their own allowance."""
        self._app = app
        self._usual = limits_of(settings, Allowance())
        self._following = limits_of(settings, FOLLOWING)
        self._own = {path: limits_of(settings, allowance) for path, allowance in own.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Watch over a request; those of mail clients are short, once their body is there."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        is_stream = is_followed(path)
        limits = self._following if is_stream else self._own.get(path, self._usual)
        body = _Body(scope, receive, limits)
        if is_stream or path.startswith(_MANAGEMENT):
            await self._in_time(scope, body, send, limits)
        else:
            await self._app(scope, body.receive, send)

    async def _in_time(self, scope: Scope, body: _Body, send: Send, limits: Limits) -> None:
        answer = _Answer(send, None if limits.request_seconds else limits.body_seconds)
        deadline = asyncio.timeout(limits.request_seconds)
        try:
            async with deadline:
                await self._app(scope, body.receive, answer.send)
        except TimeoutError:
            if not (deadline.expired() or answer.is_stalled):
                raise
        else:
            return
        if answer.has_started:
            # The server closes the connection of an answer without an end: nobody takes it for whole.
            _log.warning("request_cut_off", request_id=scope["state"]["request_id"])
            return
        request = Request(scope)
        if body.is_awaited:
            response = problem_response(request, HTTPStatus.REQUEST_TIMEOUT, headers=_CLOSING)
        else:
            response = problem_of(request, TookTooLong(limits.request_seconds or 0))
        await response(scope, body.receive, send)


class _Answer:
    """What is sent; noted, and without a deadline given up when nobody takes it."""

    def __init__(self, send: Send, seconds: int | None) -> None:
        self._send = send
        self._seconds = seconds
        self.has_started = False
        self.is_stalled = False

    async def send(self, message: Message) -> None:
        self.has_started = True
        if self._seconds is None:
            await self._send(message)
            return
        try:
            async with asyncio.timeout(self._seconds):
                await self._send(message)
        except TimeoutError:
            self.is_stalled = True
            raise


class _Body:
    """What is received of a body, counted and timed until it is whole."""

    def __init__(self, scope: Scope, receive: Receive, limits: Limits) -> None:
        self._receive = receive
        self._limits = limits
        self._is_whole = False
        self._scope = scope
        self._seen = 0
        self._waited = 0.0
        self.is_awaited = False

    async def receive(self) -> Message:
        if self._is_whole:
            return await self._receive()
        self._check_size(self._seen or _declared_length(self._scope))
        started = time.monotonic()
        self.is_awaited = True
        try:
            async with asyncio.timeout(self._patience()):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(
                HTTPStatus.REQUEST_TIMEOUT, "The body did not come in time.", _CLOSING
            ) from None
        self.is_awaited = False
        self._waited += time.monotonic() - started
        self._seen += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        self._check_size(self._seen)
        return message

    def _check_size(self, size: int) -> None:
        limit = self._limits.max_body_bytes
        if limit is not None and size > limit:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is over {limit} bytes.")

    def _patience(self) -> float:
        """Return how long the next part may take; in a stream each has its own time, as senders wait too."""
        if self._limits.request_seconds is None:
            return self._limits.body_seconds
        return self._limits.body_seconds + self._seen / _MIN_BYTES_PER_SECOND - self._waited


def _declared_length(scope: Scope) -> int:
    text = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    # What is no number is the server's business; a longer number than this is larger than any limit.
    return int(text[:18]) if text.isdigit() else 0
