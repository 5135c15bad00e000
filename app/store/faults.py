"""What a database error means: the database is away, somebody else won a race, or we have a bug.

Drivers tell by number what happened: SQLite by its result code, PostgreSQL by SQLSTATE (appendix A).
"""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

if TYPE_CHECKING:
    from collections.abc import Iterator

# 08 connection, 28 authorization, 53 resources, 57 operator intervention, 58 system.
_ABSENT_CLASSES: Final = ("08", "28", "53", "57", "58")
_ABSENT_STATES: Final = frozenset({"3D000", "55P03"})  # no such database; no lock to be had in time
_FULL_STATES: Final = frozenset({"53100"})
_READ_ONLY_STATES: Final = frozenset({"25006"})
_SCHEMA_STATES: Final = frozenset({"42P01", "42703"})  # no such table, no such column
_RACE_STATES: Final = frozenset({"40001", "40P01"})  # serialization failure, deadlock

_ABSENT_CODES: Final = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOTADB,
})  # fmt: skip
# The number is that of any faulty statement; only the text tells that the schema is another.
_OTHER_SCHEMA: Final = re.compile(r"no such (?:table|column)|table \w+ has no column")


def find_absence(error: BaseException, *, is_writing: bool = False) -> str | None:
    """Return how the database is where it is away, too busy or takes no changes; None for other errors.

    Args:
        error: What came of a statement.
        is_writing: Whether the transaction was one to write: in others it is we that allow no changes.
    """
    for cause in _with_causes(error):
        state, code = _state(cause), _code(cause)
        if state in _FULL_STATES or code == sqlite3.SQLITE_FULL:
            return "has no room left"
        if is_writing and (state in _READ_ONLY_STATES or code == sqlite3.SQLITE_READONLY):
            return "takes no changes at the moment"
    if (
        isinstance(error, PoolTimeoutError | OSError)
        or (isinstance(error, DBAPIError) and error.connection_invalidated)
        or any(_driver_means_absence(cause) for cause in _with_causes(error))
    ):
        return "does not answer at the moment"
    return None


def means_other_schema(error: BaseException) -> bool:
    """Tell whether the database lacks a table or a column of this program."""
    return any(
        _state(cause) in _SCHEMA_STATES
        or (isinstance(cause, sqlite3.Error) and _OTHER_SCHEMA.match(str(cause)) is not None)
        for cause in _with_causes(error)
    )


def means_race(error: BaseException) -> bool:
    """Tell whether the transaction was given up in favour of another; a retry is right."""
    return any(_state(cause) in _RACE_STATES for cause in _with_causes(error))


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    """Return the error and what the driver said: asyncpg's own error, where it failed to connect."""
    yield error
    if isinstance(error, DBAPIError) and error.orig is not None:
        yield error.orig


def _driver_means_absence(error: BaseException) -> bool:
    state = _state(error)
    if state is not None:
        return state in _ABSENT_STATES or state.startswith(_ABSENT_CLASSES)
    return _code(error) in _ABSENT_CODES


def _code(error: BaseException) -> int | None:
    """Return SQLite's primary code, the lower eight bits; errors that the driver finds itself have none."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def _state(error: BaseException) -> str | None:
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else None
