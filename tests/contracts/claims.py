"""What a document of each format claims about an account's servers, read with nothing of ours.

A claim says as much of a server as its format does, in the format's own words for methods; None is what
the format never says. What a format always says is read so that leaving it out is an error here.
"""

from __future__ import annotations

import json
import plistlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree as ET

import dns.rdatatype
import dns.zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

POX = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"
MOBILESYNC = "{http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006}"
SOAP = "{http://schemas.microsoft.com/exchange/2010/Autodiscover}"
MAIL = ("imap", "pop3", "smtp")
SECTION_TYPES = {"activeSync": "activesync", "xmpptcp": "xmpp"}
SECURITY = {"SSL": "tls", "STARTTLS": "starttls", "plain": "plain"}
STARTTLS_PORTS = {"imap": 143, "pop3": 110, "smtp": 587}
PACC_PORTS = {"imap": 993, "pop3": 995, "smtp": 465, "managesieve": 4190}
SCHEME_PORTS = {"https": 443, "http": 80, "wss": 443}
LABELS = {
    "_imaps": ("imap", "tls"), "_imap": ("imap", "starttls"),
    "_pop3s": ("pop3", "tls"), "_pop3": ("pop3", "starttls"),
    "_submissions": ("smtp", "tls"), "_submission": ("smtp", "starttls"),
    "_sieve": ("managesieve", "starttls"),
    "_ldaps": ("ldap", "tls"), "_ldap": ("ldap", "starttls"),
    "_xmpps-client": ("xmpp", "tls"), "_xmpp-client": ("xmpp", "starttls"),
    "_caldavs": ("caldav", "tls"), "_caldav": ("caldav", "plain"),
    "_carddavs": ("carddav", "tls"), "_carddav": ("carddav", "plain"),
    "_jmap": ("jmap", "tls"),
}  # fmt: skip


@dataclass(frozen=True)
class Claim:
    service: str
    host: str | None
    """None where only the login is told."""
    port: int | None
    security: frozenset[str]
    """Of tls, starttls and plain; several where clients of the format cannot tell them apart."""
    login: frozenset[str] | None
    """What clients log in as; several where they try one after the other."""
    methods: tuple[str, ...] | None
    path: str | None = None
    """With the query; None for servers that have no URL."""


Claims = list[Claim]


def at_url(
    service: str,
    url: str,
    login: str | None,
    methods: tuple[str, ...] | None,
    *,
    is_path_said: bool = True,
) -> Claim:
    parts = urlsplit(url)
    return Claim(
        service=service,
        host=parts.hostname or "",
        port=parts.port or SCHEME_PORTS[parts.scheme],
        security=frozenset({"plain" if parts.scheme == "http" else "tls"}),
        login=None if login is None else frozenset({login}),
        methods=methods,
        path=place(parts.path, parts.query) if is_path_said else None,
    )


def place(path: str, query: str = "") -> str:
    return unquote(path or "/") + (f"?{unquote(query)}" if query else "")


def filled(pattern: str, address: str, *, in_url: bool = False) -> str:
    """Fill in placeholders as clients do."""
    local_part, _, domain = address.rpartition("@")
    values = {"%EMAILADDRESS%": address, "%EMAILLOCALPART%": local_part, "%EMAILDOMAIN%": domain}
    for placeholder, value in values.items():
        pattern = pattern.replace(placeholder, quote(value, safe="@") if in_url else value)
    return pattern


def autoconfig(body: bytes, address: str) -> Claims:
    root = ET.fromstring(body)  # noqa: S314 - our own document
    sections = ("addressbook", "calendar", "fileShare", "chatServer", "setupServer")
    return [
        claim
        for node in root.iter()
        if node.tag in ("incomingServer", "outgoingServer", *sections)
        for claim in autoconfig_section(node, address)
    ]


