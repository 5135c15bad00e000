from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from app.core.dns_comparison import CheckedRecord, RecordState, compare, questions_for
from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_records import (
    ADDRESS_TYPES,
    CLOSED,
    AddressData,
    AliasData,
    DnsRecord,
    PlannedRecords,
    RecordData,
    RecordType,
    SrvData,
    TxtData,
)
from app.core.names import DomainName

from fakes.resolver import found, nothing

if TYPE_CHECKING:
    from app.core.dns_comparison import Question

CUSTOMER = DomainName("customer.example")
AUTOCONFIG, IMAPS = "autoconfig.customer.example", "_imaps._tcp.customer.example"
SIGNPOST, IMAP = "signpost.host.example", "imap.host.example"
PACC, STS = "_ua-auto-config.customer.example", "_mta-sts.customer.example"
ONE, TWO, THREE = (AddressData(ip_address(f"192.0.2.{number}")) for number in (1, 2, 3))
SIX = AddressData(ip_address("2001:db8::1"))
WANTED = SrvData(priority=0, weight=1, port=993, target=IMAP)
DIGEST = TxtData("v=UAAC1; a=sha256; d=abc=")
POLICY = TxtData("v=STSv1; id=abc;")


def planned(name: str, *data: RecordData) -> PlannedRecords:
    records = tuple(DnsRecord(name=name, data=one, why="") for one in data)
    return PlannedRecords(domain=CUSTOMER, records=records)


def checked(plan: PlannedRecords, *answers: Lookup) -> tuple[CheckedRecord, ...]:
    """Compare; what is not answered is not there."""
    known: dict[Question, Lookup] = {(answer.name, answer.type): answer for answer in answers}
    asked = {question: known.pop(question, nothing(*question)) for question in questions_for(plan)}
    assert not known, "an answer to a question that is not asked"
    return compare(plan, asked)


def state(plan: PlannedRecords, *answers: Lookup) -> RecordState:
    (one,) = checked(plan, *answers)
    return one.state


def test_every_question_is_asked_once() -> None:
    plan = PlannedRecords(
        domain=CUSTOMER,
        records=tuple(
            DnsRecord(name=f"{label}.customer.example", data=data, why="")
            for label, data in (
                ("autoconfig", AliasData(SIGNPOST)),
                ("autodiscover", AliasData(SIGNPOST)),
                ("_imaps._tcp", WANTED),
                ("_imap._tcp", CLOSED),
                ("_pop3s._tcp", replace(WANTED, port=995)),
                ("_mta-sts", POLICY),
            )
        ),
    )
    asked = questions_for(plan)
    assert len(set(asked)) == len(asked)
    assert (IMAP, RecordType.CNAME) in asked
    assert (SIGNPOST, RecordType.A) in asked
    assert (AUTOCONFIG, RecordType.AAAA) in asked
    assert len(asked) == 2 * 3 + 2 + 3 + 1 + 1


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ((WANTED,), RecordState.OK),
        ((replace(WANTED, weight=0),), RecordState.OK),
        ((), RecordState.MISSING),
        ((replace(WANTED, port=994),), RecordState.DIFFERENT),
        ((replace(WANTED, priority=5),), RecordState.DIFFERENT),
        ((replace(WANTED, target="other.example"),), RecordState.DIFFERENT),
        ((CLOSED,), RecordState.DIFFERENT),
        ((WANTED, replace(WANTED, target="other.example")), RecordState.CONFLICTING),
    ],
)
def test_a_service_is_where_it_is_to_be_and_nowhere_else(
    published: tuple[SrvData, ...], expected: RecordState
) -> None:
    answers = (found(IMAPS, *published),) if published else ()
    assert state(planned(IMAPS, WANTED), *answers) is expected


def test_a_service_that_is_off_is_published_as_such() -> None:
    assert state(planned(IMAPS, CLOSED), found(IMAPS, CLOSED)) is RecordState.OK
    assert state(planned(IMAPS, CLOSED), found(IMAPS, WANTED)) is RecordState.DIFFERENT
    assert state(planned(IMAPS, CLOSED)) is RecordState.MISSING


def test_a_target_that_is_an_alias_contradicts_the_record() -> None:
    (one,) = checked(planned(IMAPS, WANTED), found(IMAPS, WANTED), found(IMAP, AliasData("x.host.example")))
    assert one.state is RecordState.CONFLICTING
    assert IMAP in one.detail


