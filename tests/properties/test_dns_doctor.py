"""Whatever is published: the doctor's advice, followed to the letter, breaks nothing that works."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, TypeAlias

from app.core.dns_comparison import compare, questions_for, text_kind
from app.core.dns_diagnosis import WRONG, diagnose_records, find_fix, further_questions
from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_records import (
    ADDRESS_TYPES,
    AddressData,
    AliasData,
    DnsRecord,
    PlannedRecords,
    RecordType,
    SrvData,
    TxtData,
    presented,
    type_of,
)
from app.core.names import DomainName
from hypothesis import example, given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.dns_comparison import Question
    from app.core.dns_diagnosis import DiagnosedRecord, ZoneFix
    from app.core.dns_records import RecordData
    from hypothesis.strategies import DrawFn, SearchStrategy

    Names: TypeAlias = Mapping[str, frozenset[RecordData]]

DOMAIN: Final = DomainName("a.example")
NAME, PACC, IMAPS = "autoconfig.a.example", "_ua-auto-config.a.example", "_imaps._tcp.a.example"
CALDAVS, WILDCARD, BETWEEN = "_caldavs._tcp.a.example", "*.a.example", "between.a.example"
HERE, IMAP, ELSEWHERE = "signpost.host.example", "imap.host.example", "web.other.example"
GONE, SERVICES = "gone.other.example", "services.other.example"
RIGHT = [AddressData(ip_address(text)) for text in ("192.0.2.1", "192.0.2.2", "2001:db8::1")]
FALSE = [AddressData(ip_address(text)) for text in ("192.0.2.9", "2001:db8::9")]
SERVICE = SrvData(priority=0, weight=1, port=993, target=IMAP)
CALENDAR = SrvData(priority=0, weight=1, port=443, target=HERE)
PATH = TxtData("path=/dav")
DIGESTS = [TxtData(f"v=UAAC1; a=sha256; d={name}=") for name in ("now", "other")]
SRVS = [
    SERVICE,
    CALENDAR,
    SrvData(priority=0, weight=0, port=993, target=IMAP),
    SrvData(priority=0, weight=1, port=994, target=GONE),
]
TEXTS = [
    *DIGESTS,
    PATH,
    TxtData("V=uaac1;A=sha256;D=now="),
    *(TxtData(f"v=UAAC1; a=sha256; d={name}=") for name in ("next", "old", "older")),
    TxtData("v=spf1 -all"),
]


def some(values: Sequence[RecordData]) -> SearchStrategy[frozenset[RecordData]]:
    return st.frozensets(st.sampled_from(values))


def an_alias(*targets: str) -> SearchStrategy[frozenset[RecordData]]:
    return st.sampled_from(targets).map(lambda target: frozenset({AliasData(target)}))


HOSTS = an_alias(HERE, ELSEWHERE, GONE, BETWEEN) | some([*RIGHT, *FALSE])
PUBLISHED = st.fixed_dictionaries({
    NAME: HOSTS,
    WILDCARD: st.just(frozenset()) | HOSTS,
    IMAPS: an_alias(SERVICES, GONE) | some(SRVS),
    CALDAVS: an_alias(SERVICES) | an_alias(GONE) | some([*SRVS, *TEXTS]),
    PACC: an_alias(SERVICES, GONE) | some(TEXTS),
    BETWEEN: an_alias(HERE),
    HERE: some(RIGHT),
    IMAP: some(FALSE),
    ELSEWHERE: some([*RIGHT, *FALSE]),
    SERVICES: some([CALENDAR, PATH]) | some([*SRVS, *TEXTS]),
}).map(lambda names: {name: data for name, data in names.items() if data})  # fmt: skip
UNANSWERED = st.frozensets(
    st.sampled_from([
        *((name, kind) for name in (NAME, HERE, IMAP) for kind in (*ADDRESS_TYPES, RecordType.CNAME)),
        (IMAPS, RecordType.SRV), (CALDAVS, RecordType.SRV), (CALDAVS, RecordType.TXT), (PACC, RecordType.TXT),
    ]),
    max_size=2,
)  # fmt: skip


@st.composite
def plans(draw: DrawFn) -> PlannedRecords:
    addresses = draw(st.lists(st.sampled_from(RIGHT), unique=True))
    host: list[RecordData] = [*addresses] or [AliasData(HERE)]
    wanted: list[tuple[str, RecordData]] = [
        *((NAME, data) for data in host),
        *((PACC, data) for data in DIGESTS[: draw(st.integers(0, 2))]),
        (IMAPS, SERVICE),
        (CALDAVS, CALENDAR),
        (CALDAVS, PATH),
    ]
    records = tuple(DnsRecord(name=name, data=data, why="x") for name, data in wanted)
    return PlannedRecords(domain=DOMAIN, records=records)


def at(names: Names, name: str) -> frozenset[RecordData] | None:
    """Return what a name has, by a wildcard for one; None where it is not there."""
    is_above = any(other.endswith(f".{name}") for other in names)
    wildcard = names.get(f"*.{name.partition('.')[2]}")
    return names.get(name, frozenset() if is_above else wildcard)


def look_up(names: Names, name: str, kind: RecordType) -> Lookup:
    aliases: list[str] = []
    records: tuple[RecordData, ...] = ()
    where, status = name, LookupStatus.NO_NAME
    while (data := at(names, where)) is not None:
        records = tuple(sorted((one for one in data if type_of(one) is kind), key=presented))
        status = LookupStatus.FOUND if records else LookupStatus.NO_DATA
        alias = next((one.target for one in data if isinstance(one, AliasData)), None)
        if records or alias is None:
            break
        aliases.append(alias)
        where, status = alias, LookupStatus.NO_NAME
    return Lookup(name=name, type=kind, status=status, records=records, aliases=tuple(aliases))


def addresses_of(names: Names, name: str) -> set[RecordData]:
    return {data for kind in ADDRESS_TYPES for data in look_up(names, name, kind).records}


@dataclass(frozen=True)
class Advised:
    """A domain's records, and the advice on them."""

    records: tuple[DiagnosedRecord, ...]
    fix: ZoneFix
    before: Names
    after: Names
    """What is published once the advice is followed to the letter."""


