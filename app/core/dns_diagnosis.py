"""How the names of a domain stand: records, signatures, certificates, and what mends them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from app.core.account import Omission
from app.core.dns_comparison import RecordState, text_kind, texts_to_put
from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_records import (
    ADDRESS_TYPES,
    AddressData,
    AliasData,
    DnsRecord,
    RecordType,
    SrvData,
    TxtData,
    presented,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from app.core.dns_comparison import CheckedRecord, Question
    from app.core.dns_records import PlannedRecords


class DiagnosedState(StrEnum):
    """How a record that is to be published stands."""

    PRESENT = "present"
    MISSING = "missing"
    DRIFTED = "drifted"
    """Something else is published in its place."""
    CONFLICTING = "conflicting"
    """It is published, together with something that contradicts it."""
    UNSAFE = "unsafe"
    """It leads to a name that is not there: whoever gets that name gets the domain's clients."""
    UNKNOWN = "unknown"
    """The DNS did not answer."""


_STATES: Final = {
    RecordState.OK: DiagnosedState.PRESENT,
    RecordState.MISSING: DiagnosedState.MISSING,
    RecordState.DIFFERENT: DiagnosedState.DRIFTED,
    RecordState.CONFLICTING: DiagnosedState.CONFLICTING,
    RecordState.UNKNOWN: DiagnosedState.UNKNOWN,
}
_STAYS: Final = "Published, and stays beside the others, as during a change"
WRONG: Final = frozenset(
    {DiagnosedState.MISSING, DiagnosedState.DRIFTED, DiagnosedState.CONFLICTING, DiagnosedState.UNSAFE}
)


class ZoneSigning(StrEnum):
    """Whether the zone is signed (DNSSEC), as far as the resolver that is asked validates."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"
    """Or the resolver does not validate."""
    BOGUS = "bogus"
    """Signatures do not hold, so that validating clients find nothing."""
    UNKNOWN = "unknown"


class Readiness(StrEnum):
    """Whether clients can trust a host name over https."""

    READY = "ready"
    NOT_READY = "not-ready"
    UNKNOWN = "unknown"
    """It could not be asked from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReadiness:
    """The certificate at a host name that clients of a domain ask."""

    hostname: str
    state: Readiness
    reasons: tuple[str, ...] = ()
    """What keeps it from being ready, or is to be watched."""
    not_after: datetime | None = None
    """When its certificate expires; None where none was shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosedRecord:
    """A record and how it stands."""

    record: DnsRecord
    state: DiagnosedState
    found: tuple[str, ...] = ()
    """What is published there, as zone files write it."""
    detail: str = ""
    is_authenticated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A record that is published and must not be."""

    name: str
    type: RecordType
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneFix:
    """What to change in a zone: whole sets of records to put, and single ones to take away."""

    put: tuple[DnsRecord, ...] = ()
    remove: tuple[Removal, ...] = ()
    withheld: tuple[Omission, ...] = ()
    """Which names are wrong and are to be left as they are for now, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """How a domain's names stand."""

    planned: PlannedRecords
    records: tuple[DiagnosedRecord, ...]
    signing: ZoneSigning
    hosts: tuple[HostReadiness, ...]
    fix: ZoneFix

    @property
    def is_wrong(self) -> bool:
        """Whether something is known to be other than it should be."""
        is_bogus = self.signing is ZoneSigning.BOGUS
        is_bare = any(host.state is Readiness.NOT_READY for host in self.hosts)
        return is_bogus or is_bare or any(one.state in WRONG for one in self.records)

    @property
    def is_known(self) -> bool:
        """Whether all of it could be found out."""
        states = {one.state for one in self.records}
        return DiagnosedState.UNKNOWN not in states and all(
            host.state is not Readiness.UNKNOWN for host in self.hosts
        )