@pytest.mark.parametrize("status", [s for s in LookupStatus if s not in {"found", "no-data", "no-name"}])
@pytest.mark.parametrize(
    ("name", "data"), [(IMAPS, WANTED), (AUTOCONFIG, ONE), (PACC, DIGEST), (AUTOCONFIG, AliasData(SIGNPOST))]
)
def test_what_could_not_be_asked_is_unknown(status: LookupStatus, name: str, data: RecordData) -> None:
    plan = planned(name, data)
    answers = [nothing(*question, status) for question in questions_for(plan)]
    (one,) = checked(plan, *answers)
    assert one.state is RecordState.UNKNOWN
    assert status in one.detail


def test_an_alias_is_the_one_that_is_to_be() -> None:
    plan = planned(AUTOCONFIG, AliasData(SIGNPOST))
    assert state(plan, found(AUTOCONFIG, AliasData(SIGNPOST))) is RecordState.OK
    assert state(plan) is RecordState.MISSING
    assert state(plan, found(AUTOCONFIG, AliasData("other.example"))) is RecordState.DIFFERENT


def test_an_alias_of_an_alias_leads_to_the_same_place() -> None:
    plan = planned(AUTOCONFIG, AliasData(SIGNPOST))
    answers = (
        found(AUTOCONFIG, AliasData("x.customer.example")),
        found(AUTOCONFIG, ONE, aliases=("x.customer.example", SIGNPOST)),
    )
    assert state(plan, *answers) is RecordState.OK


@pytest.mark.parametrize(
    ("own", "there", "expected"),
    [
        ((ONE,), (ONE, TWO), RecordState.OK),
        ((ONE, TWO), (TWO, ONE), RecordState.OK),
        ((ONE, THREE), (ONE, TWO), RecordState.DIFFERENT),
        ((THREE,), (ONE,), RecordState.DIFFERENT),
        ((THREE,), (), RecordState.DIFFERENT),
    ],
)
def test_addresses_in_place_of_an_alias_are_those_of_its_target(
    own: tuple[AddressData, ...], there: tuple[AddressData, ...], expected: RecordState
) -> None:
    answers = [found(AUTOCONFIG, *own), *([found(SIGNPOST, *there)] if there else [])]
    assert state(planned(AUTOCONFIG, AliasData(SIGNPOST)), *answers) is expected


def test_an_address_of_the_other_family_counts_too() -> None:
    plan = planned(AUTOCONFIG, AliasData(SIGNPOST))
    assert state(plan, found(AUTOCONFIG, SIX), found(SIGNPOST, SIX)) is RecordState.OK
    assert state(plan, found(AUTOCONFIG, SIX), found(SIGNPOST, ONE)) is RecordState.DIFFERENT


@pytest.mark.parametrize(
    "published",
    [
        (),
        (found(AUTOCONFIG, ONE), found(SIGNPOST, ONE)),
        (found(AUTOCONFIG, THREE), found(SIGNPOST, ONE)),
        (found(AUTOCONFIG, AliasData("other.example")),),
    ],
)
def test_a_family_that_does_not_answer_may_hide_anything(published: tuple[Lookup, ...]) -> None:
    plan = planned(AUTOCONFIG, AliasData(SIGNPOST))
    failed = nothing(AUTOCONFIG, RecordType.AAAA, LookupStatus.SERVER_FAILURE)
    (one,) = checked(plan, failed, *published)
    assert (one.state, one.detail) == (RecordState.UNKNOWN, "server-failure: as scripted")


def test_the_alias_that_is_to_be_needs_no_further_answer() -> None:
    plan = planned(AUTOCONFIG, AliasData(SIGNPOST))
    failed = [nothing(AUTOCONFIG, family, LookupStatus.TIMED_OUT) for family in ADDRESS_TYPES]
    assert state(plan, found(AUTOCONFIG, AliasData(SIGNPOST)), *failed) is RecordState.OK


