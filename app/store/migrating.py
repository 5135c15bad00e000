"""The schema brought from one revision to another, by Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.core.errors import SchemaTooNew

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

MIGRATIONS: Final = Path(__file__).resolve().parents[2] / "migrations"


def alembic_config() -> Config:
    """Return Alembic's configuration; it needs no file of its own."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


async def migrate(engine: AsyncEngine, revision: str = "head") -> None:
    """Bring the schema to a revision, forward or back, in one transaction.

    Concurrent calls on PostgreSQL wait for each other.

    Raises:
        SchemaTooNew: When the database is at a revision that this program does not know.
    """
    async with engine.begin() as connection:
        await connection.run_sync(_migrate, revision)


def _migrate(connection: Connection, revision: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present not in _known_revisions():
        raise SchemaTooNew
    if revision == "base" or (present is not None and _is_behind(present, revision)):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


def _known_revisions() -> set[str]:
    script = ScriptDirectory.from_config(alembic_config())
    return {found.revision for found in script.walk_revisions()}


def _is_behind(present: str, revision: str) -> bool:
    script = ScriptDirectory.from_config(alembic_config())
    older = {found.revision for found in script.iterate_revisions(present, "base")} - {present}
    return revision in older
