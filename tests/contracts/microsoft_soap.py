"""A strict reader of SOAP Autodiscover answers, written from the specifications, with nothing of ours.

Order and types are those of Exchange's messages.xsd, as Microsoft's reference and code generated from
it show them; envelope and faults are SOAP 1.1's, headers WS-Addressing's. Beyond the schemas it refuses
what the EWS Managed API stumbles over: its reader goes on to the end of the document where an element
that it expects to be full is empty, and compares types as text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
EXCHANGE = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
EWS_ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"

ERROR_CODES = frozenset({
    "NoError", "RedirectAddress", "RedirectUrl", "InvalidUser", "InvalidRequest", "InvalidSetting",
    "SettingIsNotAvailable", "ServerBusy", "InvalidDomain", "NotFederated", "InternalServerError",
})  # fmt: skip
LEVELS = {
    "response": {"NoError", "InvalidRequest", "InvalidDomain", "NotFederated", "ServerBusy"},
    "User": {"NoError", "InvalidUser", "RedirectAddress", "RedirectUrl", "ServerBusy"},
    "Domain": {"NoError", "InvalidDomain", "RedirectAddress", "RedirectUrl", "ServerBusy"},
    "setting": {"InvalidSetting", "SettingIsNotAvailable"},
}
FAULT_CODES = {
    f"{{{SOAP}}}VersionMismatch": f"{WSA}/soap/fault",
    f"{{{SOAP}}}MustUnderstand": f"{WSA}/soap/fault",
    f"{{{SOAP}}}Client": f"{WSA}/soap/fault",
    f"{{{WSA}}}ActionNotSupported": f"{WSA}/fault",
}
ENCRYPTION_METHODS = {"SSL", "TLS", ""}
# What a setting's value must look like, by its name; others are any text of one line.
VALUES = {
    r".*Url": r"https?://[!-~]+",
    r".*(Enabled|MSOnline|RequiresSSL)": r"True|False",
    r"AutoDiscoverSMTPAddress": r"[^@\s]+@[^@\s]+",
}

Connection: TypeAlias = tuple[str, int, str]
Setting: TypeAlias = "str | list[Connection] | list[tuple[str, str]]"


class NotTheProtocolError(AssertionError):
    """The document is not what the specifications say."""


@dataclass(frozen=True)
class OneResponse:
    """What is said of one user or domain."""

    code: str
    message: str
    settings: dict[str, Setting] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    target: str | None = None
    """Where to ask instead."""


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    operation: str
    code: str
    message: str
    relates_to: str | None
    responses: list[OneResponse]


@dataclass(frozen=True)
class Fault:
    """A fault: its code without the namespace, and what it says."""

    code: str
    reason: str
    relates_to: str | None
    has_detail: bool


def read_answer(document: bytes) -> Answer:
    """Read the answer to a call that was carried out."""
    header, message = read_envelope(document)
    name = etree.QName(message)
    operation = name.localname.removesuffix("ResponseMessage")
    require(name.namespace == EXCHANGE and operation != name.localname, f"the message is {name.text}")
    relates_to = read_header(header, f"{EXCHANGE}/Autodiscover/{operation}Response", version=True)
    (response,) = sequence(message, "Response")
    if operation == "GetFederationInformation":
        parts = sequence(
            response, "ErrorCode", "ErrorMessage", "ApplicationUri?", "TokenIssuers?", "Domains?"
        )
        responses: list[OneResponse] = []
    else:
        kind = {"GetUserSettings": "User", "GetDomainSettings": "Domain"}[operation]
        parts = sequence(response, "ErrorCode", "ErrorMessage", f"{kind}Responses?")
        responses = [read_response(one, kind) for one in collection(parts[2:], f"{kind}Response")]
    code = error_code(parts[0], "response")
    require(bool(responses) == (code == "NoError"), "responses are there without an error, and only then")
    return Answer(operation, code, text(parts[1]), relates_to, responses)


def read_fault(document: bytes) -> Fault:
    """Read a fault (SOAP 1.1 §4.4)."""
    header, fault = read_envelope(document)
    require(fault.tag == f"{{{SOAP}}}Fault", f"the body has {name_of(fault)}")
    names = [child.tag for child in fault]
    allowed = [["faultcode", "faultstring"], ["faultcode", "faultstring", "detail"]]
    require(names in allowed, f"a fault has {names}: unqualified, in this order")
    prefix, colon, name = text(fault[0]).partition(":")
    require(bool(colon) and prefix in fault.nsmap, "the fault code must be a qualified name")
    code = f"{{{fault.nsmap[prefix]}}}{name}"
    require(code in FAULT_CODES, f"the fault code is {code}")
    reason = text(fault[1])
    require(reason != "", "a fault must have a reason")
    detail = fault.find("detail")
    if detail is not None:
        require(len(detail) > 0, "an empty detail is read on past its end")
        expected = [f"{{{EWS_ERRORS}}}{part}" for part in ("ResponseCode", "Message")]
        require([child.tag for child in detail] == expected, "the detail is EWS's")
    # SOAP 1.1 §4.4: a detail is about the body, and about nothing else.
    require((detail is not None) == (name == "Client"), f"detail of a {name} fault")
    return Fault(name, reason, read_header(header, FAULT_CODES[code], version=False), detail is not None)


def require(condition: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not condition:
        raise NotTheProtocolError(what)


def read_envelope(document: bytes) -> tuple[etree._Element, etree._Element]:
    """Check what holds for every message; return the header and the one element in the body."""
    require(document.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n'), "declaration, no BOM")
    for forbidden in (b"<!", b"<?", b"\0"):
        require(forbidden not in document[38:], f"there must be no {forbidden!r}")
    root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))
    require(root.tag == f"{{{SOAP}}}Envelope", f"the root is {name_of(root)}")
    require([child.tag for child in root] == [f"{{{SOAP}}}Header", f"{{{SOAP}}}Body"], "Header, then Body")
    header, body = root
    require(len(header) > 0, "an empty header is read on past its end")
    require(len(body) == 1, "the body has one element")
    for node in root.iter():
        if len(node):
            require(
                not "".join(filter(None, [node.text, *(c.tail for c in node)])).strip(),
                f"text in {name_of(node)}",
            )
        else:
            require(
                (node.text or "") == (node.text or "").strip(),
                f"white space around the text of {name_of(node)}",
            )
    return header, body[0]


def read_header(header: etree._Element, action: str, *, version: bool) -> str | None:
    """Check the headers; return what the answer relates to."""
    names = [child.tag for child in header]
    expected = [f"{{{WSA}}}Action"]
    if version:
        expected.append(f"{{{EXCHANGE}}}ServerVersionInfo")
        parts = ("MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber", "Version")
        *numbers, name = sequence(header[1], *parts)
        require(all(text(number).isdigit() for number in numbers), "version numbers are numbers")
        require(re.fullmatch(r"Exchange20\d\d(_SP\d)?", text(name)) is not None, "the version is named")
    related = names[len(expected) :]
    require(names[: len(expected)] == expected, f"the headers are {names}")
    require(related in ([], [f"{{{WSA}}}RelatesTo"]), f"the further headers are {related}")
    require(dict(header[0].attrib) == {f"{{{SOAP}}}mustUnderstand": "1"}, "the action must be understood")
    require(text(header[0]) == action, f"the action is {text(header[0])}")
    return text(header[-1]) if related else None


def read_response(node: etree._Element, kind: str) -> OneResponse:
    errors, settings = f"{kind}SettingErrors", f"{kind}Settings"
    orders = {
        "User": ("ErrorCode", "ErrorMessage", "RedirectTarget", errors, settings),
        "Domain": ("ErrorCode", "ErrorMessage", errors, settings, "RedirectTarget"),
    }
    found = dict(zip(orders[kind], sequence(node, *orders[kind]), strict=True))
    code = error_code(found["ErrorCode"], kind)
    target = found["RedirectTarget"]
    is_nil = target.get(f"{{{INSTANCE}}}nil") == "true"
    require(is_nil != code.startswith("Redirect"), "there is a target for redirections, and only for them")
    require(not is_nil or (target.text is None and not len(target)), "what is nil is empty")
    response = OneResponse(
        code, text(found["ErrorMessage"]), target=None if is_nil else read_target(target, code)
    )
    for error in collection([found[errors]], f"{kind}SettingError"):
        error_node, message, name = sequence(error, "ErrorCode", "ErrorMessage", "SettingName")
        require(text(message) != "", "an error says what is wrong")
        require(text(name) not in response.errors, "a setting is told once")
        response.errors[text(name)] = error_code(error_node, "setting")
    for setting in collection([found[settings]], f"{kind}Setting"):
        name_text, value = read_setting(setting, kind)
        require(name_text not in response.errors | response.settings, "a setting is told once")
        response.settings[name_text] = value
    require(code == "NoError" or not response.settings, "there are no settings beside an error")
    return response


def read_target(node: etree._Element, code: str) -> str:
    """Read where to ask: a URL is posted to as it is, so that it must be that of the SOAP service."""
    target = text(node)
    if code == "RedirectUrl":
        is_service = re.fullmatch(r"https://[!-~]+/autodiscover\.svc", target, re.IGNORECASE)
        require(is_service is not None, f"{target} is no https address of a SOAP service")
    else:
        require(re.fullmatch(r"[^@\s]+@[^@\s]+", target) is not None, f"{target} is no address")
    return target


def read_setting(node: etree._Element, kind: str) -> tuple[str, Setting]:
    require(list(node.attrib) == [f"{{{INSTANCE}}}type"], "a setting has a type and no other attribute")
    setting_type = node.get(f"{{{INSTANCE}}}type")
    value: Setting
    if setting_type == {"User": "StringSetting", "Domain": "DomainStringSetting"}[kind]:
        name, value_node = sequence(node, "Name", "Value")
        value = text(value_node)
        require(value != "" and "\n" not in value, f"{text(name)} must have a value of one line")
        for pattern, shape in VALUES.items():
            if re.fullmatch(pattern, text(name)):
                require(re.fullmatch(shape, value) is not None, f"{text(name)} is {value}")
        require(not text(name).endswith(("Connections", "WebClientUrls")), f"{text(name)} is no text")
    elif setting_type == "ProtocolConnectionCollectionSetting":
        name, connections = sequence(node, "Name", "ProtocolConnections")
        require(
            re.fullmatch(r"(In|Ex)ternal(Imap4|Pop3|Smtp)Connections", text(name)) is not None, text(name)
        )
        value = [read_connection(one) for one in full(connections, "ProtocolConnection")]
    else:
        require(setting_type == "WebClientUrlCollectionSetting", f"the type is {setting_type}")
        name, urls = sequence(node, "Name", "WebClientUrls")
        require(re.fullmatch(r"(In|Ex)ternalWebClientUrls", text(name)) is not None, text(name))
        web_clients: list[tuple[str, str]] = []
        for one in full(urls, "WebClientUrl"):
            methods, url = sequence(one, "AuthenticationMethods", "Url")
            require(re.fullmatch(r"https?://[!-~]+", text(url)) is not None, f"{text(url)} is no URL")
            web_clients.append((text(methods), text(url)))
        value = web_clients
    return text(name), value


def read_connection(node: etree._Element) -> Connection:
    hostname, port, method = sequence(node, "Hostname", "Port", "EncryptionMethod")
    require(re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", text(hostname)) is not None, "a host name")
    require(re.fullmatch(r"[1-9]\d{0,4}", text(port)) is not None, "a port")
    require(text(method) in ENCRYPTION_METHODS, f"the method is {text(method)}")
    return text(hostname), int(text(port)), text(method)


def name_of(node: etree._Element) -> str:
    return etree.QName(node).text


def sequence(node: etree._Element, *names: str) -> list[etree._Element]:
    """Return the children, which must be these in this order; those with ``?`` may be missing."""
    wanted = [(f"{{{EXCHANGE}}}{name.removesuffix('?')}", name.endswith("?")) for name in names]
    children = list(node)
    found = []
    for tag, is_optional in wanted:
        if children and children[0].tag == tag:
            found.append(children.pop(0))
        else:
            require(is_optional, f"{name_of(node)} lacks {tag}, or has it in another place")
    require(not children, f"{name_of(node)} has {[child.tag for child in children]} too many")
    return found


def collection(nodes: list[etree._Element], name: str) -> list[etree._Element]:
    """Return the members of a collection that may be missing or empty."""
    members = [child for node in nodes for child in node]
    require(not "".join(node.text or "" for node in nodes).strip(), f"text among {name}s")
    require(all(member.tag == f"{{{EXCHANGE}}}{name}" for member in members), f"all are {name}")
    return members


def full(node: etree._Element, name: str) -> list[etree._Element]:
    """Return the members of a collection that is read on past its end where it is empty."""
    require(len(node) > 0, f"{name_of(node)} must not be empty")
    return collection([node], name)


def error_code(node: etree._Element, level: str) -> str:
    code = text(node)
    require(code in ERROR_CODES, f"there is no error code {code}")
    require(code in LEVELS[level], f"{code} does not belong to a {level}")
    return code


def text(node: etree._Element) -> str:
    require(not len(node), f"{name_of(node)} is a leaf")
    return node.text or ""
