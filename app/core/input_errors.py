"""A value breaks a rule: the root of all errors, and issues that name every field and rule."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from types import TracebackType


class AppError(Exception):
    """We cannot do what the caller asked; ``str()`` is one public sentence."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One broken rule and the field that breaks it."""

    path: tuple[str | int, ...]
    """Where the value sits, outermost name first; empty for the whole input."""
    rule: str
    """What the value must be, as the end of a sentence that starts with the field's name."""

    @property
    def field(self) -> str:
        """The path with dots, as people write it: ``servers.0.port``."""
        return ".".join(str(step) for step in self.path) or "input"

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer (RFC 6901 §3)."""
        steps = (str(step).replace("~", "~0").replace("/", "~1") for step in self.path)
        return "".join(f"/{step}" for step in steps)


class InvalidInput(AppError):  # noqa: N818 - named for what happened, like the whole tree
    """One or more values break a rule."""

    def __init__(self, *issues: Issue) -> None:
        """Take at least one issue."""
        self.issues = issues
        super().__init__("; ".join(f"{issue.field}: {issue.rule}" for issue in issues))

    def inside(self, *path: str | int) -> InvalidInput:
        """Return the same issues, seen from a value that holds the broken one at ``path``."""
        return InvalidInput(*(Issue((*path, *issue.path), issue.rule) for issue in self.issues))


def refuse(rule: str, *path: str | int) -> InvalidInput:
    """Build the error for a single broken rule, ready to be raised."""
    return InvalidInput(Issue(path, rule))


@contextmanager
def within(*path: str | int) -> Iterator[None]:
    """Prefix the path of every issue raised in the block."""
    try:
        yield
    except InvalidInput as error:
        raise error.inside(*path) from None


class _Catching:
    """A block whose issues are kept; a class, for a generator costs more than most checks."""

    __slots__ = ("_issues", "_path")

    def __init__(self, issues: list[Issue], path: tuple[str | int, ...]) -> None:
        self._issues = issues
        self._path = path

    def __enter__(self) -> None:
        """Start the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Keep the issues that ended the block, if that is what ended it."""
        if not isinstance(error, InvalidInput):
            return False
        self._issues.extend(error.inside(*self._path).issues)
        return True


class IssueCollector:
    """Gathers issues over several values, so that a caller learns of all at once."""

    __slots__ = ("_issues",)

    def __init__(self) -> None:
        """Start with none."""
        self._issues: list[Issue] = []

    def at(self, *path: str | int) -> AbstractContextManager[None, bool]:
        """Catch the issues of one value and keep them under ``path``."""
        return _Catching(self._issues, path)

    def add(self, rule: str, *path: str | int) -> None:
        """Note one issue."""
        self._issues.append(Issue(path, rule))

    def close(self) -> None:
        """Raise what was gathered.

        Raises:
            InvalidInput: When there is at least one issue.
        """
        if self._issues:
            raise InvalidInput(*self._issues)
