"""The accounts that every format is tested with; one idea each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.core.domains import PublishedName
from app.core.names import EmailAddress
from app.core.provider import InputField, LocalisedText, OAuth2, Page, Support
from app.core.resolving import login_address, resolve
from app.core.servers import (
    Authentication,
    ExchangeOptions,
    ImapOptions,
    LdapOptions,
    LoginForm,
    Pop3Options,
    Server,
    ServerType,
    SmtpOptions,
    SocketType,
    WebmailOptions,
)

from builders import a_domain, a_mailbox, a_pop3_server, a_provider, a_url_server, an_account, an_imap_server
from builders import an_smtp_server as smtp

if TYPE_CHECKING:
    from app.core.account import AccountSettings

OAUTH2 = OAuth2(
    issuer="login.provider.example",
    scope="mail offline_access",
    authorization_url="https://login.provider.example/authorize",
    token_url="https://login.provider.example/token",
    client_id="mail-clients",
)
PASSWORD = (Authentication.PASSWORD_CLEARTEXT,)
HOSTILE = "<b>\"A\" & 'B'</b> ]]> &amp; %00 \u202e \u05d0\u05d1"


def full() -> AccountSettings:
    def pages(name: str) -> tuple[Page, ...]:
        texts = (LocalisedText(text=f"About {name}"), LocalisedText(text="Über alles", language="de"))
        return (Page(url=f"https://help.provider.example/{name}?a=1&b=2", descriptions=texts),)

    form = LoginForm(
        url="https://webmail.provider.example/login",
        redirection_prefix="https://sso.provider.example/",
        username="%EMAILADDRESS%",
        username_field_id="user",
        username_field_name="login[user]",
        password_field_id="pass",
        button_name="go",
    )
    return an_account(
        an_imap_server(options=ImapOptions(path_prefix="INBOX.")),
        a_pop3_server(
            options=Pop3Options(
                leave_messages_on_server=True,
                days_to_leave_messages_on_server=30,
                download_on_biff=False,
                check_interval_minutes=15,
            )
        ),
        smtp(options=SmtpOptions(restriction="client-IP-address", add_this_server=True)),
        a_url_server(ServerType.JMAP),
        Server(
            key="webmail",
            type=ServerType.WEBMAIL,
            url="https://webmail.provider.example/",
            options=WebmailOptions(login_form=form),
        ),
        identifier="provider.example",
        documentation=pages("documentation"),
        instructions=pages("instructions"),
        enable=pages("enable"),
        support=Support(
            email="help@provider.example", phone="+49 30 1234", url="https://help.provider.example"
        ),
        oauth2=OAUTH2,
        input_fields=(InputField(key="CUSTOMER", label="Customer number", example="4711"),),
    )


def exchange() -> AccountSettings:
    oauth2 = (Authentication.OAUTH2,)
    return an_account(
        an_imap_server(authentication=oauth2),
        a_url_server(ServerType.EWS, authentication=oauth2),
        a_url_server(ServerType.MAPI, authentication=oauth2),
        a_url_server(ServerType.ACTIVESYNC, authentication=oauth2),
        an_imap_server(
            key="exchange",
            type=ServerType.EXCHANGE,
            hostname="exchange.provider.example",
            port=443,
            options=ExchangeOptions(
                owa_url="https://exchange.provider.example/owa/",
                ews_url="https://exchange.provider.example/ews/exchange.asmx",
                use_global_preferred_server=True,
            ),
        ),
        smtp(authentication=oauth2),
    )


def exchange_address() -> AccountSettings:
    """Exchange beside mail servers that take a password: a client must not mix them up."""
    basic = (Authentication.HTTP_BASIC,)
    return an_account(
        a_pop3_server(),
        an_imap_server(),
        a_url_server(ServerType.OWA, authentication=(Authentication.PASSWORD_CLEARTEXT,)),
        a_url_server(ServerType.EWS, url="https://web.provider.example:8443/EWS/Exchange.asmx"),
        a_url_server(ServerType.EWS, key="ews-2", url="https://two.provider.example/EWS/Exchange.asmx"),
        a_url_server(
            ServerType.MAPI,
            authentication=basic,
            url="https://web.provider.example/mapi/emsmdb/?box=%EMAILDOMAIN%",
        ),
        a_url_server(ServerType.ACTIVESYNC, url="https://eas.provider.example/Microsoft-Server-ActiveSync"),
        smtp(port=587, socket_type=SocketType.STARTTLS),
        address="jane@customer.example",
    )


def exchange_elsewhere() -> AccountSettings:
    """Exchange at somebody else's, who has an Autodiscover for it; IMAP for those who must."""
    return an_account(
        an_imap_server(
            key="exchange",
            type=ServerType.EXCHANGE,
            hostname="exchange.hosted.example",
            port=443,
            options=ExchangeOptions(
                autodiscover_url="https://discover.hosted.example/%EMAILDOMAIN%/Autodiscover/Autodiscover.xml",
            ),
        ),
        an_imap_server(hostname="imap.hosted.example"),
        smtp(hostname="smtp.hosted.example", port=587, socket_type=SocketType.STARTTLS),
        address="jane@customer.example",
    )


