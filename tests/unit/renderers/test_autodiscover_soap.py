from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.core.documents import ClientRequest, Presentation, Question
from app.core.names import DomainName
from app.core.resolving import resolve
from app.core.servers import Authentication, ExchangeOptions, ServerType, SocketType
from app.renderers.autodiscover_soap import MAX_ANSWERS, MAX_QUESTIONS, inquire, render

from builders import (
    a_domain,
    a_mailbox,
    a_pop3_server,
    a_provider,
    a_url_server,
    an_account,
    an_imap_server,
    an_smtp_server,
)
from contracts.microsoft_soap import Answer, Fault, OneResponse, read_answer, read_fault
from contracts.soap_calls import (
    EXCHANGE,
    a_call,
    a_domain_call,
    a_federation_call,
    a_header,
    a_message,
    a_user_call,
    an_envelope,
    domain_content,
    user_content,
)

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.documents import Reply
    from app.core.provider import Provider

EWS = a_url_server(ServerType.EWS)
EXCHANGE_PROVIDER = a_provider(servers=(an_imap_server(), a_pop3_server(), an_smtp_server(), EWS))
PROVIDERS = {"customer.example": EXCHANGE_PROVIDER, "mail.example": a_provider()}
JANE = "jane@customer.example"


def found(question: Question, providers: dict[str, Provider]) -> AccountSettings | None:
    """Look up as the store does: nothing for domains that are not there."""
    for domain in question.domains:
        if provider := providers.get(domain.ascii):
            return resolve(provider, a_domain(domain.ascii), address=question.address)
    return None


def reply(
    body: bytes, providers: dict[str, Provider] = PROVIDERS, host: str = "signpost.provider.example"
) -> Reply:
    inquiry = inquire(ClientRequest(method="POST", host=host, body=body))
    return inquiry.answer(tuple(found(question, providers) for question in inquiry.questions))


def ask(body: bytes, providers: dict[str, Provider] = PROVIDERS) -> Answer:
    answer = reply(body, providers)
    assert (answer.status, answer.media_type) == (200, "text/xml; charset=utf-8")
    assert answer.max_age_seconds is None
    return read_answer(answer.body)


def fail(body: bytes, status: int = 500) -> Fault:
    answer = reply(body)
    assert (answer.status, answer.media_type) == (status, "text/xml; charset=utf-8")
    return read_fault(answer.body)


def ask_user(*settings: str, address: str = JANE, provider: Provider = EXCHANGE_PROVIDER) -> OneResponse:
    answer = ask(a_user_call(address, settings=settings), {"customer.example": provider})
    (response,) = answer.responses
    return response


# GetUserSettings


def test_a_user_gets_the_settings_that_were_asked_for_in_their_order() -> None:
    response = ask_user("InternalEwsUrl", "AutoDiscoverSMTPAddress", "ExternalEwsUrl")
    assert response.code == "NoError"
    assert list(response.settings.items()) == [
        ("InternalEwsUrl", "https://web.provider.example/ews"),
        ("AutoDiscoverSMTPAddress", JANE),
        ("ExternalEwsUrl", "https://web.provider.example/ews"),
    ]
    assert response.errors == {}


def test_a_setting_that_was_asked_for_twice_is_told_once() -> None:
    assert list(ask_user("ExternalEwsUrl", "ExternalEwsUrl").settings) == ["ExternalEwsUrl"]


def test_a_setting_without_a_value_is_told_from_one_that_there_is_not() -> None:
    response = ask_user("ExternalEwsUrl", "EwsSupportedSchemas", "FavouriteColour", "externalewsurl")
    assert response.code == "NoError"
    assert list(response.settings) == ["ExternalEwsUrl"]
    assert response.errors == {
        "EwsSupportedSchemas": "SettingIsNotAvailable",
        "FavouriteColour": "InvalidSetting",
        "externalewsurl": "InvalidSetting",
    }


