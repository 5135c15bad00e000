"""What the tables are made of: types of columns, and the class that keeps our tables apart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, DateTime, ForeignKey, Integer, MetaData, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel
from typing_extensions import override

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only for a column that says INTEGER.
ID = BigInteger().with_variant(Integer, "sqlite")
JSON_VALUE = JSON().with_variant(JSONB, "postgresql")
# Written and read as a whole, members in their order.
RECORD = JSON(none_as_null=True)
NULLABLE_JSON = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no time zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: object) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    @override
    def process_result_value(self, value: datetime | None, dialect: object) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def id_column() -> Column[int]:
    """Return the number that a row has by itself."""
    return Column("id", ID, primary_key=True, autoincrement=True)


def owner_column(name: str, table: str, *, nullable: bool = False, cascade: bool = False) -> Column[Any]:
    """Return the reference to the row that this one belongs to."""
    key = ForeignKey(f"{table}.id", ondelete="CASCADE" if cascade else "RESTRICT")
    return Column(name, ID, key, nullable=nullable)


def moment(*, nullable: bool = False) -> Any:  # noqa: ANN401 - as Field itself
    """Return the field of a moment in UTC."""
    return Field(sa_type=UtcDateTime, nullable=nullable, default=None if nullable else ...)


class Row(SQLModel, registry=registry(metadata=METADATA)):
    """Keeps our tables apart from those of other users of SQLModel in one process."""
