"""Watches requests that take the ordinary way: counts those to the management API, tells of slow ones.

Plain ASGI. What a request waited for is noted by whoever waits, in ``app.core.durations``; the line about a
slow one names the route and not the path, which may hold a mail address.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import structlog

from app.core.durations import CURRENT, Phases, note_phase

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from app.services.process_metrics import ProcessMetrics

BODY: Final = "body"
"""The phase in which the client is waited for."""
_MANAGEMENT: Final = "/api/"
NO_ROUTE: Final = "none"

_log = structlog.get_logger("signpost.request")


class ObservedRequests:
    """Stands between what names a request and the application."""

    def __init__(self, app: ASGIApp, metrics: ProcessMetrics, slow_milliseconds: int) -> None:
        """Take what comes next, what counts, and when a request is slow; 0 for never."""
        self._app = app
        self._metrics = metrics
        self._slow_seconds = slow_milliseconds / 1000 or float("inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and see how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began, answered = 0, perf_counter(), 0.0

        async def receive_timed() -> Message:
            waiting = perf_counter()
            try:
                return await receive()
            finally:
                note_phase(BODY, waiting)

        async def send_timed(message: Message) -> None:
            nonlocal status, answered
            if not answered and message["type"] == "http.response.start":
                status, answered = message["status"], perf_counter()
            await send(message)

        # Whoever traces the request has put in its own.
        phases = CURRENT.get() or Phases()
        token = CURRENT.set(phases)
        try:
            await self._app(scope, receive_timed, send_timed)
        finally:
            CURRENT.reset(token)
            self._tell(scope, status, (answered or perf_counter()) - began, phases)

    def _tell(self, scope: Scope, status: int, seconds: float, phases: Phases) -> None:
        route = route_of(scope)
        if scope["path"].startswith(_MANAGEMENT):
            self._metrics.count_request(scope["method"], route, status, seconds)
        sums = phases.seconds()
        body = sums.pop(BODY, 0.0)
        if seconds - body <= self._slow_seconds:
            return
        self._metrics.slow_requests += 1
        own = max(0.0, seconds - body - sum(sums.values()))
        _log.warning(
            "slow_request",
            method=scope["method"],
            route=route,
            status=status,
            request_id=scope.get("state", {}).get("request_id"),
            milliseconds=_milliseconds(seconds),
            phases={name: _milliseconds(spent) for name, spent in {BODY: body, **sums, "own": own}.items()},
        )


def route_of(scope: Scope) -> str:
    """Return the template of the route that a request took; of no path a word alone."""
    route: Any = scope.get("route")
    found: str = getattr(route, "path_format", NO_ROUTE)
    return found


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
