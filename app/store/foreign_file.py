"""SQLite databases of other programs, read and never written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from app.core.errors import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Rows = list[dict[str, Any]]


def read_tables(path: Path, needed: Sequence[str], others: Sequence[str] = ()) -> dict[str, Rows]:
    """Read whole tables.

    Args:
        path: The file.
        needed: Tables that it has to have.
        others: Tables that not every version has; one that is missing is empty.

    Returns:
        The rows of each table by the names of the columns, in the order of the first one.

    Raises:
        InvalidInput: When the file is no such database.
    """
    try:
        # As a URI, since nothing else opens a file for reading only.
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            present = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            if missing := sorted(set(needed) - present):
                raise refuse(f"must have the tables {', '.join(missing)}", str(path))
            return {
                table: _rows(connection, table) if table in present else [] for table in (*needed, *others)
            }
    except sqlite3.Error:
        raise refuse("must be a database of SQLite", str(path)) from None


def _rows(connection: sqlite3.Connection, table: str) -> Rows:
    found = connection.execute(f'SELECT * FROM "{table}" ORDER BY 1')  # noqa: S608 - a word of the caller's
    return [dict(row) for row in found]
