"""A strict checker of Autodiscover documents: Microsoft's published elements, order, types and values.

Sources: the POX reference of the Exchange documentation, [MS-OXDSCLI] 2.2.4, [MS-ASCMD] 2.2.1.1 with its
schemas (6.2, 6.4), and protocol brief §2.4 to §2.9 where a client wants more than they say.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET  # documents of our own

SCHEMAS = "http://schemas.microsoft.com/exchange/autodiscover"
COMMON = f"{SCHEMAS}/responseschema/2006"
OUTLOOK = f"{SCHEMAS}/outlook/responseschema/2006a"
MOBILESYNC = f"{SCHEMAS}/mobilesync/responseschema/2006"

PROTOCOL_ORDER = (
    "Type", "Internal", "External", "TTL", "Server", "ServerDN", "ServerVersion", "MdbDN",
    "PublicFolderServer", "Port", "DirectoryPort", "ReferralPort", "ASUrl", "EwsUrl", "EmwsUrl",
    "SharingUrl", "EcpUrl", "OOFUrl", "OABUrl", "UMUrl", "EwsPartnerUrl", "LoginName", "DomainRequired",
    "DomainName", "SPA", "AuthPackage", "CertPrincipalName", "SSL", "Encryption", "AuthRequired",
    "UsePOPAuth", "SMTPLast", "NetworkRequirements", "MailStore", "AddressBook",
)  # fmt: skip
ACCOUNT_ORDER = (
    "AccountType", "Action", "MicrosoftOnline", "RedirectUrl", "RedirectAddr", "Image", "ServiceHome",
    "Protocol", "PublicFolderInformation",
)  # fmt: skip
USER_ORDER = ("DisplayName", "LegacyDN", "DeploymentId", "AutoDiscoverSMTPAddress")

URL = re.compile(r"https?://[!-~]+")
HTTPS_URL = re.compile(r"https://[!-~]+")
SWITCH = re.compile(r"on|off")
HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9-]{1,63})*")
NUMBER = re.compile(r"[0-9]{1,5}")
ADDRESS = re.compile(r"[^\x00-\x1f]+@[A-Za-z0-9.-]+|%EMAILADDRESS%")
TEXT = re.compile(r"\S(.*\S)?", re.DOTALL)
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,7})?")
VALUES = {
    "TTL": re.compile(r"[0-9]{1,6}"),
    "Server": HOST,
    "Port": NUMBER,
    "DirectoryPort": NUMBER,
    "ReferralPort": NUMBER,
    "ServerVersion": re.compile(r"[0-9A-Fa-f]{8}"),
    "AuthPackage": re.compile("basic|kerb|kerbntlm|ntlm|certificate|negotiate|nego2"),
    "Encryption": re.compile("None|SSL|TLS|Auto"),
    **dict.fromkeys(("DomainRequired", "SPA", "SSL", "AuthRequired", "UsePOPAuth", "SMTPLast"), SWITCH),
    **dict.fromkeys(
        ("ASUrl", "EwsUrl", "EmwsUrl", "SharingUrl", "EcpUrl", "OOFUrl", "OABUrl", "UMUrl", "EwsPartnerUrl"),
        URL,
    ),
}
MAIL_TYPES = ("IMAP", "POP3", "SMTP")
MAIL_NEEDS = {
    "Server", "Port", "LoginName", "DomainRequired", "SPA", "SSL", "Encryption", "AuthRequired",
}  # fmt: skip
MAIL_MAY = MAIL_NEEDS | {"Type", "TTL", "DomainName", "CertPrincipalName", "NetworkRequirements"}
EXCHANGE_MAY = {
    "Type", "TTL", "Server", "ServerVersion", "PublicFolderServer", "Port", "ASUrl", "EwsUrl", "EmwsUrl",
    "SharingUrl", "EcpUrl", "OOFUrl", "OABUrl", "UMUrl", "EwsPartnerUrl", "AuthPackage",
    "CertPrincipalName", "SSL", "AuthRequired",
}  # fmt: skip
MAY = {
    "IMAP": MAIL_MAY,
    "POP3": MAIL_MAY,
    "SMTP": MAIL_MAY | {"UsePOPAuth", "SMTPLast"},
    "EXCH": EXCHANGE_MAY | {"ServerDN", "MdbDN", "DirectoryPort", "ReferralPort"},
    "EXPR": EXCHANGE_MAY,
    "EXHTTP": EXCHANGE_MAY - {"AuthPackage", "ServerVersion"},
    "WEB": {"Type", "Internal", "External"},
}
NEEDS = {
    "IMAP": MAIL_NEEDS,
    "POP3": MAIL_NEEDS,
    "SMTP": MAIL_NEEDS | {"UsePOPAuth"},
    "EXCH": {"ASUrl", "EwsUrl"},
    "EXPR": {"Server", "ASUrl", "EwsUrl", "SSL"},
    "EXHTTP": {"Server", "ASUrl", "EwsUrl", "SSL"},
    "WEB": set[str](),
}
TLS_PAIRS = {("on", "SSL"), ("on", "TLS"), ("off", "None")}
OWA_METHODS = {"WindowsIntegrated", "FBA", "NTLM", "Digest", "Basic"}
ERROR_CODES = {500, 501, 600, 601, 602, 603}
JSON_PROTOCOLS = {"AutodiscoverV1", "ActiveSync", "Ews"}
JSON_STATUSES = {
    "InvalidProtocol": 400,
    "MandatoryParameterMissing": 400,
    "InvalidUserId": 400,
    "InvalidRequest": 400,
    "UserNotFound": 404,
    "InternalServerError": 503,
}


@dataclass(slots=True)
class Report:
    """What a document that holds says, for tests to look at."""

    kind: str
    """``settings``, ``redirectUrl``, ``redirectAddr``, ``mobilesync`` or ``error``."""
    error: int | None = None
    protocols: list[str] = field(default_factory=list)


class BrokenRuleError(AssertionError):
    """The document is not as Microsoft publishes it."""


def check(holds: object, rule: str) -> None:
    if not holds:
        raise BrokenRuleError(rule)


def check_pox(document: bytes, *, capabilities: frozenset[str] = frozenset()) -> Report:
    """Check a response to a client that can use these of ``mapiHttp``, ``EXHTTP`` and ``negotiate``."""
    root = _envelope(document)
    response = _only(root, "Response")
    namespace = response.tag.partition("}")[0][1:]
    if namespace == OUTLOOK:
        return _outlook(response, capabilities)
    if namespace == MOBILESYNC:
        return _mobilesync(response)
    check(namespace == COMMON, f"the response's namespace is {namespace}")
    return _error(response)


def _envelope(document: bytes) -> ET.Element:
    text = document.decode("utf-8")
    check(
        re.match(r'<\?xml version="1\.0" encoding="utf-8"\?>\s*<Autodiscover ', text, re.IGNORECASE), "start"
    )
    check("<!" not in text, "there is a DOCTYPE, a comment or a CDATA section")
    # Thunderbird compares qualified names.
    check(not re.search(r"</?[\w-]+:", text), "a name has a prefix")
    check(not re.search(r"\sxmlns:", text), "a prefix is declared")
    check(len(re.findall(r"\sxmlns=", text)) == 2, "two default namespaces, of Autodiscover and Response")
    root = ET.fromstring(document)  # noqa: S314 - our own document
    check(root.tag == f"{{{COMMON}}}Autodiscover", f"the root is {root.tag}")
    for node in root.iter():
        check(len(node) == 0 or not (node.text or "").strip(), f"{node.tag} has text beside elements")
        check(not (node.tail or "").strip(), f"there is text behind {node.tag}")
    return root


def _only(parent: ET.Element, name: str) -> ET.Element:
    check(len(parent) == 1, f"{parent.tag} has {len(parent)} children")
    check(_name(parent[0]) == name, f"{parent.tag} has a {parent[0].tag}")
    return parent[0]


def _name(node: ET.Element) -> str:
    return node.tag.rpartition("}")[2]


def _children(
    parent: ET.Element,
    order: tuple[str, ...],
    *,
    repeatable: tuple[str, ...] = (),
    attributes: tuple[str, ...] = (),
) -> dict[str, list[ET.Element]]:
    """Return the children by name after checking namespace, order, number and attributes."""
    namespace = parent.tag.partition("}")[0]
    check(set(parent.attrib) <= set(attributes), f"{_name(parent)} has attributes {parent.attrib}")
    names = [_name(child) for child in parent]
    for child, name in zip(parent, names, strict=True):
        check(child.tag == f"{namespace}}}{name}", f"{child.tag} is in another namespace")
        check(name in order, f"{_name(parent)} has a {name}")
    places = [order.index(name) for name in names]
    check(places == sorted(places), f"{_name(parent)} has its children in the order {names}")
    for name in set(names) - set(repeatable):
        check(names.count(name) == 1, f"{_name(parent)} has several {name}")
    found: dict[str, list[ET.Element]] = {}
    for child, name in zip(parent, names, strict=True):
        found.setdefault(name, []).append(child)
    return found


def _text(node: ET.Element, pattern: re.Pattern[str] = TEXT) -> str:
    text = node.text or ""
    check(len(node) == 0 and pattern.fullmatch(text), f"{_name(node)} is {text!r}")
    return text


def _texts(children: dict[str, list[ET.Element]]) -> dict[str, str]:
    return {
        name: _text(nodes[0], VALUES.get(name, TEXT))
        for name, nodes in children.items()
        if name not in ("Internal", "External", "MailStore", "AddressBook", "NetworkRequirements")
    }


def _outlook(response: ET.Element, capabilities: frozenset[str]) -> Report:
    parts = _children(response, ("User", "Account"))
    for user in parts.get("User", []):
        for name, nodes in _children(user, USER_ORDER).items():
            _text(nodes[0], ADDRESS if name == "AutoDiscoverSMTPAddress" else TEXT)
    check("Account" in parts, "there is no Account")
    account = _children(parts["Account"][0], ACCOUNT_ORDER, repeatable=("Protocol",))
    check(
        [_name(node) for node in parts["Account"][0]][:2] == ["AccountType", "Action"], "start of the account"
    )
    check(_text(account["AccountType"][0]) == "email", "the account type")
    action = _text(account["Action"][0])
    if action == "settings":
        # [MS-OXDSCLI] 2.2.4.1.1.1: with settings it must be there, with a redirect it may be missing.
        check("User" in parts, "settings without a User")
        check("Protocol" in account, "settings without a protocol")
        check(not {"RedirectUrl", "RedirectAddr"} & account.keys(), "settings with a redirect")
        return Report("settings", protocols=_protocols(account["Protocol"], capabilities))
    check(action in ("redirectUrl", "redirectAddr"), f"the action {action}")
    target, other = (
        ("RedirectUrl", "RedirectAddr") if action == "redirectUrl" else ("RedirectAddr", "RedirectUrl")
    )
    check(target in account and other not in account, f"{action} without its target, or with the other's")
    check("Protocol" not in account, "a redirect with settings")
    _text(account[target][0], HTTPS_URL if action == "redirectUrl" else ADDRESS)
    return Report(action)


def _protocols(nodes: list[ET.Element], capabilities: frozenset[str]) -> list[str]:
    kinds = [_protocol(node, capabilities) for node in nodes]
    check(len(set(kinds)) == len(kinds), f"several protocols of a type: {kinds}")
    mail = [kind for kind in kinds if kind in MAIL_TYPES]
    # Thunderbird writes Exchange's URLs into whatever server it has read before.
    check(kinds[len(kinds) - len(mail) :] == mail, f"Exchange's protocols come first: {kinds}")
    return kinds


def _protocol(node: ET.Element, capabilities: frozenset[str]) -> str:
    children = _children(node, PROTOCOL_ORDER, attributes=("Type", "Version"))
    if node.attrib:
        return _mapi_http(node, children, capabilities)
    check("Type" in children, "a protocol without a type")
    kind = _text(children["Type"][0])
    check(kind in MAY, f"the protocol {kind}")
    check(kind != "EXHTTP" or "EXHTTP" in capabilities, "EXHTTP for a client that cannot handle it")
    check(set(children) <= MAY[kind], f"{kind} has {set(children) - MAY[kind]}")
    check(NEEDS[kind] <= set(children), f"{kind} lacks {NEEDS[kind] - set(children)}")
    if kind == "WEB":
        _web(children)
        return kind
    texts = _texts(children)
    if kind in MAIL_TYPES:
        check((texts["SSL"], texts["Encryption"]) in TLS_PAIRS, f"{kind} has {texts}")
        check(1 <= int(texts["Port"]) <= 65535, f"port {texts['Port']}")
    if texts.get("AuthPackage") == "negotiate":
        check("negotiate" in capabilities, "negotiate for a client that cannot")
    return kind


def _mapi_http(node: ET.Element, children: dict[str, list[ET.Element]], capabilities: frozenset[str]) -> str:
    check(node.attrib == {"Type": "mapiHttp", "Version": "1"}, f"a protocol with {node.attrib}")
    check("mapiHttp" in capabilities, "mapiHttp for a client that did not say that it can")
    check(set(children) == {"MailStore", "AddressBook"}, f"mapiHttp has {set(children)}")
    for nodes in children.values():
        urls = _children(nodes[0], ("InternalUrl", "ExternalUrl"))
        check(urls, f"{_name(nodes[0])} without a URL")
        for found in urls.values():
            _text(found[0], URL)
    return "mapiHttp"


def _web(children: dict[str, list[ET.Element]]) -> None:
    sides = [node for name in ("Internal", "External") for node in children.get(name, [])]
    check(sides, "WEB without URLs")
    for side in sides:
        found = _children(side, ("OWAUrl", "Protocol"), repeatable=("OWAUrl",))
        check("OWAUrl" in found, "no OWAUrl")
        for url in found["OWAUrl"]:
            _text(url, URL)
            check(set(url.attrib) == {"AuthenticationMethod"}, f"OWAUrl has {url.attrib}")
            methods = {method.strip() for method in url.attrib["AuthenticationMethod"].split(",")}
            check(methods and methods <= OWA_METHODS, f"AuthenticationMethod {methods}")
        for protocol in found.get("Protocol", []):
            inner = _children(protocol, ("Type", "ASUrl"))
            check(set(inner) == {"Type", "ASUrl"}, "the protocol inside WEB")
            check(_text(inner["Type"][0]) in ("EXCH", "EXPR"), "the type inside WEB")
            _text(inner["ASUrl"][0], URL)


def _mobilesync(response: ET.Element) -> Report:
    parts = _children(response, ("Culture", "User", "Action"))
    check({"User", "Action"} <= set(parts), "no User or no Action")
    if "Culture" in parts:
        _text(parts["Culture"][0], re.compile("[a-z]{2}:[a-z]{2}"))
    user = _children(parts["User"][0], ("DisplayName", "EMailAddress"))
    check("EMailAddress" in user, "no EMailAddress")
    _text(user["EMailAddress"][0], ADDRESS)
    action = _children(parts["Action"][0], ("Redirect", "Settings", "Error"))
    check(len(action) == 1, f"the action has {list(action)}")
    if "Settings" in action:
        _mobile_servers(action["Settings"][0])
    elif "Redirect" in action:
        _text(action["Redirect"][0], ADDRESS)
    else:
        error = _children(action["Error"][0], ("Status", "Message", "DebugData"))
        check("Status" in error and _text(error["Status"][0]) in ("1", "2"), "the error's status")
    return Report("mobilesync", protocols=list(action))


def _mobile_servers(settings: ET.Element) -> None:
    servers = _children(settings, ("Server",), repeatable=("Server",))
    check(servers, "settings without a server")
    for server in servers["Server"]:
        found = _children(server, ("Type", "Url", "Name", "ServerData"))
        check({"Type", "Url", "Name"} <= set(found), f"a server with {list(found)}")
        kind = _text(found["Type"][0], re.compile("MobileSync|CertEnroll"))
        url = _text(found["Url"][0], URL)
        check(kind != "MobileSync" or _text(found["Name"][0]) == url, "Name is not the URL")


def _error(response: ET.Element) -> Report:
    error = _children(response, ("Error",)).get("Error", [None])[0]
    check(error is not None, "no Error")
    assert error is not None
    children = _children(error, ("ErrorCode", "Message", "DebugData"), attributes=("Time", "Id"))
    check(set(error.attrib) == {"Time", "Id"}, f"the error has {error.attrib}")
    check(TIME.fullmatch(error.attrib["Time"]), f"Time {error.attrib['Time']}")
    check(re.fullmatch("[0-9]{1,10}", error.attrib["Id"]), f"Id {error.attrib['Id']}")
    check(int(error.attrib["Id"]) < 2**32, "Id is no unsigned integer of 32 bits")
    check(set(children) == {"ErrorCode", "Message", "DebugData"}, f"the error has {set(children)}")
    code = int(_text(children["ErrorCode"][0], NUMBER))
    check(code in ERROR_CODES, f"the code {code}")
    _text(children["Message"][0])
    check(children["DebugData"][0].text is None, "DebugData is not empty")
    return Report("error", error=code)


def check_json(document: bytes, status: int) -> dict[str, Any]:
    """Check an answer of version 2 that came with this HTTP status."""
    answer: dict[str, Any] = json.loads(document)
    check(isinstance(answer, dict), "no object")
    check(all(isinstance(value, str) and value for value in answer.values()), "a value is no text")
    if status == 200:
        check(set(answer) == {"Protocol", "Url"}, f"members {set(answer)}")
        check(answer["Protocol"] in JSON_PROTOCOLS, f"protocol {answer['Protocol']}")
        check(HTTPS_URL.fullmatch(answer["Url"]), f"URL {answer['Url']}")
    else:
        check(set(answer) == {"ErrorCode", "ErrorMessage"}, f"members {set(answer)}")
        check(JSON_STATUSES.get(answer["ErrorCode"]) == status, f"{answer['ErrorCode']} with status {status}")
    return answer
