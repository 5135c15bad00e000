"""A resolver that says what it was told to say, and fails on a question that was not planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_records import RecordType, type_of
from app.net.resolver import Resolver
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.dns_records import RecordData


def found(
    name: str, *records: RecordData, aliases: tuple[str, ...] = (), is_authenticated: bool = False
) -> Lookup:
    """Make the answer with these records of one type."""
    return Lookup(
        name=name,
        type=type_of(records[0]),
        status=LookupStatus.FOUND,
        records=records,
        aliases=aliases,
        is_authenticated=is_authenticated,
        ttl_seconds=300,
    )


def nothing(name: str, record_type: RecordType, status: LookupStatus = LookupStatus.NO_NAME) -> Lookup:
    """Make an answer without records."""
    return Lookup(name=name, type=record_type, status=status, detail="as scripted")


class ScriptedResolver(Resolver):
    """Answers from a script; remembers what it was asked."""

    def __init__(self, *answers: Lookup, otherwise: LookupStatus | None = None) -> None:
        """Take the answers, and how all other look-ups end; without that they fail the test."""
        self._answers: Mapping[tuple[str, RecordType], Lookup] = {
            (answer.name, answer.type): answer for answer in answers
        }
        self._otherwise = otherwise
        self.asked: list[tuple[str, RecordType]] = []

    @override
    async def lookup(self, name: str, record_type: RecordType) -> Lookup:
        self.asked.append((name, record_type))
        answer = self._answers.get((name, record_type))
        if answer is not None:
            return answer
        assert self._otherwise is not None, f"nobody planned for {name} {record_type}"
        return nothing(name, record_type, self._otherwise)
