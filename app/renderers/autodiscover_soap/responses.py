"""What a SOAP answer says of one user or one domain, in the order of Exchange's messages.xsd."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core import placeholders
from app.core.exchange import find_redirection
from app.core.exchange_settings import (
    DOMAIN_SETTINGS,
    USER_SETTINGS,
    WebClient,
    domain_settings,
    has_exchange,
    user_settings,
)
from app.core.markup import Element, element, leaf
from app.core.servers import Authentication, Server, SocketType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.account import AccountSettings
    from app.core.documents import Presentation
    from app.core.exchange_settings import SettingValue

ENCRYPTION: Final = {SocketType.TLS: "SSL", SocketType.STARTTLS: "TLS", SocketType.PLAIN: ""}
WEB_AUTHENTICATION: Final = {
    Authentication.PASSWORD_CLEARTEXT: "Fba",
    Authentication.OAUTH2: "OAuth",
    Authentication.NTLM: "Ntlm",
    Authentication.GSSAPI: "WindowsIntegrated",
    Authentication.TLS_CLIENT_CERTIFICATE: "Certificate",
    Authentication.HTTP_BASIC: "Basic",
    Authentication.HTTP_DIGEST: "Digest",
}
NO_ERROR: Final = "NoError"
_MESSAGES: Final = {
    NO_ERROR: "No error.",
    "RedirectUrl": "Exchange's own Autodiscover service has the settings.",
    "InvalidUser": "The user has no Exchange services here.",
    "InvalidDomain": "The domain has no Exchange services here.",
    "InvalidSetting": "There is no such setting.",
    "SettingIsNotAvailable": "The setting has no value here.",
    "NotFederated": "The organization is not federated.",
}
_NO_REDIRECTION: Final = Element("RedirectTarget", "", (("i:nil", "true"),))


def user_response(
    account: AccountSettings | None, names: tuple[str, ...], presentation: Presentation
) -> Element:
    """Write what is said of one user: these settings, where to ask for them, or that there are none."""
    redirection = None if account is None else _redirection(account, presentation)
    if redirection is not None:
        return element("UserResponse", *status("RedirectUrl"), redirection, *_settings("User"))
    if account is None or not has_exchange(account):
        return element("UserResponse", *status("InvalidUser"), _NO_REDIRECTION, *_settings("User"))
    values = user_settings(account, presentation.person)
    errors = _setting_errors("User", names, USER_SETTINGS, values)
    settings = tuple(_user_setting(name, values[name]) for name in names if name in values)
    return element("UserResponse", *status(NO_ERROR), _NO_REDIRECTION, *_settings("User", errors, settings))


def domain_response(
    account: AccountSettings | None, names: tuple[str, ...], presentation: Presentation
) -> Element:
    """Write the same of one domain."""
    redirection = None if account is None else _redirection(account, presentation)
    if redirection is not None:
        return element("DomainResponse", *status("RedirectUrl"), *_settings("Domain"), redirection)
    if account is None or not has_exchange(account):
        return element("DomainResponse", *status("InvalidDomain"), *_settings("Domain"), _NO_REDIRECTION)
    values = domain_settings(account)
    errors = _setting_errors("Domain", names, DOMAIN_SETTINGS, values)
    settings = tuple(
        _setting("DomainSetting", "DomainStringSetting", name, leaf("Value", values[name]))
        for name in names
        if name in values
    )
    return element(
        "DomainResponse", *status(NO_ERROR), *_settings("Domain", errors, settings), _NO_REDIRECTION
    )


def is_redirected(account: AccountSettings, presentation: Presentation) -> bool:
    """Tell whether the account's programs are sent elsewhere."""
    return _redirection(account, presentation) is not None


def status(code: str, message: str | None = None) -> tuple[Element, Element]:
    """Write an error code and what it means."""
    return leaf("ErrorCode", code), leaf("ErrorMessage", _MESSAGES[code] if message is None else message)


def _redirection(account: AccountSettings, presentation: Presentation) -> Element | None:
    """Write where to ask instead; nothing where the address that is not known makes a part of it.

    The SOAP service is beside the file for plain XML, and programs post their next call to just this
    address (EWS Managed API, exchangelib).
    """
    found = find_redirection(account, presentation)
    if found is None or (account.address is None and placeholders.has_placeholders(found.url)):
        return None
    return leaf("RedirectTarget", f"{found.url[: -len('xml')]}svc")


def _settings(
    kind: str, errors: tuple[Element, ...] = (), settings: tuple[Element, ...] = ()
) -> tuple[Element, Element]:
    return element(f"{kind}SettingErrors", *errors), element(f"{kind}Settings", *settings)


def _setting_errors(
    kind: str, names: tuple[str, ...], known: frozenset[str], values: Mapping[str, object]
) -> tuple[Element, ...]:
    return tuple(
        element(
            f"{kind}SettingError",
            *status("SettingIsNotAvailable" if name in known else "InvalidSetting"),
            leaf("SettingName", name),
        )
        for name in names
        if name not in values
    )


def _user_setting(name: str, value: SettingValue) -> Element:
    if isinstance(value, Server):
        return _setting("UserSetting", "ProtocolConnectionCollectionSetting", name, _connections(value))
    if isinstance(value, WebClient):
        return _setting("UserSetting", "WebClientUrlCollectionSetting", name, _web_clients(value))
    return _setting("UserSetting", "StringSetting", name, leaf("Value", value))


def _setting(tag: str, kind: str, name: str, value: Element) -> Element:
    # The EWS Managed API compares the type as text: no prefix.
    return Element(tag, (leaf("Name", name), value), (("i:type", kind),))


def _connections(server: Server) -> Element:
    connection = element(
        "ProtocolConnection",
        leaf("Hostname", server.hostname or ""),
        leaf("Port", str(server.port)),
        leaf("EncryptionMethod", ENCRYPTION[server.socket_type or SocketType.PLAIN]),
    )
    return element("ProtocolConnections", connection)


def _web_clients(web_client: WebClient) -> Element:
    methods = [
        WEB_AUTHENTICATION[method] for method in web_client.authentication if method in WEB_AUTHENTICATION
    ]
    client = element(
        "WebClientUrl", leaf("AuthenticationMethods", ", ".join(methods)), leaf("Url", web_client.url)
    )
    return element("WebClientUrls", client)
