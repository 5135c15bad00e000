"""Whatever is seen, judging says something sane of it: the same every time, in whatever order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any, Final

from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_records import AddressData, RecordType, TlsaData
from app.core.endpoints import Endpoint, Listing, Protocol
from app.core.findings import Severity
from app.core.observations import (
    AddressObservation,
    Capabilities,
    EndpointObservation,
    Failure,
    FailureReason,
    HttpAnswer,
    Stage,
    TlsSession,
)
from app.core.servers import Authentication, ServerType, SocketType
from app.verification.judging import judge, judge_listing
from app.verification.reporting import report_endpoint
from app.verification.trust import TrustStore
from hypothesis import given
from hypothesis import strategies as st

from certificate_cases import CHAINS
from pki import HOST, NOW, ROOT

TRUST: Final = TrustStore.from_pem(ROOT.pem)
TEXTS: Final = st.text(max_size=40)
CERTIFICATES: Final = sorted({der for sent, _ in CHAINS.values() for der in sent})
NAMES: Final = sorted(CHAINS)
# By number and name: hypothesis writes out what it samples from.
CHAIN: Final = st.one_of(
    st.sampled_from(NAMES).map(lambda name: CHAINS[name][0]),
    st.lists(
        st.integers(0, len(CERTIFICATES) - 1).map(lambda number: CERTIFICATES[number])
        | st.binary(max_size=80),
        max_size=20,
    ).map(tuple),
)
WORDS: Final = st.sampled_from([
    "STARTTLS", "STLS", "LOGINDISABLED", "USER", "IMAP4REV1", "PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2",
    "SCRAM-SHA-256", "NTLM", "GSSAPI", "EXTERNAL", "BASIC", "XXXXXXXA", "",
]) | TEXTS  # fmt: skip
CAPABILITIES: Final = st.builds(
    Capabilities,
    atoms=st.frozensets(WORDS, max_size=5),
    mechanisms=st.frozensets(WORDS, max_size=5),
    are_known=st.booleans(),
)
HEADERS: Final = st.lists(
    st.tuples(
        st.sampled_from(["dav", "www-authenticate", "content-type", "strict-transport-security"]), TEXTS
    ),
    max_size=4,
).map(tuple)
URLS: Final = st.sampled_from([f"https://{HOST}/", f"http://{HOST}/", "", "{x}"])
SESSIONS: Final = st.builds(
    TlsSession,
    version=st.sampled_from(["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", "?"]),
    cipher=st.sampled_from(["TLS_AES_256_GCM_SHA384", "DES-CBC3-SHA", ""]),
    chain=CHAIN,
    had_bytes_before=st.booleans(),
)
ADDRESSES: Final = st.ip_addresses()
FAILURES: Final = st.none() | st.builds(
    Failure, stage=st.sampled_from(Stage), reason=st.sampled_from(FailureReason), detail=TEXTS
)
SEEN: Final = st.builds(
    AddressObservation,
    address=ADDRESSES,
    reached=st.sampled_from(Stage),
    failure=FAILURES,
    greeting=TEXTS | st.just("220 ****") | st.just("+OK <1@a>"),
    is_preauthenticated=st.booleans(),
    before_tls=st.none() | CAPABILITIES,
    in_tls=st.none() | CAPABILITIES,
    tls=st.none() | SESSIONS,
    versions=st.lists(
        st.tuples(st.sampled_from(["TLSv1", "TLSv1.2", "TLSv1.3"]), st.none() | st.booleans()), max_size=3
    ).map(tuple),
    matches_without_sni=st.none() | st.booleans(),
    http=st.none()
    | st.builds(
        HttpAnswer,
        status=st.integers(100, 599),
        url=URLS,
        redirects=st.lists(URLS, max_size=6).map(tuple),
        headers=HEADERS,
        tls=st.none() | SESSIONS,
        failure=FAILURES,
    ),
)
RECORDS: Final = st.builds(AddressData, ADDRESSES) | st.builds(
    TlsaData,
    usage=st.integers(0, 255),
    selector=st.integers(0, 255),
    matching_type=st.integers(0, 255),
    association=st.binary(max_size=64),
)
LOOKUPS: Final = st.builds(
    Lookup,
    name=st.just(HOST),
    type=st.sampled_from([RecordType.A, RecordType.AAAA, RecordType.TLSA]),
    status=st.sampled_from(LookupStatus),
    records=st.lists(RECORDS, max_size=3).map(tuple),
    is_authenticated=st.booleans(),
)


def _endpoint(protocol: Protocol, socket_type: SocketType, service: ServerType, port: int) -> Endpoint:
    is_web = protocol is Protocol.HTTP
    return Endpoint(
        protocol=protocol,
        hostname=HOST,
        port=port,
        socket_type=socket_type,
        service=service if is_web else None,
        path="/" if is_web else "",
    )


ENDPOINTS: Final = st.builds(
    _endpoint,
    st.sampled_from(Protocol),
    st.sampled_from(SocketType),
    st.sampled_from(ServerType),
    st.sampled_from([25, 110, 143, 443, 465, 587, 993]),
)
OBSERVATIONS: Final = st.builds(
    EndpointObservation,
    endpoint=ENDPOINTS,
    at=st.just(NOW),
    lookups=st.lists(LOOKUPS, max_size=3).map(tuple),
    addresses=st.lists(SEEN, max_size=3, unique_by=lambda one: one.address).map(tuple),
)
METHODS: Final = st.lists(st.sampled_from(Authentication), max_size=4, unique=True).map(tuple)
TIMES: Final = st.timedeltas(timedelta(days=-5000), timedelta(days=5000)).map(lambda delta: NOW + delta)


@given(OBSERVATIONS, METHODS, TIMES)
def test_judging_never_raises_and_every_finding_has_its_sentences(
    observation: EndpointObservation, methods: tuple[Authentication, ...], now: Any
) -> None:
    listing = Listing(endpoint=observation.endpoint, server="server", authentication=methods)
    findings = (*judge(observation, TRUST, now), *judge_listing(listing, observation))
    for finding in findings:
        assert finding.statement
        assert finding.advice
    assert report_endpoint(observation, findings).endpoint == observation.endpoint


@given(OBSERVATIONS)
def test_the_order_of_addresses_means_nothing(observation: EndpointObservation) -> None:
    listing = Listing(
        endpoint=observation.endpoint, server="server", authentication=tuple(Authentication)[:3]
    )
    expected = judge(observation, TRUST, NOW), judge_listing(listing, observation)
    for addresses in permutations(observation.addresses):
        other = replace(observation, addresses=addresses)
        assert (judge(other, TRUST, NOW), judge_listing(listing, other)) == expected


@given(OBSERVATIONS)
def test_one_cause_is_told_once(observation: EndpointObservation) -> None:
    told = [
        (finding.code, address, tuple(sorted(finding.facts.items())))
        for finding in judge(observation, TRUST, NOW)
        for address in finding.addresses or ("",)
    ]
    assert len(told) == len(set(told))


NOT_TESTED: Final = st.sampled_from([
    FailureReason.FORBIDDEN, FailureReason.NO_LOCAL_FAMILY, FailureReason.TURNED_AWAY, FailureReason.NO_TIME,
    FailureReason.NO_WAY_OUT, FailureReason.NOT_LOOKED_UP, FailureReason.TOO_MANY_ADDRESSES,
    FailureReason.PORT_NOT_PERMITTED,
])  # fmt: skip


@given(OBSERVATIONS, NOT_TESTED)
def test_what_could_not_be_tested_is_never_bad(
    observation: EndpointObservation, reason: FailureReason
) -> None:
    failure = Failure(stage=Stage.CONNECT, reason=reason)
    addresses = tuple(
        replace(seen, failure=failure, reached=Stage.CONNECT, tls=None, http=None)
        for seen in observation.addresses
    )
    found = judge(replace(observation, addresses=addresses, lookups=()), TRUST, NOW)
    assert {finding.severity for finding in found} <= {Severity.UNTESTED}
    assert found


@given(ENDPOINTS, SEEN, st.sampled_from(FailureReason))
def test_a_dead_address_beside_a_living_one_is_at_most_a_warning(
    endpoint: Endpoint, seen: AddressObservation, reason: FailureReason
) -> None:
    living = replace(seen, failure=None, reached=Stage.DONE)
    dead = replace(
        seen,
        address=seen.address + 1 if int(seen.address) % 2 == 0 else seen.address - 1,
        failure=Failure(stage=Stage.CONNECT, reason=reason),
        reached=Stage.CONNECT,
        tls=None,
    )
    alone = judge(EndpointObservation(endpoint=endpoint, at=NOW, addresses=(living,)), TRUST, NOW)
    both = judge(EndpointObservation(endpoint=endpoint, at=NOW, addresses=(living, dead)), TRUST, NOW)
    bad = [finding.code for finding in alone if finding.severity is Severity.BAD]
    assert [finding.code for finding in both if finding.severity is Severity.BAD] == bad
    assert [one for one in both if one.addresses == (str(dead.address),)]
