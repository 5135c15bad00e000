"""The members of JSON objects from elsewhere, taken with their types checked."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from app.core.errors import IssueCollector

if TYPE_CHECKING:
    from enum import StrEnum

EnumT = TypeVar("EnumT", bound="StrEnum")

_ABSENT: Final = object()


@cache
def choices_of(kind: type[EnumT]) -> dict[str, EnumT]:
    """Return the members of an enumeration by their words."""
    return {member.value: member for member in kind}


class Members:
    """The members of one JSON object, taken one by one; what is of a wrong type is gathered."""

    __slots__ = ("_issues", "_members", "_path")

    def __init__(
        self,
        members: Any,  # noqa: ANN401 - any JSON
        known: frozenset[str],
        issues: IssueCollector,
        *path: str | int,
    ) -> None:
        """Take the object, what it may have, and where it is."""
        self._issues = issues
        self._path = path
        if type(members) is not dict:
            issues.add("must be an object", *path)
            # What it lacks is not told too.
            members, self._issues = {}, IssueCollector()
        elif not members.keys() <= known:
            for name in members.keys() - known:
                issues.add("is no field of this", *path, name)
        self._members: dict[str, Any] = members

    def refuse(self, rule: str, *path: str | int) -> None:
        """Note an issue."""
        self._issues.add(rule, *self._path, *path)

    def text(self, name: str) -> str:
        """Return a text that has to be there."""
        value = self._members.get(name, _ABSENT)
        if type(value) is str:
            return value
        self.refuse("is needed" if value is _ABSENT else "must be a text", name)
        return ""

    def text_or_none(self, name: str) -> str | None:
        """Return a text, None where there is none."""
        value = self._members.get(name)
        if value is None or type(value) is str:
            return value
        self.refuse("must be a text or null", name)
        return None

    def boolean(self, name: str) -> bool:
        """Return whether; false where nothing is said."""
        value = self._members.get(name, False)
        if type(value) is bool:
            return value
        self.refuse("must be true or false", name)
        return False

    def boolean_or_none(self, name: str) -> bool | None:
        """Return whether, None where nothing is said."""
        return None if self._members.get(name) is None else self.boolean(name)

    def integer_or_none(self, name: str) -> int | None:
        """Return a number, None where there is none."""
        value = self._members.get(name)
        if value is None or type(value) is int:
            return value
        self.refuse("must be a whole number or null", name)
        return None

    def integer(self, name: str, default: int) -> int:
        """Return a number."""
        value = self._members.get(name, default)
        if type(value) is int:
            return value
        self.refuse("must be a whole number", name)
        return default

    def choice(self, name: str, kind: type[EnumT], default: EnumT | None = None) -> EnumT:
        """Return one of some words; it has to be there where there is no default."""
        if default is not None and name not in self._members:
            return default
        value = self._members.get(name)
        found: EnumT | None = choices_of(kind).get(value) if isinstance(value, str) else None
        if found is not None:
            return found
        self.refuse(f"must be one of {', '.join(choices_of(kind))}", name)
        return default or next(iter(kind))

    def choice_or_none(self, name: str, kind: type[EnumT]) -> EnumT | None:
        """Return one of some words, None where there is none."""
        return None if self._members.get(name) is None else self.choice(name, kind)

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; empty where there is none."""
        value = self._members.get(name, [])
        if type(value) is not list:
            self.refuse("must be a list", name)
            return []
        for position, one in enumerate(value):
            if type(one) is not str:
                self.refuse("must be a text", name, position)
        return [one for one in value if type(one) is str]

    def text_map(self, name: str) -> dict[str, str]:
        """Return texts by name; empty where there are none."""
        value = self._members.get(name, _ABSENT)
        if value is _ABSENT:
            return {}
        if type(value) is not dict:
            self.refuse("must be an object", name)
            return {}
        for key, one in value.items():
            if type(one) is not str:
                self.refuse("must be a text", name, key)
        return value

    def inner(self, name: str, known: frozenset[str]) -> Members | None:
        """Return an object inside, None where there is none."""
        value = self._members.get(name)
        return None if value is None else Members(value, known, self._issues, *self._path, name)

    def inner_list(self, name: str, known: frozenset[str]) -> list[Members]:
        """Return the objects of a list; empty where there is none."""
        value = self._members.get(name, _ABSENT)
        if value is _ABSENT:
            return []
        if type(value) is not list:
            self.refuse("must be a list", name)
            return []
        return [
            Members(one, known, self._issues, *self._path, name, position)
            for position, one in enumerate(value)
        ]
