"""What each client makes of the same places, by the rules of the protocol brief §1.1, §1.3 and §2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from app.core.candidates import Candidate, Discovery, Outcome, Trust
from app.core.servers import ServerType
from app.discovery.views import CLIENTS
from app.discovery.views.view import ChosenServer, ClientView, Verdict

from builders import an_imap_server
from discovering import JANE

if TYPE_CHECKING:
    from collections.abc import Iterable

IMAP = {
    "hostname": "imap.provider.example", "port": "993", "socketType": "SSL", "username": "%EMAILADDRESS%",
    "authentication": "password-cleartext",
}  # fmt: skip
SMTP = {**IMAP, "hostname": "smtp.provider.example", "port": "465"}
PAGE = b"<!DOCTYPE html><html><head><title>x</title></head><body><p>Welcome</p></body></html>"
THUNDERBIRD, ANDROID, DELTA, OUTLOOK, EVOLUTION = CLIENTS


def section(tag: str, kind: str, fields: dict[str, Any], *, attributes: str = "") -> str:
    """Write a server; a list is several elements, None is none."""
    leaves = ""
    for name, value in fields.items():
        for text in value if isinstance(value, list) else [] if value is None else [value]:
            leaves += f"<{name}>{text}</{name}>"
    return f'<{tag} type="{kind}"{attributes}>{leaves}</{tag}>'


def incoming(kind: str = "imap", *, attributes: str = "", **changes: Any) -> str:
    return section("incomingServer", kind, {**IMAP, **changes}, attributes=attributes)


def outgoing(**changes: Any) -> str:
    return section("outgoingServer", "smtp", {**SMTP, **changes})


def a_file(
    *sections: str, identifier: str = "provider.example", domain: str = "<domain>a.example</domain>"
) -> bytes:
    inside = f'<emailProvider id="{identifier}">{domain}{"".join(sections)}</emailProvider>'
    return f'<clientConfig version="1.1">{inside}</clientConfig>'.encode()


GOOD = a_file(incoming(), outgoing())


def protocol(kind: str, port: int, **fields: str) -> str:
    host = f"{kind.lower()}.provider.example"
    values = {"Type": kind, "Server": host, "Port": str(port), "LoginName": "%EMAILADDRESS%", **fields}
    return f"<Protocol>{''.join(f'<{name}>{text}</{name}>' for name, text in values.items())}</Protocol>"


def a_response(*protocols: str) -> bytes:
    inside = f"<Account>{''.join(protocols)}</Account>"
    return f"<Autodiscover><Response>{inside}</Response></Autodiscover>".encode()


POX = a_response(
    protocol("IMAP", 993, SPA="off"), protocol("SMTP", 587, SPA="off", SSL="on", Encryption="TLS")
)


def answered(source: str, document: bytes, **values: Any) -> Candidate:
    """Make a candidate of an answer; whether discovery itself finds servers in it, no view looks at."""
    defaults: dict[str, Any] = {"status": 200, "media_type": "text/xml", "trust": Trust.HTTPS}
    outcome = Outcome.FOUND if b"hostname" in document or b"Server" in document else Outcome.UNUSABLE
    return Candidate(
        source=source, asked=source, document=document, outcome=outcome, **{**defaults, **values}
    )


def silent(source: str, outcome: Outcome = Outcome.FAILED) -> Candidate:
    return Candidate(source=source, asked=source, trust=Trust.HTTPS, outcome=outcome, reason="as it is")


def seen_by(client: str, candidates: Iterable[Candidate]) -> ClientView:
    return CLIENTS[client].view(Discovery(subject=JANE, candidates=tuple(candidates), seconds=0))


def written(server: ChosenServer) -> str:
    methods = ",".join(server.authentication)
    return f"{server.hostname}:{server.port} {server.socket_type} {server.username} {methods}"


def only(client: str, document: bytes, source: str = "autoconfig", **values: Any) -> ClientView:
    return seen_by(client, [answered(source, document, **values)])


def verdicts(view: ClientView) -> list[tuple[str, Verdict]]:
    return [(step.source, step.verdict) for step in view.steps]


@pytest.mark.parametrize("client", [THUNDERBIRD, ANDROID, EVOLUTION])
def test_a_good_file_is_taken_as_it_is(client: str) -> None:
    view = only(client, GOOD)
    assert view.source == "autoconfig"
    assert [written(server) for server in view.servers] == [
        "imap.provider.example:993 tls %EMAILADDRESS% password-cleartext",
        "smtp.provider.example:465 tls %EMAILADDRESS% password-cleartext",
    ]
    assert view.remarks == ()


ORDERS = {
    THUNDERBIRD: [
        "autoconfig", "well-known", "autoconfig-http", "well-known-http", "ispdb", "mail-exchanger",
        "autodiscover", "autodiscover-root", "autodiscover-redirect", "autodiscover-srv",
    ],
    ANDROID: [
        "autoconfig", "well-known", "autoconfig-http", "well-known-http", "ispdb", "mail-exchanger",
    ],
    DELTA: ["autoconfig", "well-known", "autodiscover-root-get", "autodiscover-get", "ispdb"],
    OUTLOOK: [
        "autodiscover-json", "autodiscover-root", "autodiscover", "autodiscover-redirect",
        "autodiscover-srv",
    ],
    EVOLUTION: [
        "autoconfig", "autoconfig-http", "well-known", "well-known-http", "ispdb", "mail-exchanger", "srv",
    ],
}  # fmt: skip
EVERYWHERE = sorted({name for order in ORDERS.values() for name in order} | {"pacc"})


@pytest.mark.parametrize("client", CLIENTS)
def test_each_client_looks_at_its_places_in_its_order(client: str) -> None:
    view = seen_by(client, [silent(name) for name in EVERYWHERE])
    assert [step.source for step in view.steps] == ORDERS[client]
    assert {step.verdict for step in view.steps} == {Verdict.PASSED_OVER}
    assert view.source is None


@pytest.mark.parametrize("client", CLIENTS)
def test_the_first_place_that_has_settings_is_the_last_that_counts(client: str) -> None:
    order = ORDERS[client]
    records = Candidate(
        source="srv", asked="srv", trust=Trust.DNS, outcome=Outcome.FOUND, servers=(an_imap_server(),)
    )
    candidates = [
        records if name == "srv" else answered(name, POX if "autodiscover" in name else GOOD)
        for name in EVERYWHERE
    ]
    for number, first in enumerate(order):
        later = [one for one in candidates if one.source in order[number:]]
        view = seen_by(client, later)
        assert view.source == first
        assert {step.verdict for step in view.steps[1:]} <= {Verdict.NOT_REACHED}


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (THUNDERBIRD, None),
        (ANDROID, "well-known"),
        (DELTA, "autoconfig"),
        (EVOLUTION, "well-known"),
    ],
)
def test_a_page_for_everything_keeps_some_clients_from_the_file(client: str, expected: str | None) -> None:
    candidates = [answered("autoconfig", PAGE, media_type="text/html"), answered("well-known", GOOD)]
    view = seen_by(client, candidates)
    assert view.source == expected
    if client == THUNDERBIRD:
        assert verdicts(view) == [
            ("autoconfig", Verdict.IN_THE_WAY),
            ("well-known", Verdict.NOT_REACHED),
        ]
    if client == DELTA:
        assert view.servers == ()
        assert len(view.remarks) == 2


def test_thunderbird_asks_on_elsewhere_where_a_page_is_in_the_way() -> None:
    candidates = [answered("well-known", PAGE, media_type="text/html"), answered("ispdb", GOOD)]
    assert seen_by(THUNDERBIRD, candidates).source == "ispdb"


@pytest.mark.parametrize(
    ("media_type", "is_taken"),
    [
        ("text/xml", True),
        ("application/xml", True),
        ("text/plain", False),
        ("application/octet-stream", False),
        ("", False),
    ],
)
def test_thunderbird_looks_at_the_media_type_and_others_do_not(media_type: str, *, is_taken: bool) -> None:
    assert (only(THUNDERBIRD, GOOD, media_type=media_type).source is not None) is is_taken
    assert (only(THUNDERBIRD, POX, "autodiscover", media_type=media_type).source is not None) is is_taken
    assert only(ANDROID, GOOD, media_type=media_type).source == "autoconfig"
    assert only(OUTLOOK, POX, "autodiscover", media_type=media_type).source == "autodiscover"


def test_thunderbird_reads_what_is_in_a_folder_and_so_has_no_media_type() -> None:
    assert only(THUNDERBIRD, GOOD, "ispdb", media_type="", status=None).source == "ispdb"


@pytest.mark.parametrize(
    "document",
    [
        a_file(incoming(), outgoing(), identifier="The Provider"),
        a_file(incoming(), outgoing(), identifier="a_b.example"),
        a_file(incoming(), outgoing(), identifier=""),
        a_file(incoming(), outgoing(), domain=""),
        a_file(incoming(), outgoing(), domain="<domain>bücher.example</domain>"),
        a_file(incoming(), outgoing(), domain='<domain purpose="mx">a.example</domain>'),
        a_file(incoming()),
        a_file(outgoing()),
    ],
)
def test_files_that_thunderbird_drops_on_desktops_and_phones(document: bytes) -> None:
    assert only(THUNDERBIRD, document).source is None
    assert only(ANDROID, document).source is None


def test_a_placeholder_will_do_for_a_name() -> None:
    document = a_file(
        incoming(), outgoing(), identifier="%EMAILDOMAIN%", domain="<domain>%EMAILDOMAIN%</domain>"
    )
    assert only(THUNDERBIRD, document).source == only(ANDROID, document).source == "autoconfig"


@pytest.mark.parametrize(
    "broken",
    [
        {"socketType": "TLS"},
        {"socketType": "ssl"},
        {"socketType": " SSL "},
        {"hostname": "no_host"},
        {"port": "0"},
        {"port": None},
        {"authentication": "SCRAM"},
        {"authentication": None},
        {"authentication": "OAuth2"},
    ],
)
def test_what_loses_a_section_in_thunderbird_loses_the_file_on_android(broken: dict[str, Any]) -> None:
    document = a_file(incoming(**broken), incoming("pop3"), outgoing())
    view = only(THUNDERBIRD, document)
    assert [server.type for server in view.servers] == [ServerType.POP3, ServerType.SMTP]
    if broken != {"socketType": " SSL "}:
        assert only(ANDROID, document).source is None


@pytest.mark.parametrize("change", [{"socketType": "plain"}, {"username": None}, {"authentication": "NTLM"}])
def test_a_second_section_that_android_cannot_read_loses_the_file(change: dict[str, Any]) -> None:
    document = a_file(incoming(), incoming(**change), outgoing())
    view = only(ANDROID, document)
    assert view.source is None
    assert "over which the file is dropped" in view.steps[0].reason
    assert only(THUNDERBIRD, document).source == "autoconfig"


def test_android_takes_the_first_of_each_and_does_not_look_at_pop3() -> None:
    second = incoming(hostname="second.example")
    document = a_file(
        incoming("pop3", socketType="plain"), incoming(), second, outgoing(), outgoing(port="587")
    )
    view = only(ANDROID, document)
    assert [server.hostname for server in view.servers] == ["imap.provider.example", "smtp.provider.example"]


@pytest.mark.parametrize(
    ("username", "expected"),
    [
        (None, "undefined"),
        ("", "true"),
        ("00123", "123"),
        ("jane.doe@customer.example", "%EMAILADDRESS%"),
        ("%EMAILLOCALPART%.x", "%EMAILLOCALPART%.x"),
    ],
)
def test_thunderbird_reads_a_login_as_its_reader_makes_it(username: str | None, expected: str) -> None:
    view = only(THUNDERBIRD, a_file(incoming(username=username), outgoing()))
    assert view.servers[0].username == expected


@pytest.mark.parametrize(
    ("hostname", "expected"), [("imap.gmail.com", "oauth2"), ("imap.provider.example", "password-cleartext")]
)
def test_oauth_is_for_hosts_that_thunderbird_knows(hostname: str, expected: str) -> None:
    methods = ["OAuth2", "password-cleartext"]
    view = only(THUNDERBIRD, a_file(incoming(hostname=hostname, authentication=methods), outgoing()))
    assert view.servers[0].authentication == (expected,)


def test_delta_chat_takes_parts_of_a_file_and_guesses_the_rest() -> None:
    document = a_file(
        incoming("IMAP", socketType="Ssl"), incoming(port="x"), outgoing(username=None), identifier=""
    )
    view = only(DELTA, document)
    assert [written(server) for server in view.servers] == [
        "imap.provider.example:993 tls %EMAILADDRESS% ",
        "imap.provider.example:None tls %EMAILADDRESS% ",
    ]
    assert view.remarks == ("It guesses the smtp server from the domain, and tries.",)


@pytest.mark.parametrize(
    ("document", "is_taken"),
    [
        (b"Not found", True),
        (b"", True),
        (PAGE, True),
        (b"<html><br><p>", False),
        (b"<!DOCTYPE a [<!ENTITY b", False),
    ],
)
def test_delta_chat_takes_what_it_can_read_for_a_file(document: bytes, *, is_taken: bool) -> None:
    assert (only(DELTA, document).source is not None) is is_taken


def test_delta_chat_reads_autodiscover_by_its_own_switch() -> None:
    response = a_response(protocol("IMAP", 993, SSL="on"), protocol("SMTP", 587, SSL="ON"))
    view = only(DELTA, response, source="autodiscover-get")
    assert [server.socket_type for server in view.servers] == ["tls", None]


def test_evolution_takes_the_last_of_a_type_and_mixes_the_fields() -> None:
    second = section("incomingServer", "imap", {"hostname": "second.example", "port": "143"})
    view = only(EVOLUTION, a_file(incoming(username="x"), second, outgoing(), outgoing(port="587")))
    assert [written(server) for server in view.servers] == [
        "second.example:143 tls x password-cleartext",
        "smtp.provider.example:587 tls %EMAILADDRESS% password-cleartext",
    ]


@pytest.mark.parametrize(
    "document",
    [
        a_file(incoming(attributes=' id="x"'), outgoing()),
        GOOD.decode().encode("utf-16"),
        PAGE,
        a_file(incoming("jmap")),
    ],
)
def test_files_that_evolution_drops(document: bytes) -> None:
    assert only(EVOLUTION, document).source is None


def test_evolution_takes_records_where_there_is_no_file() -> None:
    servers = (an_imap_server(), an_imap_server(key="imap-2", hostname="second.example"))
    records = Candidate(source="srv", asked="srv", trust=Trust.DNS, outcome=Outcome.FOUND, servers=servers)
    view = seen_by(EVOLUTION, [silent("autoconfig"), records])
    assert (view.source, [server.hostname for server in view.servers]) == ("srv", ["imap.provider.example"])


@pytest.mark.parametrize(
    ("client", "fields", "expected"),
    [
        (
            OUTLOOK,
            {"SSL": "on", "Encryption": "TLS", "SPA": "off"},
            "starttls %EMAILADDRESS% password-cleartext",
        ),
        (OUTLOOK, {"SSL": "on", "SPA": "off"}, "tls %EMAILADDRESS% password-cleartext"),
        (OUTLOOK, {"SSL": "off", "SPA": "off"}, "plain %EMAILADDRESS% password-cleartext"),
        (OUTLOOK, {}, "tls %EMAILADDRESS% ntlm"),
        (OUTLOOK, {"LoginName": "", "SPA": "off"}, "tls %EMAILLOCALPART% password-cleartext"),
        (THUNDERBIRD, {"SSL": "on", "Encryption": "SSL"}, "starttls %EMAILADDRESS% password-cleartext"),
        (THUNDERBIRD, {"SSL": "off", "Encryption": "TLS"}, "plain %EMAILADDRESS% password-cleartext"),
        (THUNDERBIRD, {"SPA": "on"}, "starttls %EMAILADDRESS% password-encrypted"),
    ],
)
def test_two_clients_read_one_response_in_two_ways(
    client: str, fields: dict[str, str], expected: str
) -> None:
    response = a_response(protocol("IMAP", 143, **fields), protocol("SMTP", 465))
    view = only(client, response, source="autodiscover")
    assert written(view.servers[0]) == f"imap.provider.example:143 {expected}"


@pytest.mark.parametrize("client", [DELTA, EVOLUTION])
def test_what_would_be_more_than_text_on_a_terminal_is_not_shown(client: str) -> None:
    document = a_file(incoming(hostname="a\u009b31m.example", username="x\u202ey\u009bz"), outgoing())
    (server, _) = only(client, document).servers
    assert (server.hostname, server.username) == ("a 31m.example", "x y z")


def test_outlook_takes_the_first_of_a_type() -> None:
    response = a_response(protocol("IMAP", 993), protocol("IMAP", 143))
    assert [server.port for server in only(OUTLOOK, response, source="autodiscover").servers] == [993]


def test_outlook_follows_where_a_response_leads_and_thunderbird_does_not() -> None:
    assert only(OUTLOOK, POX, source="autodiscover", hops=1).source == "autodiscover"
    assert only(THUNDERBIRD, POX, source="autodiscover", hops=1).source is None


def test_an_error_document_keeps_thunderbird_from_other_hosts_and_outlook_not() -> None:
    error = b"<Autodiscover><Response><Error/></Response></Autodiscover>"
    candidates = [answered("autodiscover", error), answered("autodiscover-srv", POX)]
    assert seen_by(THUNDERBIRD, candidates).source is None
    assert seen_by(OUTLOOK, candidates).source == "autodiscover-srv"


def test_what_nobody_vouches_for_is_remarked() -> None:
    for client in (THUNDERBIRD, ANDROID, EVOLUTION):
        assert len(only(client, GOOD, source="autoconfig-http", trust=Trust.HTTP).remarks) == 1


def test_where_discovery_could_not_ask_the_view_says_so() -> None:
    view = seen_by(ANDROID, [silent("ispdb", Outcome.NOT_ASKED)])
    assert verdicts(view) == [("ispdb", Verdict.UNKNOWN)]
    assert view.remarks == ("It also asks where discovery could not: ispdb.",)
