from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

import pytest
from app.core.dns_comparison import compare, questions_for
from app.core.dns_diagnosis import (
    DiagnosedState,
    Diagnosis,
    HostReadiness,
    Readiness,
    Removal,
    ZoneFix,
    ZoneSigning,
    diagnose_records,
    find_fix,
    further_questions,
    zone_signing,
)
from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_records import (
    AddressData,
    AliasData,
    DnsRecord,
    MxData,
    PlannedRecords,
    RecordType,
    SrvData,
    TxtData,
)
from app.core.names import DomainName

if TYPE_CHECKING:
    from app.core.dns_comparison import Question
    from app.core.dns_records import RecordData


def a_service(weight: int, port: int, target: str) -> SrvData:
    return SrvData(priority=0, weight=weight, port=port, target=target)


DOMAIN = DomainName("a.example")
NAME = "autoconfig.a.example"
HERE = "signpost.host.example"
ALIAS = DnsRecord(name=NAME, data=AliasData(HERE), why="x")
SERVICE = DnsRecord(name="_imaps._tcp.a.example", data=a_service(1, 993, "imap.host.example"), why="x")
TEXT = DnsRecord(name="_mta-sts.a.example", data=TxtData("v=STSv1; id=1"), why="x")
ADDRESS = AddressData(IPv4Address("192.0.2.1"))
SIX = AddressData(IPv6Address("2001:db8::1"))
OTHER = AddressData(IPv4Address("192.0.2.9"))


def answered(
    question: Question, *records: RecordData, aliases: tuple[str, ...] = (), **changes: Any
) -> Lookup:
    values: dict[str, Any] = {
        "status": LookupStatus.FOUND if records else LookupStatus.NO_NAME,
        "is_authenticated": True,
        **changes,
    }
    return Lookup(
        name=question[0],
        type=question[1],
        records=records,
        aliases=aliases,
        **values,
    )


def diagnose(*records: DnsRecord, **published: Any) -> Diagnosis:
    """Diagnose with these answers, by name and type; all others are that there is no such name."""
    planned = PlannedRecords(domain=DOMAIN, records=records)

    def answer(question: Question) -> Lookup:
        found = published.get(f"{question[0]} {question[1]}", [])
        return found if isinstance(found, Lookup) else answered(question, *found)

    answers = {question: answer(question) for question in questions_for(planned)}
    answers |= {question: answer(question) for question in further_questions(planned, answers)}
    diagnosed = diagnose_records(compare(planned, answers), answers)
    return Diagnosis(
        planned=planned,
        records=diagnosed,
        signing=zone_signing(planned, answers),
        hosts=(),
        fix=find_fix(diagnosed, answers),
    )


def late(name: str, record_type: RecordType) -> Lookup:
    return answered((name, record_type), status=LookupStatus.TIMED_OUT)


def state(diagnosis: Diagnosis) -> DiagnosedState:
    (one,) = diagnosis.records
    return one.state


DIGESTS = [
    DnsRecord(name="_ua-auto-config.a.example", data=TxtData(f"v=UAAC1; a=sha256; d={name}="), why="x")
    for name in ("own", "shared")
]
OLD_DIGEST = TxtData("v=UAAC1; a=sha256; d=old=")


@pytest.mark.parametrize("published", [DIGESTS[:1], DIGESTS[1:]])
def test_a_digest_that_is_missing_is_put_beside_the_other(published: list[DnsRecord]) -> None:
    question = "_ua-auto-config.a.example TXT"
    found = diagnose(*DIGESTS, **{question: [record.data for record in published]})
    assert found.fix == ZoneFix(put=tuple(DIGESTS))
    both = diagnose(*DIGESTS, **{question: [record.data for record in DIGESTS]})
    assert (both.fix, both.is_wrong) == (ZoneFix(), False)


