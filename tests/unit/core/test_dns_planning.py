from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from app.core.dns_planning import plan_records
from app.core.dns_records import CLOSED, RecordData, SrvData, presented
from app.core.mail_transport import MtaSts, StsMode, TlsReporting
from app.core.servers import Authentication, ExchangeOptions, Server, ServerType, SocketType
from app.core.service_names import PublicService

from builders import a_pop3_server, a_provider, a_url_server, an_account, an_imap_server, an_smtp_server

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.dns_records import PlannedRecords

SERVICE = PublicService(url="https://signpost.host.example")
PACC, OTHER_PACC = "v=UAAC1; a=sha256; d=abc=", "v=UAAC1; a=sha256; d=def="
DOMAIN = "customer.example"
ADDRESSES = (ip_address("192.0.2.1"), ip_address("192.0.2.2"), ip_address("2001:db8::1"))
STARTTLS = {"port": 143, "socket_type": SocketType.STARTTLS}


def a_socket_server(server_type: ServerType, **changes: Any) -> Server:
    values: dict[str, Any] = {"key": server_type.value, "type": server_type, "port": 1234}
    return an_imap_server(**{**values, **changes})


def planned(*servers: Server, service: PublicService = SERVICE, **account: Any) -> PlannedRecords:
    settings = an_account(*servers) if servers else replace(an_account(), servers=())
    return plan_records(replace(settings, **account), service)


def data_at(plan: PlannedRecords, label: str, domain: str = DOMAIN) -> list[RecordData]:
    return [record.data for record in plan.records if record.name == f"{label}.{domain}"]


def shown(plan: PlannedRecords) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for record in plan.records:
        name = record.name.removesuffix(f".{plan.domain}")
        found.setdefault(name, []).append(f"{record.type} {presented(record.data)}")
    return found


def reasons(plan: PlannedRecords) -> dict[str | None, str]:
    return {omission.server: omission.reason for omission in plan.omissions}


def test_tls_from_the_first_byte_goes_before_starttls_and_imap_before_pop3() -> None:
    plan = planned(
        an_imap_server(key="imap-s", **STARTTLS),
        an_imap_server(),
        a_pop3_server(key="pop3-s", port=110, socket_type=SocketType.STARTTLS),
        a_pop3_server(),
        an_smtp_server(key="smtp-s", port=587, socket_type=SocketType.STARTTLS),
        an_smtp_server(),
    )
    priorities = {
        record.name.partition(".")[0]: record.data.priority
        for record in plan.records
        if isinstance(record.data, SrvData) and "autodiscover" not in record.name
    }
    assert priorities == {
        "_imaps": 0, "_imap": 10, "_pop3s": 20, "_pop3": 30, "_submissions": 0, "_submission": 10,
    }  # fmt: skip
    assert reasons(plan) == {}


def test_what_a_domain_does_not_offer_is_said_to_be_off() -> None:
    plan = planned(an_imap_server(), an_smtp_server(port=587, socket_type=SocketType.STARTTLS))
    for label in ("_imap", "_pop3", "_pop3s", "_submissions"):
        assert data_at(plan, f"{label}._tcp") == [CLOSED]
    assert shown(plan)["_imaps._tcp"] == ["SRV 0 1 993 imap.provider.example."]
    assert shown(plan)["_submission._tcp"] == ["SRV 10 1 587 smtp.provider.example."]


def test_nothing_is_said_of_a_domain_without_servers() -> None:
    assert planned().records == ()
    assert planned().omissions == ()


UNSAYABLE_IMAP: dict[str, dict[str, Any]] = {
    "username-not-in-records": {"username": "c1047-%EMAILLOCALPART%"},
    "plain-socket": {"port": 143, "socket_type": SocketType.PLAIN},
    "host-not-in-records": {"hostname": "192.0.2.7"},
    "variable-missing": {"hostname": "%NODE%.provider.example"},
}


@pytest.mark.parametrize("reason", UNSAYABLE_IMAP)
def test_a_service_that_cannot_be_told_is_neither_published_nor_off(reason: str) -> None:
    plan = planned(an_imap_server(**UNSAYABLE_IMAP[reason]), an_smtp_server())
    assert data_at(plan, "_imaps._tcp") == data_at(plan, "_imap._tcp") == []
    assert data_at(plan, "_pop3s._tcp") == data_at(plan, "_submission._tcp") == [CLOSED]
    assert reasons(plan) == {"imap": reason}


def test_a_plain_server_beside_an_encrypted_one_keeps_no_label_open() -> None:
    plan = planned(an_imap_server(), an_imap_server(key="plain", port=143, socket_type=SocketType.PLAIN))
    assert data_at(plan, "_imap._tcp") == [CLOSED]


