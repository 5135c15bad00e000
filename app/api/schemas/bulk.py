"""Lines of bulk requests and of their answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field

from app.api.problem_types import PROBLEMS
from app.api.problems import problem_members
from app.api.schemas.domains import DomainBody, MailboxBody
from app.api.schemas.rules import LocalPart, Name
from app.api.schemas.shapes import Integer, LineProblem, Shape
from app.core.domain_lines import Operation
from app.services.bulk_planning import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.errors import AppError


class MailboxLine(MailboxBody):
    """A mailbox inside a line."""

    local_part: LocalPart


class DomainLine(DomainBody):
    """A line that stores a domain. `patch` takes some of the fields, `delete` none but the name."""

    op: Operation = Operation.PUT
    name: Name = Field(description="In U-labels or A-labels; two labels at least.")
    if_match: Integer | Literal["*"] | None = Field(
        default=None,
        description="Only where the present version is this; `*` for any. As `If-Match` of a single write.",
    )
    mailboxes: list[MailboxLine] | None = Field(
        default=None, description="All mailboxes that it is to have; without the field they stay as they are."
    )


class LineResult(Shape):
    """What became of a line."""

    line: int = Field(description="Its number, from 1; empty lines count.")
    name: str | None = Field(
        default=None, description="The domain, in A-labels; missing where none could be read."
    )
    result: Result
    status: int = Field(description="As a single write would have been answered.")
    version: int | None = None
    problem: LineProblem | None = Field(default=None, description="As a single write would have said.")


class BulkSummary(Shape):
    """The last line of an answer. An answer without it was cut off: send the same lines again."""

    summary: Literal[True] = True
    complete: bool = Field(description="Whether all lines were read.")
    lines: int = Field(description="How many have a result.")
    created: int
    updated: int
    unchanged: int
    deleted: int
    failed: int
    problem: LineProblem | None = Field(default=None, description="Why the rest was not read.")


# Made once: json.dumps would make an encoder for each line.
_encoded: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_STATUS: Final = {Result.CREATED: 201, Result.UPDATED: 200, Result.UNCHANGED: 200, Result.DELETED: 204}


def written_outcome(outcome: Outcome, public_url: str) -> str:
    """Write a line's outcome as a line; by hand, for there are many of them."""
    members: dict[str, Any] = {"line": outcome.line.number}
    if (name := outcome.name) is not None:
        members["name"] = name.encode("utf-8", "backslashreplace").decode()
    members["result"] = outcome.result.value
    if outcome.error is None:
        members["status"] = _STATUS[outcome.result]
        if outcome.version is not None:
            members["version"] = outcome.version
    else:
        members["status"] = PROBLEMS[type(outcome.error)].status.value
        members["problem"] = problem_members(outcome.error, public_url)
    return f"{_encoded(members)}\n"


class Tally:
    """Counts outcomes for the summary."""

    def __init__(self) -> None:
        """Start at none."""
        self._counts: dict[Result, int] = dict.fromkeys(Result, 0)

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Count some."""
        for outcome in outcomes:
            self._counts[outcome.result] += 1

    def written(self, error: AppError | None, public_url: str) -> str:
        """Write the last line; with an error, why the rest was not read."""
        members: Mapping[str, Any] = {
            "summary": True,
            "complete": error is None,
            "lines": sum(self._counts.values()),
            **{result.value: count for result, count in self._counts.items()},
        }
        if error is not None:
            members = {**members, "problem": problem_members(error, public_url)}
        return f"{_encoded(members)}\n"