def exchange_first(method: Authentication, **provider: Any) -> AccountSettings:
    """Exchange, with IMAP for those who must."""
    return an_account(
        a_url_server(
            ServerType.EWS,
            url="https://exchange.provider.example/EWS/Exchange.asmx",
            authentication=(method,),
        ),
        a_url_server(
            ServerType.ACTIVESYNC,
            url="https://exchange.provider.example/Microsoft-Server-ActiveSync",
            authentication=(method,),
        ),
        an_imap_server(),
        smtp(),
        a_url_server(ServerType.CALDAV),
        address="jane@customer.example",
        **provider,
    )


def addressed(account: AccountSettings) -> AccountSettings:
    """Give an account of a domain an address, as formats for one mailbox need it."""
    if account.address is not None:
        return account
    address = EmailAddress("jane", account.domain)
    return replace(account, address=address, login_address=login_address(account.provider, address))


def shared_host() -> AccountSettings:
    """A customer without a certificate of its own: the shared name is published."""
    own, shared = "mail.%EMAILDOMAIN%", "%NODE%.provider.example"
    provider = a_provider(
        servers=(
            an_imap_server(hostname=own, shared_hostname=shared),
            smtp(hostname=own, shared_hostname=shared),
        )
    )
    domain = a_domain(variables={"NODE": "srv12"}, published_name=PublishedName.AUTOMATIC)
    return resolve(provider, domain)


def imap_withheld() -> AccountSettings:
    """IMAP that lacks a variable, as after an import: POP3 must not take its place."""
    servers = (an_imap_server(hostname="%NODE%.provider.example"), a_pop3_server(), smtp())
    return resolve(a_provider(servers=servers), a_domain())


def mailbox_login() -> AccountSettings:
    address = EmailAddress.parse("jane@customer.example")
    return resolve(a_provider(), a_domain(), address=address, mailbox=a_mailbox(login="c1047-jane"))


def groupware() -> AccountSettings:
    """Everything beside the mail that a server can be, all with one login."""
    return an_account(
        an_imap_server(),
        smtp(),
        a_url_server(ServerType.CALDAV, url="https://dav.provider.example/calendars/%EMAILADDRESS%/"),
        a_url_server(ServerType.CARDDAV, url="https://dav.provider.example/contacts/%EMAILADDRESS%/"),
        a_url_server(ServerType.WEBDAV, url="https://files.%EMAILDOMAIN%/dav/"),
        a_url_server(ServerType.JMAP, url="https://jmap.provider.example/session"),
        a_socket_server(ServerType.LDAP, 636, options=LdapOptions(search_base="ou=people,dc=provider")),
        a_socket_server(ServerType.MANAGESIEVE, 4190, socket_type=SocketType.STARTTLS),
        a_url_server(ServerType.XMPP, url="wss://xmpp.provider.example/ws", authentication=PASSWORD),
        a_socket_server(ServerType.XMPP, 5223, key="xmpp-tcp"),
        a_url_server(ServerType.MATRIX, url="https://matrix.provider.example/"),
        identifier="provider.example",
    )


def groupware_logins() -> tuple[Server, ...]:
    """Services beside the mail that take another login, or another proof, than the mail does."""
    return (
        an_imap_server(),
        smtp(),
        a_url_server(ServerType.CALDAV, username="%EMAILLOCALPART%"),
        a_url_server(ServerType.CALDAV, key="caldav-digest", authentication=(Authentication.HTTP_DIGEST,)),
        a_url_server(ServerType.CARDDAV, authentication=(Authentication.OAUTH2, Authentication.HTTP_BASIC)),
        a_url_server(ServerType.WEBDAV, username=None, authentication=(Authentication.NONE,)),
        a_socket_server(ServerType.MANAGESIEVE, 4190, username="sieve-%EMAILLOCALPART%"),
        a_socket_server(ServerType.XMPP, 5222, socket_type=SocketType.PLAIN),
        a_url_server(ServerType.MATRIX, username="@%EMAILLOCALPART%:%EMAILDOMAIN%"),
    )


