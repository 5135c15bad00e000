"""How a domain is searched for by a part of its name. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.errors import InvalidInput
from app.core.names import DomainName

MAX_SEARCH: Final = 253

_NO_NAME = re.compile(r"[^a-z0-9.-]")
_LEADING_WORD = re.compile(r"[a-z0-9]*")
_NEXT: Final = {**{chr(code): chr(code + 1) for code in range(ord("a"), ord("z"))}, "9": "a"} | {
    str(digit): str(digit + 1) for digit in range(9)
}


@dataclass(frozen=True, slots=True)
class NamePart:
    """A part of a name as names are stored: lower case, in A-labels."""

    text: str

    @property
    def bounds(self) -> tuple[str, str | None]:
        """Return the names between which those that begin with it lie; None for no end.

        Taken from its leading letters and digits: how the hyphen and the dot compare with them depends on
        the database's collation, while these are in the same order in all.
        """
        word = _LEADING_WORD.match(self.text)
        start = word[0] if word else ""
        end = start.rstrip("z")
        return start, end[:-1] + _NEXT[end[-1]] if end else None


class SearchStage(StrEnum):
    """What is looked for first, and what then."""

    BEGINNING = "beginning"
    """Names that begin with the part."""
    WITHIN = "within"
    """Names that hold it elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlace:
    """How far a search has come."""

    stage: SearchStage = SearchStage.BEGINNING
    after: str = ""
    """The name up to which all were looked at."""


def find_part(text: str) -> NamePart | None:
    """Return what somebody typed as a part of a name; None where no name can hold it.

    A part with letters beyond ASCII is found where it is whole labels: others have no A-label.
    """
    typed = text.strip().lower()
    if not typed.isascii():
        try:
            typed = DomainName.parse(typed if "." in typed else f"{typed}.example").ascii
        except InvalidInput:
            return None
        typed = typed if "." in text else typed.removesuffix(".example")
    if not typed or len(typed) > MAX_SEARCH or _NO_NAME.search(typed):
        return None
    return NamePart(typed)