def test_users_are_answered_in_the_order_of_the_request() -> None:
    addresses = ("jane@mail.example", JANE, "nobody", "", "john@customer.example", "jane@unknown.example")
    answer = ask(a_user_call(*addresses, settings=["AutoDiscoverSMTPAddress"]))
    assert answer.code == "NoError"
    assert [(one.code, *one.settings.values()) for one in answer.responses] == [
        ("InvalidUser",),
        ("NoError", JANE),
        ("InvalidUser",),
        ("InvalidUser",),
        ("NoError", "john@customer.example"),
        ("InvalidUser",),
    ]


def test_an_unknown_domain_is_told_from_one_without_exchange_by_nothing() -> None:
    unknown, without = (ask(a_user_call(f"jane@{domain}.example")) for domain in ("unknown", "mail"))
    assert unknown == without


def test_what_exchangelib_asks_first_is_answered_with_an_error_document() -> None:
    call = a_call("GetUserSettings", user_content("DUMMY@example.com"), version="Exchange2016")
    assert [one.code for one in ask(call).responses] == ["InvalidUser"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("autodiscover.customer.example", 200),
        ("customer.example:443", 200),
        ("autodiscover.unknown.example", 200),
        ("autodiscover.mail.example", 404),
        ("mail.example", 404),
    ],
)
def test_a_host_whose_domain_has_no_exchange_is_no_place_to_ask(host: str, status: int) -> None:
    assert reply(a_user_call("DUMMY@example.com", settings=("ExternalEwsUrl",)), host=host).status == status


def test_any_local_part_of_a_known_domain_is_answered() -> None:
    assert ask_user("ExternalEwsUrl", address="no valid..local part@customer.example").code == "NoError"


def test_a_local_part_that_is_not_valid_gets_what_does_not_depend_on_it() -> None:
    provider = a_provider(
        servers=(
            an_imap_server(hostname="%EMAILLOCALPART%.provider.example"),
            a_url_server(url="https://%EMAILDOMAIN%/%EMAILLOCALPART%/ews"),
            a_url_server(ServerType.OWA, url="https://web.provider.example/%EMAILADDRESS%"),
        )
    )
    names = ("ExternalEwsUrl", "ExternalImap4Connections", "ExternalWebClientUrls", "UserDisplayName")
    without = ask_user(*names, "UserMSOnline", address="a..b@customer.example", provider=provider)
    assert without.settings == {"UserMSOnline": "False"}
    assert set(without.errors.values()) == {"SettingIsNotAvailable"}
    with_address = ask_user(*names, provider=provider)
    assert with_address.settings == {
        "ExternalEwsUrl": "https://customer.example/jane/ews",
        "ExternalImap4Connections": [("jane.provider.example", 993, "SSL")],
        "ExternalWebClientUrls": [("Basic", f"https://web.provider.example/{JANE}")],
        "UserDisplayName": JANE,
    }


def test_octets_of_a_local_part_in_a_url_are_no_placeholders() -> None:
    provider = a_provider(servers=(a_url_server(url="https://web.provider.example/%EMAILLOCALPART%/ews"),))
    response = ask_user("ExternalEwsUrl", address="jörg@customer.example", provider=provider)
    assert response.settings == {"ExternalEwsUrl": "https://web.provider.example/j%C3%B6rg/ews"}


def test_the_address_is_the_one_that_the_servers_know() -> None:
    provider = a_provider(servers=(EWS,), subaddress_separator="+", lowercase_login=True)
    response = ask_user("AutoDiscoverSMTPAddress", address="Jane+list@Customer.Example", provider=provider)
    assert response.settings == {"AutoDiscoverSMTPAddress": JANE}


def test_an_address_with_u_labels_is_understood() -> None:
    providers = {"xn--bcher-kva.example": EXCHANGE_PROVIDER}
    (response,) = ask(a_user_call("jane@bücher.example", settings=["UserDisplayName"]), providers).responses
    assert response.settings == {"UserDisplayName": "jane@xn--bcher-kva.example"}