def autoconfig_section(node: ET.Element, address: str) -> Iterator[Claim]:
    kind = node.get("type", "")
    service = SECTION_TYPES.get(kind, kind)
    plain_leaves = [leaf for leaf in node.findall("authentication") if not leaf.attrib]
    methods = tuple((leaf.text or "").lower() for leaf in plain_leaves)
    username = node.findtext("username")
    login = None if username is None else filled(username, address)
    url = node.findtext("url")
    if url is not None:
        yield at_url(service, filled(url, address, in_url=True), login, methods)
        return
    yield Claim(
        service=service,
        host=filled(text_of(node, "hostname"), address),
        port=int(text_of(node, "port")),
        security=frozenset({SECURITY[text_of(node, "socketType")]}),
        login=None if login is None else frozenset({login}),
        methods=methods,
    )
    for tag, name in (("ewsURL", "ews"), ("owaURL", "owa"), ("easURL", "activesync")):
        address_of = node.findtext(tag)
        if address_of is not None:
            yield at_url(name, filled(address_of, address, in_url=True), login, methods)


def text_of(node: ET.Element, tag: str) -> str:
    text = node.findtext(tag)
    assert text, f"{node.tag} has no {tag}"
    return text


def autodiscover(body: bytes, address: str) -> Claims:
    account = ET.fromstring(body).find(f"{POX}Response/{POX}Account")  # noqa: S314
    assert account is not None
    if text_of(account, f"{POX}Action") == "redirectUrl":
        url = filled(text_of(account, f"{POX}RedirectUrl"), address, in_url=True)
        return [at_url("autodiscover", url, None, None)]
    found: dict[str, Claim] = {}
    for node in account.findall(f"{POX}Protocol"):
        for claim in pox_protocol(node, address):
            # EXCH, EXPR, EXHTTP and WEB tell the same URL; the one that says how to log in counts.
            known = found.setdefault(claim.service, claim)
            assert (known.host, known.port, known.path) == (claim.host, claim.port, claim.path)
            if known.methods is None:
                found[claim.service] = claim
    return list(found.values())


def pox_protocol(node: ET.Element, address: str) -> Iterator[Claim]:
    kind = node.findtext(f"{POX}Type")
    if node.get("Type") == "mapiHttp":
        for store, ending in (("MailStore", "emsmdb"), ("AddressBook", "nspi")):
            for name in ("InternalUrl", "ExternalUrl"):
                url = text_of(node, f"{POX}{store}/{POX}{name}")
                assert f"/{ending}/" in url
                yield at_url(
                    "mapi", filled(url, address, in_url=True).replace(f"/{ending}/", "/"), None, None
                )
    elif kind in ("IMAP", "POP3", "SMTP"):
        yield pox_mail(node, kind.lower(), address)
    elif kind == "WEB":
        yield from pox_web(node, address)
    else:
        yield from pox_exchange(node, address)


def pox_mail(node: ET.Element, service: str, address: str) -> Claim:
    encryption = {"SSL": "tls", "TLS": "starttls", "None": "plain"}[text_of(node, f"{POX}Encryption")]
    has_tls = text_of(node, f"{POX}SSL") == "on"
    assert has_tls is (encryption != "plain"), "the pair that Outlook and Thunderbird need"
    method = "secure" if text_of(node, f"{POX}SPA") == "on" else "password"
    return Claim(
        service=service,
        host=filled(text_of(node, f"{POX}Server"), address),
        port=int(text_of(node, f"{POX}Port")),
        security=frozenset({encryption}),
        login=frozenset({filled(text_of(node, f"{POX}LoginName"), address)}),
        methods=(method if text_of(node, f"{POX}AuthRequired") == "on" else "open",),
    )


def pox_exchange(node: ET.Element, address: str) -> Iterator[Claim]:
    package = node.findtext(f"{POX}AuthPackage")
    for name in ("EwsUrl", "ASUrl", "OOFUrl"):
        url = filled(text_of(node, f"{POX}{name}"), address, in_url=True)
        server = node.findtext(f"{POX}Server")
        assert server is None or filled(server, address) == urlsplit(url).hostname
        assert node.findtext(f"{POX}SSL") in (None, "on" if url.startswith("https:") else "off")
        yield at_url("ews", url, None, None if package is None else (package,))


def pox_web(node: ET.Element, address: str) -> Iterator[Claim]:
    leaf = node.find(f"{POX}External/{POX}OWAUrl")
    assert leaf is not None
    methods = tuple(leaf.attrib["AuthenticationMethod"].split(", "))
    yield at_url("owa", filled(leaf.text or "", address, in_url=True), None, methods)
    ews = node.findtext(f"{POX}External/{POX}Protocol/{POX}ASUrl")
    if ews is not None:
        yield at_url("ews", filled(ews, address, in_url=True), None, None)