def test_a_label_is_not_off_while_a_server_of_its_type_is_withheld() -> None:
    withheld = an_imap_server(key="imap-2", hostname="%NODE%.provider.example", **STARTTLS)
    plan = planned(an_imap_server(), withheld, a_pop3_server(), an_smtp_server())
    assert data_at(plan, "_imap._tcp") == []
    assert {"_imaps._tcp", "_pop3s._tcp", "_submissions._tcp"} <= shown(plan).keys()
    assert reasons(plan) == {"imap-2": "variable-missing"}


def test_pop3_is_not_told_in_place_of_imap_that_is_withheld() -> None:
    withheld = an_imap_server(hostname="%NODE%.provider.example")
    plan = planned(withheld, a_pop3_server(), an_smtp_server())
    assert not [name for name in shown(plan) if name.startswith(("_imap", "_pop3"))]
    assert "_submissions._tcp" in shown(plan)
    assert reasons(plan) == {"imap": "variable-missing", "pop3": "imap-missing"}


def test_a_domain_that_can_only_send_has_no_name_for_autoconfig() -> None:
    assert "autoconfig" not in shown(planned(an_smtp_server()))
    assert "autoconfig" in shown(planned(a_pop3_server()))


@pytest.mark.parametrize(
    "username", ["%EMAILADDRESS%", "%EMAILLOCALPART%", "%EMAILLOCALPART%@%EMAILDOMAIN%", None]
)
def test_a_login_that_clients_try_by_themselves_is_published(username: str | None) -> None:
    plan = planned(an_imap_server(), an_smtp_server(username=username))
    assert "_submissions._tcp" in shown(plan)
    assert reasons(plan) == {}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"socket_type": SocketType.PLAIN}, "plain-socket"),
        ({"hostname": "192.0.2.7"}, "host-not-in-records"),
        ({"hostname": "mail"}, "host-not-in-records"),
        ({"hostname": "%EMAILLOCALPART%.provider.example"}, "host-not-in-records"),
        ({"hostname": "autoconfig.%EMAILDOMAIN%"}, "host-is-alias"),
        ({"hostname": "autodiscover.customer.example"}, "host-is-alias"),
        ({"username": "%EMAILADDRESS"}, "username-not-in-records"),
    ],
)
def test_a_server_that_a_record_cannot_express_is_left_out_with_a_reason(
    changes: dict[str, Any], reason: str
) -> None:
    plan = planned(an_imap_server(**changes), an_smtp_server())
    assert reasons(plan) == {"imap": reason}
    assert not [data for data in data_at(plan, "_imaps._tcp") if data is not CLOSED]


def test_the_server_that_every_format_publishes_goes_before_others_of_its_label() -> None:
    plan = planned(
        an_imap_server(
            key="imap-krb", hostname="krb.provider.example", authentication=(Authentication.GSSAPI,)
        ),
        an_imap_server(),
        an_smtp_server(key="smtp-local", hostname="local.provider.example", username="%EMAILLOCALPART%"),
        an_smtp_server(),
        an_imap_server(key="imap-2", hostname="imap2.provider.example"),
    )
    assert shown(plan)["_imaps._tcp"] == ["SRV 0 1 993 imap.provider.example."]
    assert shown(plan)["_submissions._tcp"] == ["SRV 0 1 465 smtp.provider.example."]
    assert reasons(plan) == {
        "imap-krb": "authentication-unknown",
        "imap-2": "further-server",
        "smtp-local": "further-server",
    }


def test_host_names_are_filled_in_as_a_labels() -> None:
    account = an_account(an_imap_server(hostname="mail.%EMAILDOMAIN%"), domain="bücher.example")
    plan = plan_records(account, SERVICE)
    assert plan.domain.ascii == "xn--bcher-kva.example"
    data = data_at(plan, "_imaps._tcp", "xn--bcher-kva.example")
    assert [presented(one) for one in data] == ["0 1 993 mail.xn--bcher-kva.example."]