@pytest.mark.parametrize(
    ("socket_type", "method"),
    [(SocketType.TLS, "SSL"), (SocketType.STARTTLS, "TLS"), (SocketType.PLAIN, "")],
)
def test_mail_servers_are_told_as_connections(socket_type: SocketType, method: str) -> None:
    provider = a_provider(
        servers=(
            an_imap_server(socket_type=socket_type, port=1143),
            a_pop3_server(),
            an_smtp_server(port=587, socket_type=SocketType.STARTTLS),
            EWS,
        )
    )
    kinds = ("Imap4", "Pop3", "Smtp")
    response = ask_user(
        *(f"{side}{k}Connections" for k in kinds for side in ("Internal", "External")), provider=provider
    )
    expected = {
        "Imap4": [("imap.provider.example", 1143, method)],
        "Pop3": [("pop.provider.example", 995, "SSL")],
        "Smtp": [("smtp.provider.example", 587, "TLS")],
    }
    for kind in kinds:
        assert response.settings[f"External{kind}Connections"] == expected[kind]
        assert response.settings[f"Internal{kind}Connections"] == expected[kind]


def test_a_mailbox_is_told_the_servers_of_its_own() -> None:
    mailbox = a_mailbox(servers=(an_imap_server(hostname="vip.provider.example"),))
    account = resolve(EXCHANGE_PROVIDER, a_domain(), address=mailbox.address, mailbox=mailbox)
    inquiry = inquire(
        ClientRequest(method="POST", body=a_user_call(JANE, settings=["ExternalImap4Connections"]))
    )
    (response,) = read_answer(inquiry.answer((None, account)).body).responses
    assert response.settings == {"ExternalImap4Connections": [("vip.provider.example", 993, "SSL")]}


@pytest.mark.parametrize(
    ("methods", "told"),
    [
        ((Authentication.OAUTH2, Authentication.PASSWORD_CLEARTEXT), "OAuth, Fba"),
        ((Authentication.HTTP_BASIC,), "Basic"),
        ((Authentication.NONE,), ""),
    ],
)
def test_outlook_on_the_web_is_told_with_how_to_log_in(
    methods: tuple[Authentication, ...], told: str
) -> None:
    provider = a_provider(servers=(EWS, a_url_server(ServerType.OWA, authentication=methods)))
    response = ask_user("ExternalWebClientUrls", "InternalWebClientUrls", provider=provider)
    expected = [(told, "https://web.provider.example/owa")]
    assert response.settings == {"ExternalWebClientUrls": expected, "InternalWebClientUrls": expected}


def test_the_one_entry_of_old_thunderbird_is_exchange_too() -> None:
    options = ExchangeOptions(
        owa_url="https://old.provider.example/owa", ews_url="https://old.provider.example/ews"
    )
    provider = a_provider(
        servers=(an_imap_server(key="exchange", type=ServerType.EXCHANGE, port=443, options=options),)
    )
    response = ask_user("ExternalEwsUrl", "ExternalWebClientUrls", provider=provider)
    assert response.settings == {
        "ExternalEwsUrl": "https://old.provider.example/ews",
        "ExternalWebClientUrls": [("Fba", "https://old.provider.example/owa")],
    }


@pytest.mark.parametrize(
    ("server_type", "mapi"),
    [(ServerType.MAPI, "True"), (ServerType.EWS, "False"), (ServerType.ACTIVESYNC, "False")],
)
def test_mapi_over_http_is_told_where_it_is_stored(server_type: ServerType, mapi: str) -> None:
    response = ask_user("MapiHttpEnabled", provider=a_provider(servers=(a_url_server(server_type),)))
    assert response.settings == {"MapiHttpEnabled": mapi}


@pytest.mark.parametrize(
    ("hostname", "is_online"),
    [("outlook.office365.com", "True"), ("office365.com.provider.example", "False")],
)
def test_microsofts_own_service_is_told_from_others(hostname: str, is_online: str) -> None:
    ews = a_url_server(url=f"https://{hostname}/EWS/Exchange.asmx")
    response = ask_user("UserMSOnline", provider=a_provider(servers=(ews,)))
    assert response.settings == {"UserMSOnline": is_online}


# GetDomainSettings


