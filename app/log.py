"""Structured logs: one line an event, JSON or for people; no mail addresses, no secrets."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog

from app.settings import LogFormat

if TYPE_CHECKING:
    from app.settings import Settings


def configure_logging(settings: Settings) -> None:
    """Send structlog's events and the standard library's records to standard error, in one form."""
    as_json = settings.log_format is LogFormat.JSON or (
        settings.log_format is LogFormat.AUTO and not sys.stderr.isatty()
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderer(as_json=as_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    # Each migration tells of itself; how Alembic goes about it is of no interest.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # At DEBUG these tell every value of every statement and every header, secrets among them.
    for name in ("aiosqlite", "httpcore", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # The server logs through the root; its own access log would write addresses. With a handler, even an idle
    # one, the server would put each line together; without one the library's last resort would write.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
    logging.getLogger("uvicorn.access").disabled = True


def _renderer(*, as_json: bool) -> list[structlog.typing.Processor]:
    # Both forms of tracebacks would show local variables, which hold addresses and tokens.
    if as_json:
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        return [structlog.processors.ExceptionRenderer(tracebacks), structlog.processors.JSONRenderer()]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]
