"""Every Autodiscover document of every account holds Microsoft's rules, and says what is stored."""

from __future__ import annotations

from itertools import chain, combinations
from typing import TYPE_CHECKING

import pytest
from app.core.documents import ClientRequest, Presentation
from app.core.exchange import exchange_services
from app.core.mail_choice import choose_mail
from app.core.servers import Authentication
from app.renderers import FORMATS_BY_NAME
from app.renderers.autodiscover import outlook
from app.renderers.autodiscover.exchange import Capabilities

from contracts.accounts import ACCOUNTS
from contracts.microsoft import Report, check_json, check_pox

if TYPE_CHECKING:
    from app.core.account import AccountSettings, Omission

PRESENTATION = Presentation(service_url="https://signpost.provider.example")
WORDS = {"mapiHttp": "mapi_http", "EXHTTP": "rpc_http", "negotiate": "negotiate"}
CAPABILITIES = [frozenset(words) for words in chain(*(combinations(WORDS, n) for n in range(len(WORDS) + 1)))]
EXPRESSIBLE = set(Authentication) - {
    Authentication.OAUTH2,
    Authentication.TLS_CLIENT_CERTIFICATE,
    Authentication.HTTP_BASIC,
    Authentication.HTTP_DIGEST,
}


def rendered(account: AccountSettings, capabilities: frozenset[str] = frozenset()) -> Report:
    can = Capabilities(**{WORDS[word]: True for word in capabilities})
    document = outlook.render(account, PRESENTATION, can)
    report = check_pox(document.body, capabilities=capabilities)
    assert document.is_usable == (report.kind != "error")
    return report


def redirection(account: AccountSettings) -> str | None:
    """Return where clients are to be sent; no account leads back here."""
    return exchange_services(account).autodiscover


def omissions(account: AccountSettings, name: str = "autodiscover") -> dict[str | None, str]:
    found: tuple[Omission, ...] = FORMATS_BY_NAME[name].render(account, PRESENTATION).omissions
    return {omission.server: omission.reason for omission in found}


@pytest.mark.parametrize("can", CAPABILITIES, ids=lambda words: "+".join(sorted(words)) or "none")
@pytest.mark.parametrize("name", ACCOUNTS)
def test_an_outlook_document_holds_the_rules(name: str, can: frozenset[str]) -> None:
    account = ACCOUNTS[name]
    services = exchange_services(account)
    if services.autodiscover:
        assert rendered(account, can) == Report("redirectUrl")
        return
    expected = []
    if services.mapi and "mapiHttp" in can:
        expected.append("mapiHttp")
    if services.ews:
        expected += ["EXCH", "EXPR"]
    if services.owa:
        expected.append("WEB")
    if services.ews and "EXHTTP" in can:
        expected.append("EXHTTP")
    report = rendered(account, can)
    assert [kind for kind in report.protocols if kind not in ("IMAP", "POP3", "SMTP")] == expected


@pytest.mark.parametrize("name", ACCOUNTS)
def test_an_outlook_document_has_the_mail_servers_that_it_can_describe(name: str) -> None:
    account = ACCOUNTS[name]
    if redirection(account):
        return
    choice = choose_mail(account)
    chosen = {"IMAP": choice.imap, "POP3": choice.pop3, "SMTP": choice.smtp}
    told = rendered(account).protocols
    for kind, server in chosen.items():
        can_be_told = server is not None and not EXPRESSIBLE.isdisjoint(server.authentication)
        assert (kind in told) == can_be_told


@pytest.mark.parametrize("format_name", ["autodiscover", "autodiscover-mobilesync", "autodiscover-json"])
@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_server_is_told_or_its_omission_is(name: str, format_name: str) -> None:
    account = ACCOUNTS[name]
    body = FORMATS_BY_NAME[format_name].render(account, PRESENTATION).body.decode()
    explained = omissions(account, format_name)
    for server in account.servers:
        if server.key in explained:
            continue
        assert format_name == "autodiscover-json" or any(
            text in body.replace("&amp;", "&")
            for text in map(account.expanded, server.patterns)
            if text != server.username
        ), server.key


@pytest.mark.parametrize("name", ACCOUNTS)
def test_a_mobilesync_document_holds_the_rules(name: str) -> None:
    document = FORMATS_BY_NAME["autodiscover-mobilesync"].render(ACCOUNTS[name], PRESENTATION)
    report = check_pox(document.body)
    has_one = exchange_services(ACCOUNTS[name]).activesync is not None
    assert document.is_usable == has_one
    assert (report.kind, report.error) == (("mobilesync", None) if has_one else ("error", 601))


@pytest.mark.parametrize("protocol", ["AutodiscoverV1", "ActiveSync", "Ews", "Rest"])
@pytest.mark.parametrize("name", ACCOUNTS)
def test_a_json_answer_holds_the_rules(name: str, protocol: str) -> None:
    account = ACCOUNTS[name]
    services = exchange_services(account)
    there = {
        "AutodiscoverV1": services.autodiscover
        or "https://signpost.provider.example/autodiscover/autodiscover.xml",
        "ActiveSync": services.activesync,
        "Ews": services.ews,
    }
    request = ClientRequest(
        query=f"Email=jane@customer.example&Protocol={protocol}",
        service_url="https://signpost.provider.example",
    )
    inquiry = FORMATS_BY_NAME["autodiscover-json"].inquire(request)
    reply = inquiry.answer((account,))
    answer = check_json(reply.body, reply.status)
    if there.get(protocol):
        assert answer == {"Protocol": protocol, "Url": there[protocol]}
    else:
        assert answer["ErrorCode"] == "InvalidProtocol"


@pytest.mark.parametrize("name", ACCOUNTS)
def test_a_json_preview_is_the_answer_that_every_account_has(name: str) -> None:
    document = FORMATS_BY_NAME["autodiscover-json"].render(ACCOUNTS[name], PRESENTATION)
    assert check_json(document.body, 200)["Protocol"] == "AutodiscoverV1"


def test_an_account_that_is_sent_elsewhere_is_among_them() -> None:
    assert [name for name, account in ACCOUNTS.items() if redirection(account)] == ["exchange-elsewhere"]
