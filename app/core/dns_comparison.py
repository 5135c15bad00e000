"""What is published against what is to be: which questions to ask, and what the answers mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_records import (
    ADDRESS_TYPES,
    AddressData,
    AliasData,
    RecordType,
    SrvData,
    TxtData,
    presented,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.dns_records import DnsRecord, PlannedRecords, RecordData

Question: TypeAlias = tuple[str, RecordType]
"""A name and a type."""

_PATH: Final = "path="
_PACC: Final = "v=uaac1"
_WITH_SUCCESSORS: Final = frozenset({_PACC})
"""Kinds of which each text may have a successor beside it: digests, before the documents change."""


class RecordState(StrEnum):
    """How a record that is to be published stands."""

    OK = "ok"
    MISSING = "missing"
    DIFFERENT = "different"
    """Something else is published in its place."""
    CONFLICTING = "conflicting"
    """It is published, together with something that contradicts it."""
    UNKNOWN = "unknown"
    """The DNS did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRecord:
    """A record and how it stands."""

    record: DnsRecord
    state: RecordState
    found: tuple[str, ...] = ()
    """What is published there, as zone files write it."""
    detail: str = ""
    is_authenticated: bool = False
    """Whether the resolver vouches for what it says is published (DNSSEC)."""


def questions_for(planned: PlannedRecords) -> tuple[Question, ...]:
    """Return what must be asked to compare, each question once."""
    asked: dict[Question, None] = {}
    for record in planned.records:
        asked[record.name, record.type] = None
        if isinstance(record.data, AliasData):
            for name in (record.name, record.data.target):
                asked.update({(name, record_type): None for record_type in ADDRESS_TYPES})
        elif isinstance(record.data, SrvData) and record.data.target is not None:
            # The target of an SRV record must not be an alias (RFC 2782).
            asked[record.data.target, RecordType.CNAME] = None
    return tuple(asked)


def compare(planned: PlannedRecords, answers: Mapping[Question, Lookup]) -> tuple[CheckedRecord, ...]:
    """Judge every planned record by the answers to ``questions_for``."""
    comparison = _Comparison(planned, answers)
    return tuple(comparison.checked(record) for record in planned.records)


