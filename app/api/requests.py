"""What happens to every request before anything else: who sent it, what it is called, one log line.

Plain ASGI: Starlette's BaseHTTPMiddleware costs more than the rest of a request.
"""

from __future__ import annotations

import re
import time
import uuid
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

import structlog

from app.api.plain_http import is_confidential
from app.api.refusals import MANAGEMENT
from app.core.networks import is_in_networks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from app.core.networks import Network
    from app.net.connections import AnswerAtOnce

_log = structlog.get_logger("signpost.request")
_MAX_FORWARDED: Final = 20
# As UUIDs are written: problem documents have it as urn:uuid, and the audit has room for no more.
_REQUEST_ID: Final = re.compile(rb"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class ForwardedHeaders:
    """Believes ``X-Forwarded-For``, ``-Proto`` and ``-Host``, if a trusted proxy says so."""

    def __init__(self, app: ASGIApp, trusted: Sequence[Network], plain: ASGIApp | None = None) -> None:
        """Take the application and the networks of the proxies.

        Args:
            app: The application.
            trusted: The networks of the proxies.
            plain: Answers in its place where a proxy says that what is confidential came over plain http;
                None where that may be.
        """
        self._app = app
        self._plain = plain
        self._trusted = tuple(trusted)
        self._answer_at_once: AnswerAtOnce | None = getattr(app, "answer_at_once", None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Correct the scope and pass on."""
        scheme = self._believe(scope)
        if scheme == "http" and self._plain is not None and is_confidential(scope["path"]):
            await self._plain(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def answer_at_once(self, scope: Scope, body: bytes) -> tuple[int, tuple[bytes, ...]] | None:
        """Correct the scope, which may be done again, and return an answer where there is one at once."""
        if self._answer_at_once is None:
            return None
        self._believe(scope)
        return self._answer_at_once(scope, body)

    def _believe(self, scope: Scope) -> str | None:
        """Correct the scope, and return what a proxy says of the scheme; None where none says anything."""
        if scope["type"] == "http" and self._trusted and self._is_trusted(_peer(scope)):
            return self._correct(scope)
        return None

    def _is_trusted(self, address: str | None) -> bool:
        return is_in_networks(address, self._trusted)

    def _correct(self, scope: Scope) -> str | None:
        given: dict[bytes, str] = {}
        for name, value in scope["headers"]:
            # Proxies add to a line or write another: both are one list (RFC 9110 §5.3).
            given[name] = (
                f"{given[name]},{value.decode('latin-1')}" if name in given else value.decode("latin-1")
            )
        scheme = _last(given.get(b"x-forwarded-proto"))
        is_told = scheme in ("http", "https")
        if is_told:
            scope["scheme"] = scheme
        host = _last(given.get(b"x-forwarded-host"))
        if host:
            kept = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope["headers"] = [*kept, (b"host", host.encode("latin-1"))]
        # From the right: each proxy adds who spoke to it; the first one not trusted is the client.
        hops = given.get(b"x-forwarded-for", "").split(",")[-_MAX_FORWARDED:]
        for hop in (hop.strip() for hop in reversed(hops)):
            if not hop:
                continue
            if not _is_address(hop):
                break
            scope["client"] = (hop, 0)
            if not self._is_trusted(hop):
                break
        return scheme if is_told else None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _peer(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None


def _last(value: str | None) -> str:
    return (value or "").rpartition(",")[2].strip()


class RequestLog:
    """Gives each request an id, and writes one line about those of the management API.

    A request of the management API may bring a UUID of its own. It is told again in the answer, the log and
    the audit, and nothing relies on there being no other of it.

    The answer has the id, and whatever header fields were put into the state as ``answer_fields``.

    The line names the route, not the path: paths hold mail addresses. Discovery requests are not
    logged one by one.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Take the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Name the request, pass it on, and tell how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_management = scope["path"].startswith(MANAGEMENT)
        request_id = (_given_id(scope) if is_management else None) or str(uuid.uuid4())
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = ((b"x-request-id", request_id.encode()), *state.get("answer_fields", ()))
                message["headers"] = [*message["headers"], *own]
            await send(message)

        if not is_management:
            await self._app(scope, receive, send_named)
            return
        started = time.perf_counter()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, send_named)
        finally:
            self._tell(scope, status, time.perf_counter() - started)
            structlog.contextvars.unbind_contextvars("request_id")

    @staticmethod
    def _tell(scope: Scope, status: int, seconds: float) -> None:
        route: Any = scope.get("route")
        _log.info(
            "request",
            method=scope["method"],
            route=getattr(route, "path_format", "none"),
            status=int(status),
            token=scope["state"].get("token_id"),
            milliseconds=round(seconds * 1000, 1),
        )


def _given_id(scope: Scope) -> str | None:
    """Return the id that a request brings; None where there is none, or it is no UUID."""
    given: bytes = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return given.decode("ascii") if _REQUEST_ID.fullmatch(given) else None
