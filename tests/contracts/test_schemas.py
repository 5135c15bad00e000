"""Every autoconfig document validates, and the grammars refuse what clients would not survive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.core.documents import Presentation
from app.core.mail_choice import choose_mail, is_universal
from app.core.resolving import resolve
from app.parsers.autoconfig import parse_autoconfig
from app.renderers.autoconfig import render_full, render_safe

from builders import a_domain
from contracts import ispdb
from contracts.accounts import ACCOUNTS
from contracts.grammars import FORMAT, SAFE, faults

if TYPE_CHECKING:
    from app.core.account import AccountSettings


def can_be_safe(account: AccountSettings) -> bool:
    """Whether every mail server to publish is one that no client minds; else the first best is."""
    choice = choose_mail(account)
    return all(is_universal(server) for server in (choice.incoming, choice.smtp) if server is not None)


def check(account: AccountSettings) -> None:
    assert not faults(FORMAT, render_full(account, Presentation()).body)
    safe = render_safe(account, Presentation()).body
    assert not faults(FORMAT, safe)
    assert bool(faults(SAFE, safe)) is not can_be_safe(account)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_the_documents_of_an_account_validate(name: str) -> None:
    check(ACCOUNTS[name])


def test_the_documents_of_all_of_the_ispdb_validate() -> None:
    unsafe = set()
    for name, data in ispdb.files().items():
        parsed = parse_autoconfig(data, name.removesuffix(".xml").lower())
        first = parsed.domains[0]
        domain = a_domain(first.name.ascii, provider=parsed.provider.slug, serves_mx=first.serves_mx)
        account = resolve(parsed.provider, domain, listed_domains=parsed.domains)
        check(account)
        if not can_be_safe(account):
            unsafe.add(name)
    # Some providers have nothing encrypted, in one direction at least.
    assert 0 < len(unsafe) < 40


def test_originals_of_the_ispdb_are_not_what_is_checked_against() -> None:
    """The grammars are of our own emission: another order is refused."""
    assert any(faults(FORMAT, data) for data in ispdb.files().values())


WHOLE = render_safe(ACCOUNTS["full"], Presentation()).body.decode()
GROUPWARE = render_safe(ACCOUNTS["groupware"], Presentation()).body.decode()


def section(document: str, name: str, kind: str = "") -> str:
    """Cut a section out of a document, with its line end."""
    start = document.index(f"<{name}{kind and f' type={chr(34)}{kind}{chr(34)}'}")
    return document[start : document.index(f"</{name}>", start) + len(name) + 4]


def moved(document: str, part: str, before: str) -> str:
    return document.replace(part, "", 1).replace(before, part + before, 1)


IMAP = section(WHOLE, "incomingServer", "imap")
POP3 = section(WHOLE, "incomingServer", "pop3")
JMAP = section(WHOLE, "incomingServer", "jmap")
SMTP = section(WHOLE, "outgoingServer", "smtp")
SMTP_BARE = SMTP.replace("<username>%EMAILADDRESS%</username>", "")
CALENDAR = section(GROUPWARE, "calendar")
USERNAME = "<username>%EMAILADDRESS%</username>"
REFUSED_BY_BOTH = {
    "a version that does not know a section": GROUPWARE.replace('version="1.2"', 'version="1.1"'),
    "a version that does not know a type": WHOLE.replace('version="1.2"', 'version="1.1"'),
    "another version": WHOLE.replace('version="1.2"', 'version="2.0"'),
    "a namespace": WHOLE.replace("<clientConfig ", '<clientConfig xmlns="urn:a" '),
    "no domain": WHOLE.replace("<domain>customer.example</domain>", ""),
    "a domain in U-labels": WHOLE.replace("<domain>customer.example", "<domain>bücher.example"),
    "an id with a space": WHOLE.replace('id="provider.example"', 'id="The Provider"'),
    "a server of an unknown type": WHOLE.replace('type="imap"', 'type="imaps"'),
    "a further attribute of a server": WHOLE.replace('type="imap"', 'type="imap" system="x"'),
    "an attribute of a host name": WHOLE.replace("<hostname>imap", '<hostname a="b">imap'),
    "white space in a leaf": WHOLE.replace("<socketType>SSL<", "<socketType> SSL<", 1),
    "white space in a type": WHOLE.replace('type="imap"', 'type="imap "'),
    "an empty user name": WHOLE.replace(USERNAME, "<username/>", 1),
    "an empty name": WHOLE.replace("<displayName>The Provider</displayName>", "<displayName/>"),
    "a name that is too long": WHOLE.replace("The Provider", "The Provider" * 6),
    "a socket type of the draft's sample": WHOLE.replace("<socketType>SSL<", "<socketType>TLS<", 1),
    "no port": WHOLE.replace("<port>993</port>", ""),
    "port 0": WHOLE.replace("<port>993<", "<port>0<"),
    "port 65536": WHOLE.replace("<port>993<", "<port>65536<"),
    "no authentication": WHOLE.replace("<authentication>password-cleartext</authentication>", "", 1),
    "an unknown method": WHOLE.replace(">password-cleartext<", ">SCRAM-SHA-256<", 1),
    "Bearer": WHOLE.replace('system="http">Basic', 'system="http">Bearer'),
    "a port behind the socket type": WHOLE.replace(
        "<port>993</port>\n      <socketType>SSL</socketType>",
        "<socketType>SSL</socketType>\n      <port>993</port>",
    ),
    "a URL without a scheme": GROUPWARE.replace("<url>https://", "<url>//", 1),
    "a URL with a blank": GROUPWARE.replace("/calendars/", "/cal endars/"),
    "a calendar that is an address book": GROUPWARE.replace('type="caldav"', 'type="carddav"'),
    "a calendar inside the provider": moved(GROUPWARE, CALENDAR, "</emailProvider>"),
    "a calendar before the address book": moved(GROUPWARE, CALENDAR, "<addressbook"),
    "sending before receiving": moved(WHOLE, SMTP, "<incomingServer"),
    "a secret": WHOLE.replace("</oAuth2>", "<clientSecret>x</clientSecret></oAuth2>"),
}
REFUSED_AS_UNSAFE = {
    "a plain socket": WHOLE.replace("<socketType>SSL<", "<socketType>plain<", 1),
    "a plain socket beside the mail": GROUPWARE.replace(">STARTTLS<", ">plain<"),
    "POP3 first": moved(WHOLE, POP3, "<incomingServer"),
    "JMAP first": moved(WHOLE, JMAP, "<incomingServer"),
    "two IMAP servers": WHOLE.replace(IMAP, IMAP + IMAP),
    "two SMTP servers": WHOLE.replace(SMTP, SMTP + SMTP),
    "two calendars": GROUPWARE.replace(CALENDAR, CALENDAR + CALENDAR),
    "no user name": WHOLE.replace(SMTP, SMTP_BARE),
    "a method that K-9 does not know": WHOLE.replace(">password-cleartext<", ">GSSAPI<", 1),
    "a domain with an attribute": WHOLE.replace("<domain>", '<domain purpose="mx">'),
    "further domains": WHOLE.replace("<displayName>", "<domain>other.example</domain><displayName>"),
    "an id in capitals": WHOLE.replace('id="provider.example"', 'id="Provider.example"'),
}


@pytest.mark.parametrize("fault", REFUSED_BY_BOTH)
def test_a_fault_is_refused(fault: str) -> None:
    document = REFUSED_BY_BOTH[fault].encode()
    assert document.decode() not in (WHOLE, GROUPWARE)
    assert faults(FORMAT, document)
    assert faults(SAFE, document)


@pytest.mark.parametrize("fault", REFUSED_AS_UNSAFE)
def test_what_is_of_the_format_may_be_unsafe(fault: str) -> None:
    document = REFUSED_AS_UNSAFE[fault].encode()
    assert not faults(FORMAT, document)
    assert faults(SAFE, document)
