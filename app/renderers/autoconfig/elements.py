"""The elements of a ``clientConfig`` document.

Every server section has its leaves in one order; leaves have no attribute where some client reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.markup import Element, element, leaf, optional_leaf
from app.core.servers import ExchangeOptions, Pop3Options, Server, SmtpOptions, WebmailOptions
from app.renderers.autoconfig.spelling import AUTHENTICATION, HTTP_AUTHENTICATION, SOCKET_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.provider import InputField, LocalisedText, OAuth2, Page


def server_element(name: str, type_name: str, server: Server) -> Element:
    """Write a section of any kind; what is not set is left out."""
    # FairEmail derives STARTTLS from the port and lets socketType correct it: keep this order.
    return element(
        name,
        optional_leaf("hostname", server.hostname),
        optional_leaf("port", None if server.port is None else str(server.port)),
        optional_leaf("socketType", None if server.socket_type is None else SOCKET_TYPES[server.socket_type]),
        optional_leaf("url", server.url),
        optional_leaf("username", server.username),
        *_authentication(server),
        *_options(server),
        type=type_name,
    )


def _authentication(server: Server) -> Iterator[Element]:
    for method in server.authentication:
        if method in HTTP_AUTHENTICATION:
            # The draft's way is beside the older one: Thunderbird reads no leaf that has an attribute.
            yield leaf("authentication", HTTP_AUTHENTICATION[method], system="http")
        yield leaf("authentication", AUTHENTICATION[method])


def _options(server: Server) -> Iterator[Element]:
    options = server.options
    if isinstance(options, Pop3Options):
        pop3 = element("pop3", *_pop3(options))
        if pop3.children:
            yield pop3
    elif isinstance(options, SmtpOptions):
        yield from _present(
            optional_leaf("restriction", options.restriction),
            _boolean("addThisServer", value=options.add_this_server),
            _boolean("useGlobalPreferredServer", value=options.use_global_preferred_server),
        )
    elif isinstance(options, ExchangeOptions):
        yield from _present(
            optional_leaf("owaURL", options.owa_url),
            optional_leaf("ewsURL", options.ews_url),
            optional_leaf("easURL", options.eas_url),
            _boolean("useGlobalPreferredServer", value=options.use_global_preferred_server),
        )


def _pop3(options: Pop3Options) -> Iterator[Element]:
    days = options.days_to_leave_messages_on_server
    minutes = options.check_interval_minutes
    yield from _present(
        _boolean("leaveMessagesOnServer", value=options.leave_messages_on_server),
        optional_leaf("daysToLeaveMessagesOnServer", None if days is None else str(days)),
        _boolean("downloadOnBiff", value=options.download_on_biff),
        None if minutes is None else element("checkInterval", minutes=str(minutes)),
    )


def _present(*elements: Element | None) -> Iterator[Element]:
    return (found for found in elements if found is not None)


def _boolean(name: str, *, value: bool | None) -> Element | None:
    return optional_leaf(name, None if value is None else str(value).lower())


def page_element(name: str, text_name: str, page: Page) -> Element:
    """Write a page with its texts."""
    return element(name, *(_text(text_name, text) for text in page.descriptions), url=page.url)


def enable_element(page: Page) -> Element:
    """Write a page on which access is to be switched on."""
    texts = (_text("instruction", text) for text in page.descriptions)
    return element("enable", *texts, visiturl=page.url)


def _text(name: str, text: LocalisedText) -> Element:
    return leaf(name, text.text, lang=text.language)


def input_field_element(field: InputField) -> Element:
    """Write something that a client asks its user for."""
    return Element("inputField", field.example or "", (("key", field.key), ("label", field.label)))


def webmail_element(server: Server | None) -> Element | None:
    """Write the web mail's pages, or nothing for None."""
    if server is None:
        return None
    info = None
    if isinstance(server.options, WebmailOptions):
        form = server.options.login_form
        info = element(
            "loginPageInfo",
            leaf("username", form.username),
            element("usernameField", id=form.username_field_id, name=form.username_field_name),
            element("passwordField", id=form.password_field_id, name=form.password_field_name),
            element("loginButton", id=form.button_id, name=form.button_name),
            url=form.url,
            waitForRedirectionURLPrefix=form.redirection_prefix,
        )
    return element("webMail", element("loginPage", url=server.url), info)


def oauth2_element(oauth2: OAuth2 | None) -> Element | None:
    """Write where tokens come from, or nothing for None."""
    if oauth2 is None:
        return None
    return element(
        "oAuth2",
        leaf("issuer", oauth2.issuer),
        leaf("scope", oauth2.scope),
        leaf("authURL", oauth2.authorization_url),
        leaf("tokenURL", oauth2.token_url),
        optional_leaf("clientID", oauth2.client_id),
    )