def test_domains_are_answered_in_the_order_of_the_request() -> None:
    domains = ("unknown.example", "Customer.Example.", "mail.example", "no domain", "")
    settings = ("ExternalEwsVersion", "ExternalEwsUrl", "InternalEwsUrl")
    answer = ask(a_domain_call(*domains, settings=settings))
    assert answer.operation == "GetDomainSettings"
    expected = ["InvalidDomain", "NoError", "InvalidDomain", "InvalidDomain", "InvalidDomain"]
    assert [one.code for one in answer.responses] == expected
    assert answer.responses[1].settings == {"ExternalEwsUrl": "https://web.provider.example/ews"}
    assert answer.responses[1].errors == {
        "ExternalEwsVersion": "SettingIsNotAvailable",
        "InternalEwsUrl": "InvalidSetting",
    }


def test_a_domain_has_no_url_that_depends_on_the_user() -> None:
    ews = a_url_server(url="https://web.provider.example/%EMAILLOCALPART%")
    answer = ask(a_domain_call("customer.example"), {"customer.example": a_provider(servers=(ews,))})
    assert answer.responses[0].errors == {"ExternalEwsUrl": "SettingIsNotAvailable"}


# GetFederationInformation


@pytest.mark.parametrize(
    ("domain", "code"),
    [
        ("customer.example", "NotFederated"),
        ("mail.example", "NotFederated"),
        ("unknown.example", "InvalidDomain"),
        ("no domain", "InvalidDomain"),
        ("", "InvalidDomain"),
    ],
)
def test_nobody_is_federated(domain: str, code: str) -> None:
    answer = ask(a_federation_call(domain))
    assert (answer.operation, answer.code) == ("GetFederationInformation", code)