def test_a_target_that_does_not_answer_makes_no_address_another() -> None:
    plan = planned(AUTOCONFIG, AliasData(SIGNPOST))
    failed = nothing(SIGNPOST, RecordType.A, LookupStatus.TIMED_OUT)
    (one,) = checked(plan, found(AUTOCONFIG, ONE), failed)
    assert one.state is RecordState.UNKNOWN
    assert one.detail == f"{SIGNPOST} A: timed-out: as scripted"
    assert state(plan, failed) is RecordState.MISSING
    assert state(plan, failed, found(AUTOCONFIG, SIX), found(SIGNPOST, SIX)) is RecordState.OK


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ((ONE, TWO), [RecordState.OK, RecordState.OK]),
        ((TWO,), [RecordState.MISSING, RecordState.OK]),
        ((), [RecordState.MISSING, RecordState.MISSING]),
        ((THREE,), [RecordState.DIFFERENT, RecordState.DIFFERENT]),
        ((ONE, TWO, THREE), [RecordState.CONFLICTING, RecordState.CONFLICTING]),
        ((ONE, THREE), [RecordState.CONFLICTING, RecordState.DIFFERENT]),
    ],
)
def test_addresses_are_all_there_and_no_others(
    published: tuple[AddressData, ...], expected: list[RecordState]
) -> None:
    answers = (found(AUTOCONFIG, *published),) if published else ()
    states = [one.state for one in checked(planned(AUTOCONFIG, ONE, TWO), *answers)]
    assert states == expected


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (("v=UAAC1; a=sha256; d=abc=",), RecordState.OK),
        (("V=UAAC1;A=sha256;D=abc= ",), RecordState.OK),
        (("v=UAAC1; a=sha256; d=old=", "v=UAAC1; a=sha256; d=abc="), RecordState.OK),
        (("v=UAAC1; a=sha256; d=ABC=",), RecordState.DIFFERENT),
        (("v=UAAC1; d=1", "v=UAAC1; d=2", "v=UAAC1; a=sha256; d=abc="), RecordState.CONFLICTING),
        (("v=spf1 -all",), RecordState.MISSING),
        (("v=spf1 -all", "v=UAAC1; a=sha256; d=abc="), RecordState.OK),
        ((), RecordState.MISSING),
    ],
)
def test_a_digest_may_have_its_successor_beside_it(published: tuple[str, ...], expected: RecordState) -> None:
    answers = (found(PACC, *map(TxtData, published)),) if published else ()
    assert state(planned(PACC, DIGEST), *answers) is expected


OTHER_DIGEST = TxtData("v=UAAC1; a=sha256; d=def=")
BOTH = (DIGEST.text, OTHER_DIGEST.text)


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (BOTH, [RecordState.OK, RecordState.OK]),
        (BOTH[:1], [RecordState.OK, RecordState.DIFFERENT]),
        (BOTH[1:], [RecordState.DIFFERENT, RecordState.OK]),
        ((), [RecordState.MISSING, RecordState.MISSING]),
        ((*BOTH, "v=UAAC1; d=1", "v=UAAC1; d=2"), [RecordState.OK, RecordState.OK]),
        ((*BOTH, *(f"v=UAAC1; d={n}" for n in range(3))), [RecordState.CONFLICTING, RecordState.CONFLICTING]),
        (("v=UAAC1; d=1",), [RecordState.DIFFERENT, RecordState.DIFFERENT]),
        ((BOTH[0], "v=UAAC1; d=1"), [RecordState.OK, RecordState.DIFFERENT]),
    ],
)
def test_several_digests_are_all_there(published: tuple[str, ...], expected: list[RecordState]) -> None:
    plan = planned(PACC, DIGEST, OTHER_DIGEST)
    answers = (found(PACC, *map(TxtData, published)),) if published else ()
    assert [one.state for one in checked(plan, *answers)] == expected


def test_a_digest_that_is_not_planned_is_told_of() -> None:
    plan = planned(PACC, DIGEST, OTHER_DIGEST)
    assert [one.detail for one in checked(plan, found(PACC, DIGEST, OTHER_DIGEST))] == ["", ""]
    further = TxtData("v=UAAC1; d=1")
    details = {one.detail for one in checked(plan, found(PACC, DIGEST, OTHER_DIGEST, further))}
    assert details == {"beside another, as during a change"}


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (("v=STSv1;id=abc",), RecordState.OK),
        (("v=STSv1; id=abd;",), RecordState.DIFFERENT),
        (("v=STSv1; id=abc;", "v=STSv1; id=abd;"), RecordState.CONFLICTING),
        (("v=STSv1; id=abc;", "google-site-verification=1"), RecordState.OK),
    ],
)
def test_there_is_one_policy_record(published: tuple[str, ...], expected: RecordState) -> None:
    assert state(planned(STS, POLICY), found(STS, *map(TxtData, published))) is expected


def test_a_path_is_compared_to_the_letter() -> None:
    name = "_caldavs._tcp.customer.example"
    plan = planned(name, TxtData("path=/Cal"))
    assert state(plan, found(name, TxtData("path=/Cal"), TxtData("x"))) is RecordState.OK
    assert state(plan, found(name, TxtData("path=/cal"))) is RecordState.DIFFERENT
    both = found(name, TxtData("path=/cal"), TxtData("path=/Cal"))
    assert state(plan, both) is RecordState.CONFLICTING


def test_what_is_published_and_whether_it_is_vouched_for_is_told() -> None:
    answer = found(IMAPS, replace(WANTED, port=1), is_authenticated=True)
    (one,) = checked(planned(IMAPS, WANTED), answer)
    assert one.found == ("0 1 1 imap.host.example.",)
    assert one.is_authenticated
