"""What Signpost serves, read by its own readers as discovery reads it, says what the tests' readers find."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from app.core.dns_records import RecordType
from app.core.documents import ClientRequest, Presentation
from app.core.resolving import resolve
from app.core.servers import Server, ServerType
from app.discovery.srv_reading import LABELS, read_services
from app.parsers.autoconfig import parse_autoconfig
from app.parsers.autodiscover import parse_pox, parse_version_2
from app.parsers.pacc import parse_pacc
from app.renderers import FORMATS_BY_NAME
from app.renderers.dns_records import RECORD_FORMS

from builders import a_domain, an_account, an_imap_server, an_smtp_server
from contracts import claims, ispdb
from contracts.accounts import ACCOUNTS, addressed
from contracts.dns_cases import DnsCase, everything
from fakes.resolver import found

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.account import AccountSettings
    from app.core.dns_lookups import Lookup
    from app.core.names import DomainName

_SIEVE = an_imap_server(key="sieve", type=ServerType.MANAGESIEVE, port=4190)
_STORED = {
    **ACCOUNTS,
    "everything": everything(),
    # Records have a label for ManageSieve with STARTTLS, PACC a key for the one with TLS.
    "sieve-tls": an_account(an_imap_server(), an_smtp_server(), _SIEVE),
}
CASES = {**_STORED, **{f"{name}, asked by address": addressed(one) for name, one in _STORED.items()}}
JANE = "jane@customer.example"
READERS: dict[str, tuple[Callable[[bytes], tuple[Server, ...]], Callable[[bytes, str], claims.Claims]]] = {
    "autoconfig": (lambda body: parse_autoconfig(body, "x").provider.servers, claims.autoconfig),
    "autoconfig-full": (lambda body: parse_autoconfig(body, "x").provider.servers, claims.autoconfig),
    "autodiscover": (lambda body: parse_pox(body).servers, claims.autodiscover),
    "autodiscover-mobilesync": (lambda body: parse_pox(body).servers, claims.mobilesync),
    "pacc": (lambda body: parse_pacc(body).servers, claims.pacc),
}
each_case = pytest.mark.parametrize("case", CASES)
# One file in this many is read in the fast tests.
SAMPLED = 12


def place_of(server: Server, address: str) -> tuple[str, str, int | None, str]:
    """Return what every format says of a server."""
    if server.url is not None:
        found = claims.at_url(str(server.type), claims.filled(server.url, address, in_url=True), None, None)
        return found.service, found.host or "", found.port, "/".join(sorted(found.security))
    security = str(server.socket_type)
    return str(server.type), claims.filled(server.hostname or "", address), server.port, security


def compare(name: str, account: AccountSettings) -> int:
    """Hold both readings of a document together; tells how many servers it has."""
    address = str(account.login_address or f"jane@{account.domain.ascii}")
    document = FORMATS_BY_NAME[name].render(account, Presentation())
    if not document.is_usable:
        return 0
    read, claim = READERS[name]
    servers = [server for server in read(document.body) if server.type is not ServerType.WEBMAIL]
    claimed = [one for one in claim(document.body, address) if one.service != "autodiscover"]
    found = {place_of(server, address) for server in servers if server.type is not ServerType.EXCHANGE}
    for server in servers:
        place = place_of(server, address)
        same = [one for one in claimed if (one.service, one.host, one.port) == place[:3]]
        assert same, (name, place)
        assert any(place[3] in one.security for one in same)
        login = claims.filled(server.username or "", address)
        assert any(one.login is None or not login or login in one.login for one in same), (name, place)
    beyond = {one.service for one in claimed} - {str(kind) for kind in ServerType} - {"autodiscover"}
    known = {place[0] for place in found} | {"exchange", "ews", "owa", "activesync", "mapi"} | beyond
    assert {one.service for one in claimed} <= known, name
    return len(servers)


@each_case
@pytest.mark.parametrize("name", READERS)
def test_a_document_of_ours_is_read_as_clients_read_it(case: str, name: str) -> None:
    compare(name, CASES[case])


def test_managesieve_is_read_from_pacc_as_it_is_stored() -> None:
    account = CASES["sieve-tls"]
    servers = parse_pacc(FORMATS_BY_NAME["pacc"].render(account, Presentation()).body).servers
    (sieve,) = (server for server in servers if server.type is ServerType.MANAGESIEVE)
    assert (sieve.hostname, sieve.port, sieve.socket_type) == (_SIEVE.hostname, 4190, _SIEVE.socket_type)


@pytest.mark.parametrize("name", READERS)
def test_every_reader_has_something_to_read(name: str) -> None:
    assert sum(compare(name, account) for account in CASES.values()) > 0


@each_case
def test_our_records_are_read_as_clients_read_them(case: str) -> None:
    account = replace(CASES[case], address=None, login_address=None)
    planned = DnsCase(account).planned()
    answers: dict[RecordType, dict[str, Lookup]] = {RecordType.SRV: {}, RecordType.TXT: {}}
    for record in planned.records:
        label = record.name.partition(".")[0]
        if record.type in answers and label in LABELS:
            answers[record.type][label] = found(record.name, record.data)
    servers, _ = read_services(answers[RecordType.SRV], answers[RecordType.TXT])
    address = f"jane@{account.domain.ascii}"
    read = {place_of(server, address) for server in servers}
    zone = claims.zone(RECORD_FORMS["zone"].render(planned).decode("ascii"), address)
    told = [one for one in zone if one.service not in ("ldap", "xmpp", "autodiscover")]
    assert {place[:3] for place in read} == {(one.service, one.host, one.port) for one in told}
    for place in read:
        assert any(place[3] in one.security for one in told if one.service == place[0])


@each_case
def test_version_2_leads_to_the_service(case: str) -> None:
    body = FORMATS_BY_NAME["autodiscover-json"].render(CASES[case], Presentation()).body
    answer = parse_version_2(body)
    assert answer.protocol == "AutodiscoverV1"
    assert urlsplit(answer.url or "").path.lower().endswith("/autodiscover.xml")


def test_what_our_version_2_refuses_is_read_as_an_error() -> None:
    inquiry = FORMATS_BY_NAME["autodiscover-json"].inquire(
        ClientRequest(query=f"Email={JANE}&Protocol=Substrate")
    )
    answer = parse_version_2(inquiry.answer((CASES["minimal"],)).body)
    assert answer.url is None
    assert answer.error.startswith("InvalidProtocol")


def settings_of(data: bytes) -> list[AccountSettings]:
    """Return the settings of a file's domains, as the import would store them."""
    file = parse_autoconfig(data, "imported")
    return [
        resolve(file.provider, a_domain(listed.name.ascii, provider="imported"), address=None)
        for listed in file.domains
    ]


def read_back(files: list[bytes]) -> int:
    seen: set[DomainName] = set()
    for data in files:
        for account in settings_of(data):
            seen.add(account.domain)
            for name in READERS:
                compare(name, account)
    return len(seen)


def test_a_sample_of_the_ispdb_is_read_back() -> None:
    assert read_back(list(ispdb.files().values())[::SAMPLED]) > SAMPLED


@pytest.mark.slow
def test_all_of_the_ispdb_is_read_back() -> None:
    assert read_back(list(ispdb.files().values())) > 900
