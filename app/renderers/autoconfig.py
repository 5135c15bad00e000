"""Thunderbird autoconfig: ``clientConfig`` documents, version 1.1 (draft-ietf-mailmaint-autoconfig).

Two profiles. The *safe* one is for the URLs that mail clients ask: one server of each type, nothing
that makes any known client drop the whole file. The *full* one is for ``/v1.1/{domain}``: all that is
stored. What each client insists on is in docs/formats/autoconfig.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.documents import (
    ClientFormat,
    ClientRequest,
    Document,
    Endpoint,
    Parameter,
    Presentation,
    Question,
)
from app.core.errors import InvalidInput
from app.core.markup import Element, element, leaf, optional_leaf, to_document
from app.core.names import DomainName
from app.core.questions import ADDRESS_PARAMETERS, question_for_request
from app.core.replies import document_inquiry
from app.core.safe_selection import SafeSelection, select_safely
from app.core.servers import (
    Authentication,
    ExchangeOptions,
    Pop3Options,
    Server,
    ServerType,
    SmtpOptions,
    SocketType,
    WebmailOptions,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.account import AccountSettings
    from app.core.provider import LocalisedText, OAuth2, Page

MEDIA_TYPE: Final = "text/xml; charset=utf-8"

SOCKET_TYPES: Final = {
    SocketType.TLS: "SSL",
    SocketType.STARTTLS: "STARTTLS",
    SocketType.PLAIN: "plain",
}
AUTHENTICATION: Final = {
    Authentication.PASSWORD_CLEARTEXT: "password-cleartext",
    Authentication.PASSWORD_ENCRYPTED: "password-encrypted",
    Authentication.OAUTH2: "OAuth2",
    Authentication.NTLM: "NTLM",
    Authentication.GSSAPI: "GSSAPI",
    Authentication.TLS_CLIENT_CERTIFICATE: "TLS-client-cert",
    Authentication.CLIENT_IP_ADDRESS: "client-IP-address",
    Authentication.SMTP_AFTER_POP: "smtp-after-pop",
    # The draft's way for HTTP (system="http") is lost on Thunderbird, which reads no leaf that has
    # an attribute; these are the values that the draft had before.
    Authentication.HTTP_BASIC: "http-basic",
    Authentication.HTTP_DIGEST: "http-digest",
    Authentication.NONE: "none",
}
INCOMING_TYPES: Final = {
    ServerType.IMAP: "imap",
    ServerType.POP3: "pop3",
    ServerType.NNTP: "nntp",
    ServerType.JMAP: "jmap",
    ServerType.EWS: "ews",
    ServerType.OWA: "owa",
    ServerType.GRAPH: "graph",
    ServerType.EXCHANGE: "exchange",
    ServerType.ACTIVESYNC: "activeSync",
}


def render_full(account: AccountSettings, _presentation: Presentation) -> Document:
    """Render all that is stored, in the stored order.

    Args:
        account: Resolved settings; the three standard placeholders stay as they are.

    Returns:
        A version 1.1 document, and which servers the format has no place for.
    """
    selection = SafeSelection(
        incoming=tuple(s for s in account.servers if s.type in INCOMING_TYPES),
        outgoing=tuple(s for s in account.servers if s.type is ServerType.SMTP),
        webmail=next((s for s in account.servers if s.type is ServerType.WEBMAIL), None),
        omissions=account.withheld,
    )
    identifier = account.provider.identifier or account.domain.ascii
    return _document(account, selection, identifier, tuple(_all_domains(account)))


def render_safe(account: AccountSettings, _presentation: Presentation) -> Document:
    """Render what every known client survives.

    Args:
        account: Resolved settings.

    Returns:
        A version 1.1 document that names the asked domain alone, and what was left out and why.
    """
    selection = select_safely(account)
    domains = (leaf("domain", account.domain.ascii),)
    return _document(account, selection, _safe_identifier(account), domains)


def _document(
    account: AccountSettings,
    selection: SafeSelection,
    identifier: str,
    domains: tuple[Element, ...],
) -> Document:
    provider = account.provider
    root = element(
        "clientConfig",
        element(
            "emailProvider",
            *domains,
            leaf("displayName", provider.display_name),
            leaf("displayShortName", provider.short_name),
            *(_server("incomingServer", INCOMING_TYPES[s.type], s) for s in selection.incoming),
            *(_server("outgoingServer", "smtp", s) for s in selection.outgoing),
            *(_page("documentation", "descr", page) for page in provider.documentation),
            *(_page("instruction", "descr", page) for page in provider.instructions),
            *(_enable(page) for page in provider.enable),
            *(
                Element(
                    "inputField",
                    field.example or "",
                    (("key", field.key), ("label", field.label)),
                )
                for field in provider.input_fields
            ),
            id=identifier,
        ),
        _webmail(selection.webmail),
        _oauth2(provider.oauth2),
        version="1.1",
    )
    return Document(
        body=to_document(root),
        media_type=MEDIA_TYPE,
        omissions=selection.omissions,
        # Thunderbird takes the first 2xx of several URLs, and stops when it is of no use.
        is_usable=bool(selection.incoming or selection.outgoing),
    )


def _all_domains(account: AccountSettings) -> Iterator[Element]:
    # The asked domain first: Thunderbird and others read the list from the top.
    yield leaf("domain", account.domain.ascii)
    if account.serves_mx:
        yield leaf("domain", account.domain.ascii, purpose="mx")
    for listed in account.listed_domains:
        if listed.name != account.domain:
            yield leaf("domain", listed.name.ascii)
            if listed.serves_mx:
                yield leaf("domain", listed.name.ascii, purpose="mx")


def _safe_identifier(account: AccountSettings) -> str:
    try:
        return DomainName.parse(account.provider.identifier or "").ascii
    except InvalidInput:
        return account.domain.ascii


def _server(name: str, type_name: str, server: Server) -> Element:
    # FairEmail derives STARTTLS from the port and lets socketType correct it: keep this order.
    return element(
        name,
        optional_leaf("hostname", server.hostname),
        optional_leaf("port", None if server.port is None else str(server.port)),
        optional_leaf("socketType", None if server.socket_type is None else SOCKET_TYPES[server.socket_type]),
        optional_leaf("url", server.url),
        optional_leaf("username", server.username),
        *(leaf("authentication", AUTHENTICATION[method]) for method in server.authentication),
        *_options(server),
        type=type_name,
    )


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


def _page(name: str, text_name: str, page: Page) -> Element:
    return element(name, *(_text(text_name, text) for text in page.descriptions), url=page.url)


def _enable(page: Page) -> Element:
    texts = (_text("instruction", text) for text in page.descriptions)
    return element("enable", *texts, visiturl=page.url)


def _text(name: str, text: LocalisedText) -> Element:
    return leaf(name, text.text, lang=text.language)


def _webmail(server: Server | None) -> Element | None:
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


def _oauth2(oauth2: OAuth2 | None) -> Element | None:
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


def _question_for_path(request: ClientRequest) -> Question:
    try:
        return Question(domains=(DomainName.parse(request.path_parameters["domain"]),))
    except InvalidInput as error:
        raise error.inside("domain") from None


_DOMAIN_IN_PATH: Final = Parameter(
    name="domain", description="The mail domain", example="demo.example", in_path=True
)

SAFE: Final = ClientFormat(
    name="autoconfig",
    title="Thunderbird autoconfig, for mail clients",
    media_type=MEDIA_TYPE,
    file_extension="xml",
    endpoints=(
        Endpoint(
            path="/mail/config-v1.1.xml",
            summary="Autoconfig at the host autoconfig.DOMAIN",
            parameters=ADDRESS_PARAMETERS,
        ),
        Endpoint(
            path="/.well-known/autoconfig/mail/config-v1.1.xml",
            summary="Autoconfig at the domain itself",
            parameters=ADDRESS_PARAMETERS,
        ),
        Endpoint(
            path="/.well-known/mail-v1.xml",
            summary="Autoconfig as GNOME asks for it",
            parameters=ADDRESS_PARAMETERS,
        ),
    ),
    inquire=document_inquiry(question_for_request, render_safe),
    render=render_safe,
)
FULL: Final = ClientFormat(
    name="autoconfig-full",
    title="Thunderbird autoconfig with all that is stored, as the ISPDB serves it",
    media_type=MEDIA_TYPE,
    file_extension="xml",
    endpoints=(
        Endpoint(
            path="/v1.1/{domain}",
            summary="Autoconfig by domain, as in the ISPDB",
            parameters=(_DOMAIN_IN_PATH,),
        ),
        Endpoint(
            path="/autoconfig/v1.1/{domain}",
            summary="Autoconfig by domain, at the path of Thunderbird's own ISPDB",
            parameters=(_DOMAIN_IN_PATH,),
        ),
    ),
    inquire=document_inquiry(_question_for_path, render_full),
    render=render_full,
    lists_domains=True,
)
FORMATS: Final = (SAFE, FULL)
