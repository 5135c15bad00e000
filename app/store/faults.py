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
_ABSENT_STATES: Final = frozenset({
    "3D000",  # no such database
    "42P01", "42703",  # no such table or column: the schema is not this program's
    "55P03",  # a lock was not to be had in time
})  # fmt: skip
_RACE_STATES: Final = frozenset({"40001", "40P01"})  # serialization failure, deadlock

_ABSENT_CODES: Final = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOTADB,
})  # fmt: skip
# The number is that of any faulty statement; only the text tells that the schema is not there.
_ABSENT_SCHEMA: Final = re.compile(r"no such (?:table|column)|table \w+ has no column")


def means_absence(error: BaseException) -> bool:
    """Tell whether the database is away, too busy, or not prepared for this program."""
    if isinstance(error, PoolTimeoutError | OSError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return any(_driver_means_absence(cause) for cause in _with_causes(error))


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
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        # The lower eight bits are the primary code.
        return (code is not None and code & 0xFF in _ABSENT_CODES) or bool(_ABSENT_SCHEMA.match(str(error)))
    return False


def _state(error: BaseException) -> str | None:
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else None
