"""Values with every field set, so that a field which gets lost on some way is missed."""

from __future__ import annotations

from app.core.domains import Domain, DomainStatus, Mailbox, PublishedName
from app.core.mail_transport import MtaSts, StsMode, TlsReporting
from app.core.names import DomainName, EmailAddress
from app.core.provider import InputField, LocalisedText, OAuth2, Page, Provider, Support
from app.core.servers import (
    Authentication,
    ExchangeOptions,
    ImapOptions,
    LdapOptions,
    Location,
    LoginForm,
    Pop3Options,
    Server,
    ServerOptions,
    ServerType,
    SmtpOptions,
    SocketType,
    WebmailOptions,
)

OPTIONS: tuple[tuple[ServerType, ServerOptions], ...] = (
    (ServerType.IMAP, ImapOptions(path_prefix="INBOX.")),
    (
        ServerType.POP3,
        Pop3Options(
            leave_messages_on_server=True,
            days_to_leave_messages_on_server=14,
            download_on_biff=False,
            check_interval_minutes=10,
        ),
    ),
    (ServerType.POP3, Pop3Options(leave_messages_on_server=False)),
    (
        ServerType.SMTP,
        SmtpOptions(restriction="clientIPAddress", add_this_server=True, use_global_preferred_server=False),
    ),
    (ServerType.LDAP, LdapOptions(search_base="ou=people,dc=example,dc=com")),
    (
        ServerType.EXCHANGE,
        ExchangeOptions(
            owa_url="https://owa.provider.example/owa",
            ews_url="https://ews.provider.example/%NODE%/Exchange.asmx",
            eas_url="https://eas.provider.example/sync",
            autodiscover_url="https://%NODE%.hosted.example/%EMAILDOMAIN%/autodiscover.xml",
            use_global_preferred_server=True,
        ),
    ),
    (
        ServerType.WEBMAIL,
        WebmailOptions(
            login_form=LoginForm(
                url="https://webmail.provider.example/login?d=%EMAILDOMAIN%",
                redirection_prefix="https://webmail.provider.example/inbox",
                username="%EMAILADDRESS%",
                username_field_id="user-id",
                username_field_name="user-name",
                password_field_id="pass-id",
                password_field_name="pass-name",
                button_id="go-id",
                button_name="go-name",
            )
        ),
    ),
)


def _located(server_type: ServerType, key: str, options: ServerOptions | None) -> Server:
    methods = () if server_type is ServerType.WEBMAIL else (Authentication.PASSWORD_CLEARTEXT,)
    if server_type.location is Location.URL:
        return Server(
            key=key,
            type=server_type,
            url=f"https://%NODE%.provider.example/{server_type}?q=%EMAILDOMAIN%",
            authentication=methods,
            username="%EMAILADDRESS%",
            options=options,
        )
    return Server(
        key=key,
        type=server_type,
        hostname=f"{server_type}.%NODE%.provider.example",
        port=4321,
        socket_type=SocketType.STARTTLS,
        authentication=methods,
        username="%EMAILLOCALPART%",
        shared_hostname="%NODE%.shared.example",
        options=options,
    )


SERVERS: tuple[Server, ...] = (
    *(_located(server_type, server_type.value, None) for server_type in ServerType),
    *(
        _located(server_type, f"o-{position}", options)
        for position, (server_type, options) in enumerate(OPTIONS)
    ),
    Server(
        key="xmpp-url",
        type=ServerType.XMPP,
        url="https://chat.provider.example/bosh",
        authentication=(Authentication.NONE,),
    ),
    *(
        Server(
            key=f"socket-{socket_type}",
            type=ServerType.SMTP,
            hostname="192.0.2.25",
            port=65535,
            socket_type=socket_type,
            # In an order that no sorting would give.
            authentication=tuple(reversed(Authentication)),
        )
        for socket_type in SocketType
    ),
)
"""Every type without options and with every kind of them, every place, every method."""


def _page(name: str) -> Page:
    return Page(
        url=f"https://provider.example/{name}?a=1&b=2",
        descriptions=(
            LocalisedText(text=f"{name} <b>\"&' \U0001f4e7\nline two", language="pt-BR"),
            LocalisedText(text=f"{name} in no language"),
        ),
    )


FULL_PROVIDER = Provider(
    slug="full.provider-1",
    display_name='Ünïcode & <Markup> "quoted"',
    short_name="Ünï",
    identifier="Full.Provider.example",
    documentation=(_page("documentation"), Page(url="https://provider.example/bare")),
    instructions=(_page("instructions"),),
    enable=(_page("enable"),),
    support=Support(email="help@provider.example", phone="+49 1234", url="https://help.provider.example/"),
    logo_url="https://provider.example/logo.svg",
    colour="#0B57d0",
    oauth2=OAuth2(
        issuer="login.provider.example",
        scope="imap smtp offline_access",
        authorization_url="https://login.provider.example/authorize",
        token_url="https://login.provider.example/token",
        client_id="client-1",
    ),
    input_fields=(
        InputField(key="USERNAME", label="Your name", example="jane"),
        InputField(key="REALM", label="Your realm"),
    ),
    servers=SERVERS,
    variables={"NODE": "srv12", "B_2": "ß"},
    list_domains=True,
    subaddress_separator="+",
    lowercase_login=True,
    mta_sts=MtaSts(
        mode=StsMode.TESTING, mx=("mx1.provider.example", "*.mx.provider.example"), max_age_seconds=86400
    ),
    tls_reporting=TlsReporting(uris=("mailto:tls@provider.example", "https://provider.example/tls?r=1")),
)
FULL_DOMAIN = Domain(
    name=DomainName.parse("bücher.example"),
    provider=FULL_PROVIDER.slug,
    variables={"NODE": "srv99", "OTHER": "x y"},
    status=DomainStatus.SUSPENDED,
    published_name=PublishedName.SHARED,
    reference="K-1047 / Ä",
    serves_mx=True,
    servers=SERVERS,
    mta_sts=MtaSts(mode=StsMode.ENFORCE, mx=("xn--bcher-kva.example",), max_age_seconds=0),
    tls_reporting=TlsReporting(uris=("mailto:tls%2Bb@xn--bcher-kva.example",)),
)
FULL_MAILBOX = Mailbox(
    address=EmailAddress.parse("Jané.Doe/x@bücher.example"),
    login="c1047-%EMAILLOCALPART%",
    variables={"NODE": "srv1"},
    servers=SERVERS,
)
