"""Each mechanism alone, with real web hosts on loopback: what it asks, finds, and makes of what is wrong."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from app.core.candidates import Candidate, Outcome, Subject, Trust
from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_records import AddressData, MxData, RecordType, SrvData, TxtData
from app.core.names import EmailAddress
from app.discovery.views import CLIENTS

from discovering import (
    AUTOCONFIG,
    AUTOCONFIG_PLAIN,
    DOMAIN,
    NAMES,
    PACC,
    POX_ELSEWHERE,
    POX_HOST,
    POX_PLAIN,
    POX_ROOT,
    VERSION_2,
    WELL_KNOWN,
    WELL_KNOWN_PLAIN,
    WHOLE,
    a_document,
    found_by,
    hosts_in,
    one_of,
)
from fakes.resolver import found, nothing
from web_hosts import GIANT, IMPATIENT, PAGE, Answer, WebHosts, redirect, web_hosts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MAIL = ["mail.provider.example", "mail.provider.example"]


@pytest.fixture
async def hosts() -> AsyncIterator[WebHosts]:
    async with web_hosts(NAMES) as running:
        yield running


def digest_record(body: bytes, *, is_authenticated: bool = False) -> Lookup:
    text = f"V=UAAC1; a=SHA256; d={b64encode(hashlib.sha256(body).digest()).decode()}"
    others = (TxtData("v=spf1 -all"), TxtData("v=UAAC1; a=sha256; d=!"))
    return found(f"_ua-auto-config.{DOMAIN}", *others, TxtData(text), is_authenticated=is_authenticated)


def srv(label: str, port: int, target: str | None = "mail.provider.example", **values: Any) -> Lookup:
    is_signed = values.pop("is_authenticated", False)
    data = SrvData(**{"priority": 0, "weight": 1, "port": port, "target": target, **values})
    return found(f"{label}._tcp.{DOMAIN}", data, is_authenticated=is_signed)


async def alone(hosts: WebHosts, source: str, *answers: Lookup, **changes: Any) -> Candidate:
    """Run all sources, of which this one alone finds something, or also by asking there in another way."""
    discovery = await found_by(hosts, *answers, **changes)
    finding = {candidate.source for candidate in discovery.candidates if candidate.is_found}
    assert finding <= {source, f"{source}-get"}
    return one_of(discovery, source)


@pytest.mark.parametrize(
    ("source", "url", "trust"),
    [
        ("autoconfig", AUTOCONFIG, Trust.HTTPS),
        ("autoconfig-http", AUTOCONFIG_PLAIN, Trust.HTTP),
        ("well-known", WELL_KNOWN, Trust.HTTPS),
        ("well-known-http", WELL_KNOWN_PLAIN, Trust.HTTP),
    ],
)
async def test_autoconfig_is_found_at_each_place(
    hosts: WebHosts, source: str, url: str, trust: Trust
) -> None:
    hosts.routes[url] = a_document()
    candidate = await alone(hosts, source)
    assert (candidate.outcome, candidate.trust) == (Outcome.FOUND, trust)
    assert hosts_in(candidate) == MAIL
    assert candidate.display_name == "The Provider"
    assert candidate.seconds > 0


async def test_the_address_goes_where_clients_send_it_and_nowhere_else(hosts: WebHosts) -> None:
    await found_by(hosts)
    naming = {url.partition("?")[0] for url in hosts.urls if "jane" in url}
    posted = {f"{one.scheme}://{one.host}{one.path}" for one in hosts.asked if b"jane" in one.body}
    assert naming == {AUTOCONFIG, VERSION_2}
    assert posted == {POX_ROOT, POX_HOST}
    assert f"{AUTOCONFIG}?emailaddress=jane.doe%40customer.example" in hosts.urls
    assert not [url for url in hosts.urls if url.startswith("http://") and "?" in url]


async def test_without_an_address_no_person_is_asked_for(hosts: WebHosts) -> None:
    await found_by(hosts, subject=WHOLE)
    assert AUTOCONFIG in hosts.urls
    bodies = [one.body for one in hosts.asked if one.body]
    assert bodies
    assert all(b"<EMailAddress>postmaster@customer.example</EMailAddress>" in body for body in bodies)


async def test_no_candidate_repeats_the_address(hosts: WebHosts) -> None:
    address = b"jane.doe@customer.example"
    document = a_document().body.replace(b"The Provider", b"Mail of Jane.Doe@customer.example")
    hosts.routes[AUTOCONFIG] = Answer(document.replace(b"%EMAILADDRESS%", address))
    hosts.routes[VERSION_2] = redirect(f"{VERSION_2}/v1.0/Jane.Doe%40Customer.Example")
    discovery = await found_by(hosts)
    assert "jane" not in repr(discovery.candidates).lower()
    assert {server.username for server in one_of(discovery, "autoconfig").servers} == {"%EMAILADDRESS%"}


@pytest.mark.parametrize(
    ("login", "general"),
    [
        ("Jane.Doe", "%EMAILLOCALPART%"),
        ("CORP\\jane.doe", "CORP\\%EMAILLOCALPART%"),
        ("jane.doe@provider.example", "%EMAILLOCALPART%@provider.example"),
        ("mary-jane.doe", "mary-jane.doe"),
        ("%EMAILLOCALPART%+jane.doe", "%EMAILLOCALPART%+jane.doe"),
    ],
)
async def test_a_login_of_one_person_is_made_one_of_anybody(
    hosts: WebHosts, login: str, general: str
) -> None:
    hosts.routes[AUTOCONFIG] = Answer(a_document().body.replace(b"%EMAILADDRESS%", login.encode()))
    discovery = await found_by(hosts)
    assert {server.username for server in one_of(discovery, "autoconfig").servers} == {general}
    assert {server.username for server in CLIENTS["thunderbird"].view(discovery).servers} == {general}


async def test_a_login_that_is_too_long_with_placeholders_is_no_server(hosts: WebHosts) -> None:
    subject = Subject(WHOLE.domain, EmailAddress.parse(f"a@{DOMAIN}"))
    hosts.routes[AUTOCONFIG] = Answer(a_document().body.replace(b"%EMAILADDRESS%", b"a+" * 60 + b"a"))
    assert one_of(await found_by(hosts, subject=subject), "autoconfig").servers == ()


async def test_a_page_for_everything_is_no_document(hosts: WebHosts) -> None:
    hosts.routes |= {f"{scheme}://{name}/*": PAGE for scheme in ("http", "https") for name in NAMES}
    discovery = await found_by(hosts)
    reasons = {c.source: c.reason for c in discovery.candidates if c.outcome is Outcome.UNUSABLE}
    assert reasons["autoconfig"] == reasons["well-known-http"] == "answers 200 with a web page"
    assert reasons["autodiscover-root"] == "answers 200 with a web page"
    assert not any(candidate.is_found for candidate in discovery.candidates)


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (Answer(status=404), Outcome.NOTHING, "answers 404"),
        (Answer(status=503), Outcome.NOTHING, "answers 503"),
        (Answer(b""), Outcome.UNUSABLE, "sends what is no such document: input: must be well-formed XML"),
        (Answer(b"<clientConfig/>"), Outcome.UNUSABLE, "clientConfig: must have an emailProvider"),
        (GIANT, Outcome.UNUSABLE, "sends more than any document has"),
        (redirect(AUTOCONFIG), Outcome.UNUSABLE, "leads on and on"),
        (redirect("ftp://a.example/"), Outcome.UNUSABLE, "answers 302, which leads nowhere"),
        (redirect("https://nowhere.example/"), Outcome.FAILED, "it leads to https://nowhere.example/, which"),
    ],
)
async def test_what_is_wrong_with_an_answer_is_the_reason(
    hosts: WebHosts, answer: Answer, outcome: Outcome, reason: str
) -> None:
    hosts.routes[AUTOCONFIG] = answer
    candidate = await alone(hosts, "autoconfig")
    assert candidate.outcome is outcome
    assert reason in candidate.reason


async def test_a_host_that_is_slow_is_not_waited_for(hosts: WebHosts) -> None:
    hosts.routes[AUTOCONFIG] = Answer(b"x", delay_seconds=30.0)
    candidate = await alone(hosts, "autoconfig", dialer=hosts.dialer(limits=IMPATIENT))
    assert candidate.outcome is Outcome.FAILED
    assert "does not answer in time" in candidate.reason


async def test_a_document_without_a_server_that_works_is_of_no_use(hosts: WebHosts) -> None:
    body = a_document().body.replace(b"SSL", b"TLS13").replace(b"OAuth2", b"x")
    hosts.routes[AUTOCONFIG] = Answer(body)
    candidate = await alone(hosts, "autoconfig")
    assert (candidate.outcome, candidate.reason) == (
        Outcome.UNUSABLE,
        "lists no server that can be used",
    )
    assert len(candidate.notices) == 2


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        (LookupStatus.NO_NAME, Outcome.NOTHING, "has no address"),
        (LookupStatus.TIMED_OUT, Outcome.FAILED, "of which the DNS says nothing"),
        (LookupStatus.BOGUS, Outcome.FAILED, "signatures do not hold"),
    ],
)
async def test_a_name_without_an_address_is_nothing_and_one_without_an_answer_a_failure(
    hosts: WebHosts, status: LookupStatus, outcome: Outcome, reason: str
) -> None:
    name = f"autoconfig.{DOMAIN}"
    del hosts.addresses[name]
    answers = [nothing(name, kind, status) for kind in (RecordType.A, RecordType.AAAA)]
    candidate = await alone(hosts, "autoconfig", *answers)
    assert candidate.outcome is outcome
    assert reason in candidate.reason


async def test_redirects_are_followed_and_kept(hosts: WebHosts) -> None:
    hosts.routes[AUTOCONFIG] = redirect("https://autoconfig.provider.example/mail/config-v1.1.xml", 301)
    hosts.routes["https://autoconfig.provider.example/mail/config-v1.1.xml"] = a_document()
    candidate = await alone(hosts, "autoconfig")
    assert candidate.trust is Trust.HTTPS
    assert candidate.redirects == (f"{AUTOCONFIG}?emailaddress=%EMAILADDRESS%",)


async def test_a_way_through_plain_http_is_not_trusted(hosts: WebHosts) -> None:
    hosts.routes[AUTOCONFIG] = redirect("http://provider.example/config.xml")
    hosts.routes["http://provider.example/config.xml"] = a_document()
    candidate = await alone(hosts, "autoconfig")
    assert (candidate.outcome, candidate.trust) == (Outcome.FOUND, Trust.HTTP)


@pytest.mark.parametrize(
    "written",
    [
        "?emailaddress=jane.doe%40customer.example",
        "?emailaddress=jane.doe@customer.example&more=1",
        "?emailaddress=Jane.Doe%40Customer.Example",
        "?emailaddress=%6aane%2Edoe%2540customer.example",
        "/jane.doe%40customer.example",
    ],
)
async def test_the_address_does_not_go_over_plain_http(hosts: WebHosts, written: str) -> None:
    hosts.routes[AUTOCONFIG] = redirect(f"http://provider.example/config.xml{written}")
    hosts.routes["http://provider.example/config.xml*"] = a_document()
    candidate = await alone(hosts, "autoconfig")
    assert candidate.outcome is Outcome.FAILED
    assert "is plain http and has the address in it" in candidate.reason
    assert not [url for url in hosts.urls if url.startswith("http://provider.example")]


async def test_the_address_does_not_go_over_plain_http_by_a_detour_either(hosts: WebHosts) -> None:
    hosts.routes[AUTOCONFIG] = redirect("http://provider.example/config.xml")
    hosts.routes["http://provider.example/config.xml"] = redirect("/of?a=jane.doe%40customer.example")
    hosts.routes["http://provider.example/of"] = a_document()
    candidate = await alone(hosts, "autoconfig")
    assert candidate.outcome is Outcome.FAILED
    assert "jane" not in repr(candidate).lower()
    assert not [url for url in hosts.urls if "/of?" in url]


async def test_the_address_goes_on_over_https(hosts: WebHosts) -> None:
    there = "https://autoconfig.provider.example/mail/config-v1.1.xml"
    hosts.routes[AUTOCONFIG] = redirect(f"{there}?emailaddress=jane.doe%40customer.example")
    hosts.routes[there] = a_document()
    assert (await alone(hosts, "autoconfig")).is_found


async def test_a_way_back_from_plain_http_to_https_is_not_trusted_either(hosts: WebHosts) -> None:
    hosts.routes[AUTOCONFIG_PLAIN] = redirect("https://provider.example/config.xml")
    hosts.routes["https://provider.example/config.xml"] = a_document()
    assert (await alone(hosts, "autoconfig-http")).trust is Trust.HTTP


async def test_a_certificate_of_another_name_is_not_taken() -> None:
    async with web_hosts((DOMAIN,), misnamed=(f"autoconfig.{DOMAIN}",)) as hosts:
        hosts.routes[AUTOCONFIG] = a_document()
        candidate = await alone(hosts, "autoconfig")
    assert candidate.outcome is Outcome.FAILED
    assert "certificate: Hostname mismatch" in candidate.reason
    assert AUTOCONFIG not in hosts.urls


@pytest.mark.parametrize(
    "host", ["[v1.\xe9.a:b.attacker.example]", "[v1.a:b.attacker.example]", "[v1.a]", "[fe80::1%25eth0]"]
)
async def test_a_redirect_to_what_is_no_host_leads_nowhere(hosts: WebHosts, host: str) -> None:
    hosts.routes |= {
        place: redirect(f"http://{host}/") for place in (AUTOCONFIG, AUTOCONFIG_PLAIN, POX_PLAIN)
    }
    hosts.routes[POX_HOST] = redirect(f"https://{host}/", 307)
    hosts.routes[WELL_KNOWN] = a_document()
    # Who owns attacker.example can give any name below it an address.
    name = host.strip("[]")
    there = found(name, AddressData(ip_address(hosts.addresses["provider.example"])))
    discovery = await found_by(hosts, there)
    assert one_of(discovery, "well-known").is_found
    assert one_of(discovery, "autoconfig").reason == "answers 302, which leads nowhere"
    assert one_of(discovery, "autodiscover").reason == "answers 307, which leads nowhere"


class Copy:
    def __init__(self, *domains: str) -> None:
        self._domains = domains

    async def find(self, domain: str) -> bytes | None:
        return a_document(host="copied").body if domain in self._domains else None


async def test_the_copy_of_the_ispdb_is_read(hosts: WebHosts) -> None:
    candidate = await alone(hosts, "ispdb", ispdb=Copy(DOMAIN))
    assert (candidate.outcome, candidate.trust) == (Outcome.FOUND, Trust.LOCAL)
    assert hosts_in(candidate)[0] == "copied.provider.example"
    assert (await alone(hosts, "ispdb", ispdb=Copy())).reason == "has no file for the domain"


async def test_a_mirror_of_the_ispdb_is_asked_for_the_domain(hosts: WebHosts) -> None:
    hosts.routes[f"https://ispdb.example/v1.1/{DOMAIN}"] = a_document()
    candidate = await alone(hosts, "ispdb", ispdb_url="https://ispdb.example/v1.1/")
    assert (candidate.outcome, candidate.trust) == (Outcome.FOUND, Trust.HTTPS)
    assert f"https://ispdb.example/v1.1/{DOMAIN}" in hosts.urls


async def test_no_foreign_host_is_asked_unless_it_is_configured(hosts: WebHosts) -> None:
    candidate = await alone(hosts, "ispdb")
    assert candidate.outcome is Outcome.NOT_ASKED
    assert {one.host for one in hosts.asked} <= {DOMAIN, *(f"{label}.{DOMAIN}" for label in LABELS)}


LABELS = ("autoconfig", "autodiscover", "ua-auto-config")


def mx(*exchanges: tuple[int, str | None], is_authenticated: bool = False) -> Lookup:
    records = [MxData(preference=preference, exchange=exchange) for preference, exchange in exchanges]
    return found(DOMAIN, *records, is_authenticated=is_authenticated)


@pytest.mark.parametrize(
    ("place", "trust"),
    [
        ("autoconfig.mx.provider.example", Trust.DNS),
        ("autoconfig.provider.example", Trust.DNS),
        ("autoconfig.provider.example", Trust.HTTPS),
    ],
)
async def test_the_first_mail_exchanger_s_domain_is_asked(hosts: WebHosts, place: str, trust: Trust) -> None:
    hosts.routes[f"https://{place}/mail/config-v1.1.xml"] = a_document()
    is_signed = trust is Trust.HTTPS
    record = mx((20, "mx.other.example"), (10, "a.mx.provider.example"), is_authenticated=is_signed)
    discovery = await found_by(hosts, record)
    (candidate,) = [one for one in discovery.candidates if one.is_found]
    assert (candidate.source, candidate.trust) == ("mail-exchanger", trust)
    assert not any("other.example" in url for url in hosts.urls)


async def test_the_ispdb_knows_the_mail_exchanger_s_domain(hosts: WebHosts) -> None:
    candidates = (
        await found_by(hosts, mx((10, "mx.provider.example")), ispdb=Copy("provider.example"))
    ).candidates
    (candidate,) = [one for one in candidates if one.is_found]
    assert (candidate.source, candidate.trust) == ("mail-exchanger", Trust.DNS)


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (mx((10, f"mx.{DOMAIN}")), Outcome.NOTHING, "the domain's own"),
        (mx((10, "example")), Outcome.NOTHING, "nobody's"),
        (mx((0, None)), Outcome.NOTHING, "takes no mail"),
        (nothing(DOMAIN, RecordType.MX, LookupStatus.NO_DATA), Outcome.NOTHING, "no such record"),
        (nothing(DOMAIN, RecordType.MX, LookupStatus.TIMED_OUT), Outcome.FAILED, "in time"),
        (nothing(DOMAIN, RecordType.MX, LookupStatus.BOGUS), Outcome.FAILED, "DNSSEC"),
    ],
)
async def test_where_there_is_no_foreign_exchanger_nobody_is_asked(
    hosts: WebHosts, answer: Lookup, outcome: Outcome, reason: str
) -> None:
    candidate = await alone(hosts, "mail-exchanger", answer)
    assert candidate.outcome is outcome
    assert reason in candidate.reason


async def test_without_the_list_of_public_suffixes_no_stranger_is_asked(hosts: WebHosts) -> None:
    candidate = await alone(hosts, "mail-exchanger", mx((10, "mx.provider.example")), suffixes=None)
    assert candidate.outcome is Outcome.NOT_ASKED
    assert not any("provider" in url for url in hosts.urls)


async def test_a_public_suffix_is_never_asked(hosts: WebHosts) -> None:
    record = mx((10, "firm.co.uk"))
    candidates = (await found_by(hosts, record)).candidates
    asked = [one.asked for one in candidates if one.source == "mail-exchanger"]
    assert asked == ["https://autoconfig.firm.co.uk/mail/config-v1.1.xml", "the ISPDB for firm.co.uk"]


async def test_srv_records_name_servers(hosts: WebHosts) -> None:
    dav = (srv("_caldavs", 8443), found(f"_caldavs._tcp.{DOMAIN}", TxtData("path=/dav")))
    records = (srv("_imaps", 993), srv("_imap", 0, None), srv("_submission", 587), *dav, srv("_jmap", 443))
    candidate = await alone(hosts, "srv", *records)
    assert candidate.trust is Trust.DNS
    assert [(one.key, one.hostname or one.url, one.port) for one in candidate.servers] == [
        ("imap", "mail.provider.example", 993),
        ("smtp", "mail.provider.example", 587),
        ("jmap", "https://mail.provider.example/.well-known/jmap", None),
        ("caldav", "https://mail.provider.example:8443/dav", None),
    ]
    assert [notice.where for notice in candidate.notices] == ["_imap._tcp"]


async def test_signed_srv_records_are_trusted_where_all_are_signed(hosts: WebHosts) -> None:
    first, second = srv("_imaps", 993, is_authenticated=True), srv("_submissions", 465, is_authenticated=True)
    assert (await alone(hosts, "srv", first, second)).trust is Trust.DNSSEC
    assert (await alone(hosts, "srv", first, srv("_submissions", 465))).trust is Trust.DNS


async def test_the_preferred_record_is_first(hosts: WebHosts) -> None:
    data = [
        SrvData(priority=10, weight=5, port=993, target="third.example"),
        SrvData(priority=0, weight=1, port=993, target="second.example"),
        SrvData(priority=0, weight=9, port=993, target="first.example"),
    ]
    candidate = await alone(hosts, "srv", found(f"_imaps._tcp.{DOMAIN}", *data))
    assert hosts_in(candidate) == ["first.example", "second.example", "third.example"]
    assert [server.key for server in candidate.servers] == ["imap", "imap-2", "imap-3"]


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((), Outcome.NOTHING),
        ((srv("_imaps", 0, None),), Outcome.NOTHING),
        ((nothing(f"_imaps._tcp.{DOMAIN}", RecordType.SRV, LookupStatus.TIMED_OUT),), Outcome.FAILED),
        ((nothing(f"_imaps._tcp.{DOMAIN}", RecordType.SRV, LookupStatus.BOGUS),), Outcome.UNUSABLE),
        ((srv("_imaps", 0),), Outcome.NOTHING),
        ((srv("_imaps", 993, "no_host.example"),), Outcome.NOTHING),
    ],
)
async def test_records_that_name_no_server_say_so(
    hosts: WebHosts, answers: tuple[Lookup, ...], outcome: Outcome
) -> None:
    candidate = await alone(hosts, "srv", *answers)
    assert candidate.outcome is outcome
    assert candidate.reason


async def test_a_pacc_document_with_its_digest_is_believed(hosts: WebHosts) -> None:
    hosts.routes[PACC] = a_document("pacc")
    candidate = await alone(hosts, "pacc", digest_record(a_document("pacc").body))
    assert (candidate.outcome, candidate.trust) == (Outcome.FOUND, Trust.HTTPS)
    assert hosts_in(candidate) == MAIL


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (digest_record(b"another"), "is of another document"),
        (found(f"_ua-auto-config.{DOMAIN}", TxtData("v=spf1 -all")), "has no digest"),
        (nothing(f"_ua-auto-config.{DOMAIN}", RecordType.TXT), "is no name in the DNS"),
    ],
)
async def test_a_pacc_document_that_nothing_vouches_for_is_discarded(
    hosts: WebHosts, record: Lookup, reason: str
) -> None:
    hosts.routes[PACC] = a_document("pacc")
    candidate = await alone(hosts, "pacc", record)
    assert candidate.outcome is Outcome.UNUSABLE
    assert reason in candidate.reason
    assert candidate.servers == ()


@pytest.mark.parametrize(("source", "url"), [("autodiscover-root", POX_ROOT), ("autodiscover", POX_HOST)])
async def test_autodiscover_is_found_at_each_host(hosts: WebHosts, source: str, url: str) -> None:
    hosts.routes[url] = a_document("autodiscover")
    candidate = await alone(hosts, source)
    assert (candidate.outcome, candidate.trust) == (Outcome.FOUND, Trust.HTTPS)
    assert hosts_in(candidate) == MAIL


@pytest.mark.parametrize(
    ("source", "url"), [("autodiscover-root-get", POX_ROOT), ("autodiscover-get", POX_HOST)]
)
async def test_autodiscover_is_also_asked_as_delta_chat_does(hosts: WebHosts, source: str, url: str) -> None:
    hosts.routes[url] = a_document("autodiscover")
    assert one_of(await found_by(hosts), source).is_found
    gotten = [
        one for one in hosts.asked if one.method == "GET" and f"{one.scheme}://{one.host}{one.path}" == url
    ]
    assert [one.body for one in gotten] == [b""]


async def test_autodiscover_by_redirect_asks_over_http_and_posts_over_https(hosts: WebHosts) -> None:
    hosts.routes[POX_PLAIN] = redirect(POX_ELSEWHERE)
    hosts.routes[POX_ELSEWHERE] = a_document("autodiscover")
    candidate = await alone(hosts, "autodiscover-redirect")
    assert (candidate.outcome, candidate.trust) == (Outcome.FOUND, Trust.HTTP)
    assert candidate.redirects == (POX_PLAIN,)
    plain = [one for one in hosts.asked if f"{one.scheme}://{one.host}{one.path}" == POX_PLAIN]
    assert [(one.method, one.body) for one in plain] == [("GET", b"")]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (redirect("http://provider.example/autodiscover/autodiscover.xml"), "is not https"),
        (redirect("javascript:alert(1)"), "is not https"),
        (a_document("autodiscover"), "answers 200 where clients want a redirect"),
        (redirect(POX_ELSEWHERE, 308), "answers 308 where clients want a redirect"),
    ],
)
async def test_what_is_no_redirect_to_https_is_not_followed(
    hosts: WebHosts, answer: Answer, reason: str
) -> None:
    hosts.routes |= {POX_PLAIN: answer, POX_ELSEWHERE: a_document("autodiscover")}
    candidate = await alone(hosts, "autodiscover-redirect")
    assert not candidate.is_found
    assert reason in candidate.reason


async def test_what_would_be_more_than_text_on_a_terminal_is_not_kept(hosts: WebHosts) -> None:
    body = rb'{"protocols": {"a\u009b31m\ud800b": {}, "imap": {"host": "imap.provider.example"}}}'
    hosts.routes[PACC] = Answer(body)
    candidate = await alone(hosts, "pacc", digest_record(body))
    assert [notice.where for notice in candidate.notices] == ["protocols/a 31m b"]


async def test_whom_autodiscover_greets_is_not_who_provides_the_mail(hosts: WebHosts) -> None:
    body = a_document("autodiscover").body
    user = b"<Response><User><DisplayName>Jane Doe</DisplayName></User>"
    hosts.routes[POX_HOST] = Answer(b"<Autodiscover>" + user + body[body.index(b"<Account") :])
    assert (await alone(hosts, "autodiscover")).display_name is None


async def test_autodiscover_by_srv_posts_to_the_host_that_is_named(hosts: WebHosts) -> None:
    hosts.routes[POX_ELSEWHERE] = a_document("autodiscover")
    record = srv("_autodiscover", 443, "autodiscover.provider.example")
    candidate = await alone(hosts, "autodiscover-srv", record)
    assert (candidate.outcome, candidate.trust) == (Outcome.FOUND, Trust.DNS)
    assert candidate.redirects == (POX_ELSEWHERE,)


async def test_an_srv_record_that_closes_autodiscover_is_no_place_to_ask(hosts: WebHosts) -> None:
    candidate = await alone(hosts, "autodiscover-srv", srv("_autodiscover", 0, None))
    assert (candidate.outcome, hosts.routes) == (Outcome.NOTHING, {})


def leading_to(action: str, element: str, target: str) -> Answer:
    inside = f"<Action>{action}</Action><{element}>{target}</{element}>"
    return Answer(f"<Autodiscover><Response><Account>{inside}</Account></Response></Autodiscover>".encode())


async def test_a_response_leads_to_another_url(hosts: WebHosts) -> None:
    hosts.routes[POX_HOST] = leading_to("redirectUrl", "RedirectUrl", POX_ELSEWHERE)
    hosts.routes[POX_ELSEWHERE] = a_document("autodiscover")
    candidate = await alone(hosts, "autodiscover")
    assert candidate.is_found
    assert candidate.redirects == (POX_HOST,)


async def test_a_response_leads_to_another_address(hosts: WebHosts) -> None:
    hosts.routes[POX_HOST] = leading_to("redirectAddr", "RedirectAddr", "jd@provider.example")
    hosts.routes[POX_ELSEWHERE] = a_document("autodiscover")
    candidate = await alone(hosts, "autodiscover")
    assert candidate.is_found
    posted = [one.body for one in hosts.asked if one.host == "autodiscover.provider.example"]
    assert len(posted) == 1
    assert b"jd@provider.example" in posted[0]


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (leading_to("redirectUrl", "RedirectUrl", POX_HOST), Outcome.UNUSABLE, "round in circles"),
        (leading_to("redirectUrl", "RedirectUrl", "http://a.example/"), Outcome.UNUSABLE, "lists no server"),
        (leading_to("redirectAddr", "RedirectAddr", f"jane.doe@{DOMAIN}"), Outcome.UNUSABLE, "in circles"),
        (redirect("http://provider.example/x"), Outcome.UNUSABLE, "which is not followed"),
        (
            Answer(
                b"<Autodiscover><Response><Error><ErrorCode>500</ErrorCode></Error></Response></Autodiscover>"
            ),
            Outcome.NOTHING,
            "answers with error 500",
        ),
    ],
)
async def test_responses_that_lead_to_no_settings_say_so(
    hosts: WebHosts, answer: Answer, outcome: Outcome, reason: str
) -> None:
    hosts.routes[POX_HOST] = answer
    candidate = await alone(hosts, "autodiscover")
    assert candidate.outcome is outcome
    assert reason in candidate.reason


async def test_redirects_end_after_ten(hosts: WebHosts) -> None:
    base = "https://provider.example/autodiscover"
    hosts.routes[POX_HOST] = leading_to("redirectUrl", "RedirectUrl", f"{base}/0.xml")
    for number in range(20):
        onward = f"{base}/{number + 1}.xml"
        hosts.routes[f"{base}/{number}.xml"] = leading_to("redirectUrl", "RedirectUrl", onward)
    candidate = await alone(hosts, "autodiscover")
    assert candidate.reason == "there are more than 10 redirects"
    assert sum(url.startswith(base) for url in hosts.urls) == 9


async def test_version_2_leads_to_the_xml_service(hosts: WebHosts) -> None:
    body = f'{{"Protocol": "AutodiscoverV1", "Url": "{POX_ELSEWHERE}"}}'.encode()
    hosts.routes |= {VERSION_2: Answer(body, media_type="application/json")}
    hosts.routes |= {POX_ELSEWHERE: a_document("autodiscover")}
    candidate = await alone(hosts, "autodiscover-json")
    assert candidate.is_found
    assert candidate.redirects == (POX_ELSEWHERE,)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b'{"ErrorCode": "InvalidProtocol", "ErrorMessage": "x"}', Outcome.NOTHING),
        (b'{"Url": "http://provider.example/"}', Outcome.UNUSABLE),
        (b"<html>", Outcome.UNUSABLE),
    ],
)
async def test_version_2_without_a_url_leads_nowhere(hosts: WebHosts, body: bytes, outcome: Outcome) -> None:
    hosts.routes[VERSION_2] = Answer(body)
    candidate = await alone(hosts, "autodiscover-json")
    assert candidate.outcome is outcome
    assert candidate.reason
