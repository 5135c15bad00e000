"""Rows by the thousand, the shortest way that each driver has: executemany in SQLite, COPY in PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from asyncpg.exceptions import IntegrityConstraintViolationError
from sqlalchemy import ARRAY, JSON, String, any_, func, literal, select, text

from app.core.errors import ConcurrentChange
from app.store.conflicts import conflicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Column, ColumnElement, Dialect, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

SQLITE: Final = "sqlite"


async def insert_rows(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Store rows that all have the same columns.

    Raises:
        ConcurrentChange: When one of them is there already, or what it refers to is gone.
    """
    if not rows:
        return
    names = list(rows[0])
    tuples = _tuples(table, names, rows, connection.dialect)
    if connection.dialect.name == SQLITE:
        places = ", ".join("?" * len(names))
        quoted = ", ".join(f'"{name}"' for name in names)
        statement = f'INSERT INTO "{table.name}" ({quoted}) VALUES ({places})'  # noqa: S608 - our own names
        with conflicts(f"The {table.name}s"):
            await connection.exec_driver_sql(statement, list(tuples))
        return
    driver: Any = (await connection.get_raw_connection()).driver_connection
    try:
        await driver.copy_records_to_table(table.name, records=tuples, columns=names)
    except IntegrityConstraintViolationError:
        # Not SQLAlchemy's error, since it knows nothing of COPY.
        raise ConcurrentChange(f"The {table.name}s") from None


def _tuples(
    table: Table, names: list[str], rows: Sequence[dict[str, Any]], dialect: Dialect
) -> Iterable[tuple[Any, ...]]:
    """Write values as the driver takes them, column by column: each kind has one way to be written."""
    columns = [_written(table.c[name], [row[name] for row in rows], dialect) for name in names]
    return zip(*columns, strict=True)


def _written(column: Column[Any], values: list[Any], dialect: Dialect) -> list[Any]:
    process: Callable[[Any], Any] | None = column.type.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return values
    first = values[0]
    # Moments, and much else, are the same in all rows of a batch.
    if all(value is first for value in values):
        return [process(first)] * len(values)
    return [process(value) for value in values]


async def reserve_ids(connection: AsyncConnection, table: Table, count: int) -> list[int]:
    """Return numbers for rows that are to be stored in this transaction."""
    if not count:
        return []
    if connection.dialect.name == SQLITE:
        # Nobody else writes while this transaction does.
        last = (await connection.execute(select(func.coalesce(func.max(table.c.id), 0)))).scalar_one()
        return list(range(last + 1, last + 1 + count))
    statement = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
    found = await connection.execute(statement, {"name": table.name, "count": count})
    return sorted(found.scalars())


def is_among(connection: AsyncConnection, column: Column[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of many values, which are one parameter of the statement."""
    if connection.dialect.name == SQLITE:
        listed = func.json_each(literal(list(values), JSON())).table_valued("value")
        return column.in_(select(listed.c.value))
    kind = String() if isinstance(column.type, String) else column.type
    return column == any_(literal(list(values), ARRAY(kind)))
