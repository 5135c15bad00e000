"""Thunderbird for the desktop: JXON, then readFromXML (protocol brief §1.3)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias
from urllib.parse import urlsplit

from contracts.clients import hostnames
from contracts.clients.settings import Configured, RefusalError, Refused, Result, Security, Server, filled
from contracts.clients.tree import Node, read_tree

INCOMING_TYPES = ("imap", "pop3", "nntp", "exchange", "ews", "owa")
"""``graph`` needs a preference that is off by default."""
URL_TYPES = ("ews", "owa")
SOCKET_TYPES = {"SSL": Security.TLS, "STARTTLS": Security.STARTTLS, "plain": Security.PLAIN}
AUTHENTICATION = {
    "password-cleartext": "password-cleartext",
    "plain": "password-cleartext",
    "password-encrypted": "password-encrypted",
    "secure": "password-encrypted",
    "GSSAPI": "GSSAPI",
    "NTLM": "NTLM",
    "OAuth2": "OAuth2",
}
OUTGOING_AUTHENTICATION = {
    **AUTHENTICATION,
    "none": "none",
    "client-IP-address": "none",
    "smtp-after-pop": "none",
}
OAUTH2_HOSTS = frozenset({
    "googlemail.com", "gmail.com", "imap.mail.ru", "smtp.mail.ru", "imap.yandex.com", "smtp.yandex.com",
    "yahoo.com", "att.net", "aol.com", "office365.com", "outlook.com", "hotmail.com", "imap.fastmail.com",
    "pop.fastmail.com", "smtp.fastmail.com", "imap.comcast.net", "pop.comcast.net", "smtp.comcast.net",
    "thundermail.com",
})  # fmt: skip
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
_OTHER_BASE = re.compile(r"\s*0(?:x[0-9a-f]+|o[0-7]+|b[01]+)\s*", re.IGNORECASE)
_WHOLE = re.compile(r"\s*([+-]?\d+)", re.ASCII)
_WITH_PLACEHOLDERS = re.compile(r"[a-zA-Z0-9\-.]*(?:%[A-Z0-9]+%[a-zA-Z0-9\-.]*)+")
_MOST_DIGITS, _FEWEST_DIGITS = 1e21, 1e-6
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Tree:
    """A JavaScript object: what JXON makes of an element that has attributes or child elements."""

    attributes: dict[str, Value] = field(default_factory=dict)
    elements: dict[str, list[Value]] = field(default_factory=dict)

    def all(self, name: str) -> list[Value]:
        return self.elements.get(name, [])

    def first(self, name: str) -> Value | None:
        return next(iter(self.all(name)), None)


Value: TypeAlias = bool | float | str | Tree


def jxon(node: Node) -> Value:
    """Convert as JXON does with its default verbosity."""
    elements: dict[str, list[Value]] = {}
    for child in node.elements():
        elements.setdefault(child.name, []).append(jxon(child))
    if elements or node.attributes:
        return Tree({name: from_text(text) for name, text in node.attributes.items()}, elements)
    return from_text(node.text) if node.text else True


def from_text(text: str) -> Value:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _NUMBER.fullmatch(text):
        return float(text)
    if _OTHER_BASE.fullmatch(text):
        return 0.0
    return text if text.strip() else float("nan")


def to_text(value: Value | None) -> str:
    """Convert as JavaScript's ``String()``."""
    if value is None:
        return "undefined"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Tree):
        return "[object Object]"
    return value if isinstance(value, str) else _number_to_text(value)


