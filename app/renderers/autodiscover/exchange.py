"""The ``Protocol`` elements of Exchange's services.

Only what is stored is told: no distinguished names, no address book URL, no server version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.core.markup import element, leaf, optional_leaf
from app.core.servers import Authentication

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.core.exchange import FoundService
    from app.core.markup import Element
    from app.core.servers import Server

_AUTH_PACKAGES: Final = {
    Authentication.HTTP_BASIC: "basic",
    Authentication.PASSWORD_CLEARTEXT: "basic",
    Authentication.NTLM: "ntlm",
    Authentication.GSSAPI: "kerb",
    Authentication.TLS_CLIENT_CERTIFICATE: "certificate",
}
_WEB_METHODS: Final = {
    Authentication.HTTP_BASIC: "Basic",
    # A password that is none of HTTP's is typed into a page, as SOAP says of the same server.
    Authentication.PASSWORD_CLEARTEXT: "FBA",
    Authentication.HTTP_DIGEST: "Digest",
    Authentication.NTLM: "NTLM",
    Authentication.GSSAPI: "WindowsIntegrated",
}
_MAPI_ENDPOINT: Final = re.compile(r"/(?:emsmdb|nspi)/?$", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the headers of a request say that its client can use."""

    mapi_http: bool = False
    rpc_http: bool = False
    negotiate: bool = False

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> Capabilities:
        """Read ``X-MapiHttpCapability`` and ``X-ClientCanHandle`` (protocol brief §2.3)."""
        version = headers.get("x-mapihttpcapability", "").strip()
        listed = {word.strip().lower() for word in headers.get("x-clientcanhandle", "").split(",")}
        return cls(
            # The client names the highest version that it knows; ours is 1 ([MS-OXDSCLI] 2.2.4.1.1.2.6).
            mapi_http=_NUMBER.fullmatch(version) is not None and int(version) >= 1,
            rpc_http="exhttpinfo" in listed,
            negotiate="negotiate" in listed,
        )


def exchange_protocols(services: Mapping[str, FoundService], capabilities: Capabilities) -> Iterator[Element]:
    """Write what the client can use; these stand before the mail protocols.

    Thunderbird writes the Exchange URLs into the first server it has read, whatever that is.
    """
    mapi, ews, owa = (services.get(name) for name in ("mapi", "ews", "owa"))
    if mapi is not None and capabilities.mapi_http:
        yield _mapi_http(mapi.url)
    if ews is not None:
        urls = _urls(ews.url)
        package = optional_leaf("AuthPackage", _auth_package(ews.server, capabilities))
        # EXCH is what Thunderbird reads, EXPR what Evolution and GNOME prefer.
        yield element("Protocol", leaf("Type", "EXCH"), *urls)
        yield _over_http("EXPR", ews.url, *urls, package)
    if owa is not None:
        yield _web(owa, ews)
    if ews is not None and capabilities.rpc_http:
        yield _over_http("EXHTTP", ews.url, *_urls(ews.url))


def _urls(ews: str) -> tuple[Element, ...]:
    # Availability and out-of-office are operations of EWS, so its URL is theirs.
    return leaf("ASUrl", ews), leaf("EwsUrl", ews), leaf("OOFUrl", ews)


def _over_http(type_name: str, url: str, *children: Element | None) -> Element:
    parts = urlsplit(url)
    return element(
        "Protocol",
        leaf("Type", type_name),
        leaf("Server", parts.hostname or ""),
        *children,
        leaf("SSL", "on" if parts.scheme.lower() == "https" else "off"),
    )


def _auth_package(server: Server, capabilities: Capabilities) -> str | None:
    for method in server.authentication:
        if method is Authentication.GSSAPI and capabilities.negotiate:
            return "negotiate"
        if method in _AUTH_PACKAGES:
            return _AUTH_PACKAGES[method]
    return None


def _web(owa: FoundService, ews: FoundService | None) -> Element:
    methods = (_WEB_METHODS.get(method) for method in owa.server.authentication)
    availability = None
    if ews is not None:
        availability = element("Protocol", leaf("Type", "EXPR"), leaf("ASUrl", ews.url))
    return element(
        "Protocol",
        leaf("Type", "WEB"),
        element(
            "External",
            # Thunderbird reads the URL only where the attribute is; a page to log in at is "FBA".
            leaf("OWAUrl", owa.url, AuthenticationMethod=next(filter(None, methods), "FBA")),
            availability,
        ),
    )


def _mapi_http(url: str) -> Element:
    """Write both endpoints of a MAPI URL, which is that of the virtual directory or of one of them."""
    parts = urlsplit(url)
    folder = _MAPI_ENDPOINT.sub("", parts.path).rstrip("/")
    mailbox, address_book = (parts._replace(path=f"{folder}/{name}/").geturl() for name in ("emsmdb", "nspi"))
    return element(
        "Protocol",
        element("MailStore", leaf("InternalUrl", mailbox), leaf("ExternalUrl", mailbox)),
        element("AddressBook", leaf("InternalUrl", address_book), leaf("ExternalUrl", address_book)),
        Type="mapiHttp",
        Version="1",
    )