def mobilesync(body: bytes, address: str) -> Claims:
    found = []
    for node in ET.fromstring(body).iter(f"{MOBILESYNC}Server"):  # noqa: S314
        assert text_of(node, f"{MOBILESYNC}Type") == "MobileSync"
        url = text_of(node, f"{MOBILESYNC}Url")
        assert text_of(node, f"{MOBILESYNC}Name") == url
        found.append(at_url("activesync", filled(url, address, in_url=True), None, None))
    return found


def version_2(bodies: Mapping[str, bytes], own_host: str) -> Claims:
    """Read the answers to the protocols that were asked for; POX at one's own host is no claim."""
    found = []
    for protocol, service in (("ActiveSync", "activesync"), ("Ews", "ews")):
        answer = json.loads(bodies[protocol])
        if "Url" in answer:
            assert answer["Protocol"] == protocol
            found.append(at_url(service, answer["Url"], None, None))
        else:
            assert answer["ErrorCode"] == "InvalidProtocol"
    pox = json.loads(bodies["AutodiscoverV1"])["Url"]
    return found if urlsplit(pox).hostname == own_host else [*found, at_url("autodiscover", pox, None, None)]


def soap(body: bytes, address: str) -> Claims:
    root = ET.fromstring(body)  # noqa: S314
    target = next(root.iter(f"{SOAP}RedirectTarget"))
    if target.text:
        assert target.text.endswith(".svc"), "programs post their calls to just this address"
        pox = f"{target.text.removesuffix('.svc')}.xml"
        return [at_url("autodiscover", filled(pox, address, in_url=True), None, None)]
    settings = {
        text_of(node, f"{SOAP}Name"): node
        for tag in ("UserSetting", "DomainSetting")
        for node in root.iter(f"{SOAP}{tag}")
    }
    names = {"EwsUrl": "ews", "WebClientUrls": "owa"}
    names |= {f"{name}Connections": name.rstrip("4").lower() for name in ("Imap4", "Pop3", "Smtp")}
    found: dict[str, Claim] = {}
    for where in ("External", "Internal"):
        for name, service in names.items():
            node = settings.get(f"{where}{name}")
            if node is not None:
                claim = soap_setting(service, node, address)
                assert found.setdefault(service, claim) == claim, "the same within and without"
    return list(found.values())


def soap_setting(service: str, node: ET.Element, address: str) -> Claim:
    if service == "ews":
        return at_url("ews", filled(text_of(node, f"{SOAP}Value"), address, in_url=True), None, None)
    if service == "owa":
        client = node.find(f"{SOAP}WebClientUrls/{SOAP}WebClientUrl")
        assert client is not None
        methods = text_of(client, f"{SOAP}AuthenticationMethods").split(", ")
        return at_url("owa", filled(text_of(client, f"{SOAP}Url"), address), None, tuple(methods))
    connection = node.find(f"{SOAP}ProtocolConnections/{SOAP}ProtocolConnection")
    assert connection is not None
    method = connection.findtext(f"{SOAP}EncryptionMethod")
    return Claim(
        service=service,
        host=text_of(connection, f"{SOAP}Hostname"),
        port=int(text_of(connection, f"{SOAP}Port")),
        security=frozenset({{"SSL": "tls", "TLS": "starttls", "": "plain"}[method or ""]}),
        login=None,
        methods=None,
    )


def mobileconfig(body: bytes, _address: str) -> Claims:
    readers: dict[str, Callable[[dict[str, Any]], Iterator[Claim]]] = {
        "com.apple.mail.managed": apple_mail,
        "com.apple.caldav.account": lambda payload: apple_dav("caldav", "CalDAV", payload),
        "com.apple.carddav.account": lambda payload: apple_dav("carddav", "CardDAV", payload),
        "com.apple.eas.account": lambda payload: apple_exchange("activesync", payload),
        "com.apple.ews.account": lambda payload: apple_exchange("ews", payload),
        "com.apple.ldap.account": apple_ldap,
    }
    payloads = plistlib.loads(body)["PayloadContent"]
    return [claim for payload in payloads for claim in readers[payload["PayloadType"]](payload)]


