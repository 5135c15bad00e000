"""Domains as rows of a table: a column a field, JSON in the cells of those that have parts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from app.core.errors import UnreadableLine, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TEXTS: Final = ("op", "name", "provider", "alias_of", "status", "published_name", "reference")
_JSON: Final = ("variables", "servers", "mta_sts", "tls_reporting", "mailboxes")
_VARIABLE: Final = "variables."
"""A column of this and a variable's name holds that variable's values."""
COLUMNS: Final = (
    "name", "provider", "alias_of", "status", "published_name", "reference", "serves_mx", *_JSON,
)  # fmt: skip
"""What is written; any of them, in any order, is read."""
_READ: Final = {*_TEXTS, *_JSON, "serves_mx", "if_match"}
_BOOLEANS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def check_header(header: Sequence[str]) -> None:
    """Check the names of a table's columns.

    Raises:
        InvalidInput: For one that is not known or there twice, and where there is none for names.
    """
    if "name" not in header:
        raise refuse("must have a column of this name", "name")
    for position, column in enumerate(header):
        if column not in _READ and not column.startswith(_VARIABLE):
            raise refuse("is no column that is known", column)
        if column in header[:position]:
            raise refuse("must not be there twice", column)


def members_of_row(header: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """Return a row as the members of a line; an empty cell is no member.

    Raises:
        UnreadableLine: When the row has more or fewer cells than the header.
        InvalidInput: When a cell is not what its column holds.
    """
    if len(cells) != len(header):
        raise UnreadableLine(f"has {len(cells)} cells where the header has {len(header)}")
    members: dict[str, Any] = {}
    variables: dict[str, str] = {}
    for column, cell in zip(header, cells, strict=True):
        if not cell:
            continue
        if column in _TEXTS:
            members[column] = cell
        elif column.startswith(_VARIABLE):
            variables[column.removeprefix(_VARIABLE)] = cell
        else:
            members[column] = _value(column, cell)
    if variables:
        listed = members.get("variables", {})
        members["variables"] = {**listed, **variables} if isinstance(listed, dict) else listed
    return members


def _value(column: str, cell: str) -> Any:  # noqa: ANN401 - any JSON
    if column == "serves_mx":
        if cell.lower() not in _BOOLEANS:
            raise refuse("must be true or false", column)
        return _BOOLEANS[cell.lower()]
    if column == "if_match" and cell == "*":
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        rule = "must be a version's number, or *" if column == "if_match" else "must be JSON"
        raise refuse(rule, column) from None


def row_of_record(record: Mapping[str, Any]) -> list[str]:
    """Return the cells of a domain's record, as ``COLUMNS`` has them; what is as by default is empty."""
    return [_cell(record.get(column)) for column in COLUMNS]


def _cell(value: Any) -> str:  # noqa: ANN401 - any JSON
    if value is None or value is False or value in ([], {}):
        return ""
    if value is True:
        return "true"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