@pytest.mark.parametrize(
    ("server", "name", "texts"),
    [
        (
            a_socket_server(ServerType.MANAGESIEVE, socket_type=SocketType.STARTTLS, port=4190),
            "_sieve._tcp",
            ["SRV 0 1 4190 imap.provider.example."],
        ),
        (
            a_socket_server(ServerType.LDAP, port=636),
            "_ldaps._tcp",
            ["SRV 0 1 636 imap.provider.example."],
        ),
        (
            a_socket_server(
                ServerType.LDAP, port=389, socket_type=SocketType.STARTTLS, username="cn=%EMAILLOCALPART%"
            ),
            "_ldap._tcp",
            ["SRV 0 1 389 imap.provider.example."],
        ),
        (
            a_socket_server(ServerType.XMPP, port=5222, socket_type=SocketType.STARTTLS),
            "_xmpp-client._tcp",
            ["SRV 0 1 5222 imap.provider.example."],
        ),
        (
            a_socket_server(ServerType.XMPP, port=5223),
            "_xmpps-client._tcp",
            ["SRV 0 1 5223 imap.provider.example."],
        ),
        (
            a_url_server(ServerType.CALDAV, url="https://dav.provider.example/cal/%EMAILDOMAIN%/"),
            "_caldavs._tcp",
            ["SRV 0 1 443 dav.provider.example.", 'TXT "path=/cal/customer.example/"'],
        ),
        (
            a_url_server(ServerType.CARDDAV, url="https://DAV.provider.example:8443"),
            "_carddavs._tcp",
            ["SRV 0 1 8443 dav.provider.example.", 'TXT "path=/"'],
        ),
        (
            a_url_server(ServerType.CALDAV, url="http://dav.provider.example/cal"),
            "_caldav._tcp",
            ["SRV 0 1 80 dav.provider.example.", 'TXT "path=/cal"'],
        ),
        (
            a_url_server(ServerType.JMAP, url="https://jmap.provider.example/session"),
            "_jmap._tcp",
            ["SRV 0 1 443 jmap.provider.example."],
        ),
    ],
)
def test_services_beside_the_mail_have_their_labels(server: Server, name: str, texts: list[str]) -> None:
    plan = planned(server)
    assert shown(plan)[name] == texts
    assert reasons(plan) == {}


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (a_socket_server(ServerType.MANAGESIEVE), "socket-type-not-in-records"),
        (a_socket_server(ServerType.MANAGESIEVE, socket_type=SocketType.PLAIN), "plain-socket"),
        (
            a_socket_server(ServerType.MANAGESIEVE, socket_type=SocketType.STARTTLS, username="x"),
            "username-not-in-records",
        ),
        (a_socket_server(ServerType.LDAP, socket_type=SocketType.PLAIN), "plain-socket"),
        (a_socket_server(ServerType.LDAP, hostname="ldap"), "host-not-in-records"),
        (a_url_server(ServerType.XMPP), "url-not-in-records"),
        (a_url_server(ServerType.CALDAV, url="https://d.example/?u=1"), "url-not-in-records"),
        (a_url_server(ServerType.CALDAV, url="https://d.example/%EMAILADDRESS%/"), "url-not-in-records"),
        (a_url_server(ServerType.CALDAV, url="https://d.example/" + "x" * 250), "url-not-in-records"),
        (a_url_server(ServerType.CALDAV, url="https://192.0.2.1/cal"), "host-not-in-records"),
        (a_url_server(ServerType.CALDAV, username="uid=%EMAILLOCALPART%"), "username-not-in-records"),
        (a_url_server(ServerType.JMAP, url="http://jmap.provider.example/"), "url-not-in-records"),
        (a_url_server(ServerType.WEBDAV), "no-record-type"),
        (Server(key="webmail", type=ServerType.WEBMAIL, url="https://w.example/"), "no-record-type"),
    ],
)
def test_a_service_that_records_cannot_express_is_left_out_with_a_reason(server: Server, reason: str) -> None:
    plan = planned(server)
    assert reasons(plan) == {server.key: reason}
    assert not [record for record in plan.records if server.type in record.name]


def test_a_path_as_long_as_a_string_of_txt_can_be_is_published() -> None:
    plan = planned(a_url_server(ServerType.CALDAV, url="https://d.example/" + "x" * 249))
    assert reasons(plan) == {}


def test_of_several_servers_of_a_label_the_first_that_fits_is_published() -> None:
    plan = planned(
        a_url_server(ServerType.CALDAV, key="a", url="https://a.example/?q"),
        a_url_server(ServerType.CALDAV, key="b", url="https://b.example/"),
        a_url_server(ServerType.CALDAV, key="c", url="https://c.example/"),
        a_socket_server(ServerType.LDAP, key="d", hostname="d.example"),
        a_socket_server(ServerType.LDAP, key="e", hostname="e.example"),
    )
    assert shown(plan)["_caldavs._tcp"][0] == "SRV 0 1 443 b.example."
    assert shown(plan)["_ldaps._tcp"] == ["SRV 0 1 1234 d.example."]
    assert reasons(plan) == {"a": "url-not-in-records", "c": "further-server", "e": "further-server"}


@pytest.mark.parametrize(
    "server_type", [ServerType.EWS, ServerType.OWA, ServerType.MAPI, ServerType.ACTIVESYNC]
)
def test_what_autodiscover_tells_of_needs_no_record(server_type: ServerType) -> None:
    assert reasons(planned(a_url_server(server_type))) == {}