def apple_mail(payload: dict[str, Any]) -> Iterator[Claim]:
    kind = {"EmailTypeIMAP": "imap", "EmailTypePOP": "pop3"}[payload["EmailAccountType"]]
    for service, prefix in ((kind, "IncomingMailServer"), ("smtp", "OutgoingMailServer")):
        port = payload[f"{prefix}PortNumber"]
        # One switch for both; the port tells STARTTLS from TLS.
        encrypted = "starttls" if port == STARTTLS_PORTS[service] else "tls"
        yield Claim(
            service=service,
            host=payload[f"{prefix}HostName"],
            port=port,
            security=frozenset({encrypted if payload[f"{prefix}UseSSL"] else "plain"}),
            login=frozenset({payload[f"{prefix}Username"]}),
            methods=(payload[f"{prefix}Authentication"],),
        )


def apple_dav(service: str, prefix: str, payload: dict[str, Any]) -> Iterator[Claim]:
    scheme = "https" if payload[f"{prefix}UseSSL"] else "http"
    login = payload.get(f"{prefix}Username")
    host = f"{payload[f'{prefix}HostName']}:{payload[f'{prefix}Port']}"
    yield at_url(service, f"{scheme}://{host}{payload.get(f'{prefix}PrincipalURL', '')}", login, None)


def apple_exchange(service: str, payload: dict[str, Any]) -> Iterator[Claim]:
    scheme = "https" if payload["SSL"] else "http"
    port = payload["Port"] if service == "ews" else SCHEME_PORTS[scheme]
    method = "OAuth" if payload.get("OAuth") else "password"
    assert ("OAuthSignInURL" in payload) is (method == "OAuth")
    path = payload.get("Path", "") if service == "ews" else "/Microsoft-Server-ActiveSync"
    yield at_url(service, f"{scheme}://{payload['Host']}:{port}{path}", payload["UserName"], (method,))


def apple_ldap(payload: dict[str, Any]) -> Iterator[Claim]:
    is_secure = payload["LDAPAccountUseSSL"]
    login = payload.get("LDAPAccountUserName")
    yield Claim(
        service="ldap",
        host=payload["LDAPAccountHostName"],
        port=636 if is_secure else 389,
        security=frozenset({"tls" if is_secure else "plain"}),
        login=None if login is None else frozenset({login}),
        methods=None,
    )


def pacc(body: bytes, address: str) -> Claims:
    document = json.loads(body)
    protocols, authentication = document["protocols"], document["authentication"]
    assert protocols.get("smtp") == protocols.get("submit")
    ways = {"password": authentication["password"], "oauth-public": "oauth-public" in authentication}
    methods = tuple(way for way, is_announced in ways.items() if is_announced)
    sockets = [
        Claim(service, protocols[service]["host"], port, frozenset({"tls"}), frozenset({address}), methods)
        for service, port in PACC_PORTS.items()
        if service in protocols
    ]
    urls = [
        at_url(service, protocols[service]["url"], address, methods)
        for service in ("jmap", "caldav", "carddav", "webdav")
        if service in protocols
    ]
    return sockets + urls


def zone(text: str, address: str) -> Claims:
    """Read SRV records, the preferred of a service first, with the paths of their TXT records."""
    local_part, _, domain = address.rpartition("@")
    records = dns.zone.from_text(text, origin=f"{domain}.", relativize=False, check_origin=False)
    found: list[tuple[int, Claim]] = []
    for name, _, record in records.iterate_rdatas(dns.rdatatype.SRV):
        label = str(name).partition(".")[0]
        priority, _weight, port, target = record.to_text().split()
        if label not in LABELS or target == ".":
            continue
        service, security = LABELS[label]
        is_mailbox = service not in ("ldap", "xmpp")
        claim = Claim(
            service=service,
            host=target.removesuffix("."),
            port=int(port),
            security=frozenset({security}),
            # What is tried, in this order (RFC 6186 §4).
            login=frozenset({address, local_part}) if is_mailbox else None,
            methods=None,
            path=txt_path(records, str(name)),
        )
        found.append((int(priority), claim))
    return [claim for _, claim in sorted(found, key=lambda one: one[0])]


def txt_path(records: dns.zone.Zone, name: str) -> str | None:
    texts = records.get_rdataset(name, dns.rdatatype.TXT)
    if texts is None:
        return None
    (record,) = texts
    value = b"".join(record.strings).decode()
    found = re.fullmatch(r"path=(/.*)", value)
    assert found, value
    return place(found[1])