# What is wrong with a request as a whole


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(user_content(settings=["ExternalEwsUrl"]), id="no users"),
        pytest.param(user_content(*[JANE] * (MAX_QUESTIONS + 1)), id="too many users"),
        pytest.param(user_content(JANE, settings=[]), id="no settings"),
        pytest.param(
            user_content(JANE, settings=[f"S{n}" for n in range(MAX_ANSWERS + 1)]), id="too many settings"
        ),
        pytest.param(
            user_content(*[JANE] * 100, settings=[f"S{n}" for n in range(MAX_ANSWERS // 100 + 1)]),
            id="too many settings of all users",
        ),
        pytest.param(user_content(JANE, settings=["ExternalEwsUrl", "<b>"]), id="a setting without a name"),
        pytest.param(user_content(JANE, settings=["A" * 65]), id="a setting with a long name"),
        pytest.param(user_content(JANE, settings=[""]), id="an empty setting"),
        pytest.param(domain_content("customer.example"), id="domains"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_request_that_cannot_be_answered_is_invalid(content: str) -> None:
    answer = ask(a_call("GetUserSettings", content))
    assert (answer.code, answer.responses) == ("InvalidRequest", [])
    assert answer.message


def test_the_largest_request_is_answered() -> None:
    settings = [f"S{n}" for n in range(MAX_ANSWERS // MAX_QUESTIONS)]
    answer = ask(a_user_call(*[JANE] * MAX_QUESTIONS, settings=settings))
    assert [len(one.errors) for one in answer.responses] == [len(settings)] * MAX_QUESTIONS


def test_a_message_without_a_request_is_invalid() -> None:
    call = an_envelope(a_header("GetUserSettings"), "<a:GetUserSettingsRequestMessage/>")
    assert ask(call).code == "InvalidRequest"


@pytest.mark.parametrize(
    "version",
    [
        None, "Exchange2007_SP1", "Exchange2010", "Exchange2010_SP2", "Exchange2013_SP1", "Exchange2016",
        "V2017_07_11", " Exchange2013\n",
    ],
)  # fmt: skip
def test_every_version_of_exchange_is_answered_alike(version: str | None) -> None:
    answer = ask(a_call("GetUserSettings", user_content(JANE), version=version))
    assert answer.responses[0].settings == {"ExternalEwsUrl": "https://web.provider.example/ews"}


@pytest.mark.parametrize("version", ["", "2013", "Exchange", "&lt;script&gt;"])
def test_a_version_that_is_none_is_invalid(version: str) -> None:
    answer = ask(a_call("GetUserSettings", user_content(JANE), version=version))
    assert answer.code == "InvalidRequest"
    assert "script" not in answer.message


# How requests are written


def test_the_namespaces_of_microsofts_reference_are_understood() -> None:
    call = a_user_call(JANE).replace(b"http://schemas.microsoft.com", b"https://schemas.microsoft.com")
    assert ask(call).responses[0].code == "NoError"


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(an_envelope("", a_message("GetUserSettings", user_content(JANE))), id="no header"),
        pytest.param(
            an_envelope("", a_message("GetUserSettings", user_content(JANE))).replace(b"a:", b""),
            id="no namespace",
        ),
        pytest.param(
            a_user_call(JANE).replace(b"soap:", b"SOAP-ENV:").replace(b":soap=", b":SOAP-ENV="),
            id="other prefixes",
        ),
        pytest.param(a_user_call(f"\n  {JANE}\t"), id="white space around the address"),
        pytest.param(
            a_user_call(JANE).decode().replace("utf-8", "utf-16").encode("utf-16"), id="UTF-16"
        ),
        pytest.param(b"\xef\xbb\xbf" + a_user_call(JANE), id="byte order mark"),
    ],
)  # fmt: skip
def test_a_request_is_understood_however_it_is_written(call: bytes) -> None:
    assert ask(call).responses[0].settings == {"ExternalEwsUrl": "https://web.provider.example/ews"}


def test_an_answer_relates_to_the_call() -> None:
    message_id = "<wsa:MessageID>urn:uuid:6389558d-9e05-465e-ade9-aae14c4bcd10</wsa:MessageID>"
    call = a_call("GetUserSettings", user_content(JANE), message_id)
    assert ask(call).relates_to == "urn:uuid:6389558d-9e05-465e-ade9-aae14c4bcd10"


def test_the_requested_version_may_have_to_be_understood() -> None:
    header = (
        f'<b:RequestedServerVersion xmlns:b="{EXCHANGE}" soap:mustUnderstand="1">'
        "Exchange2010</b:RequestedServerVersion>"
    )
    assert ask(a_call("GetUserSettings", user_content(JANE), header, version=None)).code == "NoError"


# Faults


def test_a_security_header_that_must_be_understood_is_a_fault() -> None:
    security = '<w:Security xmlns:w="urn:wsse" soap:mustUnderstand="1"/>'
    assert fail(a_call("GetUserSettings", user_content(JANE), security)).code == "MustUnderstand"


@pytest.mark.parametrize(
    ("header", "body", "code"),
    [
        (a_header("Delete"), a_message("Delete", ""), "ActionNotSupported"),
        (a_header("Delete"), a_message("GetUserSettings", ""), "ActionNotSupported"),
        ("", a_message("GetOrganizationRelationshipSettings", ""), "ActionNotSupported"),
        ("", "<x/>", "ActionNotSupported"),
        ("<soap:Header><wsa:Action/></soap:Header>", a_message("GetUserSettings", ""), "ActionNotSupported"),
        (a_header("GetDomainSettings"), a_message("GetUserSettings", ""), "Client"),
        (a_header("GetUserSettings"), a_message("Delete", ""), "Client"),
        (a_header("GetUserSettings"), "", "Client"),
    ],
)
def test_an_operation_that_there_is_not_is_a_fault(header: str, body: str, code: str) -> None:
    assert fail(an_envelope(header, body)).code == code


@pytest.mark.parametrize("body", [b"", b"{}", b"<", b"emailaddress=jane%40customer.example"])
def test_what_is_no_xml_is_a_fault(body: bytes) -> None:
    assert fail(body, status=400).code == "Client"


def test_nothing_of_a_request_is_repeated_unchecked() -> None:
    evil = "evil&lt;script&gt;"
    for call in (
        a_call("GetUserSettings", user_content("evil<script>@customer.example", settings=["evil<script>"])),
        a_call("GetUserSettings", user_content("evil<script>@customer.example")),
        a_call("GetUserSettings", user_content(JANE), f"<wsa:MessageID>{evil}</wsa:MessageID>"),
        a_call("GetUserSettings", user_content(JANE), version=evil),
        a_domain_call("evil<script>"),
        a_federation_call("evil<script>"),
        an_envelope(f"<soap:Header><wsa:Action>{evil}</wsa:Action></soap:Header>", "<evil-script/>"),
        b"<evil",
    ):
        assert b"evil" not in reply(call).body, call


# Requests without a call


def ask_without_call(method: str = "GET", **request: str) -> tuple[tuple[Question, ...], Reply, Reply]:
    """Return what is asked, the reply for a domain with Exchange, and that for an unknown one."""
    values = {"scheme": "http", "host": "autodiscover.customer.example", **request}
    inquiry = inquire(ClientRequest(method=method, **values))  # type: ignore[arg-type]
    known = an_account(EWS)
    return (
        inquiry.questions,
        inquiry.answer(tuple(known for _ in inquiry.questions)),
        inquiry.answer(tuple(None for _ in inquiry.questions)),
    )


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_plain_http_leads_to_the_service_where_it_has_a_certificate(method: str) -> None:
    (question,), known, unknown = ask_without_call(method)
    assert question.domains[0] == DomainName("customer.example")
    assert known.status == 302
    assert known.headers == (("Location", "https://signpost.example/autodiscover/autodiscover.svc"),)
    assert unknown.status == 404


def test_plain_http_leads_nowhere_for_a_domain_without_exchange() -> None:
    inquiry = inquire(ClientRequest(scheme="http", host="autodiscover.mail.example"))
    assert inquiry.answer((an_account(),)).status == 404


@pytest.mark.parametrize("request_", [{"scheme": "https"}, {"service_url": "http://signpost.example"}])
def test_people_are_told_that_programs_post(request_: dict[str, str]) -> None:
    questions, answer, _ = ask_without_call(**request_)
    assert (questions, answer.status) == ((), 405)
    assert ("Allow", "POST") in answer.headers


# Documents


def test_the_document_of_an_address_has_all_that_there_is_for_it() -> None:
    account = an_account(an_imap_server(), EWS, a_url_server(ServerType.MAPI), address=JANE)
    document = render(account, Presentation(person="Jane Doe"))
    assert document.is_usable
    (response,) = read_answer(document.body).responses
    assert response.settings["UserDisplayName"] == "Jane Doe"
    assert response.settings["MapiHttpEnabled"] == "True"
    assert response.settings["ExternalImap4Connections"] == [("imap.provider.example", 993, "SSL")]
    assert not response.errors


def test_the_document_of_a_domain_has_the_domains_settings() -> None:
    document = render(an_account(an_imap_server(), EWS), Presentation())
    answer = read_answer(document.body)
    assert document.is_usable
    assert answer.operation == "GetDomainSettings"
    assert list(answer.responses[0].settings) == ["ExternalEwsUrl"]


def test_there_is_no_document_for_a_domain_that_has_nothing_to_say_in_it() -> None:
    assert not render(an_account(a_url_server(ServerType.MAPI)), Presentation()).is_usable


@pytest.mark.parametrize("address", [None, JANE])
def test_there_is_no_document_without_exchange(address: str | None) -> None:
    document = render(an_account(address=address), Presentation())
    assert not document.is_usable
    assert [omission.reason for omission in document.omissions] == ["exchange-missing"]
    (response,) = read_answer(document.body).responses
    assert response.code in ("InvalidUser", "InvalidDomain")


def test_what_no_setting_has_a_place_for_is_told() -> None:
    exchange = ExchangeOptions(ews_url="https://other.provider.example/ews")
    account = an_account(
        an_imap_server(),
        an_imap_server(key="imap-2", hostname="imap2.provider.example"),
        EWS,
        a_url_server(key="ews-2", url="https://web2.provider.example/ews"),
        an_imap_server(key="exchange", type=ServerType.EXCHANGE, port=443, options=exchange),
        a_url_server(ServerType.OWA),
        a_url_server(ServerType.MAPI),
        a_url_server(ServerType.CALDAV),
        address=JANE,
    )
    omissions = {omission.server: omission.reason for omission in render(account, Presentation()).omissions}
    assert omissions == {
        "imap-2": "further-server",
        "ews-2": "further-server",
        "exchange": "further-server",
        "mapi": "not-in-format",
        "caldav": "not-in-format",
    }
