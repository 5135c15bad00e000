"""Which ports may be connected to, as operators list them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from typing_extensions import override

from app.core.errors import refuse

_MAX_PORT: Final = 65_535
_ANY: Final = "any"
_RANGE: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_RULE: Final = "must be ports and ranges of ports, such as 25,993,8000-8010, or any"


@dataclass(frozen=True, slots=True)
class PortSet:
    """Ports, by ranges."""

    ranges: tuple[tuple[int, int], ...]
    """The first and the last of each."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ports and ranges of ports, separated by commas, or the word ``any``.

        Raises:
            InvalidInput: When it is neither, or names no port.
        """
        if text.strip().lower() == _ANY:
            return cls(((1, _MAX_PORT),))
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not parts:
            raise refuse(_RULE)
        return cls(tuple(_range(part) for part in parts))

    def __contains__(self, port: int) -> bool:
        """Tell whether a port is among them."""
        return any(first <= port <= last for first, last in self.ranges)

    @override
    def __str__(self) -> str:
        """Return what ``parse`` reads."""
        if self == ANY_PORT:
            return _ANY
        return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in self.ranges)


def _range(text: str) -> tuple[int, int]:
    found = _RANGE.fullmatch(text)
    if found is None:
        raise refuse(_RULE)
    first, last = int(found[1]), int(found[2] or found[1])
    if not 1 <= first <= last <= _MAX_PORT:
        raise refuse(f"must name ports between 1 and {_MAX_PORT}, the lower one of a range first")
    return first, last


ANY_PORT: Final = PortSet.parse(_ANY)
