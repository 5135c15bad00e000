"""Thunderbird's Exchange path: ``ExchangeAutoDiscover`` on JXON (protocol brief §2.4 to §2.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from contracts.clients import hostnames
from contracts.clients.settings import Configured, RefusalError, Refused, Result, Security, Server, filled
from contracts.clients.thunderbird import Value, jxon, to_text
from contracts.clients.tree import Node, read_tree

STARTTLS_PORTS = {143, 110, 25, 587}
STANDARD_TYPES = {"IMAP": "imap", "POP3": "pop3", "SMTP": "smtp"}
ORDER = ("imap", "pop3", "exchange", "")


@dataclass(slots=True)
class Draft:
    type: str = ""
    hostname: str = ""
    port: int = 443
    security: Security = Security.TLS
    username: str = "%EMAILADDRESS%"
    authentication: tuple[str, ...] = ("password-cleartext", "OAuth2", "NTLM")
    owa_url: str | None = None
    ews_url: str | None = None

    def to_server(self, address: str) -> Server:
        return Server(
            type=self.type,
            hostname=self.hostname,
            port=self.port,
            security=self.security,
            username=filled(self.username, address),
            authentication=self.authentication,
        )


@dataclass(slots=True)
class Config:
    incoming: Draft = field(default_factory=Draft)
    alternatives: list[Draft] = field(default_factory=list)
    outgoing: list[Draft] = field(default_factory=list)

    def take(self, protocol: Node) -> None:
        kind = to_text(_value(protocol, "Type"))
        if kind == "WEB":
            self._take_web(protocol)
        elif kind in ("EXCH", "EXHTTP"):
            self.incoming.ews_url = _url(_value(protocol, "EwsUrl"))
            self._become_exchange(self.incoming.ews_url)
        elif kind in STANDARD_TYPES:
            server = _standard(protocol, STANDARD_TYPES[kind])
            if kind == "SMTP":
                self.outgoing.append(server)
            elif not self.incoming.hostname:
                self.incoming = server
            else:
                self.alternatives.append(server)

    def _take_web(self, protocol: Node) -> None:
        urls = protocol.find("External") or protocol.find("Internal")
        if urls is None:
            return
        owa = urls.find("OWAUrl")
        # Only an element with attributes has a value.
        self.incoming.owa_url = _url(owa.text if owa is not None and owa.attributes else None)
        self._become_exchange(self.incoming.owa_url)

    def _become_exchange(self, url: str) -> None:
        parts = urlsplit(url)
        self.incoming.type = "exchange"
        self.incoming.hostname = _hostname(parts.hostname)
        self.incoming.port = parts.port or self.incoming.port

    @property
    def preferred(self) -> list[Draft]:
        return sorted([self.incoming, *self.alternatives], key=lambda draft: ORDER.index(draft.type))


def read(body: bytes, address: str) -> Result:
    try:
        config = read_config(body)
    except RefusalError as error:
        return Refused(str(error))
    if not config.incoming.hostname:
        return Refused("only an incomplete config")
    return Configured(
        incoming=tuple(draft.to_server(address) for draft in config.preferred),
        outgoing=tuple(draft.to_server(address) for draft in config.outgoing),
    )


def read_config(body: bytes) -> Config:
    root = read_tree(body)
    response = root.find("Response") if root.name == "Autodiscover" else None
    account = None if response is None else response.find("Account")
    if account is None or account.find("Protocol") is None:
        reason = "no protocol"
        raise RefusalError(reason)
    config = Config()
    for protocol in account.elements("Protocol"):
        try:
            config.take(protocol)
        except RefusalError:
            continue
    return config


def _standard(protocol: Node, server_type: str) -> Draft:
    hostname = _hostname(_value(protocol, "Server"))
    port = _value(protocol, "Port")
    if not isinstance(port, float):
        reason = "no port"
        raise RefusalError(reason)
    if _lower(protocol, "SSL") == "off" or _lower(protocol, "Encryption") == "none":
        security = Security.PLAIN
    else:
        security = Security.STARTTLS if int(port) in STARTTLS_PORTS else Security.TLS
    username: Value | None = "%EMAILADDRESS%"
    if protocol.find("LoginName") is not None:
        username = _value(protocol, "LoginName")
        if not username:
            reason = "an empty login name"
            raise RefusalError(reason)
    return Draft(
        type=server_type,
        hostname=hostname,
        port=int(port),
        security=security,
        username=to_text(username),
        authentication=("secure" if _lower(protocol, "SPA") == "on" else "password-cleartext",),
    )


def _value(parent: Node, name: str) -> Value | None:
    node = parent.find(name)
    return None if node is None else jxon(node)


def _lower(protocol: Node, name: str) -> str | None:
    value = _value(protocol, name)
    if value is not None and not isinstance(value, str):
        reason = f"{name} has no toLowerCase"
        raise RefusalError(reason)
    return None if value is None else value.lower()


def _hostname(value: Value | None) -> str:
    text = to_text(value)
    if value is None or not hostnames.is_legal(text):
        reason = f"illegal hostname {text}"
        raise RefusalError(reason)
    return text.lower()


def _url(value: Value | None) -> str:
    text = to_text(value)
    if value is None or urlsplit(text).scheme not in ("http", "https"):
        reason = f"illegal url {text}"
        raise RefusalError(reason)
    return text
