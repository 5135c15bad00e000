"""``signpost serve``."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer
import uvicorn

from app.cli.migrate import bring_up_to_date, fill_if_empty
from app.cli.session import EXIT_FAILURE, fail, load_settings, run_with_services

if TYPE_CHECKING:
    from app.settings import Settings
    from app.wiring import Services


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8080,
    workers: Annotated[int, typer.Option(help="How many processes.", min=1, max=256)] = 1,
    migrate: Annotated[bool, typer.Option("--migrate", help="Run 'signpost migrate' first.")] = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="Run 'signpost migrate' and 'signpost demo' first.")
    ] = False,
) -> None:
    """Run the service until it is told to stop.

    The database must have the present schema: see 'signpost migrate'.
    """

    async def prepare(services: Services) -> bool:
        if migrate or demo:
            await bring_up_to_date(services)
        if demo:
            await fill_if_empty(services)
        if services.signer is not None:
            services.signer.load()
        services.webhooks.poster.load()
        services.verification.trust.load()
        return await services.health.has_current_schema()

    # The server sends itself the signal again when it has ended in good order; that is a success.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if not run_with_services(prepare):
        fail("The database does not have this version's schema; run 'signpost migrate' (or serve --migrate).")
        raise typer.Exit(EXIT_FAILURE)
    try:
        _run(host, port, workers, load_settings())
    except SystemExit as ended:
        # The server has said why, such as a port that is in use; its codes are not ours.
        raise typer.Exit(EXIT_FAILURE if ended.code else 0) from None


def _run(host: str, port: int, workers: int, settings: Settings) -> None:
    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        # The dispatcher is an ASGI 3 callable; probing for the style costs on every request.
        interface="asgi3",
        # Ours are structured and without addresses; X-Forwarded headers are read by our own rules.
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        # By its place, so that each worker finds it for itself.
        http="app.net.connections:GuardedConnection" if sys.platform != "win32" else "h11",
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        # A worker that takes longer is replaced, and on a busy machine it takes some seconds to start.
        timeout_worker_healthcheck=60,
    )
