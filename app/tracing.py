"""Traces of requests, sent to an OpenTelemetry collector; imported by nobody who does not want them.

A span for each request that is sampled, by the template of its route, and one below it for each thing that it
waited for. No path, no query, no header and no host is in it: they may hold addresses and tokens.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app import __version__
from app.api.observing import NO_ROUTE, route_of
from app.core.durations import CURRENT, Phases

if TYPE_CHECKING:
    from opentelemetry.trace import Span
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from app.net.connections import AnswerAtOnce
    from app.settings import Settings

_SHORT: Final = "short"
_WAY: Final = "signpost.way"
_OK: Final = 200
_SERVER_ERROR: Final = 500
_NANOSECONDS: Final = 1_000_000_000
_CONTEXT: Final = frozenset({b"traceparent", b"tracestate"})


def trace(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Put around an application what traces its requests; their spans are sent by a thread."""
    resource = Resource({
        "service.name": "signpost",
        "service.version": __version__,
        "service.instance.id": str(uuid4()),
    })  # fmt: skip
    provider = TracerProvider(sampler=ParentBasedTraceIdRatio(settings.otel_sampled), resource=resource)
    exporter = OTLPSpanExporter(endpoint=str(settings.otel_endpoint))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return TracedRequests(app, provider)


class TracedRequests:
    """Takes up the trace of each request's caller (W3C Trace Context), or begins one."""

    def __init__(self, app: ASGIApp, provider: TracerProvider) -> None:
        """Take the application, and where spans go."""
        self._app = app
        self._provider = provider
        self._tracer = provider.get_tracer("signpost", __version__)
        self._propagator = TraceContextTextMapPropagator()
        self._answer_at_once: AnswerAtOnce | None = getattr(app, "answer_at_once", None)

    def answer_at_once(self, scope: Scope, body: bytes) -> tuple[int, tuple[bytes, ...]] | None:
        """Return the answer where there is one at once, and trace it."""
        if self._answer_at_once is None:
            return None
        began = time.time_ns()
        answer = self._answer_at_once(scope, body)
        if answer is not None:
            span = self._start(scope, began)
            span.update_name(f"{scope['method']} {_SHORT}")
            span.set_attributes({_WAY: _SHORT, "http.response.status_code": answer[0]})
            span.end()
        return answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Trace a request; at the application's end send what was not sent yet."""
        if scope["type"] == "http":
            await self._trace(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            if scope["type"] == "lifespan":
                await asyncio.to_thread(self._provider.shutdown)

    async def _trace(self, scope: Scope, receive: Receive, send: Send) -> None:
        span = self._start(scope, time.time_ns())
        if not span.is_recording():
            await self._app(scope, receive, send)
            return
        began_ns, began, status = time.time_ns(), time.perf_counter(), _SERVER_ERROR

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        token = CURRENT.set(phases := Phases())
        try:
            await self._app(scope, receive, send_watched)
        finally:
            CURRENT.reset(token)
            below = set_span_in_context(span)
            for name, start, end in phases.spans:
                # By the clock that does not jump, from where the request began.
                at = began_ns + int((start - began) * _NANOSECONDS)
                child = self._tracer.start_span(name, below, start_time=at)
                child.end(at + int((end - start) * _NANOSECONDS))
            self._end(span, scope, status)

    def _start(self, scope: Scope, began_ns: int) -> Span:
        given = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in _CONTEXT
        }
        return self._tracer.start_span(
            scope["method"],
            self._propagator.extract(given),
            SpanKind.SERVER,
            {"http.request.method": scope["method"], "url.scheme": scope["scheme"]},
            start_time=began_ns,
        )

    @staticmethod
    def _end(span: Span, scope: Scope, status: int) -> None:
        route = route_of(scope)
        attributes: dict[str, Any] = {"http.response.status_code": status}
        if route == NO_ROUTE:
            # Of a path that nobody has; a document is from memory, made with this request.
            is_short = status == _OK
            span.update_name(f"{scope['method']} {_SHORT}" if is_short else scope["method"])
            attributes |= {_WAY: _SHORT} if is_short else {}
        else:
            span.update_name(f"{scope['method']} {route}")
            attributes["http.route"] = route
        span.set_attributes(attributes)
        if status >= _SERVER_ERROR:
            span.set_status(StatusCode.ERROR)
        span.end()
