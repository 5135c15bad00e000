"""Thunderbird for Android and K-9: any defect of an IMAP or SMTP section loses the file (brief §1.3)."""

from __future__ import annotations

from contracts.clients import hostnames
from contracts.clients.settings import Configured, RefusalError, Refused, Result, Security, Server, filled
from contracts.clients.tree import Node, provider_of

SOCKET_TYPES = {"SSL": Security.TLS, "STARTTLS": Security.STARTTLS}
AUTHENTICATION = ("OAuth2", "password-cleartext", "password-encrypted")
OAUTH2_HOSTS = frozenset({
    "imap.gmail.com", "imap.googlemail.com", "smtp.gmail.com", "smtp.googlemail.com", "imap.mail.yahoo.com",
    "smtp.mail.yahoo.com", "imap.aol.com", "smtp.aol.com", "outlook.office365.com", "smtp.office365.com",
    "smtp-mail.outlook.com", "imap.fastmail.com", "smtp.fastmail.com", "mail.thundermail.com",
})  # fmt: skip
_LAST_PORT = 65535


def read(body: bytes, address: str) -> Result:
    try:
        provider = provider_of(body)
        _check_provider(provider, address)
        incoming = _first(provider, "incomingServer", "imap", address)
        outgoing = _first(provider, "outgoingServer", "smtp", address)
        return Configured(incoming=(_usable(incoming),), outgoing=(_usable(outgoing),))
    except RefusalError as error:
        return Refused(str(error))


def _check_provider(provider: Node, address: str) -> None:
    if not hostnames.is_legal(provider.attributes.get("id", "").strip()):
        reason = "missing or illegal id"
        raise RefusalError(reason)
    domains = [filled(_text(node), address).strip() for node in provider.elements("domain")]
    if not any(hostnames.is_legal(domain) for domain in domains):
        reason = "no valid domain"
        raise RefusalError(reason)


def _first(provider: Node, name: str, server_type: str, address: str) -> Server:
    # Every section is read in full, so that the last one can lose the file, too.
    found = [
        _server(node, server_type, address)
        for node in provider.elements(name)
        if node.attributes.get("type") == server_type
    ]
    if not found:
        reason = f"no {name} of type {server_type}"
        raise RefusalError(reason)
    return found[0]


def _server(node: Node, server_type: str, address: str) -> Server:
    texts = {child.name: _text(child) for child in node.elements() if child.name in _FIELDS}
    methods = [_text(child) for child in node.elements("authentication")]
    for name in _FIELDS:
        if name not in texts:
            reason = f"no {name}"
            raise RefusalError(reason)
    hostname = filled(texts["hostname"], address).strip()
    if not hostnames.is_legal(hostname):
        reason = f"illegal hostname {hostname}"
        raise RefusalError(reason)
    if texts["socketType"] not in SOCKET_TYPES:
        reason = f"socketType {texts['socketType']}"
        raise RefusalError(reason)
    known = tuple(method for method in methods if method in AUTHENTICATION)
    if not known:
        reason = "no usable authentication"
        raise RefusalError(reason)
    return Server(
        type=server_type,
        hostname=hostname,
        port=_port(texts["port"]),
        security=SOCKET_TYPES[texts["socketType"]],
        username=filled(texts["username"], address),
        authentication=known,
    )


_FIELDS = ("hostname", "port", "username", "socketType")


def _text(node: Node) -> str:
    if any(node.elements()):
        reason = f"an element inside {node.name}"
        raise RefusalError(reason)
    return node.text


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= _LAST_PORT):
        reason = f"port {text}"
        raise RefusalError(reason)
    return int(text)


def _usable(server: Server) -> Server:
    if (server.hostname or "").lower() in OAUTH2_HOSTS:
        return server
    methods = tuple(method for method in server.authentication if method != "OAuth2")
    if not methods:
        reason = f"no OAuth2 registration for {server.hostname}"
        raise RefusalError(reason)
    return Server(
        type=server.type,
        hostname=server.hostname,
        port=server.port,
        security=server.security,
        username=server.username,
        authentication=methods,
    )
