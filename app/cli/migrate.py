"""``signpost migrate`` and ``signpost demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.cli.session import err, out, run_with_services

if TYPE_CHECKING:
    from app.wiring import Services


def migrate() -> None:
    """Bring the database to the newest schema."""
    run_with_services(bring_up_to_date)


def demo() -> None:
    """Fill an empty database with a demo domain and print an admin token, once.

    Does nothing when there is any provider or token.
    """
    run_with_services(fill_if_empty)


async def bring_up_to_date(services: Services) -> None:
    """Migrate, and tell whether there was anything to do."""
    changed = await services.health.migrate()
    err.print("The database was brought to the newest schema." if changed else "The schema is current.")


async def fill_if_empty(services: Services) -> None:
    """Store the demo data where there is none, and print the token alone on standard output."""
    token = await services.demo.fill_if_empty()
    if token is None:
        err.print("The database has data; no demo data is needed.")
        return
    err.print("Stored the demo domain demo.example and an admin token. The token, shown only now:")
    out.print(token, markup=False)
