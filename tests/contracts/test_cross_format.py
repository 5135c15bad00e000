"""All formats of an account agree on host, port, TLS, login and authentication, or say why they cannot.

What is stored is read from the settings API. A format may leave a server out, with a reason that it tells
there; what it publishes must be a stored server to the letter, and the one that the other formats publish.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from app.api.schemas.domains import settings_to_read
from app.core.documents import ClientRequest, Presentation
from app.core.domains import DomainStatus
from app.core.servers import ServerType
from app.renderers import FORMATS_BY_NAME
from app.renderers.autodiscover import outlook
from app.renderers.autodiscover.exchange import Capabilities
from app.renderers.dns_records import RECORD_FORMS

from builders import a_pop3_server, an_account, an_imap_server, an_smtp_server
from contracts import claims
from contracts.accounts import ACCOUNTS, addressed
from contracts.claims import MAIL, Claim, at_url, filled
from contracts.dns_cases import DnsCase, everything
from contracts.method_words import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.core.account import AccountSettings, Omission

JANE = "jane@customer.example"
FOR_WHOLE_DOMAINS = ("autoconfig-full", "pacc", "zone")
"""Never asked about an address: clients log in with what was typed, which is the plain address here."""
ALL_CAPABILITIES = Capabilities(mapi_http=True, rpc_http=True, negotiate=True)
READERS: dict[str, Callable[[bytes, str], claims.Claims]] = {
    "autoconfig": claims.autoconfig,
    "autodiscover": claims.autodiscover,
    "mobileconfig": claims.mobileconfig,
    "autodiscover-soap": claims.soap,
    "autodiscover-mobilesync": claims.mobilesync,
    "pacc": claims.pacc,
    "autoconfig-full": claims.autoconfig,
}
# In this order: the first format that publishes a service says which server the others are to publish.
NAMES = (
    "autoconfig", "autodiscover", "autodiscover-capable", "mobileconfig", "autodiscover-soap",
    "autodiscover-json", "autodiscover-mobilesync", "zone", "pacc", "autoconfig-full",
)  # fmt: skip
OTHER_PORTS = an_account(an_imap_server(port=10993), a_pop3_server(port=10995), an_smtp_server(port=10465))
STORED = {**ACCOUNTS, "everything": everything(), "other-ports": OTHER_PORTS}
CASES = {**STORED, **{f"{name}, asked by address": addressed(account) for name, account in STORED.items()}}

PLACES = {
    "autodiscover": {*MAIL, "ews", "owa", "mapi", "autodiscover"},
    "autodiscover-capable": {*MAIL, "ews", "owa", "mapi", "autodiscover"},
    "autodiscover-soap": {*MAIL, "ews", "owa", "autodiscover"},
    "autodiscover-json": {"ews", "activesync", "autodiscover"},
    "autodiscover-mobilesync": {"activesync"},
    "mobileconfig": {*MAIL, "ews", "activesync", "caldav", "carddav", "ldap"},
    "pacc": {*MAIL, "jmap", "caldav", "carddav", "webdav", "managesieve"},
    "zone": {*MAIL, "jmap", "caldav", "carddav", "managesieve", "ldap", "xmpp"},
}
"""The services that a format has words for; autoconfig has them for all but two."""
ALL_SERVICES = {str(server_type) for server_type in ServerType}
WITHOUT_PLACE = {"not-in-format", "no-record-type"}
WHOLE_DOCUMENT = {"exchange-missing", "address-needed", "mail-missing"}
FOUND_BY_AUTODISCOVER = {"ews", "owa", "mapi", "activesync", "exchange", "autodiscover"}
"""What no record is for but the one that leads to Autodiscover."""
IN_PART = {
    "password-encrypted-not-in-format", "on-request", "autodiscover-not-in-format", "redirected",
}  # fmt: skip
"""Reasons of servers that are published all the same, but for one thing."""
NO_LOGIN = {"autodiscover-soap", "autodiscover-json", "autodiscover-mobilesync"}
UNIVERSAL = {"oauth2", "password-cleartext", "password-encrypted"}


@dataclass(frozen=True)
class Told:
    """What a format tells of an account."""

    claims: claims.Claims
    reasons: dict[str | None, set[str]]


@dataclass(frozen=True)
class Stored:
    key: str
    claim: Claim


def stored_servers(account: AccountSettings) -> list[Stored]:
    settings = settings_to_read(account, DomainStatus.ACTIVE, []).model_dump(mode="json")
    address = str(account.login_address or f"jane@{account.domain.ascii}")
    return [
        Stored(server["key"], claim)
        for server in settings["servers"]
        if server["type"] != "webmail"
        for claim in stored_claims(server, address)
    ]


def stored_claims(server: dict[str, Any], address: str) -> list[Claim]:
    login = None if server["username"] is None else filled(server["username"], address)
    methods = tuple(server["authentication"])
    if server["url"] is not None:
        return [at_url(server["type"], filled(server["url"], address, in_url=True), login, methods)]
    own = Claim(
        service=server["type"],
        host=filled(server["hostname"], address),
        port=server["port"],
        security=frozenset({server["socket_type"]}),
        login=None if login is None else frozenset({login}),
        methods=methods,
    )
    options = server["exchange"] or {}
    urls = {
        "ews": "ews_url",
        "owa": "owa_url",
        "activesync": "eas_url",
        "autodiscover": "autodiscover_url",
    }
    there = {service: options[field] for service, field in urls.items() if options.get(field)}
    entries = [
        at_url(service, filled(url, address, in_url=True), login, methods) for service, url in there.items()
    ]
    return [own, *entries]


def reasons_of(omissions: Iterable[Omission]) -> dict[str | None, set[str]]:
    reasons: dict[str | None, set[str]] = defaultdict(set)
    for omission in omissions:
        reasons[omission.server].add(omission.reason)
    return reasons


def told(name: str, account: AccountSettings) -> Told:
    address = account.login_address if name in FOR_WHOLE_DOMAINS else account.address
    typed = str(address or f"jane@{account.domain.ascii}")
    if name == "zone":
        planned = DnsCase(account).planned()
        text = RECORD_FORMS["zone"].render(planned).decode("ascii")
        return Told(claims.zone(text, typed), reasons_of(planned.omissions))
    if name == "autodiscover-json":
        client_format = FORMATS_BY_NAME[name]
        bodies = {
            protocol: client_format.inquire(ClientRequest(query=f"Email={JANE}&Protocol={protocol}"))
            .answer((account,))
            .body
            for protocol in ("AutodiscoverV1", "ActiveSync", "Ews")
        }
        omissions = client_format.render(account, Presentation()).omissions
        return Told(claims.version_2(bodies, "signpost.example"), reasons_of(omissions))
    if name == "autodiscover-capable":
        document = outlook.render(account, Presentation(), ALL_CAPABILITIES)
        name = "autodiscover"
    else:
        document = FORMATS_BY_NAME[name].render(account, Presentation())
    found = READERS[name](document.body, typed) if document.is_usable else []
    return Told(found, reasons_of(document.omissions))


@cache
def all_told(case: str) -> dict[str, Told]:
    return {name: told(name, CASES[case]) for name in NAMES}


def expected_methods(name: str, stored: Claim) -> tuple[str, ...]:
    """Return what an autoconfig document has to say, method for method."""
    assert stored.methods is not None
    if name == "autoconfig-full":
        return stored.methods
    if stored.service in MAIL:
        return tuple(method for method in stored.methods if method in UNIVERSAL) or stored.methods
    if stored.service in ("ews", "owa") and "http-basic" in stored.methods:
        return tuple(dict.fromkeys((*stored.methods, "password-cleartext")))
    return stored.methods


def differences(name: str, claim: Claim, stored: Claim, mail_login: frozenset[str]) -> list[str]:
    checks = {
        "host": claim.host == stored.host,
        "port": claim.port == stored.port,
        "TLS": stored.security <= claim.security,
        "path": is_same_path(name, claim, stored),
        "login": is_same_login(name, claim, stored, mail_login),
        "authentication": is_same_authentication(name, claim, stored),
    }
    return [what for what, is_same in checks.items() if not is_same]


def is_same_path(name: str, claim: Claim, stored: Claim) -> bool:
    if claim.service == "mapi":
        both = (
            re.sub(r"(emsmdb|nspi)/?(?=\?|$)", "", c.path or "").replace("/?", "?") for c in (claim, stored)
        )
        return len({path.rstrip("/") for path in both}) == 1
    # RFC 8620 has the path in /.well-known/jmap.
    return claim.path == stored.path or (name == "zone" and claim.service == "jmap")


def is_same_login(name: str, claim: Claim, stored: Claim, mail_login: frozenset[str]) -> bool:
    if claim.login is None:
        is_never_said = name in NO_LOGIN or (name.startswith("autodiscover") and claim.service not in MAIL)
        is_open = stored.methods == ("none",)
        is_directory = name == "zone" and claim.service in ("ldap", "xmpp")
        return stored.login is None or is_never_said or is_open or is_directory
    # A server that asks for no login is given the mailbox's, as docs/divergences.md has it.
    return (mail_login if stored.login is None else stored.login) <= claim.login


def is_same_authentication(name: str, claim: Claim, stored: Claim) -> bool:
    assert stored.methods is not None
    if claim.methods is None:
        is_mail_for_microsoft = name in NO_LOGIN and claim.service != "owa"
        is_url = name.startswith("autodiscover") and claim.service not in (*MAIL, "owa")
        is_apple_service = name == "mobileconfig" and claim.service in ("caldav", "carddav", "ldap")
        return is_mail_for_microsoft or is_url or is_apple_service or name == "zone"
    if name.startswith("autoconfig"):
        return claim.methods == expected_methods(name, stored)
    possible = said(name, claim, stored.methods)
    given = [method.lower() for method in claim.methods] if claim.service == "owa" else list(claim.methods)
    if "negotiate" in given:
        possible = ["negotiate" if word == "kerb" else word for word in possible]
    return bool(given) and set(given) <= set(possible)


def matched(case: str, name: str) -> dict[Claim, str]:
    """Return the key of the stored server that each claim is, or fail."""
    found = all_told(case)[name]
    servers = stored_servers(CASES[case])
    incoming = next((s.claim.login for s in servers if s.claim.service in MAIL and s.claim.login), None)
    typed = str(CASES[case].login_address or f"jane@{CASES[case].domain.ascii}")
    keys: dict[Claim, str] = {}
    for claim in found.claims:
        candidates = [server for server in servers if server.claim.service == claim.service]
        wrong = {s.key: differences(name, claim, s.claim, incoming or frozenset({typed})) for s in candidates}
        right = [key for key, what in wrong.items() if not what]
        assert right, f"{name} tells {claim}, which is no stored server: {wrong}"
        keys[claim] = next((key for key in right if key not in found.reasons), right[0])
    return keys


each_case = pytest.mark.parametrize("case", CASES)
each_name = pytest.mark.parametrize("name", NAMES)


@each_case
@each_name
def test_a_format_tells_stored_servers_to_the_letter_or_says_why_not(case: str, name: str) -> None:
    keys = set(matched(case, name).values())
    reasons = all_told(case)[name].reasons
    for server in stored_servers(CASES[case]):
        if name == "zone" and server.claim.service in FOUND_BY_AUTODISCOVER:
            continue
        is_explained = bool(reasons.get(server.key)) or not WHOLE_DOCUMENT.isdisjoint(reasons.get(None, ()))
        assert server.key in keys or is_explained, f"{name} leaves out {server.key} without a word"
        if server.claim.service in PLACES.get(name, ALL_SERVICES - {"ldap", "mapi"}):
            assert WITHOUT_PLACE.isdisjoint(reasons.get(server.key, ())), f"{name} has a place for {server}"
    for key in keys:
        assert reasons.get(key, set()) <= IN_PART, f"{name} tells of {key} and says that it does not"


def references(case: str) -> dict[str, str]:
    """Return for each service the key of the server that all formats are to publish.

    Of mail it is the one that the first format has, of others the first one stored.
    """
    found: dict[str, str] = {}
    for name in NAMES:
        for claim, key in matched(case, name).items():
            if claim.service in MAIL:
                found.setdefault(claim.service, key)
    for server in stored_servers(CASES[case]):
        found.setdefault(server.claim.service, server.key)
    # Old Thunderbird's entry is no service of its own; its URLs are.
    found.pop("exchange", None)
    return found


def may_replace(name: str, service: str) -> bool:
    """Tell whether a format may take another server in place of one that it gives a reason for."""
    # FairEmail's one user name makes autoconfig do so, beside the mail.
    return name in ("pacc", "zone") or (name == "autoconfig" and service not in MAIL)


@each_case
@each_name
def test_all_formats_tell_of_the_same_server_or_say_why_not(case: str, name: str) -> None:
    reasons = all_told(case)[name].reasons
    keys = matched(case, name)
    for service, key in references(case).items():
        of_service = [(claim, found) for claim, found in keys.items() if claim.service == service]
        if any(found == key for _, found in of_service):
            check_preference(name, key, of_service)
        elif name != "zone" or service not in FOUND_BY_AUTODISCOVER:
            # That there is another one says nothing about this one, unless it is an entry of several.
            is_entry = sum(server.key == key for server in stored_servers(CASES[case])) > 1
            why = reasons.get(key, set()) - (set() if is_entry else {"further-server"})
            if of_service:
                assert may_replace(name, service), f"{name} tells of {of_service} in place of {key}"
            else:
                why |= reasons.get(None, set()) & WHOLE_DOCUMENT
            assert why, f"{name} does not tell of {key} for {service}, without a reason"


def check_preference(name: str, key: str, of_service: list[tuple[Claim, str]]) -> None:
    """Records put TLS before STARTTLS, the full document has the stored order; others have one server."""
    (first, first_key), *others = of_service
    if first_key == key or name == "autoconfig-full":
        return
    assert name == "zone", f"{name} prefers {first_key} to {key}"
    preferred = next(claim for claim, found in others if found == key)
    assert (first.security, preferred.security) == (frozenset({"tls"}), frozenset({"starttls"}))


@each_case
def test_the_full_document_has_the_stored_servers_in_their_order(case: str) -> None:
    told_claims = all_told(case)["autoconfig-full"].claims
    keys = matched(case, "autoconfig-full")
    for mail in (("imap", "pop3"), ("smtp",)):
        stored = [server.key for server in stored_servers(CASES[case]) if server.claim.service in mail]
        if told_claims:
            assert [keys[claim] for claim in told_claims if claim.service in mail] == stored


@each_case
@each_name
def test_the_one_method_of_a_format_is_one_that_autoconfig_tells_of(case: str, name: str) -> None:
    if name == "autoconfig-full":
        return
    by_key = {key: claim for claim, key in matched(case, "autoconfig").items()}
    for claim, key in matched(case, name).items():
        asked = by_key.get(key)
        if claim.methods is not None and asked is not None and asked.methods is not None:
            words = {word.lower() for word in said(name, claim, asked.methods)}
            if claim.methods == ("negotiate",):
                words.add("negotiate")
            assert {method.lower() for method in claim.methods} <= words


@each_case
def test_records_lead_to_autodiscover_where_it_tells_of_exchange(case: str) -> None:
    services = {server.claim.service for server in stored_servers(CASES[case])}
    text = RECORD_FORMS["zone"].render(DnsCase(CASES[case]).planned()).decode("ascii")
    if not services.isdisjoint(FOUND_BY_AUTODISCOVER):
        assert f"\n_autodiscover._tcp.{CASES[case].domain.ascii}. " in text


@each_case
def test_pox_says_where_it_cannot_say_that_a_password_is_encrypted(case: str) -> None:
    stored = {server.key: server.claim for server in stored_servers(CASES[case])}
    reasons = all_told(case)["autodiscover"].reasons
    for claim, key in matched(case, "autodiscover").items():
        methods = stored[key].methods or ()
        is_encrypted_only = "password-encrypted" in methods and "password-cleartext" not in methods
        is_told = claim.service in MAIL and claim.methods == ("password",) and is_encrypted_only
        assert ("password-encrypted-not-in-format" in reasons.get(key, set())) is is_told


@each_case
def test_pacc_says_all_ways_to_log_in_that_its_mail_servers_share(case: str) -> None:
    keys = matched(case, "pacc")
    stored = {server.key: server.claim for server in stored_servers(CASES[case])}
    mail = [(claim, key) for claim, key in keys.items() if claim.service in MAIL]
    for claim, _ in mail:
        ways = [set(said("pacc", claim, stored[key].methods or ())) for _, key in mail]
        has_issuer = CASES[case].provider.oauth2 is not None
        shared = set.intersection(*ways) - (set() if has_issuer else {"oauth-public"})
        assert set(claim.methods or ()) == shared


def test_every_format_is_compared() -> None:
    assert set(NAMES) - {"zone", "autodiscover-capable"} == set(FORMATS_BY_NAME)


def test_an_address_with_a_tag_and_capitals_logs_in_as_its_mailbox() -> None:
    account = ACCOUNTS["many-servers-address"]
    assert str(account.address) != str(account.login_address)
    for name in ("autoconfig", "autodiscover", "mobileconfig"):
        logins = {claim.login for claim in told(name, account).claims if claim.service == "imap"}
        assert logins == {frozenset({"jane.doe@customer.example"})}, name
