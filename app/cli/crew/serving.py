"""One process that serves: the server's settings, and its run."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.importer import import_from_string

if TYPE_CHECKING:
    import socket

    from app.net.draining import DrainingServer
    from app.services.crew import Crew
    from app.settings import Settings

_APPLICATION: Final = "app.main:create_app"
"""By its place, as servers are told: it stands above all commands."""


def open_listening(host: str, port: int) -> socket.socket:
    """Take hold of an address; nobody can connect before a server listens there.

    Raises:
        SystemExit: When it cannot be had; the reason is in the log.
    """
    listening: socket.socket = _config("", host=host, port=port).bind_socket()
    return listening


def make_config(settings: Settings, crew: Crew) -> uvicorn.Config:
    """Create the application and return the server's settings for it."""
    return _config(
        import_from_string(_APPLICATION)(crew),
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )


def _config(app: object, **options: Any) -> uvicorn.Config:  # noqa: ANN401 - the server's own
    return uvicorn.Config(
        app,  # type: ignore[arg-type] # what uvicorn loads by its place has no type
        # The dispatcher is an ASGI 3 callable; probing for the style costs on every request.
        interface="asgi3",
        # Ours are structured and without addresses; X-Forwarded headers are read by our own rules.
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        http="app.net.connections:GuardedConnection" if sys.platform != "win32" else "h11",
        **options,
    )


def end_when_told() -> None:
    """Take being told to stop for a success, also before there is a server to stop.

    The server sends itself the signal again when it has ended in good order.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def run_server(server: DrainingServer, listening: socket.socket) -> None:
    """Serve until told to stop.

    Raises:
        SystemExit: With 0 at the end in good order, and with another code where it could not begin.
    """
    end_when_told()
    server.run([listening])