@pytest.mark.parametrize(
    "published",
    [
        ["v=UAAC1; a=sha256; d=own=", "v=UAAC1; a=sha256; d=next="],
        ["V=uaac1;A=sha256;D=own=", "v=UAAC1; a=sha256; d=next="],
        ["v=UAAC1; a=sha256; d=old=", "v=UAAC1; a=sha256; d=next="],
    ],
)
def test_a_digest_that_is_prepared_for_a_change_stays(published: list[str]) -> None:
    """What is put are whole sets, those of octoDNS for one: what stays is among it, as it is published."""
    texts = [TxtData(text) for text in published]
    question = (DIGESTS[0].name, RecordType.TXT)
    found = diagnose(*DIGESTS, **{f"{question[0]} TXT": texts})
    assert found.fix.remove == ()
    after = [record.data for record in found.fix.put]
    assert set(texts) < set(after)
    assert diagnose(*DIGESTS, **{f"{question[0]} TXT": after}).is_wrong is False


def test_digests_make_room_where_there_would_be_too_many() -> None:
    old = [TxtData(f"v=UAAC1; a=sha256; d=old{number}=") for number in range(3)]
    found = diagnose(*DIGESTS, **{"_ua-auto-config.a.example TXT": [DIGESTS[0].data, *old]})
    assert found.fix.put == tuple(DIGESTS)
    assert [removal.value for removal in found.fix.remove] == [f'"{text.text}"' for text in old]


def test_a_zone_as_it_should_be_needs_no_change() -> None:
    found = diagnose(
        ALIAS,
        **{
            f"{NAME} CNAME": [AliasData(HERE)],
            f"{NAME} A": answered((NAME, RecordType.A), ADDRESS, aliases=(HERE,)),
            f"{HERE} A": [ADDRESS],
            "a.example MX": [MxData(preference=10, exchange="mx.host.example")],
        },
    )
    assert state(found) is DiagnosedState.PRESENT
    assert found.signing is ZoneSigning.SIGNED
    assert found.fix == ZoneFix()
    assert (found.is_wrong, found.is_known) == (False, True)


def test_an_alias_of_a_name_that_is_not_there_is_unsafe() -> None:
    lost = answered((NAME, RecordType.A), aliases=("gone.example",))
    published = {f"{NAME} CNAME": [AliasData("gone.example")], f"{NAME} A": lost}
    found = diagnose(ALIAS, **published, **{f"{HERE} A": [ADDRESS]})
    assert state(found) is DiagnosedState.UNSAFE
    assert found.records[0].detail == "leads to gone.example, which is not there"
    assert found.is_wrong
    removal = Removal(name=NAME, type=RecordType.CNAME, value="gone.example.")
    assert found.fix == ZoneFix(put=(ALIAS,), remove=(removal,))


def test_an_alias_of_ours_that_is_not_there_is_unsafe_and_not_put_again() -> None:
    lost = answered((NAME, RecordType.A), aliases=(HERE,))
    found = diagnose(ALIAS, **{f"{NAME} CNAME": [AliasData(HERE)], f"{NAME} A": lost})
    assert state(found) is DiagnosedState.UNSAFE
    assert found.records[0].detail == f"leads to {HERE}, which is not there"
    assert (found.fix.put, found.fix.remove) == ((), ())


def test_a_service_at_a_name_that_is_not_there_is_unsafe() -> None:
    gone = a_service(1, 993, "gone.example")
    found = diagnose(SERVICE, **{f"{SERVICE.name} SRV": [gone], "imap.host.example A": [ADDRESS]})
    assert state(found) is DiagnosedState.UNSAFE
    assert [one.value for one in found.fix.remove] == ["0 1 993 gone.example."]
    assert found.fix.put == (SERVICE,)


