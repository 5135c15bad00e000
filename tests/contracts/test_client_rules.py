"""What mail clients insist on (protocol brief §1.3): a row for each fault that one of them makes.

Each row stores what triggers the fault and shows it with the full document, which has everything; the
safe document has to spare that client, and to serve all the others too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from app.core.documents import Presentation
from app.core.domains import Mailbox
from app.core.names import EmailAddress
from app.core.provider import InputField, LocalisedText, Page
from app.core.resolving import resolve
from app.core.servers import Authentication, LoginForm, Server, ServerType, SocketType, WebmailOptions
from app.parsers.autoconfig import parse_autoconfig
from app.renderers import autoconfig

from builders import (
    a_domain,
    a_pop3_server,
    a_provider,
    a_url_server,
    an_account,
    an_imap_server,
    an_smtp_server,
)
from contracts import ispdb
from contracts.accounts import ACCOUNTS, HOSTILE
from contracts.clients.readers import READERS, is_served, pairs
from contracts.clients.settings import Configured, Security

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.account import AccountSettings

    from contracts.clients.settings import Result
    from contracts.clients.settings import Server as ReadServer

MAIL_TYPES = {ServerType.IMAP, ServerType.POP3, ServerType.SMTP}
JANE = "jane@customer.example"
CLEARTEXT = Authentication.PASSWORD_CLEARTEXT
LOCAL_PART, COMPOSED = "%EMAILLOCALPART%", "%EMAILLOCALPART%@%EMAILDOMAIN%"
NAMELESS: dict[str, Any] = {"username": None, "authentication": (Authentication.NONE,)}


def safe(account: AccountSettings) -> bytes:
    return autoconfig.render_safe(account, Presentation()).body


def full(account: AccountSettings) -> bytes:
    return autoconfig.render_full(account, Presentation()).body


def refused(result: Result) -> bool:
    return not is_served(result)


def servers_of(result: Result) -> tuple[ReadServer, ...]:
    assert isinstance(result, Configured), result
    return (*result.incoming, *result.outgoing)


def logs_in_otherwise(result: Result) -> bool:
    """Tell whether any server is logged in to as somebody else than Jane, by her address."""
    return any(server.username != JANE for server in servers_of(result))


def logs_in_without_local_part(result: Result) -> bool:
    return any(server.username != "00123" for server in servers_of(result))


def takes_the_second(result: Result) -> bool:
    """Tell whether the first choice of any type is not the provider's first."""
    assert isinstance(result, Configured), result
    return any(server.hostname == "second.provider.example" for server in servers_of(result))


def is_unencrypted(result: Result) -> bool:
    return any(server.security is Security.PLAIN for server in servers_of(result)[:1])


@dataclass(frozen=True)
class Fault:
    client: str
    account: AccountSettings
    shows: Callable[[Result], bool] = refused


def second(server: Server, **changes: Any) -> Server:
    return replace(server, key=f"{server.key}-second", hostname="second.provider.example", **changes)


def a_webmail(username: str) -> Server:
    form = LoginForm(url="https://webmail.provider.example/", username=username)
    options = WebmailOptions(login_form=form)
    return Server(key="webmail", type=ServerType.WEBMAIL, url=form.url, options=options)


def account(*servers: Server, address: str = JANE, **provider: Any) -> AccountSettings:
    return an_account(*servers, address=address, **provider)


IMAP, POP3, SMTP = an_imap_server(), a_pop3_server(), an_smtp_server()
PLAIN_IMAP = second(IMAP, port=143, socket_type=SocketType.PLAIN)
PLAIN_SMTP = second(SMTP, port=25, socket_type=SocketType.PLAIN)
STARTTLS_SMTP = second(SMTP, port=587, socket_type=SocketType.STARTTLS)