def advise(planned: PlannedRecords, names: Names, unanswered: frozenset[Question]) -> Advised:
    def ask(question: Question) -> Lookup:
        if question in unanswered:
            return Lookup(name=question[0], type=question[1], status=LookupStatus.TIMED_OUT)
        return look_up(names, *question)

    answers = {question: ask(question) for question in questions_for(planned)}
    answers |= {question: ask(question) for question in further_questions(planned, answers)}
    records = diagnose_records(compare(planned, answers), answers)
    fix = find_fix(records, answers)
    after = {name: set(data) for name, data in names.items()}
    for removal in fix.remove:
        kept = after.get(removal.name, set())
        kept -= {one for one in kept if (type_of(one), presented(one)) == (removal.type, removal.value)}
    for record in fix.put:
        after.setdefault(record.name, set()).add(record.data)
    left = {name: frozenset(data) for name, data in after.items() if data}
    return Advised(records=records, fix=fix, before=names, after=left)


ADVISED = st.builds(advise, plans(), PUBLISHED, UNANSWERED)


@given(advised=ADVISED)
def test_a_name_keeps_every_address_that_is_right(advised: Advised) -> None:
    planned = {one.record.data for one in advised.records if one.record.name == NAME}
    wanted = addresses_of(advised.before, HERE) if AliasData(HERE) in planned else planned
    right = addresses_of(advised.before, NAME) & wanted
    assert right <= addresses_of(advised.after, NAME)


def a_service_behind_an_alias() -> Advised:
    """Make what is rare by chance: the alias leads to the right service, and its text is missing."""
    wanted = (DnsRecord(name=CALDAVS, data=data, why="x") for data in (CALENDAR, PATH))
    names: dict[str, RecordData] = {CALDAVS: AliasData(SERVICES), SERVICES: CALENDAR, HERE: RIGHT[0]}
    return advise(
        PlannedRecords(domain=DOMAIN, records=tuple(wanted)),
        {name: frozenset({data}) for name, data in names.items()},
        frozenset(),
    )


@given(advised=ADVISED)
@example(advised=a_service_behind_an_alias())
def test_a_name_keeps_the_services_that_are_right(advised: Advised) -> None:
    for name, service in ((IMAPS, SERVICE), (CALDAVS, CALENDAR)):
        if service in look_up(advised.before, name, RecordType.SRV).records:
            assert service in look_up(advised.after, name, RecordType.SRV).records


@given(advised=ADVISED)
def test_a_digest_that_is_prepared_stays_while_there_is_room(advised: Advised) -> None:
    def digests(names: Names) -> set[RecordData]:
        found = look_up(names, PACC, RecordType.TXT).records
        return {data for data in found if text_kind(data) == text_kind(DIGESTS[0])}

    planned = {one.record.data for one in advised.records if one.record.name == PACC}
    before, after = digests(advised.before), digests(advised.after)
    if len(before | planned) <= 2 * len(planned):
        assert before <= after


@given(advised=ADVISED)
def test_what_is_removed_was_there_and_a_zone_can_hold_what_is_left(advised: Advised) -> None:
    for removal in advised.fix.remove:
        if removal.name in advised.before:
            there = {(type_of(one), presented(one)) for one in advised.before[removal.name]}
            assert (removal.type, removal.value) in there
    for data in advised.after.values():
        assert len(data) == 1 or not any(isinstance(one, AliasData) for one in data)


@given(planned=plans(), names=PUBLISHED)
def test_nothing_is_put_that_leads_nowhere(planned: PlannedRecords, names: Names) -> None:
    advised = advise(planned, names, frozenset())
    for record in advised.fix.put:
        if isinstance(record.data, SrvData | AliasData):
            assert record.data.target is not None
            assert at(advised.after, record.data.target) is not None


@given(advised=ADVISED)
def test_what_is_wrong_is_mended_or_it_is_told_why_not(advised: Advised) -> None:
    wrong = {one.record.name for one in advised.records if one.state in WRONG}
    put = {record.name for record in advised.fix.put}
    withheld = {one.detail.partition(":")[0] for one in advised.fix.withheld}
    assert put | withheld == wrong
    assert not put & withheld


@given(planned=plans(), names=PUBLISHED)
def test_the_advice_is_all_that_is_needed(planned: PlannedRecords, names: Names) -> None:
    first = advise(planned, names, frozenset())
    again = advise(planned, first.after, frozenset())
    wrong = {one.record.name for one in again.records if one.state in WRONG}
    assert wrong == {one.detail.partition(":")[0] for one in first.fix.withheld}
