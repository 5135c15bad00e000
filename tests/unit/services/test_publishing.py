from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.core.documents import ClientRequest, Document, Presentation, Question
from app.core.domains import DomainStatus
from app.core.errors import DocumentNotPossible, DomainNotFound, InvalidInput, NotPermitted
from app.core.names import DomainName, EmailAddress
from app.core.servers import Authentication
from app.renderers import FORMATS_BY_NAME
from app.services.callers import Scope
from app.services.credentials import CredentialFiles
from app.services.publishing import Publishing
from app.services.signing import Signer

from builders import a_domain, a_mailbox, a_provider, a_url_server, an_imap_server, an_smtp_server
from certificates import a_chain
from databases import OPERATOR, a_caller, stored_domain, stored_mailbox, stored_provider
from fakes.clock import FixedClock

if TYPE_CHECKING:
    from pathlib import Path

    from app.store.unit_of_work import Store

CUSTOMER = DomainName("customer.example")
SAFE, FULL = FORMATS_BY_NAME["autoconfig"], FORMATS_BY_NAME["autoconfig-full"]


@pytest.fixture
async def publishing(store: Store) -> Publishing:
    """A provider with a domain that stands for its MX, one that is suspended, and aliases of both."""
    await stored_provider(store, a_provider(subaddress_separator="+"))
    await stored_domain(store)
    await stored_domain(store, a_domain("host.example", serves_mx=True))
    await stored_domain(store, a_domain("away.example", status=DomainStatus.SUSPENDED, serves_mx=True))
    await stored_domain(store, a_domain("alias.example", alias_of=CUSTOMER))
    mx = a_domain("mx1.host.example", alias_of=CUSTOMER, serves_mx=True)
    await stored_domain(store, mx)
    await stored_domain(store, a_domain("alias-of-away.example", alias_of=DomainName("away.example")))
    return Publishing(store)


def asking(**question: str) -> ClientRequest:
    query = "&".join(f"{name}={value}" for name, value in question.items() if name != "host")
    return ClientRequest(query=query, host=question.get("host"))


@pytest.mark.parametrize(
    ("request_", "domain"),
    [
        (asking(emailaddress="jane@customer.example"), "customer.example"),
        (asking(emailaddress="jane@customer.example", host="autoconfig.host.example"), "customer.example"),
        (asking(emailaddress="Jane@CUSTOMER.example."), "customer.example"),
        (asking(domain="customer.example", host="host.example"), "customer.example"),
        (asking(host="autoconfig.customer.example"), "customer.example"),
        (asking(host="customer.example:8080"), "customer.example"),
        (asking(emailaddress="jane@alias.example"), "alias.example"),
        (asking(host="alias.example"), "alias.example"),
    ],
)
async def test_a_client_gets_what_it_asks_for(
    publishing: Publishing, request_: ClientRequest, domain: str
) -> None:
    answer = await publishing.reply(SAFE, request_)
    assert f"<domain>{domain}</domain>" in answer.body.decode()
    assert b"imap.provider.example" in answer.body
    assert answer.is_personal is ("emailaddress" in request_.query)


@pytest.mark.parametrize(
    "request_",
    [
        asking(emailaddress="jane@unknown.example"),
        asking(emailaddress="jane@sub.customer.example"),
        asking(domain="unknown.example", host="customer.example"),
        asking(host="unknown.example"),
        asking(host="[::1]:8080"),
        asking(),
        asking(emailaddress="jane@away.example"),
        asking(emailaddress="jane@alias-of-away.example"),
        asking(host="autoconfig.away.example"),
        asking(host="alias-of-away.example"),
        # A domain that is suspended is not answered for by the host that it is asked at either.
        asking(emailaddress="jane@away.example", host="host.example"),
        asking(emailaddress="jane@unknown.example", host="away.example"),
    ],
)
async def test_unknown_and_suspended_domains_are_not_published(
    publishing: Publishing, request_: ClientRequest
) -> None:
    assert (await publishing.reply(SAFE, request_)).status == 404


@pytest.mark.parametrize(
    "request_",
    [
        asking(emailaddress="jane"),
        asking(emailaddress="jane@"),
        asking(domain="-"),
        asking(domain="localhost"),
    ],
)
async def test_what_names_no_domain_is_refused(publishing: Publishing, request_: ClientRequest) -> None:
    assert (await publishing.reply(SAFE, request_)).status == 400


