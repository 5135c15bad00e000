"""Values for tests: valid by default, one keyword to vary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.core.domains import Domain, Mailbox
from app.core.names import DomainName, EmailAddress
from app.core.provider import Provider
from app.core.resolving import resolve
from app.core.servers import Authentication, Server, ServerType, SocketType

if TYPE_CHECKING:
    from app.core.account import AccountSettings


def an_imap_server(**changes: Any) -> Server:
    values: dict[str, Any] = {
        "key": "imap",
        "type": ServerType.IMAP,
        "hostname": "imap.provider.example",
        "port": 993,
        "socket_type": SocketType.TLS,
        "authentication": (Authentication.PASSWORD_CLEARTEXT,),
        "username": "%EMAILADDRESS%",
    }
    return Server(**{**values, **changes})


def a_pop3_server(**changes: Any) -> Server:
    values: dict[str, Any] = {
        "key": "pop3",
        "type": ServerType.POP3,
        "hostname": "pop.provider.example",
        "port": 995,
    }
    return an_imap_server(**{**values, **changes})


def an_smtp_server(**changes: Any) -> Server:
    values: dict[str, Any] = {
        "key": "smtp",
        "type": ServerType.SMTP,
        "hostname": "smtp.provider.example",
        "port": 465,
    }
    return an_imap_server(**{**values, **changes})


def a_url_server(server_type: ServerType = ServerType.EWS, **changes: Any) -> Server:
    values: dict[str, Any] = {
        "key": server_type.value,
        "type": server_type,
        "url": f"https://web.provider.example/{server_type}",
        "authentication": (Authentication.HTTP_BASIC,),
        "username": "%EMAILADDRESS%",
    }
    return Server(**{**values, **changes})


def a_provider(**changes: Any) -> Provider:
    values: dict[str, Any] = {
        "slug": "provider",
        "display_name": "The Provider",
        "short_name": "Provider",
        "servers": (an_imap_server(), a_pop3_server(), an_smtp_server()),
    }
    return Provider(**{**values, **changes})


def a_domain(name: str = "customer.example", **changes: Any) -> Domain:
    values: dict[str, Any] = {"name": DomainName.parse(name), "provider": "provider"}
    return Domain(**{**values, **changes})


def a_mailbox(address: str = "jane@customer.example", **changes: Any) -> Mailbox:
    return Mailbox(**{"address": EmailAddress.parse(address), **changes})


def an_account(
    *servers: Server, address: str | None = None, domain: str = "customer.example", **provider: Any
) -> AccountSettings:
    """Resolve a domain, or an address in it, of a provider with these servers (the usual three if none)."""
    if servers:
        provider["servers"] = servers
    return resolve(
        a_provider(**provider),
        a_domain(domain),
        address=None if address is None else EmailAddress.parse(address),
    )