def _number_to_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if value == 0:
        return "0"
    if _FEWEST_DIGITS <= abs(value) < _MOST_DIGITS:
        text = format(Decimal(repr(value)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return re.sub(r"e([+-])0", r"e\1", repr(value))


def read(body: bytes, address: str) -> Result:
    try:
        provider = _provider(read_tree(body))
        _check_provider(provider)
        incoming, no_smtp = _sections(provider, "incomingServer", address)
        outgoing, _ = _sections(provider, "outgoingServer", address)
    except RefusalError as error:
        return Refused(str(error))
    return Configured(incoming=incoming, outgoing=() if no_smtp else outgoing)


def _provider(root: Node) -> Tree:
    document = jxon(root)
    provider = document.first("emailProvider") if isinstance(document, Tree) else None
    if root.name != "clientConfig" or not isinstance(provider, Tree):
        reason = "no clientConfig/emailProvider"
        raise RefusalError(reason)
    return provider


def _check_provider(provider: Tree) -> None:
    _hostname(provider.attributes.get("id"), "id")
    reason = "no domain"
    for domain in provider.all("domain"):
        try:
            _hostname(domain, "domain")
        except RefusalError as error:
            reason = str(error)
        else:
            return
    raise RefusalError(reason)


def _sections(provider: Tree, name: str, address: str) -> tuple[tuple[Server, ...], bool]:
    """Return the usable sections, and whether the first one says that it sends the mail, too."""
    found: list[Server] = []
    no_smtp = False
    reason = f"no {name}"
    for value in provider.all(name):
        section = value if isinstance(value, Tree) else Tree()
        try:
            server = _incoming(section, address) if name == "incomingServer" else _outgoing(section, address)
        except RefusalError as error:
            reason = str(error)
            continue
        if not found:
            no_smtp = server.type == "exchange" and section.first("useGlobalPreferredServer") is True
        found.append(server)
    if not found:
        raise RefusalError(reason)
    return tuple(found), no_smtp


def _incoming(section: Tree, address: str) -> Server:
    server_type = section.attributes.get("type")
    if not isinstance(server_type, str) or server_type not in INCOMING_TYPES:
        reason = f"unknown type {to_text(server_type)}"
        raise RefusalError(reason)
    if server_type in URL_TYPES:
        hostname, port, security = _from_url(to_text(section.first("url")))
    else:
        hostname, port, security = _from_socket(section)
    return Server(
        type=server_type,
        hostname=filled(hostname, address),
        port=port,
        security=security,
        username=filled(to_text(section.first("username")), address),
        authentication=(_authentication(section, hostname, AUTHENTICATION),),
    )


def _outgoing(section: Tree, address: str) -> Server:
    if section.attributes.get("type") != "smtp":
        reason = "outgoing server is not smtp"
        raise RefusalError(reason)
    hostname = _hostname(section.first("hostname"), "hostname")
    port = _port(section.first("port"))
    security = _socket_type(section)
    method = _authentication(section, hostname, OUTGOING_AUTHENTICATION)
    username = section.first("username")
    needs_one = method in ("password-cleartext", "password-encrypted")
    return Server(
        type="smtp",
        hostname=filled(hostname, address),
        port=port,
        security=security,
        username=filled(to_text(username), address) if username is not None or needs_one else None,
        authentication=(method,),
    )


def _from_socket(section: Tree) -> tuple[str, int | None, Security]:
    hostname = _hostname(section.first("hostname"), "hostname")
    port = None if section.first("port") is None else _port(section.first("port"))
    return hostname, port, _socket_type(section)


def _hostname(value: Value | None, what: str) -> str:
    text = to_text(value).strip()
    if value is None or not text or value in (False, 0) or text == "NaN":
        reason = f"no {what}"
        raise RefusalError(reason)
    if _WITH_PLACEHOLDERS.fullmatch(text):
        return text
    if not hostnames.is_legal(text):
        reason = f"illegal {what} {text}"
        raise RefusalError(reason)
    return text.lower()


def _port(value: Value | None) -> int:
    if isinstance(value, float) and not math.isnan(value):
        port = int(value)
    elif isinstance(value, str) and (number := _WHOLE.match(value)):
        port = int(number[1])
    else:
        reason = "no port"
        raise RefusalError(reason)
    if not 1 <= port <= _LAST_PORT:
        reason = f"port {port} out of range"
        raise RefusalError(reason)
    return port


def _socket_type(section: Tree) -> Security:
    for value in section.all("socketType"):
        if isinstance(value, str) and value in SOCKET_TYPES:
            return SOCKET_TYPES[value]
    reason = "no known socketType"
    raise RefusalError(reason)


def _authentication(section: Tree, hostname: str, table: dict[str, str]) -> str:
    for value in section.all("authentication"):
        method = table.get(value) if isinstance(value, str) else None
        if method == "OAuth2" and not hostnames.is_at_or_below(hostname, OAUTH2_HOSTS):
            continue
        if method is not None:
            return method
    reason = "no usable authentication"
    raise RefusalError(reason)


def _from_url(url: str) -> tuple[str, int | None, Security]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        reason = f"illegal url {url}"
        raise RefusalError(reason)
    is_tls = parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    return parts.hostname, port, Security.TLS if is_tls else Security.PLAIN
