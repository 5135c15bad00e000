"""``signpost migrate`` and ``signpost demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.cli.session import err, out, run_with_services

if TYPE_CHECKING:
    from app.wiring import Services


def migrate() -> None:
    """Bring the database to the newest schema."""

    async def work(services: Services) -> bool:
        return await services.health.migrate()

    changed = run_with_services(work)
    err.print("The database was brought to the newest schema." if changed else "The schema is current.")


def demo() -> None:
    """Fill an empty database with a demo domain and print an admin token, once.

    Does nothing when there is any provider or token.
    """

    async def work(services: Services) -> str | None:
        return await services.demo.fill_if_empty()

    token = run_with_services(work)
    if token is None:
        err.print("The database has data; no demo data is needed.")
        return
    err.print("Stored the demo domain demo.example and an admin token. The token, shown only now:")
    out.print(token, markup=False)
