"""Public suffixes: the names under which anybody may register a name (publicsuffix.org).

What is asked of a public suffix is answered by a stranger: whoever owns ``autoconfig.co.uk`` is nobody's
provider. So nothing is asked where the list is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from app.core.errors import InvalidInput
from app.core.names import Hostname

if TYPE_CHECKING:
    from collections.abc import Iterable

_COMMENT = "//"


class PublicSuffixes:
    """The list, in A-labels."""

    def __init__(self, rules: Iterable[str]) -> None:
        """Take rules: names, ``*.`` before one for all names below it, ``!`` for an exception."""
        self._names: set[str] = set()
        self._wildcards: set[str] = set()
        self._exceptions: set[str] = set()
        for rule in rules:
            if rule.startswith("!"):
                self._exceptions.add(rule[1:])
            elif rule.startswith("*."):
                self._wildcards.add(rule[2:])
            else:
                self._names.add(rule)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the list as it is published; what is no name is passed over."""
        return cls(_rules(text))

    def find_registrable(self, hostname: str) -> str | None:
        """Return the suffix and one label more, as it was registered; None where there is no such label.

        A top-level domain that is not in the list is a suffix (the list's own default rule).
        """
        labels = hostname.split(".")
        for start in range(len(labels)):
            name = ".".join(labels[start:])
            above = ".".join(labels[start + 1 :])
            if name in self._exceptions:
                return name
            if name in self._names or above in self._wildcards or start == len(labels) - 1:
                return ".".join(labels[start - 1 :]) if start else None
        return None


def _rules(text: str) -> Iterable[str]:
    for line in text.splitlines():
        rule = line.split(maxsplit=1)[0] if line.strip() else _COMMENT
        if rule.startswith(_COMMENT):
            continue
        mark = "!" if rule.startswith("!") else "*." if rule.startswith("*.") else ""
        try:
            yield mark + Hostname.parse_text(rule.removeprefix(mark))
        except InvalidInput:
            continue
