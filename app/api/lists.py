"""The one form of all lists: items, an opaque place to go on from, and a total for those who ask."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from app.api.schemas.shapes import Shape

FoundT = TypeVar("FoundT")

MAX_PAGE: Final = 500
_MAX_CURSOR: Final = 1000

NO_PLACE: Final = "must be the `next` of a page of this list in this order"
"""What is wrong with an ``after`` that is not such a one."""


def parameter_error(name: str, rule: str) -> RequestValidationError:
    """Return the refusal of a query's parameter, as FastAPI's own checks put it."""
    return RequestValidationError([{"type": "value_error", "loc": ("query", name), "msg": rule}])


@dataclass(frozen=True, slots=True)
class ListRequest:
    """Which part of a list is wanted, and in what form."""

    after: str | None
    limit: int
    total: bool
    fields: frozenset[str] | None
    """The names of the fields that are wanted; None for all."""

    def check_fields(self, item: type[Shape]) -> None:
        """Check the fields that were asked for against those that items have.

        Raises:
            RequestValidationError: When there is none of such a name.
        """
        if self.fields is not None and not (self.fields and self.fields <= item.model_fields.keys()):
            raise parameter_error("fields", f"must be some of {', '.join(item.model_fields)}")

    def position(self, order: str, kinds: tuple[type, ...]) -> tuple[Any, ...] | None:
        """Return the place that ``after`` stands for; None at the start.

        Args:
            order: What the list is ordered by; the place is one in that order only.
            kinds: The types of what the place is made of.

        Raises:
            RequestValidationError: When it is no ``next`` of such a list.
        """
        if not self.after:
            return None
        try:
            padded = self.after + "=" * (-len(self.after) % 4)
            found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (binascii.Error, ValueError, RecursionError):
            found = None
        is_ours = (
            isinstance(found, list)
            and len(found) == len(kinds) + 1
            and found[0] == order
            and all(type(part) is kind for part, kind in zip(found[1:], kinds, strict=True))
            and all(map(_is_storable, found))
        )
        if not is_ours:
            raise parameter_error("after", NO_PLACE)
        return tuple(found[1:])


def _is_storable(part: str | int) -> bool:
    """Tell whether a database can compare with this."""
    if isinstance(part, int):
        return abs(part) < 2**63
    return part.isprintable()  # which neither NUL nor half a surrogate pair is


def encode_position(order: str, *parts: str | int) -> str:
    """Write a place in a list as an opaque text."""
    text = json.dumps([order, *parts], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _list_request(
    after: Annotated[
        str, Query(max_length=_MAX_CURSOR, description="Go on from here: `next` of the last page.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at the most.")] = 100,
    total: Annotated[bool, Query(description="Whether to count all.")] = False,  # noqa: FBT002 - a query's parameter
    fields: Annotated[
        str | None,
        Query(max_length=1000, description="Only these fields of each item, separated by commas."),
    ] = None,
) -> ListRequest:
    wanted = None
    if fields is not None:
        wanted = frozenset(name.strip(" ") for name in fields.split(","))
    return ListRequest(after or None, limit, total, wanted)


ListDependency = Annotated[ListRequest, Depends(_list_request)]


def page_response(
    request: ListRequest,
    found: Sequence[FoundT],
    read: Callable[[FoundT], Shape],
    place: Callable[[FoundT], tuple[str | int, ...]],
    total: int | None,
) -> JSONResponse:
    """Write a page, with the fields that were asked for.

    Args:
        request: What was asked for.
        found: What there is from the page's start on: one more than asked for, where there is more.
        read: Writes one as JSON has it.
        place: Tells the place of one: the order, and what it is ordered by.
        total: How many there are in all; None where nobody asked.
    """
    include = None if request.fields is None else set(request.fields)
    shown = found[: request.limit]
    content = [read(one).model_dump(mode="json", include=include) for one in shown]
    following = None
    if len(found) > len(shown):
        order, *parts = place(shown[-1])
        following = encode_position(str(order), *parts)
    return JSONResponse({"items": content, "next": following, "total": total})


def whole_response(request: ListRequest, items: Sequence[Shape]) -> JSONResponse:
    """Write a list that is short by nature as its only page."""
    include = None if request.fields is None else set(request.fields)
    content = [item.model_dump(mode="json", include=include) for item in items]
    total = len(items) if request.total else None
    return JSONResponse({"items": content, "next": None, "total": total})
