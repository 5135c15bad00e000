"""Which keys Apple's payloads have: facts from the schemas that Apple publishes, in a form of our own.

Source: github.com/apple/device-management, mdm/profiles, release of iOS 18.1 and macOS 15.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

IOS, MACOS, VISIONOS = "iOS", "macOS", "visionOS"
EVERYWHERE = frozenset({IOS, MACOS, VISIONOS})
MOBILE = frozenset({IOS, VISIONOS})


@dataclass(frozen=True, kw_only=True)
class Key:
    """What a key may hold, and who reads it."""

    type: type
    required: bool = False
    values: tuple[Any, ...] = ()
    """All values there are, where they are listed."""
    platforms: frozenset[str] = EVERYWHERE
    deprecated: bool = False
    is_password: bool = False
    """Only for encrypted profiles."""
    keys: dict[str, Key] | None = None
    """Those of the dictionary, or of each dictionary of the array."""


@dataclass(frozen=True, kw_only=True)
class PayloadType:
    platforms: frozenset[str]
    keys: dict[str, Key]


TEXT, NUMBER, TRUTH = Key(type=str), Key(type=int), Key(type=bool)
NEEDED_TEXT = Key(type=str, required=True)
PASSWORD = Key(type=str, is_password=True)
DATA = Key(type=bytes)


def only_on(platforms: frozenset[str], key: Key, *, deprecated: bool = False) -> Key:
    return replace(key, platforms=platforms, deprecated=deprecated)


def one_of(*values: str, required: bool = False) -> Key:
    return Key(type=str, required=required, values=values)


NAMES = {
    "PayloadIdentifier": NEEDED_TEXT,
    "PayloadUUID": NEEDED_TEXT,
    "PayloadVersion": Key(type=int, required=True, values=(1,)),
    "PayloadDescription": TEXT,
    "PayloadDisplayName": TEXT,
    "PayloadOrganization": TEXT,
}
PROFILE = {
    **NAMES,
    "PayloadType": one_of("Configuration", required=True),
    "PayloadContent": Key(type=list, required=True),
    "PayloadScope": one_of("System", "User"),
    "PayloadRemovalDisallowed": only_on(frozenset({IOS, MACOS}), TRUTH),
    "HasRemovalPasscode": TRUTH,
    "RemovalDate": Key(type=object),
    "DurationUntilRemoval": Key(type=float),
    "PayloadExpirationDate": Key(type=object),
    "TargetDeviceType": Key(type=int, values=tuple(range(7))),
    "ConsentText": Key(type=dict),
    "IsEncrypted": TRUTH,
    "EncryptedPayloadContent": DATA,
}

_MAIL_METHODS = (
    "EmailAuthNone",
    "EmailAuthPassword",
    "EmailAuthCRAMMD5",
    "EmailAuthNTLM",
    "EmailAuthHTTPMD5",
)
_NOT_ON_MACOS = {
    "PreventMove": TRUTH,
    "PreventAppSheet": TRUTH,
    "SMIMESigningEnabled": TRUTH,
    "SMIMESigningCertificateUUID": TEXT,
    "SMIMEEncryptionCertificateUUID": TEXT,
    "SMIMESigningUserOverrideable": TRUTH,
    "SMIMESigningCertificateUUIDUserOverrideable": TRUTH,
    "SMIMEEncryptByDefault": TRUTH,
    "SMIMEEncryptByDefaultUserOverrideable": TRUTH,
    "SMIMEEncryptionCertificateUUIDUserOverrideable": TRUTH,
    "SMIMEEnableEncryptionPerMessageSwitch": TRUTH,
    "VPNUUID": TEXT,
}
_MOBILE_ONLY = {name: only_on(MOBILE, key) for name, key in _NOT_ON_MACOS.items()}
_PER_MESSAGE = only_on(frozenset({IOS}), TRUTH, deprecated=True)

MAIL = PayloadType(
    platforms=EVERYWHERE,
    keys={
        "EmailAccountDescription": TEXT,
        "EmailAccountName": TEXT,
        "EmailAccountType": one_of("EmailTypeIMAP", "EmailTypePOP", required=True),
        "EmailAddress": TEXT,
        "IncomingMailServerAuthentication": one_of(*_MAIL_METHODS, required=True),
        "IncomingMailServerHostName": NEEDED_TEXT,
        "IncomingMailServerPortNumber": NUMBER,
        "IncomingMailServerUseSSL": TRUTH,
        "IncomingMailServerUsername": TEXT,
        "IncomingMailServerIMAPPathPrefix": TEXT,
        "IncomingPassword": PASSWORD,
        "OutgoingPassword": PASSWORD,
        "OutgoingPasswordSameAsIncomingPassword": TRUTH,
        "OutgoingMailServerAuthentication": one_of(*_MAIL_METHODS, required=True),
        "OutgoingMailServerHostName": NEEDED_TEXT,
        "OutgoingMailServerPortNumber": NUMBER,
        "OutgoingMailServerUseSSL": TRUTH,
        "OutgoingMailServerUsername": TEXT,
        "disableMailRecentsSyncing": TRUTH,
        "allowMailDrop": TRUTH,
        **_MOBILE_ONLY,
        "SMIMEEnabled": only_on(MOBILE, TRUTH, deprecated=True),
        "SMIMEEncryptionEnabled": only_on(MOBILE, TRUTH),
        "SMIMEEnablePerMessageSwitch": _PER_MESSAGE,
    },
)
_HANDLER = {"AudioCall": only_on(MOBILE, TEXT)}
_HANDLERS = {"DefaultServiceHandlers": only_on(MOBILE, Key(type=dict, keys=_HANDLER))}
_RULES = only_on(MOBILE, Key(type=dict, keys=_HANDLERS))
CALDAV = PayloadType(
    platforms=EVERYWHERE,
    keys={
        "CalDAVAccountDescription": TEXT,
        "CalDAVHostName": NEEDED_TEXT,
        "CalDAVUsername": TEXT,
        "CalDAVPassword": PASSWORD,
        "CalDAVPrincipalURL": TEXT,
        "CalDAVUseSSL": TRUTH,
        "CalDAVPort": NUMBER,
        "VPNUUID": only_on(MOBILE, TEXT),
    },
)
CARDDAV = PayloadType(
    platforms=EVERYWHERE,
    keys={
        "CardDAVAccountDescription": TEXT,
        "CardDAVHostName": NEEDED_TEXT,
        "CardDAVUsername": TEXT,
        "CardDAVPassword": PASSWORD,
        "CardDAVPrincipalURL": only_on(MOBILE, TEXT),
        "CardDAVUseSSL": TRUTH,
        "CardDAVPort": NUMBER,
        "CommunicationServiceRules": _RULES,
        "VPNUUID": only_on(MOBILE, TEXT),
    },
)
_SEARCH = {
    "LDAPSearchSettingDescription": TEXT,
    "LDAPSearchSettingSearchBase": NEEDED_TEXT,
    "LDAPSearchSettingScope": one_of(
        "LDAPSearchSettingScopeBase", "LDAPSearchSettingScopeOneLevel", "LDAPSearchSettingScopeSubtree"
    ),
}
LDAP = PayloadType(
    platforms=EVERYWHERE,
    keys={
        "LDAPAccountDescription": TEXT,
        "LDAPAccountHostName": NEEDED_TEXT,
        "LDAPAccountUserName": TEXT,
        "LDAPAccountPassword": PASSWORD,
        "LDAPAccountUseSSL": TRUTH,
        "LDAPSearchSettings": Key(type=list, keys=_SEARCH),
        "VPNUUID": only_on(MOBILE, TEXT),
    },
)
_SWITCHES = ("Mail", "Contacts", "Calendars", "Reminders", "Notes")
ACTIVE_SYNC = PayloadType(
    platforms=MOBILE,
    keys={
        "EmailAddress": TEXT,
        "Host": TEXT,
        "SSL": TRUTH,
        "UserName": TEXT,
        "Password": PASSWORD,
        "OAuth": TRUTH,
        "OAuthSignInURL": TEXT,
        "OAuthTokenRequestURL": TEXT,
        "OverridePreviousPassword": TRUTH,
        "Certificate": DATA,
        "CertificateName": TEXT,
        "CertificatePassword": PASSWORD,
        "PayloadCertificateUUID": TEXT,
        "MailNumberOfPastDaysToSync": Key(type=int, values=(0, 1, 3, 7, 14, 31)),
        "disableMailRecentsSyncing": TRUTH,
        "allowMailDrop": TRUTH,
        "CommunicationServiceRules": _RULES,
        **_MOBILE_ONLY,
        **{f"Enable{name}": TRUTH for name in _SWITCHES},
        **{f"Enable{name}UserOverridable": TRUTH for name in _SWITCHES},
        "SMIMEEnabled": only_on(frozenset({IOS}), TRUTH, deprecated=True),
        "SMIMEEncryptionEnabled": only_on(frozenset({IOS}), TRUTH, deprecated=True),
        "SMIMEEnablePerMessageSwitch": _PER_MESSAGE,
        "HeaderMagic": only_on(frozenset({IOS}), TEXT, deprecated=True),
    },
)
EWS = PayloadType(
    platforms=frozenset({MACOS}),
    keys={
        "EmailAddress": TEXT,
        "Host": TEXT,
        "Port": NUMBER,
        "Path": TEXT,
        "SSL": TRUTH,
        "ExternalHost": TEXT,
        "ExternalPort": NUMBER,
        "ExternalPath": TEXT,
        "ExternalSSL": TRUTH,
        "UserName": TEXT,
        "Password": PASSWORD,
        "OAuth": TRUTH,
        "OAuthSignInURL": TEXT,
        "PayloadCertificateUUID": TEXT,
        "AuthenticationCertificateUUID": TEXT,
        "allowMailDrop": TRUTH,
    },
)
PAYLOADS = {
    "com.apple.mail.managed": MAIL,
    "com.apple.caldav.account": CALDAV,
    "com.apple.carddav.account": CARDDAV,
    "com.apple.ldap.account": LDAP,
    "com.apple.eas.account": ACTIVE_SYNC,
    "com.apple.ews.account": EWS,
}
MAILBOXES = ("com.apple.mail.managed", "com.apple.eas.account", "com.apple.ews.account")
"""The payloads that bring a mailbox to a device."""