def further_questions(planned: PlannedRecords, answers: Mapping[Question, Lookup]) -> tuple[Question, ...]:
    """Return what must be asked once it is known what is published: the zone, and where services lead."""
    asked: dict[Question, None] = {(planned.domain.ascii, RecordType.MX): None}
    published = (data for lookup in answers.values() for data in lookup.records)
    for data in (*published, *(record.data for record in planned.records)):
        if isinstance(data, SrvData) and data.target is not None:
            asked.update({(data.target, record_type): None for record_type in ADDRESS_TYPES})
    return tuple(question for question in asked if question not in answers)


def diagnose_records(
    checked: tuple[CheckedRecord, ...], answers: Mapping[Question, Lookup]
) -> tuple[DiagnosedRecord, ...]:
    """Judge every record with the answers to ``questions_for`` and ``further_questions``."""
    hosts = _hosts(one.record for one in checked)
    return tuple(_diagnosed(one, hosts, answers) for one in checked)


def zone_signing(planned: PlannedRecords, answers: Mapping[Question, Lookup]) -> ZoneSigning:
    """Tell whether the domain's zone is signed."""
    own = [one for (name, _), one in answers.items() if _is_below(name, planned.domain.ascii)]
    if any(one.status is LookupStatus.BOGUS for one in own):
        return ZoneSigning.BOGUS
    apex = answers.get((planned.domain.ascii, RecordType.MX))
    if apex is None or not apex.is_answered:
        return ZoneSigning.UNKNOWN
    return ZoneSigning.SIGNED if apex.is_authenticated else ZoneSigning.UNSIGNED


def find_fix(records: tuple[DiagnosedRecord, ...], answers: Mapping[Question, Lookup]) -> ZoneFix:
    """Return what makes the zone as it should be.

    A name is mended as a whole or not at all: what is right at it may be there by an alias, which is to go,
    or by a wildcard, which says nothing of a name that has a record of its own.
    """
    hosts = _hosts(one.record for one in records)
    put: list[DnsRecord] = []
    removals: dict[Removal, None] = {}
    withheld: list[Omission] = []
    for name in dict.fromkeys(one.record.name for one in records if one.state in WRONG):
        here = [one for one in records if one.record.name == name]
        if obstacle := _obstacle(name, here, hosts, answers):
            withheld.append(obstacle)
            continue
        whole = _whole_sets(name, [one.record for one in here], answers)
        removals.update(
            dict.fromkeys(removal for one in here for removal in _removals(one.record, whole, answers))
        )
        put += whole
    return ZoneFix(put=tuple(put), remove=tuple(removals), withheld=tuple(withheld))


def _obstacle(
    name: str, here: list[DiagnosedRecord], hosts: frozenset[str], answers: Mapping[Question, Lookup]
) -> Omission | None:
    """Return why a name is to be left as it is; None where it can be mended."""
    for one in here:
        if one.state is DiagnosedState.UNKNOWN:
            detail = f"{name}: it could not be seen what {one.record.type} it has."
            return Omission(server=None, reason="not-seen", detail=detail)
    for one in here:
        if target := _lost_target(one.record, hosts, answers):
            detail = f"{name}: {target} is not there."
            return Omission(server=None, reason="target-not-there", detail=detail)
    return None


def _whole_sets(
    name: str, planned: list[DnsRecord], answers: Mapping[Question, Lookup]
) -> tuple[DnsRecord, ...]:
    """Return all records that a name is to have of the types that are planned for it."""
    texts = [record.data for record in planned if isinstance(record.data, TxtData)]
    if not texts:
        return tuple(planned)
    lookup = answers[name, RecordType.TXT]
    published = [
        data
        for data in lookup.records
        if isinstance(data, TxtData) and text_kind(data) == text_kind(texts[0])
    ]
    whole = texts_to_put(texts, published)
    kept = (DnsRecord(name=name, data=data, why=_STAYS) for data in whole if data not in texts)
    return (
        *(one for one in planned if not isinstance(one.data, TxtData) or one.data in whole),
        *kept,
    )