def test_clients_are_led_to_the_service_by_aliases() -> None:
    plan = plan_records(an_account(), SERVICE, (PACC, OTHER_PACC))
    names = shown(plan)
    for label in ("autoconfig", "autodiscover", "ua-auto-config"):
        assert names[label] == ["CNAME signpost.host.example."]
    assert names["_autodiscover._tcp"] == ["SRV 0 1 443 signpost.host.example."]
    assert names["_ua-auto-config"] == [f'TXT "{PACC}"', f'TXT "{OTHER_PACC}"']
    assert "mta-sts" not in names


def test_without_a_pacc_document_there_is_neither_its_name_nor_its_digest() -> None:
    names = shown(plan_records(an_account(), SERVICE))
    assert "ua-auto-config" not in names
    assert "_ua-auto-config" not in names


def test_clients_are_led_to_the_service_by_its_addresses_where_they_are_set() -> None:
    plan = planned(an_imap_server(), service=replace(SERVICE, addresses=ADDRESSES))
    wanted = ["A 192.0.2.1", "A 192.0.2.2", "AAAA 2001:db8::1"]
    assert shown(plan)["autoconfig"] == wanted
    assert shown(plan)["autodiscover"] == wanted


def test_with_addresses_a_server_may_have_a_service_name() -> None:
    server = an_imap_server(hostname="autoconfig.%EMAILDOMAIN%")
    plan = planned(server, service=replace(SERVICE, addresses=ADDRESSES))
    assert shown(plan)["_imaps._tcp"] == ["SRV 0 1 993 autoconfig.customer.example."]


def test_a_name_is_no_alias_of_itself() -> None:
    plan = planned(an_imap_server(), service=PublicService(url="https://autoconfig.customer.example"))
    assert "autoconfig" not in shown(plan)
    assert shown(plan)["autodiscover"] == ["CNAME autoconfig.customer.example."]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "https://[::1]", "https://signpost"])
def test_without_a_host_name_of_the_service_there_is_nothing_to_point_at(url: str) -> None:
    plan = planned(an_imap_server(), service=PublicService(url=url))
    assert reasons(plan)[None] == "service-without-host"
    assert not {"autoconfig", "autodiscover", "_autodiscover._tcp"} & shown(plan).keys()
    assert "_imaps._tcp" in shown(plan)


@pytest.mark.parametrize("url", ["http://s.host.example", "https://s.host.example:8443"])
def test_autodiscover_is_found_at_https_on_its_port_alone(url: str) -> None:
    plan = planned(an_imap_server(), service=PublicService(url=url))
    assert reasons(plan) == {None: "service-not-at-https-port"}
    assert "_autodiscover._tcp" not in shown(plan)
    assert shown(plan)["autodiscover"] == ["CNAME s.host.example."]


def test_a_policy_has_a_record_and_a_host() -> None:
    policy = MtaSts(mode=StsMode.TESTING, mx=("mx.example",))
    names = shown(planned(mta_sts=policy))
    assert names["mta-sts"] == ["CNAME signpost.host.example."]
    assert names["_mta-sts"] == [f'TXT "v=STSv1; id={policy.record_id};"']


def test_a_policy_that_no_host_would_serve_has_no_record() -> None:
    plan = planned(mta_sts=MtaSts(mode=StsMode.NONE), service=PublicService(url="http://127.0.0.1:8080"))
    assert plan.records == ()
    assert reasons(plan) == {None: "service-without-host"}


def test_reports_have_a_record_where_any_are_wanted() -> None:
    wanted = TlsReporting(uris=("mailto:tls@host.example",))
    assert shown(planned(tls_reporting=wanted)) == {
        "_smtp._tls": ['TXT "v=TLSRPTv1; rua=mailto:tls@host.example"']
    }
    assert planned(tls_reporting=TlsReporting()).records == ()


def test_what_no_format_can_publish_is_told_too() -> None:
    account: AccountSettings = an_account(an_imap_server(hostname="%NODE%.example"), an_smtp_server())
    assert plan_records(account, SERVICE).omissions[0].reason == "variable-missing"


def test_a_record_whose_name_would_be_too_long_is_left_out() -> None:
    long = ".".join(["a" * 60, "b" * 60, "c" * 60, "d" * 55, "example"])
    assert len(long) == 246
    account = an_account(an_imap_server(), domain=long, servers=a_provider().servers)
    plan = plan_records(account, SERVICE)
    assert plan.records == ()
    assert {omission.reason for omission in plan.omissions} == {"name-too-long"}


def test_autodiscover_leads_here_where_it_only_leads_on() -> None:
    options = ExchangeOptions(autodiscover_url="https://hosted.example/autodiscover.xml")
    server = a_socket_server(ServerType.EXCHANGE, options=options)
    assert data_at(planned(server), "_autodiscover._tcp")
    assert not data_at(planned(a_socket_server(ServerType.EXCHANGE)), "_autodiscover._tcp")