FAULTS: dict[str, Fault] = {
    # Thunderbird
    "an id that is no host name loses the file": Fault("thunderbird", account(IMAP, SMTP, identifier="a..b")),
    "a user name that looks like a number becomes another": Fault(
        "thunderbird",
        an_account(
            replace(IMAP, username="00123"), replace(SMTP, username="00123"), address="00123@customer.example"
        ),
        logs_in_without_local_part,
    ),
    "an outgoing server without a user name is logged in to as undefined": Fault(
        "thunderbird", account(IMAP, replace(SMTP, username=None)), logs_in_otherwise
    ),
    "the first server counts, even an unencrypted one": Fault(
        "thunderbird", account(PLAIN_IMAP, IMAP, SMTP), is_unencrypted
    ),
    "a method that only a desktop has comes first": Fault(
        "thunderbird",
        account(second(IMAP, authentication=(Authentication.GSSAPI,)), IMAP, SMTP),
        takes_the_second,
    ),
    # Thunderbird for Android and K-9
    "an unencrypted incoming server loses the file": Fault(
        "thunderbird_android", account(IMAP, PLAIN_IMAP, SMTP)
    ),
    "an unencrypted outgoing server loses the file": Fault(
        "thunderbird_android", account(IMAP, SMTP, PLAIN_SMTP)
    ),
    "an incoming server with Kerberos alone loses the file": Fault(
        "thunderbird_android", account(IMAP, second(IMAP, authentication=(Authentication.GSSAPI,)), SMTP)
    ),
    "an outgoing server with NTLM alone loses the file": Fault(
        "thunderbird_android", account(IMAP, SMTP, second(SMTP, authentication=(Authentication.NTLM,)))
    ),
    "an outgoing server without authentication loses the file": Fault(
        "thunderbird_android",
        account(IMAP, SMTP, second(SMTP, authentication=(Authentication.CLIENT_IP_ADDRESS,))),
    ),
    "an outgoing server without a user name loses the file": Fault(
        "thunderbird_android", account(IMAP, SMTP, second(SMTP, username=None))
    ),
    "an outgoing server that needs no user name loses the file for lack of one": Fault(
        "thunderbird_android", account(IMAP, replace(SMTP, username=None))
    ),
    "an illegal id loses the file on Android, too": Fault(
        "thunderbird_android", account(IMAP, SMTP, identifier="a.-b")
    ),
    # Delta Chat
    "a section without a user name is dropped": Fault(
        "delta_chat", account(IMAP, replace(SMTP, username=None))
    ),
    # Evolution
    "the last incoming server of a type counts": Fault(
        "evolution", account(IMAP, second(IMAP, socket_type=SocketType.STARTTLS), SMTP), takes_the_second
    ),
    "the last outgoing server counts": Fault(
        "evolution", account(IMAP, SMTP, second(SMTP)), takes_the_second
    ),
    # GNOME Online Accounts
    "a literal user name is dropped for the address": Fault(
        "gnome_online_accounts",
        an_account(
            replace(IMAP, username="00123"), replace(SMTP, username="00123"), address="00123@customer.example"
        ),
        logs_in_without_local_part,
    ),
    # KMail
    "STARTTLS counts as stronger than TLS": Fault(
        "kmail", account(IMAP, SMTP, STARTTLS_SMTP), takes_the_second
    ),
    # FairEmail
    "an incoming server other than IMAP in front loses the file": Fault(
        "fairemail", account(POP3, IMAP, SMTP)
    ),
    "a service in front loses the file": Fault(
        "fairemail", account(a_url_server(ServerType.JMAP), IMAP, SMTP)
    ),
    "the user name of another incoming server counts": Fault(
        "fairemail",
        account(IMAP, replace(POP3, username=LOCAL_PART), SMTP, second(SMTP, username="x")),
        logs_in_otherwise,
    ),
    "the user name of the last outgoing server counts": Fault(
        "fairemail", account(IMAP, SMTP, second(SMTP, username=LOCAL_PART)), logs_in_otherwise
    ),
    "the user name of the outgoing server in front counts if it is alone": Fault(
        "fairemail",
        account(IMAP, second(SMTP, username=LOCAL_PART), SMTP, a_webmail(LOCAL_PART)),
        logs_in_otherwise,
    ),
    "the user name of a log-in form counts": Fault(
        "fairemail", account(IMAP, SMTP, a_webmail(LOCAL_PART)), logs_in_otherwise
    ),
    "a composed user name is taken as it is": Fault(
        "fairemail",
        account(replace(IMAP, username=COMPOSED), replace(SMTP, username=COMPOSED)),
        logs_in_otherwise,
    ),
    # Nextcloud
    "the first server of a type counts, whatever it takes": Fault(
        "nextcloud", account(PLAIN_IMAP, IMAP, SMTP), takes_the_second
    ),
    # Horde
    "the domain's placeholder is not known": Fault(
        "horde",
        account(replace(IMAP, username=COMPOSED), replace(SMTP, username=COMPOSED)),
        logs_in_otherwise,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_client_makes_its_fault_with_the_full_document(name: str) -> None:
    fault = FAULTS[name]
    assert fault.account.address is not None
    assert fault.shows(READERS[fault.client](full(fault.account), str(fault.account.address)))


@pytest.mark.parametrize("name", FAULTS)
def test_the_safe_document_spares_the_client_its_fault(name: str) -> None:
    fault = FAULTS[name]
    assert fault.account.address is not None
    assert not fault.shows(READERS[fault.client](safe(fault.account), str(fault.account.address)))


@pytest.mark.parametrize("name", FAULTS)
def test_the_safe_document_serves_every_client(name: str) -> None:
    found = FAULTS[name].account
    document, address = safe(found), str(found.address)
    assert [client for client, read in READERS.items() if not is_served(read(document, address))] == []


def test_every_client_has_a_row() -> None:
    assert {fault.client for fault in FAULTS.values()} == set(READERS)


def poisoned(found: AccountSettings) -> AccountSettings:
    """Put in front of and behind the servers all that some client makes a fault over."""
    before = (
        a_url_server(ServerType.JMAP, key="p-jmap"),
        replace(PLAIN_IMAP, key="p-imap"),
        # An encrypted one would be better than what some accounts have.
        second(replace(POP3, key="p-pop3"), username="other", port=110, socket_type=SocketType.PLAIN),
        replace(PLAIN_SMTP, key="p-smtp"),
        an_smtp_server(key="p-none", port=25, **NAMELESS),
    )
    behind = (
        a_url_server(ServerType.EWS, key="p-ews", username="other"),
        replace(second(IMAP), key="p-kerberos", authentication=(Authentication.GSSAPI,)),
        replace(second(SMTP), key="p-misprint", username="%EMAILADDRESS"),
        replace(a_webmail("other"), key="p-webmail"),
    )
    return replace(found, servers=(*before, *found.servers, *behind))


def with_hostile_texts(found: AccountSettings) -> AccountSettings:
    """Put markup, quotes and bidirectional controls wherever a text is shown."""
    page = Page(url="https://a.example/?q='&x=<>\"", descriptions=(LocalisedText(text=HOSTILE),))
    provider = replace(
        found.provider,
        display_name=HOSTILE,
        short_name=HOSTILE[:20].strip(),
        documentation=(page,),
        instructions=(page,),
        enable=(page,),
        input_fields=(InputField(key=HOSTILE[:40].strip(), label=HOSTILE, example=HOSTILE),),
    )
    return replace(found, provider=provider)


VARIANTS: dict[str, Callable[[AccountSettings], AccountSettings]] = {
    "as it is": lambda found: found,
    "hostile texts": with_hostile_texts,
    "poisoned": poisoned,
    "both": lambda found: with_hostile_texts(poisoned(found)),
}


def could_be_served(client: str, found: AccountSettings, address: str) -> bool:
    """Tell whether some pair of the account's own servers, alone in a document, would do."""
    return any(is_served(READERS[client](pair, address)) for pair in pairs(full(found)))


@pytest.mark.parametrize("name", ACCOUNTS)
def test_a_client_is_served_wherever_the_stored_servers_could_serve_it(name: str) -> None:
    found = ACCOUNTS[name]
    address = str(found.address or f"jane@{found.domain}")
    clients = [client for client in READERS if could_be_served(client, found, address)]
    for variant, vary in VARIANTS.items():
        document = safe(vary(found))
        for client in clients:
            assert is_served(READERS[client](document, address)), (variant, client)


@pytest.mark.parametrize(
    "name", [name for name, found in ACCOUNTS.items() if {one.type for one in found.servers} & MAIL_TYPES]
)
def test_all_clients_that_read_a_type_take_the_same_server_of_it(name: str) -> None:
    found = ACCOUNTS[name]
    address = str(found.address or f"jane@{found.domain}")
    for variant, vary in VARIANTS.items():
        taken = taken_servers(safe(vary(found)), address)
        assert taken, variant
        assert [places for places in taken.values() if len(places) != 1] == [], variant


def taken_servers(document: bytes, address: str) -> dict[str, set[tuple[str | None, int | None]]]:
    """Return the places that the clients would use, by type."""
    taken: dict[str, set[tuple[str | None, int | None]]] = {}
    for read in READERS.values():
        result = read(document, address)
        if isinstance(result, Configured):
            for server in (*result.incoming, *result.outgoing):
                if server.type in ("imap", "pop3", "smtp"):
                    taken.setdefault(server.type, set()).add((server.hostname, server.port))
    return taken


@pytest.mark.parametrize("name", ACCOUNTS)
def test_the_safe_document_has_the_form_that_every_client_survives(name: str) -> None:
    for vary in VARIANTS.values():
        check_form(vary(ACCOUNTS[name]))


def check_form(found: AccountSettings) -> None:
    document = safe(found)
    assert document.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<clientConfig version="1.')
    assert b"<!" not in document
    root = ET.fromstring(document)  # noqa: S314 - our own document
    provider = root.find("emailProvider")
    assert provider is not None
    assert [(node.text, node.attrib) for node in provider.findall("domain")] == [(found.domain.ascii, {})]
    assert (provider.get("id") or "").islower()
    for section in [*provider.findall("incomingServer"), *provider.findall("outgoingServer")]:
        assert set(section.attrib) == {"type"}
        plain = {node.text for node in section.findall("authentication") if not node.attrib}
        for node in section.iter():
            if node.attrib.get("system") == "http":
                # Thunderbird does not read it; the same method stands beside it.
                assert f"http-{(node.text or '').lower()}" in plain
            else:
                assert node is section or node.tag == "checkInterval" or not node.attrib
            # No white space of its own in what has no elements in it.
            assert len(node) or (node.text or "") == (node.text or "").strip()
        if section.get("type") in ("imap", "pop3", "smtp"):
            needed = {"hostname", "port", "socketType", "username", "authentication"}
            assert needed <= {node.tag for node in section}
    incoming = [node.get("type") for node in provider.findall("incomingServer")]
    assert len(incoming) == len(set(incoming))
    assert "imap" not in incoming[1:]
    assert len(provider.findall("outgoingServer")) <= 1


ISPDB_ADDRESS = "jane.doe"


def test_every_client_is_served_for_every_provider_of_the_ispdb_that_could_serve_it() -> None:
    missed: list[tuple[str, str, str | None]] = []
    for name, data in ispdb.files().items():
        file = parse_autoconfig(data, name.removesuffix(".xml").lower())
        domain = a_domain(file.domains[0].name.ascii, provider=file.provider.slug)
        address = f"{ISPDB_ADDRESS}@{domain.name}"
        for asked in (None, EmailAddress.parse(address)):
            found = resolve(file.provider, domain, address=asked)
            document = safe(found)
            missed.extend(
                (name, client, None if asked is None else address)
                for client, read in READERS.items()
                if not is_served(read(document, address)) and could_be_served(client, found, address)
            )
    assert missed == []


def test_a_numeric_log_in_of_a_mailbox_is_the_one_thing_that_cannot_be_told_to_thunderbird() -> None:
    jane = EmailAddress.parse(JANE)
    found = resolve(a_provider(), a_domain(), address=jane, mailbox=Mailbox(address=jane, login="00123"))
    results = {client: read(safe(found), JANE) for client, read in READERS.items()}
    wrong = {
        client
        for client, result in results.items()
        if any(server.username != "00123" for server in servers_of(result))
    }
    # GNOME takes nothing but a placeholder, which docs/formats/autoconfig.md says as well.
    assert wrong == {"thunderbird", "gnome_online_accounts"}