def a_socket_server(server_type: ServerType, port: int, **changes: Any) -> Server:
    hostname = f"{server_type}.provider.example"
    values = {"key": server_type.value, "type": server_type, "hostname": hostname, "port": port}
    return an_imap_server(**{**values, **changes})


def many_servers() -> AccountSettings:
    return an_account(
        a_pop3_server(key="pop3-plain", port=110, socket_type=SocketType.PLAIN),
        an_imap_server(key="imap-plain", port=143, socket_type=SocketType.PLAIN),
        an_imap_server(),
        an_imap_server(key="imap-starttls", port=143, socket_type=SocketType.STARTTLS),
        a_pop3_server(username="%EMAILLOCALPART%"),
        smtp(key="smtp-none", port=25, authentication=(Authentication.NONE,), username=None),
        smtp(key="smtp-local", username="%EMAILLOCALPART%"),
        smtp(key="smtp-starttls", port=587, socket_type=SocketType.STARTTLS),
        smtp(authentication=(Authentication.GSSAPI, *PASSWORD)),
    )


ACCOUNTS: dict[str, AccountSettings] = {
    "minimal": an_account(an_imap_server(), smtp()),
    "minimal-address": an_account(an_imap_server(), smtp(), address="jane@customer.example"),
    "full": full(),
    "idn": an_account(an_imap_server(hostname="mail.%EMAILDOMAIN%"), smtp(), domain="bücher.example"),
    "oauth2-only": an_account(
        an_imap_server(authentication=(Authentication.OAUTH2,)),
        smtp(authentication=(Authentication.OAUTH2,)),
        oauth2=OAUTH2,
    ),
    "oauth2-or-password": an_account(
        an_imap_server(authentication=(Authentication.OAUTH2, *PASSWORD)),
        smtp(authentication=(Authentication.OAUTH2, *PASSWORD)),
        oauth2=OAUTH2,
    ),
    "pop-only": an_account(a_pop3_server(), smtp()),
    "starttls-only": an_account(
        an_imap_server(port=143, socket_type=SocketType.STARTTLS),
        smtp(port=587, socket_type=SocketType.STARTTLS),
    ),
    "plain-only": an_account(
        an_imap_server(port=143, socket_type=SocketType.PLAIN),
        smtp(port=25, socket_type=SocketType.PLAIN, authentication=(Authentication.NONE,), username=None),
    ),
    "exchange": exchange(),
    "exchange-address": exchange_address(),
    "exchange-elsewhere": exchange_elsewhere(),
    "shared-host": shared_host(),
    "mailbox-login": mailbox_login(),
    "hostile": an_account(
        an_imap_server(username=HOSTILE),
        smtp(username=HOSTILE),
        display_name=HOSTILE,
        short_name=HOSTILE[:20].strip(),
        documentation=(
            Page(
                url="https://a.example/?q='&x=<>",
                descriptions=(LocalisedText(text=f"{HOSTILE}\n\t{HOSTILE}"),),
            ),
        ),
        domain="customer.example",
    ),
    "many-servers": many_servers(),
    "many-servers-address": an_account(
        *many_servers().servers, address="jane.doe+list@customer.example", subaddress_separator="+"
    ),
    "composed-login": an_account(
        an_imap_server(username="%EMAILLOCALPART%.%EMAILDOMAIN%"),
        smtp(username="%EMAILLOCALPART%.%EMAILDOMAIN%"),
        address="Jane@customer.example",
        lowercase_login=True,
    ),
    "groupware": groupware(),
    "groupware-logins": an_account(*groupware_logins()),
    "groupware-logins-address": an_account(*groupware_logins(), address="jane@customer.example"),
    "jmap-only": an_account(a_url_server(ServerType.JMAP), a_url_server(ServerType.CALDAV)),
    "dav-only": an_account(a_url_server(ServerType.CALDAV), a_url_server(ServerType.CARDDAV)),
    "exchange-password": exchange_first(Authentication.HTTP_BASIC),
    "exchange-sign-in": exchange_first(Authentication.OAUTH2, oauth2=OAUTH2),
    "send-only": an_account(smtp()),
    "imap-withheld": imap_withheld(),
    "nothing": resolve(a_provider(servers=()), a_domain()),
}
