"""``signpost serve``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
import uvicorn

from app.cli.session import EXIT_FAILURE, fail, run_with_services

if TYPE_CHECKING:
    from app.services.health import Readiness
    from app.wiring import Services


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8080,
    workers: Annotated[int, typer.Option(help="How many processes.", min=1, max=256)] = 1,
) -> None:
    """Run the service until it is told to stop.

    The database must have the present schema: see 'signpost migrate'.
    """

    async def look(services: Services) -> Readiness:
        return await services.health.readiness()

    readiness = run_with_services(look)
    if not readiness.database:
        fail("The database does not answer; is SIGNPOST_DATABASE_URL right?")
        raise typer.Exit(EXIT_FAILURE)
    if not readiness.schema:
        fail("The database does not have this version's schema; run 'signpost migrate'.")
        raise typer.Exit(EXIT_FAILURE)
    try:
        _run(host, port, workers)
    except SystemExit as ended:
        # The server has said why, such as a port that is in use; its codes are not ours.
        raise typer.Exit(EXIT_FAILURE if ended.code else 0) from None


def _run(host: str, port: int, workers: int) -> None:
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
        timeout_graceful_shutdown=20,
    )
