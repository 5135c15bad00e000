"""Whatever is stored for a domain: its records are a zone, once each, and every server is accounted for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dns.rdatatype
import dns.zone
from app.core.dns_comparison import RecordState, compare, questions_for
from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_planning import plan_records
from app.core.dns_records import TxtData, absolute, presented
from app.core.mail_transport import MtaSts, StsMode, TlsReporting
from app.core.servers import Authentication, Location, Server, ServerType, SocketType
from app.core.service_names import PublicService
from app.renderers.dns_records import RECORD_FORMS
from dns.rdtypes.ANY.TXT import TXT
from hypothesis import given
from hypothesis import strategies as st

from builders import a_domain, a_provider

from app.core.resolving import resolve  # isort: skip

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.dns_records import PlannedRecords

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True).filter(
    lambda label: not label.startswith("xn--")
)
DOMAIN = st.lists(LABEL, min_size=1, max_size=9).map(lambda labels: ".".join([*labels, "example"]))
HOSTNAME = st.one_of(
    DOMAIN,
    LABEL.map(lambda label: f"{label}.%EMAILDOMAIN%"),
    st.sampled_from(["autoconfig.%EMAILDOMAIN%", "mail", "192.0.2.9"]),
)
USERNAME = st.sampled_from([
    "%EMAILADDRESS%", "%EMAILLOCALPART%", "%EMAILLOCALPART%@%EMAILDOMAIN%", "%EMAILDOMAIN%", 'a"b\\;c', "ü",
])  # fmt: skip
PATH = st.text(st.sampled_from("abc/;\"'()\\~.?#="), max_size=300)
URL = st.builds(
    lambda scheme, host, port, path: f"{scheme}://{host}{port}/{path}".replace("\\", "%5C").replace(
        '"', "%22"
    ),
    st.sampled_from(["https", "http"]),
    HOSTNAME,
    st.sampled_from(["", ":8443"]),
    PATH,
)


@st.composite
def servers(draw: st.DrawFn) -> tuple[Server, ...]:
    found: list[Server] = []
    for number in range(draw(st.integers(0, 8))):
        server_type = draw(st.sampled_from(list(ServerType)))
        values: dict[str, Any] = {
            "key": f"s{number}",
            "type": server_type,
            "authentication": (draw(st.sampled_from(list(Authentication))),),
            "username": draw(USERNAME),
        }
        if server_type.location is Location.URL:
            values["url"] = draw(URL)
        else:
            values["hostname"] = draw(HOSTNAME)
            values["port"] = draw(st.integers(1, 65535))
            values["socket_type"] = draw(st.sampled_from(list(SocketType)))
        found.append(Server(**values))
    return tuple(found)


@st.composite
def accounts(draw: st.DrawFn) -> AccountSettings:
    account = resolve(a_provider(servers=draw(servers())), a_domain(draw(DOMAIN)))
    mx = draw(st.lists(DOMAIN, max_size=3, unique=True))
    policy = MtaSts(mode=StsMode.ENFORCE if mx else StsMode.NONE, mx=tuple(mx))
    uris = draw(st.lists(DOMAIN.map(lambda name: f"https://{name}/tls"), max_size=10, unique=True))
    return replace(
        account,
        mta_sts=draw(st.sampled_from([None, policy])),
        tls_reporting=draw(st.sampled_from([None, TlsReporting(uris=tuple(uris))])),
    )


SERVICES = st.builds(
    lambda url, addresses: PublicService(url=url, addresses=tuple(addresses)),
    st.sampled_from(["https://signpost.host.example", "http://127.0.0.1:8080", "https://s.example:8443"]),
    st.lists(
        st.one_of(st.ip_addresses(v=4), st.ip_addresses(network="2001:db8::/32")), max_size=3, unique=True
    ),
)
DIGESTS = ("v=UAAC1; a=sha256; d=abc=", "v=UAAC1; a=sha256; d=def=", "v=UAAC1; a=sha256; d=ghi=")
PACC = st.integers(0, len(DIGESTS)).map(lambda number: DIGESTS[:number])
PLANS = st.builds(plan_records, accounts(), SERVICES, PACC)


@given(planned=PLANS)
def test_a_zone_text_parses_and_holds_each_record_once(planned: PlannedRecords) -> None:
    text = RECORD_FORMS["zone"].render(planned).decode("ascii")
    origin = f"{planned.domain}."
    zone = dns.zone.from_text(text, origin=origin, relativize=False, check_origin=False)
    found = sorted(
        f"{name} {ttl} {dns.rdatatype.to_text(record.rdtype)} {record.to_text()}"
        for name, ttl, record in zone.iterate_rdatas()
    )
    assert found == sorted(
        f"{absolute(record.name)} {record.ttl_seconds} {record.type} {presented(record.data)}"
        for record in planned.records
    )


@given(account=accounts(), service=SERVICES)
def test_every_server_has_a_record_or_a_reason_or_is_autodiscovers(
    account: AccountSettings, service: PublicService
) -> None:
    planned = plan_records(account, service)
    left_out = [omission.server for omission in planned.omissions if omission.server]
    assert len(set(left_out)) == len(left_out)
    autodiscovers = {"ews", "owa", "mapi", "activesync", "exchange"}
    told = [s for s in account.servers if s.type not in autodiscovers and s.key not in left_out]
    if any(omission.reason == "name-too-long" for omission in planned.omissions):
        return
    open_services = [
        record.data
        for record in planned.records
        if record.type == "SRV"
        and "_autodiscover" not in record.name
        and not presented(record.data).startswith("0 0 0 ")
    ]
    assert len(open_services) == len(told)


@given(planned=PLANS)
def test_what_is_published_as_planned_is_found_to_be_so(planned: PlannedRecords) -> None:
    """Also: of a domain that publishes nothing all is missing."""
    published: dict[tuple[str, str], list[Any]] = {}
    for record in planned.records:
        published.setdefault((record.name, record.type), []).append(record.data)
    questions = questions_for(planned)
    there = {
        (name, record_type): Lookup(
            name=name,
            type=record_type,
            status=LookupStatus.FOUND if (name, record_type) in published else LookupStatus.NO_DATA,
            records=tuple(published.get((name, record_type), ())),
        )
        for name, record_type in questions
    }
    assert {one.state for one in compare(planned, there)} <= {RecordState.OK}
    nothing = {
        (name, record_type): Lookup(name=name, type=record_type, status=LookupStatus.NO_NAME)
        for name, record_type in questions
    }
    assert {one.state for one in compare(planned, nothing)} <= {RecordState.MISSING}


@given(text=st.text(max_size=700))
def test_any_text_survives_a_zone_file(text: str) -> None:
    line = f"x.example. 60 IN TXT {presented(TxtData(text))}\n"
    assert "\n" not in line[:-1]
    zone = dns.zone.from_text(line, origin="example.", relativize=False, check_origin=False)
    ((_, _, record),) = zone.iterate_rdatas()
    assert isinstance(record, TXT)
    assert b"".join(record.strings) == text.encode("utf-8", "backslashreplace")
