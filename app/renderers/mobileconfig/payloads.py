"""The payloads of a profile, each a dictionary of Apple's keys (protocol brief §3.2, §3.3).

No payload has a password: the installer asks for it. Keys that take a freedom from the mailbox's owner
(``PreventMove``, ``PreventAppSheet`` and the like) are left at Apple's defaults, which take none.
Empty strings are never written; iOS refuses a profile over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

from app.core.servers import Authentication, ImapOptions, LdapOptions, Server, ServerType, SocketType
from app.renderers.mobileconfig.sayable import DEFAULT_PORTS, mail_method, signs_in_on_a_page

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.exchange import FoundService

Value: TypeAlias = "str | int | bool | list[Value] | dict[str, Value]"
Payload: TypeAlias = dict[str, Value]

_ACCOUNT_TYPES: Final = {ServerType.IMAP: "EmailTypeIMAP", ServerType.POP3: "EmailTypePOP"}

# Without these nobody can use a certificate of their own on an account from a profile (§6-34). Nothing
# is signed or encrypted until its owner says so.
_SMIME_CHOICES: Final[Payload] = {
    "SMIMESigningEnabled": False,
    "SMIMESigningUserOverrideable": True,
    "SMIMESigningCertificateUUIDUserOverrideable": True,
    "SMIMEEncryptByDefault": False,
    "SMIMEEncryptByDefaultUserOverrideable": True,
    "SMIMEEncryptionCertificateUUIDUserOverrideable": True,
    "SMIMEEnableEncryptionPerMessageSwitch": True,
}


def mail_payload(
    account: AccountSettings, incoming: Server, outgoing: Server, *, description: str, person: str | None
) -> Payload:
    """Build ``com.apple.mail.managed``; every key of the outgoing server is given.

    Left to itself, Apple tries port 25 first, and macOS drops an outgoing server without a user name
    (§6-32).
    """
    payload: Payload = {
        "PayloadType": "com.apple.mail.managed",
        "EmailAccountDescription": description,
        "EmailAccountType": _ACCOUNT_TYPES[incoming.type],
        "EmailAddress": str(account.address),
        **_mail_server(account, "Incoming", incoming),
        **_mail_server(account, "Outgoing", outgoing),
        "OutgoingPasswordSameAsIncomingPassword": _shares_password(account, incoming, outgoing),
        **_SMIME_CHOICES,
    }
    if person is not None:
        payload["EmailAccountName"] = person
    prefix = _path_prefix(incoming)
    if prefix:
        payload["IncomingMailServerIMAPPathPrefix"] = prefix
    return payload


def _mail_server(account: AccountSettings, direction: str, server: Server) -> Payload:
    return {
        f"{direction}MailServerHostName": server.hostname or "",
        f"{direction}MailServerPortNumber": server.port or 0,
        # One switch for TLS from the first byte and for STARTTLS; Apple tells them apart by the port.
        f"{direction}MailServerUseSSL": server.socket_type is not SocketType.PLAIN,
        f"{direction}MailServerUsername": account.expanded(server.username or ""),
        f"{direction}MailServerAuthentication": mail_method(server) or "",
    }


def _shares_password(account: AccountSettings, incoming: Server, outgoing: Server) -> bool:
    """Tell whether one question for a password will do."""
    if mail_method(outgoing) == "EmailAuthNone":
        return True
    return account.expanded(incoming.username or "") == account.expanded(outgoing.username or "")


def _path_prefix(incoming: Server) -> str | None:
    """Return the name of the folder that holds all others: Apple adds the delimiter itself."""
    if not isinstance(incoming.options, ImapOptions):
        return None
    return incoming.options.folder


def caldav_payload(account: AccountSettings, server: Server, description: str) -> Payload:
    """Build ``com.apple.caldav.account``."""
    return {
        "PayloadType": "com.apple.caldav.account",
        "CalDAVAccountDescription": description,
        **_dav("CalDAV", account, server),
    }


def carddav_payload(account: AccountSettings, server: Server, description: str) -> Payload:
    """Build ``com.apple.carddav.account``; macOS does not read its path and asks .well-known."""
    return {
        "PayloadType": "com.apple.carddav.account",
        "CardDAVAccountDescription": description,
        **_dav("CardDAV", account, server),
    }


def _dav(prefix: str, account: AccountSettings, server: Server) -> Payload:
    parts = urlsplit(server.url or "")
    payload: Payload = {
        f"{prefix}HostName": parts.hostname or "",
        f"{prefix}Port": parts.port or DEFAULT_PORTS[parts.scheme],
        f"{prefix}UseSSL": parts.scheme == "https",
    }
    if server.username is not None:
        payload[f"{prefix}Username"] = account.expanded(server.username)
    if parts.path.strip("/"):
        # The path alone, as the declarative form of this payload calls it. Without one, the device
        # asks .well-known.
        payload[f"{prefix}PrincipalURL"] = parts.path
    return payload


def ldap_payload(account: AccountSettings, server: Server, description: str) -> Payload:
    """Build ``com.apple.ldap.account``, which has no place for a port."""
    base = server.options.search_base if isinstance(server.options, LdapOptions) else ""
    payload: Payload = {
        "PayloadType": "com.apple.ldap.account",
        "LDAPAccountDescription": description,
        "LDAPAccountHostName": server.hostname or "",
        "LDAPAccountUseSSL": server.socket_type is SocketType.TLS,
        "LDAPSearchSettings": [
            {
                "LDAPSearchSettingDescription": description,
                "LDAPSearchSettingSearchBase": base,
                "LDAPSearchSettingScope": "LDAPSearchSettingScopeSubtree",
            }
        ],
    }
    if server.username is not None and server.authentication[0] is not Authentication.NONE:
        payload["LDAPAccountUserName"] = account.expanded(server.username)
    return payload


def active_sync_payload(account: AccountSettings, service: FoundService) -> Payload:
    """Build ``com.apple.eas.account``, for iOS and visionOS; others pass over it."""
    parts = urlsplit(service.url)
    payload = _exchange(account, service.server, "com.apple.eas.account")
    payload |= {"Host": parts.hostname or "", "SSL": parts.scheme == "https", **_SMIME_CHOICES}
    oauth2 = account.provider.oauth2
    if oauth2 is not None and "OAuth" in payload:
        payload["OAuthTokenRequestURL"] = oauth2.token_url
    return payload


def ews_payload(account: AccountSettings, service: FoundService) -> Payload:
    """Build ``com.apple.ews.account``, for macOS; others pass over it."""
    parts = urlsplit(service.url)
    payload = _exchange(account, service.server, "com.apple.ews.account")
    payload |= {
        "Host": parts.hostname or "",
        "Port": parts.port or DEFAULT_PORTS[parts.scheme],
        "SSL": parts.scheme == "https",
    }
    if parts.path.strip("/"):
        payload["Path"] = parts.path
    return payload


def _exchange(account: AccountSettings, server: Server, payload_type: str) -> Payload:
    payload: Payload = {"PayloadType": payload_type, "EmailAddress": str(account.address)}
    if server.username is not None:
        payload["UserName"] = account.expanded(server.username)
    oauth2 = account.provider.oauth2
    if oauth2 is not None and signs_in_on_a_page(server):
        payload |= {"OAuth": True, "OAuthSignInURL": oauth2.authorization_url}
    return payload
