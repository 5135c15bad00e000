"""Run by Alembic, from ``signpost migrate`` with a connection or from its own command line without."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from alembic import context
from app.settings import Settings
from app.store.engine import create_engine
from app.store.rows import METADATA
from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Any number that nobody else uses: replicas that start together migrate one after the other.
ADVISORY_LOCK = 720_913_554


def run(connection: Connection) -> None:
    """Run the migrations on a connection."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        # SQLite has it too, with the explicit BEGIN that the engine sends.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_by_itself() -> None:
    """Run the migrations on the configured database."""
    engine = create_engine(Settings().database_url)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(run_by_itself())
