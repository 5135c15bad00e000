"""What all models share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Integer = Annotated[int, Field(strict=True)]
Boolean = Annotated[bool, Field(strict=True)]
Variables = Annotated[
    dict[str, str],
    Field(
        description="Values for placeholders such as `%NODE%` in host names, URLs and user names.",
        examples=[{"NODE": "srv12"}],
    ),
]


class Shape(BaseModel):
    """A model that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StoredShape(Shape):
    """What the store adds to a resource."""

    version: int = Field(description="Grows with each change; also in the ETag header.")
    created_at: datetime
    updated_at: datetime


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(description="A page about this kind of problem, or `about:blank`.")
    title: str
    status: int
    detail: str | None = None
    instance: str = Field(description="`urn:uuid:` with the request's id, as in the log.")
    errors: list[ProblemIssue] | None = None


class ProblemIssue(BaseModel):
    """One broken rule."""

    pointer: str | None = Field(default=None, description="A JSON Pointer into the body.")
    parameter: str | None = Field(default=None, description="A parameter of the path, query or header.")
    detail: str
