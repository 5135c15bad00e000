"""What all models share."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from app.api.schemas.rules import VARIABLES_RULES
from app.core.placeholders import MAX_VARIABLES

NO_CONTROL_CHARACTERS: Final = r"^[^\x00-\x1f\x7f]*$"
"""PostgreSQL cannot even be asked for a text with a NUL in it."""


_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _as_rfc_3339(value: object) -> object:
    """Refuse numbers, which would be seconds since 1970, and other spellings of ISO 8601."""
    if isinstance(value, str) and not _MOMENT.fullmatch(value):
        message = "must be a date and time as in RFC 3339, such as 2026-03-02T09:30:00Z"
        raise ValueError(message)
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        message = "must be a moment that exists in UTC"
        raise ValueError(message) from None


Moment = Annotated[AwareDatetime, BeforeValidator(_as_rfc_3339), AfterValidator(_in_utc)]

Integer = Annotated[int, Field(strict=True)]
Boolean = Annotated[bool, Field(strict=True)]
Variables = Annotated[
    dict[str, str],
    Field(
        description="Values for placeholders such as `%NODE%` in host names, URLs and user names.",
        examples=[{"NODE": "srv12"}],
        json_schema_extra={**VARIABLES_RULES, "maxProperties": MAX_VARIABLES},
    ),
]


class Shape(BaseModel):
    """A model that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


ItemT = TypeVar("ItemT", bound=Shape)


class Listing(Shape, Generic[ItemT]):
    """Some of a list."""

    items: list[ItemT]
    next: str | None = Field(description="What to send as `after` for the next page; null at the end.")
    total: int | None = Field(description="How many there are in all, where `total=true` asked for it.")


def without_required(schema: dict[str, Any]) -> None:
    """Make all members of a schema independent and optional: an item has the fields that were asked for."""
    for rule in ("required", "anyOf"):
        schema.pop(rule, None)


class StoredShape(Shape):
    """What the store adds to a resource."""

    version: int = Field(description="Grows with each change; also in the ETag header.")
    created_at: datetime
    updated_at: datetime


class LineProblem(BaseModel):
    """What a problem document says (RFC 9457), of one line of many: the request is that of all."""

    type: str = Field(description="A page about this kind of problem, or `about:blank`.")
    title: str
    status: int
    detail: str | None = None
    errors: list[ProblemIssue] | None = None


class Problem(LineProblem):
    """A problem document (RFC 9457)."""

    instance: str = Field(description="`urn:uuid:` with the request's id, as in the log.")
    line: int | None = Field(
        default=None, description="The line of a bulk request that could not be done, and with it no other."
    )


class ProblemIssue(BaseModel):
    """One broken rule."""

    pointer: str | None = Field(default=None, description="A JSON Pointer into the body.")
    parameter: str | None = Field(default=None, description="A parameter of the path, query or header.")
    detail: str
