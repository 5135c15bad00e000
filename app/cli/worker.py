"""``signpost worker``."""

from __future__ import annotations

import asyncio
import signal

import typer

from app.cli.session import EXIT_FAILURE, fail, run_with_services
from app.wiring import Services


def worker() -> None:
    """Verify what is due until told to stop; any number of these share a PostgreSQL database.

    On SQLite 'signpost serve' does it by itself.
    """

    async def work(services: Services) -> bool:
        if not await services.health.has_current_schema():
            return False
        services.verification.trust.check()
        running = asyncio.create_task(services.verification.run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, running.cancel)
        await asyncio.wait([running])
        if not running.cancelled():
            # A loop that ends by itself has failed.
            running.result()
        return True

    if not run_with_services(work):
        fail("The database does not have this version's schema; run 'signpost migrate'.")
        raise typer.Exit(EXIT_FAILURE)