@pytest.mark.parametrize(
    ("record", "target", "published"),
    [
        (ALIAS, HERE, {f"{NAME} A": [OTHER]}),
        (ALIAS, HERE, {f"{NAME} CNAME": [AliasData("other.example")]}),
        (ALIAS, HERE, {}),
        (SERVICE, "imap.host.example", {}),
        (SERVICE, "imap.host.example", {f"{SERVICE.name} SRV": [a_service(1, 994, "imap.host.example")]}),
    ],
)
def test_nothing_is_put_that_leads_to_a_name_that_is_not_there(
    record: DnsRecord, target: str, published: dict[str, Any]
) -> None:
    found = diagnose(record, **published)
    assert found.is_wrong
    assert f"{target}" in found.records[0].detail
    assert found.records[0].detail.endswith("which is not there")
    assert (found.fix.put, found.fix.remove) == ((), ())
    (left,) = found.fix.withheld
    assert left.reason == "target-not-there"
    assert left.detail == f"{record.name}: {target} is not there."


def test_a_service_may_lead_to_a_name_that_is_put_too() -> None:
    own = DnsRecord(name=NAME, data=ADDRESS, why="x")
    service = DnsRecord(name="_autodiscover._tcp.a.example", data=a_service(1, 443, NAME), why="x")
    found = diagnose(own, service)
    assert found.fix == ZoneFix(put=(own, service))
    assert [one.detail for one in found.records] == ["", ""]


def test_what_should_be_at_a_name_that_is_ours_is_asked_for_before_it_is_put() -> None:
    planned = PlannedRecords(domain=DOMAIN, records=(SERVICE,))
    asked = further_questions(planned, {})
    assert [kind for name, kind in asked if name == "imap.host.example"] == ["A", "AAAA"]


OWN = [DnsRecord(name=NAME, data=data, why="x") for data in (ADDRESS, SIX)]


def test_an_alias_that_goes_takes_no_address_along_that_is_right() -> None:
    through: dict[str, Any] = {
        f"{NAME} A": answered((NAME, RecordType.A), ADDRESS, aliases=(HERE,)),
        f"{NAME} AAAA": answered((NAME, RecordType.AAAA), aliases=(HERE,), status=LookupStatus.NO_DATA),
    }
    found = diagnose(*OWN, **through)
    assert [one.state for one in found.records] == [DiagnosedState.PRESENT, DiagnosedState.MISSING]
    removal = Removal(name=NAME, type=RecordType.CNAME, value=f"{HERE}.")
    assert found.fix == ZoneFix(put=tuple(OWN), remove=(removal,))


def test_an_alias_that_hides_what_could_not_be_seen_stays() -> None:
    empty = answered((NAME, RecordType.AAAA), aliases=(HERE,), status=LookupStatus.NO_DATA)
    found = diagnose(*OWN, **{f"{NAME} A": late(NAME, RecordType.A), f"{NAME} AAAA": empty})
    assert [one.state for one in found.records] == [DiagnosedState.UNKNOWN, DiagnosedState.MISSING]
    assert (found.fix.put, found.fix.remove) == ((), ())
    (left,) = found.fix.withheld
    assert (left.reason, left.detail) == ("not-seen", f"{NAME}: it could not be seen what A it has.")


def test_a_name_that_gets_an_address_of_its_own_keeps_those_that_it_has_by_a_wildcard() -> None:
    """A wildcard tells of a name only as long as the name has nothing (RFC 4592 §2.2.1)."""
    found = diagnose(*OWN, **{f"{NAME} A": [ADDRESS]})
    assert found.fix == ZoneFix(put=tuple(OWN))


def test_records_behind_an_alias_are_not_its_owners() -> None:
    for record, other in (
        (SERVICE, a_service(2, 443, "imap.host.example")),
        (TEXT, TxtData("v=STSv1; id=0")),
    ):
        through = answered((record.name, record.type), other, aliases=("x.host.example",))
        known = {f"{record.name} {record.type}": through, "imap.host.example A": [ADDRESS]}
        removal = Removal(name=record.name, type=RecordType.CNAME, value="x.host.example.")
        assert diagnose(record, **known).fix == ZoneFix(put=(record,), remove=(removal,))


def test_addresses_in_the_place_of_an_alias_are_drifted_and_taken_away() -> None:
    found = diagnose(ALIAS, **{f"{NAME} A": [OTHER], f"{HERE} A": [ADDRESS]})
    assert state(found) is DiagnosedState.DRIFTED
    assert found.fix == ZoneFix(
        put=(ALIAS,), remove=(Removal(name=NAME, type=RecordType.A, value="192.0.2.9"),)
    )