def _hosts(records: Iterable[DnsRecord]) -> frozenset[str]:
    """Return the names that have addresses once the records are published."""
    return frozenset(record.name for record in records if isinstance(record.data, AddressData))


def _diagnosed(
    checked: CheckedRecord, hosts: frozenset[str], answers: Mapping[Question, Lookup]
) -> DiagnosedRecord:
    state, detail = _STATES[checked.state], checked.detail
    dangling = _dangling_target(checked.record, answers)
    if dangling is not None and state is not DiagnosedState.UNKNOWN:
        state, detail = DiagnosedState.UNSAFE, f"leads to {dangling}, which is not there"
    lost = _lost_target(checked.record, hosts, answers)
    if state in WRONG and lost not in (None, dangling):
        detail = "; ".join(filter(None, (detail, f"is to lead to {lost}, which is not there")))
    return DiagnosedRecord(
        record=checked.record,
        state=state,
        found=checked.found,
        detail=detail,
        is_authenticated=checked.is_authenticated,
    )


def _lost_target(record: DnsRecord, hosts: frozenset[str], answers: Mapping[Question, Lookup]) -> str | None:
    """Return the name that is not there, and is not planned either, to which a record is to lead."""
    target = record.data.target if isinstance(record.data, AliasData | SrvData) else None
    return target if target is not None and target not in hosts and _is_nowhere(target, answers) else None


def _dangling_target(record: DnsRecord, answers: Mapping[Question, Lookup]) -> str | None:
    """Return the name that is not there, to which what is published at the record's name leads."""
    if isinstance(record.data, SrvData):
        published = answers.get((record.name, RecordType.SRV))
        targets = (
            [] if published is None else [one.target for one in published.records if isinstance(one, SrvData)]
        )
        return next((target for target in targets if target and _is_nowhere(target, answers)), None)
    for record_type in (RecordType.CNAME, *ADDRESS_TYPES):
        lookup = answers.get((record.name, record_type))
        if lookup is not None and lookup.status is LookupStatus.NO_NAME and lookup.aliases:
            return lookup.aliases[-1]
    return None


def _is_nowhere(name: str, answers: Mapping[Question, Lookup]) -> bool:
    found = [answers.get((name, record_type)) for record_type in ADDRESS_TYPES]
    return all(one is not None and one.status is LookupStatus.NO_NAME for one in found)


def _removals(
    record: DnsRecord, put: tuple[DnsRecord, ...], answers: Mapping[Question, Lookup]
) -> Iterator[Removal]:
    wanted = {one.data for one in put if (one.name, one.type) == (record.name, record.type)}
    lookup = answers.get((record.name, record.type))
    # What was found behind an alias is at another name.
    for data in () if lookup is None or lookup.aliases else lookup.records:
        is_other_text = isinstance(data, TxtData) and text_kind(data) != text_kind(record.data)
        if data not in wanted and not is_other_text:
            yield Removal(name=record.name, type=record.type, value=presented(data))
    alias = next((one for one in _aliases_at(record.name, answers)), None)
    if alias is not None and record.type is not RecordType.CNAME:
        # Nothing else may stand beside an alias (RFC 1034 §3.6.2).
        yield Removal(name=record.name, type=RecordType.CNAME, value=presented(AliasData(alias)))
    if isinstance(record.data, AliasData) and alias is None:
        for record_type in ADDRESS_TYPES:
            own = answers.get((record.name, record_type))
            for data in () if own is None else own.records:
                yield Removal(name=record.name, type=record_type, value=presented(data))


def _aliases_at(name: str, answers: Mapping[Question, Lookup]) -> Iterator[str]:
    for record_type in (RecordType.CNAME, *ADDRESS_TYPES, RecordType.SRV, RecordType.TXT):
        lookup = answers.get((name, record_type))
        if lookup is not None and lookup.aliases:
            yield lookup.aliases[0]
        elif lookup is not None:
            yield from (one.target for one in lookup.records if isinstance(one, AliasData))


def _is_below(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")
