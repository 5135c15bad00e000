"""Many changes of domains, one a line: a domain in its API form, and what is to be done with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from app.core.errors import AppError, InvalidInput, UnreadableLine, refuse, within
from app.core.merging import MAX_DEPTH, depth_of
from app.core.names import DomainName
from app.core.record_reading import DOMAIN_MEMBERS, read_domain, read_mailboxes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.core.domains import Domain, Mailbox


class Operation(StrEnum):
    """What a line does."""

    PUT = "put"
    """Store the domain, in place of the present one if there is one."""
    PATCH = "patch"
    """Change some of the present domain (JSON Merge Patch)."""
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainLine:
    """One change of many."""

    operation: Operation
    name: DomainName
    domain: Domain | None = None
    """What is put."""
    mailboxes: tuple[Mailbox, ...] | None = None
    """All mailboxes that the domain is to have; None where they stay as they are."""
    members: Mapping[str, Any] | None = None
    """What is patched."""
    must_exist: bool = False
    version: int | None = None
    """The version that the present one has to be; None for any."""


@dataclass(frozen=True, slots=True)
class NumberedLine:
    """A line as it was read: what it says, or what is wrong with it."""

    number: int
    name: str | None
    """The domain's name as it was given; None where none can be made out."""
    change: DomainLine | AppError
    size: int = 0
    """In bytes, about."""


_OPERATIONS: Final = {operation.value: operation for operation in Operation}
_CONTROLS: Final = frozenset({"op", "if_match", "mailboxes"})
LINE_MEMBERS: Final = DOMAIN_MEMBERS | _CONTROLS


def read_line(number: int, data: bytes | None) -> NumberedLine:
    """Read a line of NDJSON; None stands for one that was too long to be kept."""
    return numbered_line(number, len(data or b""), lambda: _object_in(data))


def numbered_line(
    number: int, size: int, take: Callable[[], dict[str, Any]], name: str | None = None
) -> NumberedLine:
    """Read a line from its members, or keep what is wrong with it, with its name if that is known."""
    try:
        members = take()
        given = members.get("name")
        name = given if isinstance(given, str) else name
        change: DomainLine | AppError = read_change(members)
    except (InvalidInput, UnreadableLine) as error:
        change = error
    return NumberedLine(number, name, change, size)


def _object_in(data: bytes | None) -> dict[str, Any]:
    if data is None:
        raise UnreadableLine("is too long")
    try:
        members = json.loads(data.decode())
    except UnicodeDecodeError:
        raise UnreadableLine("is not UTF-8") from None
    except RecursionError:
        raise UnreadableLine("is nested too deep") from None
    except ValueError:
        raise UnreadableLine("is not JSON") from None
    if type(members) is not dict:
        raise UnreadableLine("is no JSON object")
    return members


def read_change(members: dict[str, Any]) -> DomainLine:
    """Build a change from the members of a line.

    Raises:
        InvalidInput: With the fields and rules, as a single write has them.
    """
    operation = Operation.PUT
    if "op" in members:
        given = members["op"]
        found = _OPERATIONS.get(given) if isinstance(given, str) else None
        if found is None:
            raise refuse(f"must be one of {', '.join(_OPERATIONS)}", "op")
        operation = found
    condition = _condition(members["if_match"]) if members.get("if_match") is not None else {}
    if operation is Operation.PUT:
        domain = read_domain(members, _CONTROLS)
        mailboxes = _mailboxes(members, domain.name)
        return DomainLine(
            operation=operation, name=domain.name, domain=domain, mailboxes=mailboxes, **condition
        )
    name = _name(members.get("name"))
    if operation is Operation.PATCH:
        return _patch(members, name, condition)
    for other in members:
        if other not in {"op", "name", "if_match"}:
            raise refuse("is no field of a line that deletes", other)
    return DomainLine(operation=operation, name=name, **condition)


def _patch(members: dict[str, Any], name: DomainName, condition: dict[str, Any]) -> DomainLine:
    for other in members:
        if other not in LINE_MEMBERS:
            raise refuse("is no field of this", other)
    if depth_of(members) > MAX_DEPTH:
        raise refuse(f"must be a JSON object, nested at most {MAX_DEPTH} deep")
    bare = {other: value for other, value in members.items() if other not in {*_CONTROLS, "name"}}
    mailboxes = _mailboxes(members, name)
    return DomainLine(operation=Operation.PATCH, name=name, members=bare, mailboxes=mailboxes, **condition)


def _mailboxes(members: Mapping[str, Any], name: DomainName) -> tuple[Mailbox, ...] | None:
    given = members.get("mailboxes")
    return None if given is None else read_mailboxes(given, name)


def _name(given: Any) -> DomainName:  # noqa: ANN401 - any JSON
    if not isinstance(given, str):
        raise refuse("is needed" if given is None else "must be a text", "name")
    with within("name"):
        return DomainName.parse(given)


def _condition(given: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    if given == "*":
        return {"must_exist": True}
    if type(given) is int:
        return {"must_exist": True, "version": given}
    raise refuse('must be a version\'s number, or "*" for any', "if_match")