def test_an_alias_in_the_place_of_addresses_is_taken_away() -> None:
    own = DnsRecord(name=NAME, data=ADDRESS, why="x")
    through = answered((NAME, RecordType.A), OTHER, aliases=("old.example",))
    found = diagnose(own, **{f"{NAME} A": through})
    assert state(found) is DiagnosedState.DRIFTED
    assert found.fix.remove == (Removal(name=NAME, type=RecordType.CNAME, value="old.example."),)


@pytest.mark.parametrize(
    ("unanswered", "published"),
    [
        (f"{NAME} A", {}),
        (f"{NAME} AAAA", {f"{NAME} A": [OTHER]}),
        (f"{HERE} A", {f"{NAME} A": [ADDRESS]}),
    ],
)
def test_nothing_is_put_beside_or_in_place_of_what_could_not_be_seen(
    unanswered: str, published: dict[str, Any]
) -> None:
    name, _, record_type = unanswered.partition(" ")
    known = {f"{HERE} A": [ADDRESS], **published, unanswered: late(name, RecordType(record_type))}
    found = diagnose(ALIAS, **known)
    assert state(found) is DiagnosedState.UNKNOWN
    assert (found.is_wrong, found.is_known, found.fix) == (False, False, ZoneFix())


def test_a_further_record_is_conflicting_and_taken_away() -> None:
    more = a_service(2, 443, "imap.host.example")
    known = {f"{SERVICE.name} SRV": [SERVICE.data, more], "imap.host.example A": [ADDRESS]}
    found = diagnose(SERVICE, **known)
    assert state(found) is DiagnosedState.CONFLICTING
    assert [one.value for one in found.fix.remove] == ["0 2 443 imap.host.example."]


def test_other_texts_at_a_name_stay() -> None:
    found = diagnose(TEXT, **{f"{TEXT.name} TXT": [TxtData("v=STSv1; id=0"), TxtData("something else")]})
    assert state(found) is DiagnosedState.DRIFTED
    assert [one.value for one in found.fix.remove] == ['"v=STSv1; id=0"']


def test_what_the_dns_does_not_say_is_unknown_and_not_changed() -> None:
    found = diagnose(SERVICE, **{f"{SERVICE.name} SRV": late(SERVICE.name, RecordType.SRV)})
    assert state(found) is DiagnosedState.UNKNOWN
    assert (found.is_wrong, found.is_known, found.fix) == (False, False, ZoneFix())


@pytest.mark.parametrize(
    ("changes", "signing"),
    [
        ({"is_authenticated": False}, ZoneSigning.UNSIGNED),
        ({"status": LookupStatus.BOGUS}, ZoneSigning.BOGUS),
        ({"status": LookupStatus.REFUSED}, ZoneSigning.UNKNOWN),
    ],
)
def test_the_zones_signatures_are_told(changes: dict[str, Any], signing: ZoneSigning) -> None:
    apex = answered(("a.example", RecordType.MX), **changes)
    found = diagnose(SERVICE, **{"a.example MX": apex})
    assert found.signing is signing


def test_a_host_without_a_certificate_is_wrong_and_one_that_was_not_asked_is_not_known() -> None:
    found = diagnose()
    values: dict[str, Any] = {
        "planned": found.planned,
        "records": (),
        "signing": ZoneSigning.SIGNED,
        "fix": ZoneFix(),
    }
    for readiness, expected in (
        (Readiness.READY, (False, True)),
        (Readiness.NOT_READY, (True, True)),
        (Readiness.UNKNOWN, (False, False)),
    ):
        host = HostReadiness(hostname=NAME, state=readiness, not_after=datetime(2027, 1, 1, tzinfo=UTC))
        diagnosis = Diagnosis(hosts=(host,), **values)
        assert (diagnosis.is_wrong, diagnosis.is_known) == expected
