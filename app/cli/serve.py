"""``signpost serve``."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.cli.crew.serving import end_when_told, make_config, open_listening, run_server
from app.cli.crew.supervisor import Supervisor
from app.cli.migrate import bring_up_to_date, fill_if_empty
from app.cli.session import EXIT_FAILURE, EXIT_USAGE, fail, load_settings, run_with_services
from app.net.draining import DrainingServer
from app.services.crew import Crew

if sys.platform != "win32":
    import resource

if TYPE_CHECKING:
    from app.settings import Settings
    from app.wiring import Services

MOST_DESCRIPTORS: Final = 65_536


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
        services.webhooks.poster.check()
        services.verification.trust.check()
        return await services.health.has_current_schema()

    if workers > 1 and sys.platform == "win32":
        fail("Several processes can serve together on Unix only.")
        raise typer.Exit(EXIT_USAGE)
    end_when_told()
    if not run_with_services(prepare):
        fail("The database does not have this version's schema; run 'signpost migrate' (or serve --migrate).")
        raise typer.Exit(EXIT_FAILURE)
    try:
        _run(host, port, workers, load_settings())
    except SystemExit as ended:
        # The log says why, such as a port that is in use; the server's codes are not ours.
        raise typer.Exit(EXIT_FAILURE if ended.code else 0) from None


def _run(host: str, port: int, workers: int, settings: Settings) -> None:
    listening = open_listening(host, port)
    _allow_many_connections()
    if workers == 1:
        crew = Crew()
        config = make_config(settings, crew)
        server = DrainingServer(config, on_leaving=crew.leave, announce_seconds=settings.drain_seconds)
        run_server(server, listening)
        return
    patience = settings.drain_seconds + settings.shutdown_seconds
    supervisor = Supervisor(listening, workers, patience_seconds=patience)
    if not asyncio.run(supervisor.run()):
        fail("The processes that serve cannot start; the log says why.")
        raise typer.Exit(EXIT_FAILURE)


def _allow_many_connections() -> None:
    """Use as many descriptors as the system lets us have without asking: each client needs one."""
    if sys.platform != "win32":
        # A service manager may forbid it, and has limits of its own.
        with suppress(OSError, ValueError):
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            most = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
            if soft < most:
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
