"""Outlook, by the rules of [MS-OXDSCLI] and of the older provider schema (protocol brief §2.4, §2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from xml.etree import ElementTree as ET  # documents of our own

from contracts.clients.settings import Configured, RefusalError, Refused, Security, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMON = "{http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006}"
OUTLOOK = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"
ENCRYPTION = {
    "None": Security.PLAIN,
    "SSL": Security.TLS,
    "TLS": Security.STARTTLS,
    "Auto": Security.UNSTATED,
}
TYPES = {"IMAP": "imap", "POP3": "pop3", "SMTP": "smtp"}


@dataclass(frozen=True, slots=True)
class Redirected:
    action: str
    target: str


@dataclass(frozen=True, slots=True)
class Failed:
    code: int


Answer: TypeAlias = Configured | Redirected | Failed | Refused


def read(body: bytes, address: str) -> Answer:
    try:
        return _read(ET.fromstring(body), address)  # noqa: S314 - documents of our own
    except (RefusalError, ET.ParseError) as error:
        return Refused(str(error))


def _read(root: ET.Element, address: str) -> Answer:
    error = root.find(f"{COMMON}Response/{COMMON}Error/{COMMON}ErrorCode")
    if error is not None:
        return Failed(int(error.text or ""))
    account = root.find(f"{OUTLOOK}Response/{OUTLOOK}Account")
    if root.tag != f"{COMMON}Autodiscover" or account is None or _text(account, "AccountType") != "email":
        reason = "no e-mail account in the namespaces"
        raise RefusalError(reason)
    action = _text(account, "Action")
    if action in ("redirectAddr", "redirectUrl"):
        return Redirected(action, _text(account, f"R{action[1:]}") or "")
    if action != "settings":
        reason = f"action {action}"
        raise RefusalError(reason)
    servers = list(_servers(account, address))
    return Configured(
        incoming=tuple(server for server in servers if server.type != "smtp"),
        outgoing=tuple(server for server in servers if server.type == "smtp"),
    )


def _servers(account: ET.Element, address: str) -> Iterator[Server]:
    """Read the first protocol of each type."""
    seen: set[str] = set()
    incoming_login: str | None = None
    for protocol in account.findall(f"{OUTLOOK}Protocol"):
        kind = _text(protocol, "Type") or ""
        if kind not in TYPES or kind in seen:
            continue
        seen.add(kind)
        # Without a login name, what stands before the @.
        login = _text(protocol, "LoginName") or address.rpartition("@")[0]
        if kind == "SMTP" and _is_on(protocol, "UsePOPAuth", default=False):
            login = incoming_login or login
        incoming_login = incoming_login or (login if kind != "SMTP" else None)
        yield _server(protocol, TYPES[kind], login)


def _server(protocol: ET.Element, server_type: str, login: str) -> Server:
    if _is_on(protocol, "DomainRequired", default=False) and "@" not in login:
        reason = "the user is asked for a domain"
        raise RefusalError(reason)
    is_asked = _is_on(protocol, "AuthRequired", default=True)
    method = "secure" if _is_on(protocol, "SPA", default=True) else "password-cleartext"
    return Server(
        type=server_type,
        hostname=_text(protocol, "Server"),
        port=int(_text(protocol, "Port") or "0"),
        security=_security(protocol),
        username=login if is_asked else None,
        authentication=(method,) if is_asked else ("none",),
    )


def _security(protocol: ET.Element) -> Security:
    encryption = _text(protocol, "Encryption")
    if encryption in ENCRYPTION:
        return ENCRYPTION[encryption]
    return Security.TLS if _is_on(protocol, "SSL", default=True) else Security.PLAIN


def _is_on(protocol: ET.Element, name: str, *, default: bool) -> bool:
    text = _text(protocol, name)
    return default if text is None else text.lower() == "on"


def _text(parent: ET.Element, name: str) -> str | None:
    node = parent.find(f"{OUTLOOK}{name}")
    return None if node is None else node.text