class _Comparison:
    def __init__(self, planned: PlannedRecords, answers: Mapping[Question, Lookup]) -> None:
        self._planned = planned
        self._answers = answers

    def checked(self, record: DnsRecord) -> CheckedRecord:
        lookup = self._answers[record.name, record.type]
        if isinstance(record.data, AliasData):
            state, detail = self._alias(record, record.data, lookup)
        elif not lookup.is_answered:
            state, detail = RecordState.UNKNOWN, f"{lookup.status}: {lookup.detail}"
        elif isinstance(record.data, SrvData):
            state, detail = self._service(record.data, lookup)
        elif isinstance(record.data, TxtData):
            state, detail = self._text(record, record.data, lookup)
        else:
            state, detail = self._address(record, lookup)
        return CheckedRecord(
            record=record,
            state=state,
            detail=detail,
            found=tuple(presented(data) for data in lookup.records),
            is_authenticated=lookup.is_authenticated,
        )

    def _service(self, wanted: SrvData, lookup: Lookup) -> tuple[RecordState, str]:
        found = [data for data in lookup.records if isinstance(data, SrvData)]
        if not found:
            return RecordState.MISSING, ""
        # The weight means nothing while there is one record.
        if not any(_service_key(data) == _service_key(wanted) for data in found):
            return RecordState.DIFFERENT, ""
        if len(found) > 1:
            return RecordState.CONFLICTING, "clients may take another record at this name"
        target = wanted.target
        if target is not None and self._answers[target, RecordType.CNAME].status is LookupStatus.FOUND:
            return RecordState.CONFLICTING, f"{target} is an alias, which a target must not be (RFC 2782)"
        return RecordState.OK, ""

    def _alias(self, record: DnsRecord, wanted: AliasData, lookup: Lookup) -> tuple[RecordState, str]:
        """Accept what leads to the same place: a chain of aliases, or the target's own addresses."""
        own = [self._answers[record.name, record_type] for record_type in ADDRESS_TYPES]
        if wanted in lookup.records:
            return RecordState.OK, ""
        if any(wanted.target in answer.aliases for answer in own):
            return RecordState.OK, "through another alias"
        # An alias beside or in place of what one of them hides would break the name.
        if failed := _first_failed(lookup, *own):
            return RecordState.UNKNOWN, f"{failed.status}: {failed.detail}"
        if not lookup.records and not any(answer.records for answer in own):
            return RecordState.MISSING, ""
        return self._as_target(wanted.target, own)

    def _as_target(self, target: str, own: list[Lookup]) -> tuple[RecordState, str]:
        """Compare a name's addresses with those of the target that it should be an alias of."""
        there = [self._answers[target, answer.type] for answer in own if answer.records]
        addresses = {data for answer in own for data in answer.records}
        if addresses and addresses <= {data for answer in there for data in answer.records}:
            return RecordState.OK, "with the target's own addresses"
        if failed := _first_failed(*there):
            return RecordState.UNKNOWN, f"{target} {failed.type}: {failed.status}: {failed.detail}"
        shown = ", ".join(sorted(presented(data) for data in addresses))
        return RecordState.DIFFERENT, f"leads to {shown or 'no address'}"

    def _address(self, record: DnsRecord, lookup: Lookup) -> tuple[RecordState, str]:
        wanted = {
            other.data
            for other in self._planned.records
            if (other.name, other.type) == (record.name, record.type)
        }
        found = {data for data in lookup.records if isinstance(data, AddressData)}
        if not found:
            return RecordState.MISSING, ""
        if record.data not in found:
            return RecordState.MISSING if found < wanted else RecordState.DIFFERENT, ""
        if found - wanted:
            return RecordState.CONFLICTING, "clients may take another address at this name"
        return RecordState.OK, ""

    def _text(self, record: DnsRecord, wanted: TxtData, lookup: Lookup) -> tuple[RecordState, str]:
        """Compare with the texts of the same kind; a name may have others, of a wildcard for one."""
        kind = text_kind(wanted)
        found = [data for data in lookup.records if isinstance(data, TxtData) and text_kind(data) == kind]
        planned = [
            other.data
            for other in self._planned.records
            if other.name == record.name and isinstance(other.data, TxtData) and text_kind(other.data) == kind
        ]
        if not found:
            return RecordState.MISSING, ""
        has_others = any(not any(_says(data, one) for one in planned) for data in found)
        if not any(_says(data, wanted) for data in found):
            return RecordState.DIFFERENT, "" if has_others else "what is there is to stay beside it"
        most = _most_texts(kind, len(planned))
        if len(found) > most:
            return RecordState.CONFLICTING, f"there must be at most {most} of this kind"
        return RecordState.OK, "beside another, as during a change" if has_others else ""


def _service_key(data: SrvData) -> tuple[int, int, str | None]:
    return data.priority, data.port, data.target


def text_kind(data: RecordData) -> str:
    """Return what kind of text it is, of which a name has one: ``v=uaac1``, ``path=``."""
    text = data.text if isinstance(data, TxtData) else ""
    return _PATH if text.startswith(_PATH) else text.partition(";")[0].replace(" ", "").lower()


def texts_to_put(planned: Sequence[TxtData], published: Sequence[TxtData]) -> tuple[TxtData, ...]:
    """Return all texts of a kind that a name is to have: those planned, and published ones beside them.

    A digest that is not planned may be the one of the documents to come, which is published before they
    change: it stays while there is room for it and for what is missing.
    """
    kind = text_kind(planned[0])
    missing = [one for one in planned if not any(_says(data, one) for data in published)]
    has_room = len(published) + len(missing) <= _most_texts(kind, len(planned))
    if kind not in _WITH_SUCCESSORS or not has_room:
        return tuple(planned)
    kept = [one for one in planned if one in missing or one in published]
    return tuple(dict.fromkeys((*kept, *published)))


def _most_texts(kind: str, planned: int) -> int:
    return planned * 2 if kind in _WITH_SUCCESSORS else planned


def _first_failed(*lookups: Lookup) -> Lookup | None:
    return next((one for one in lookups if not one.is_answered), None)


def _says(found: TxtData, wanted: TxtData) -> bool:
    if wanted.text.startswith(_PATH):
        return found.text == wanted.text
    return _fields(wanted).items() <= _fields(found).items()


def _fields(data: TxtData) -> dict[str, str]:
    """Read ``name=value`` fields, of which order and white space mean nothing."""
    parts = (part.partition("=") for part in data.text.split(";") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in parts}