@pytest.mark.parametrize("host", ["autoconfig.host.example", "host.example", "HOST.example.:443"])
async def test_a_domain_elsewhere_is_answered_for_by_the_host_of_its_mx(
    publishing: Publishing, host: str
) -> None:
    answer = await publishing.reply(SAFE, asking(emailaddress="jane@elsewhere.example", host=host))
    assert b"<domain>host.example</domain>" in answer.body
    # Not even in a user name: what is not stored is not spoken of.
    assert b"elsewhere" not in answer.body


async def test_a_host_of_an_mx_answers_for_others_where_it_is_an_alias_that_does(
    publishing: Publishing,
) -> None:
    host = "autoconfig.mx1.host.example"
    answer = await publishing.reply(SAFE, asking(emailaddress="jane@elsewhere.example", host=host))
    assert b"<domain>mx1.host.example</domain>" in answer.body
    assert b"elsewhere" not in answer.body


@pytest.mark.parametrize(
    "host",
    [
        "autoconfig.customer.example", "customer.example", "other.example", "mx2.host.example",
        "mx.mx1.host.example", None,
    ],
)  # fmt: skip
async def test_only_a_host_that_serves_mx_answers_for_others(
    publishing: Publishing, host: str | None
) -> None:
    question = Question(
        address=EmailAddress.parse("jane@elsewhere.example"),
        domains=(DomainName("elsewhere.example"),),
        mail_exchanger=None if host is None else DomainName.parse(host),
    )
    with pytest.raises(DomainNotFound):
        await publishing.settings(question)


async def test_a_domain_does_not_answer_for_itself_as_its_mx(store: Store, publishing: Publishing) -> None:
    async with store.writing() as unit:
        stored = await unit.domains.find(DomainName("host.example"))
        assert stored is not None
        await unit.domains.delete(stored)
    name = DomainName("host.example")
    with pytest.raises(DomainNotFound):
        await publishing.settings(Question(domains=(name,), mail_exchanger=name))


async def test_a_mailboxs_login_is_published_for_its_address_alone(
    store: Store, publishing: Publishing
) -> None:
    mailbox = a_mailbox(login="c1047-jane", servers=(an_imap_server(hostname="imap9.provider.example"),))
    await stored_mailbox(store, mailbox)
    for typed in ("jane", "JANE", "jane%2Bnews"):
        own = await publishing.reply(SAFE, asking(emailaddress=f"{typed}@customer.example"))
        assert b"<username>c1047-jane</username>" in own.body
        assert b"imap9.provider.example" in own.body
    for request in (asking(emailaddress="joe@customer.example"), asking(domain="customer.example")):
        other = await publishing.reply(SAFE, request)
        assert b"c1047" not in other.body
        assert b"imap9" not in other.body


async def test_an_alias_has_the_mailboxes_of_its_target(store: Store, publishing: Publishing) -> None:
    await stored_mailbox(store, a_mailbox(login="c1047-jane"))
    answer = await publishing.reply(SAFE, asking(emailaddress="jane@alias.example"))
    assert b"<username>c1047-jane</username>" in answer.body


async def test_all_local_parts_of_a_domain_get_the_same_bytes(publishing: Publishing) -> None:
    typed = (
        "jane",
        "nobody",
        "postmaster",
        "0",
        "a.b.c",
        "%22quoted%20one%22",
        "jörg",
        "..",
        "a..b",
        "x" * 70,
    )
    answers = [
        await publishing.reply(SAFE, asking(emailaddress=f"{local_part}@customer.example"))
        for local_part in typed
    ]
    assert len({answer.body for answer in answers}) == 1


async def test_the_full_document_names_the_other_domains_and_the_safe_one_does_not(store: Store) -> None:
    await stored_provider(store, a_provider(list_domains=True))
    await stored_domain(store)
    await stored_domain(store, a_domain("other.example"))
    publishing = Publishing(store)
    question = Question(domains=(CUSTOMER,))
    assert b"other.example" in (await publishing.document(FULL, question, Presentation())).body
    assert b"other.example" not in (await publishing.document(SAFE, question, Presentation())).body


