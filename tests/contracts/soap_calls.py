"""SOAP Autodiscover calls as clients write them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
EXCHANGE = "http://schemas.microsoft.com/exchange/2010/Autodiscover"


def a_header(operation: str, *more: str, version: str | None = "Exchange2013") -> str:
    """The header that exchangelib and the EWS Managed API send."""
    requested = "" if version is None else f"<a:RequestedServerVersion>{version}</a:RequestedServerVersion>"
    return (
        f"<soap:Header>{requested}"
        f"<wsa:Action>{EXCHANGE}/Autodiscover/{operation}</wsa:Action>"
        f"<wsa:To>https://autodiscover.customer.example/autodiscover/autodiscover.svc</wsa:To>"
        f"{''.join(more)}</soap:Header>"
    )


def an_envelope(header: str, body: str, *, namespace: str = SOAP) -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<soap:Envelope xmlns:soap="{namespace}" '
        f'xmlns:a="{EXCHANGE}" xmlns:wsa="{WSA}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{header}<soap:Body>{body}</soap:Body></soap:Envelope>"
    ).encode()


def a_message(operation: str, content: str) -> str:
    return f"<a:{operation}RequestMessage><a:Request>{content}</a:Request></a:{operation}RequestMessage>"


def requested(settings: Iterable[str]) -> str:
    names = "".join(f"<a:Setting>{escape(name)}</a:Setting>" for name in settings)
    return f"<a:RequestedSettings>{names}</a:RequestedSettings>"


def user_content(*addresses: str, settings: Iterable[str] = ("ExternalEwsUrl",)) -> str:
    users = "".join(f"<a:User><a:Mailbox>{escape(address)}</a:Mailbox></a:User>" for address in addresses)
    return f"<a:Users>{users}</a:Users>{requested(settings)}"


def domain_content(*domains: str, settings: Iterable[str] = ("ExternalEwsUrl",)) -> str:
    names = "".join(f"<a:Domain>{escape(domain)}</a:Domain>" for domain in domains)
    return f"<a:Domains>{names}</a:Domains>{requested(settings)}"


def a_call(operation: str, content: str, *headers: str, version: str | None = "Exchange2013") -> bytes:
    return an_envelope(a_header(operation, *headers, version=version), a_message(operation, content))


def a_user_call(*addresses: str, settings: Iterable[str] = ("ExternalEwsUrl",)) -> bytes:
    return a_call("GetUserSettings", user_content(*addresses, settings=settings))


def a_domain_call(*domains: str, settings: Iterable[str] = ("ExternalEwsUrl",)) -> bytes:
    return a_call("GetDomainSettings", domain_content(*domains, settings=settings))


def a_federation_call(domain: str) -> bytes:
    return a_call("GetFederationInformation", f"<a:Domain>{escape(domain)}</a:Domain>", version=None)