async def test_a_domain_without_mail_servers_is_not_published(store: Store) -> None:
    await stored_provider(store, a_provider(servers=()))
    await stored_domain(store)
    for client_format in (SAFE, FULL):
        question = Question(domains=(CUSTOMER,))
        with pytest.raises(DocumentNotPossible, match="without a server to receive from"):
            await Publishing(store).document(client_format, question, Presentation())


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (None, "it needs an address"),
        ("jane@customer.example", "OAuth 2 cannot be said"),
    ],
)
async def test_a_document_that_cannot_be_made_is_refused_with_the_reasons(
    store: Store, address: str | None, reason: str
) -> None:
    oauth2 = (Authentication.OAUTH2,)
    servers = (an_imap_server(authentication=oauth2), an_smtp_server(authentication=oauth2))
    await stored_provider(store, a_provider(servers=servers))
    await stored_domain(store)
    question = Question(address=None if address is None else EmailAddress.parse(address), domains=(CUSTOMER,))
    with pytest.raises(DocumentNotPossible, match=reason) as caught:
        await Publishing(store).document(FORMATS_BY_NAME["mobileconfig"], question, Presentation())
    assert "jane" not in str(caught.value)


async def test_only_what_is_signable_is_signed(publishing: Publishing, store: Store, tmp_path: Path) -> None:
    certificate, key, _chain = a_chain().write(tmp_path)
    signer = Signer(CredentialFiles(certificate=certificate, key=key), FixedClock())
    signing = Publishing(store, signer)
    request = asking(emailaddress="jane@customer.example")
    mobileconfig = FORMATS_BY_NAME["mobileconfig"]
    plain, signed = [await one.reply(mobileconfig, request) for one in (publishing, signing)]
    assert plain.body != signed.body
    assert plain.body in signed.body
    assert await signing.reply(SAFE, request) == await publishing.reply(SAFE, request)
    missing = await signing.reply(mobileconfig, asking())
    assert missing.status == 400
    assert missing.body.startswith(b"emailaddress: is needed")
    signer.close()


async def test_nothing_is_signed_without_a_certificate(publishing: Publishing) -> None:
    with pytest.raises(InvalidInput, match="SIGNPOST_SIGNING_CERTIFICATE"):
        await publishing.signed(Document(body=b"content", media_type="text/plain"))


@pytest.mark.parametrize("name", ["away.example", "alias-of-away.example"])
async def test_a_preview_shows_suspended_domains_and_says_so(publishing: Publishing, name: str) -> None:
    settings, status = await publishing.preview(OPERATOR, DomainName(name), None)
    assert status is DomainStatus.SUSPENDED
    assert settings.domain == DomainName(name)
    assert settings.address is None
    assert len(settings.servers) == 3


async def test_a_preview_is_for_one_address_where_asked(store: Store, publishing: Publishing) -> None:
    await stored_mailbox(store, a_mailbox(login="c1"))
    settings, status = await publishing.preview(OPERATOR, CUSTOMER, "jane")
    assert status is DomainStatus.ACTIVE
    assert settings.address == EmailAddress.parse("jane@customer.example")
    assert {server.username for server in settings.servers} == {"c1"}


async def test_a_preview_checks_the_local_part_the_scope_and_the_provider(publishing: Publishing) -> None:
    with pytest.raises(InvalidInput) as refused:
        await publishing.preview(OPERATOR, CUSTOMER, "a b")
    assert [issue.field for issue in refused.value.issues] == ["local_part"]
    with pytest.raises(NotPermitted):
        await publishing.preview(a_caller(Scope.DOMAINS_WRITE.value), CUSTOMER, None)
    with pytest.raises(DomainNotFound):
        await publishing.preview(a_caller(provider="other"), CUSTOMER, None)
    with pytest.raises(DomainNotFound):
        await publishing.preview(OPERATOR, DomainName("unknown.example"), None)


async def test_a_preview_lists_domains_where_asked(store: Store) -> None:
    await stored_provider(store, a_provider(list_domains=True, servers=(a_url_server(),)))
    await stored_domain(store)
    for listed in (False, True):
        settings, _ = await Publishing(store).preview(OPERATOR, CUSTOMER, None, listed=listed)
        assert bool(settings.listed_domains) is listed
