"""The settings of Exchange's SOAP Autodiscover: which there are, and what an account has for them.

Only what is stored is told. What cannot be known here, such as the schemas that an EWS server speaks,
has no value, and clients ask the server itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from app.core import placeholders
from app.core.account import Omission
from app.core.exchange import exchange_services
from app.core.mail_choice import choose_mail, imap_missing, misleads
from app.core.servers import Authentication, ExchangeOptions, Server, ServerType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.account import AccountSettings
    from app.core.exchange import ExchangeServices

# Of the reference (setting-soap) and of the EWS Managed API, which knows more.
USER_SETTINGS: Final = frozenset({
    "ActiveDirectoryServer", "AlternateMailboxes", "AutoDiscoverSMTPAddress", "CasVersion",
    "CertPrincipalName", "CrossOrganizationSharingEnabled", "DocumentSharingLocations",
    "EcpConnectUrlFragment", "EcpDeliveryReportUrlFragment", "EcpEmailSubscriptionsUrlFragment",
    "EcpExtensionInstallationUrlFragment", "EcpPhotoUrlFragment", "EcpPublishingUrlFragment",
    "EcpRetentionPolicyTagsUrlFragment", "EcpTeamMailboxCreatingUrlFragment",
    "EcpTeamMailboxEditingUrlFragment", "EcpTeamMailboxUrlFragment", "EcpTextMessagingUrlFragment",
    "EcpVoicemailUrlFragment", "EwsPartnerUrl", "EwsSupportedSchemas", "ExchangeRpcUrl",
    "ExternalEcpConnectUrl", "ExternalEcpDeliveryReportUrl", "ExternalEcpEmailSubscriptionsUrl",
    "ExternalEcpExtensionInstallationUrl", "ExternalEcpPhotoUrl", "ExternalEcpPublishingUrl",
    "ExternalEcpRetentionPolicyTagsUrl", "ExternalEcpTeamMailboxCreatingUrl",
    "ExternalEcpTeamMailboxEditingUrl", "ExternalEcpTeamMailboxHidingUrl", "ExternalEcpTeamMailboxUrl",
    "ExternalEcpTextMessagingUrl", "ExternalEcpUrl", "ExternalEcpVoicemailUrl", "ExternalEmwsUrl",
    "ExternalEwsUrl", "ExternalEwsVersion", "ExternalImap4Connections", "ExternalMailboxServer",
    "ExternalMailboxServerAuthenticationMethods", "ExternalMailboxServerRequiresSSL", "ExternalOABUrl",
    "ExternalOutlookServiceUrl", "ExternalPhotosUrl", "ExternalPop3Connections",
    "ExternalServerExclusiveConnect", "ExternalSmtpConnections", "ExternalUMUrl", "ExternalWebClientUrls",
    "GroupingInformation", "InternalEcpConnectUrl", "InternalEcpDeliveryReportUrl",
    "InternalEcpEmailSubscriptionsUrl", "InternalEcpExtensionInstallationUrl", "InternalEcpPhotoUrl",
    "InternalEcpPublishingUrl", "InternalEcpRetentionPolicyTagsUrl", "InternalEcpTeamMailboxCreatingUrl",
    "InternalEcpTeamMailboxEditingUrl", "InternalEcpTeamMailboxHidingUrl", "InternalEcpTeamMailboxUrl",
    "InternalEcpTextMessagingUrl", "InternalEcpUrl", "InternalEcpVoicemailUrl", "InternalEmwsUrl",
    "InternalEwsUrl", "InternalImap4Connections", "InternalMailboxServer",
    "InternalMailboxServerAuthenticationMethods", "InternalMailboxServerDN", "InternalOABUrl",
    "InternalOutlookServiceUrl", "InternalPhotosUrl", "InternalPop3Connections", "InternalRpcClientServer",
    "InternalRpcHttpAuthenticationMethod", "InternalRpcHttpConnectivityRequiresSsl",
    "InternalRpcHttpServer", "InternalServerExclusiveConnect", "InternalSmtpConnections", "InternalUMUrl",
    "InternalWebClientUrls", "InteropExternalEwsUrl", "InteropExternalEwsVersion", "MailboxDN",
    "MailboxVersion", "MapiHttpEnabled", "MobileMailboxPolicy", "MobileMailboxPolicyInterop",
    "PublicFolderInformation", "PublicFolderServer", "RedirectUrl", "SPMySiteHostURL",
    "ShowGalAsDefaultView", "SiteMailboxCreationURL", "UserDN", "UserDeploymentId", "UserDisplayName",
    "UserMSOnline",
})  # fmt: skip
DOMAIN_SETTINGS: Final = frozenset({"ExternalEwsUrl", "ExternalEwsVersion"})

_MICROSOFT_DOMAINS: Final = (".office365.com", ".office.com", ".outlook.com", ".outlook.cn", ".office365.us")
_TYPES_WITH_A_PLACE: Final = frozenset({
    ServerType.IMAP, ServerType.POP3, ServerType.SMTP, ServerType.EWS, ServerType.OWA, ServerType.EXCHANGE,
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class WebClient:
    """Outlook on the web."""

    url: str
    authentication: tuple[Authentication, ...]


SettingValue: TypeAlias = str | Server | WebClient
"""A text, a mail server with its host name filled in, or a web client."""


def has_exchange(account: AccountSettings) -> bool:
    """Tell whether the account has any service of Exchange, so that its settings are worth asking for."""
    return exchange_services(account).hostname is not None


def has_autodiscover(account: AccountSettings) -> bool:
    """Tell whether programs for Exchange have a reason to ask: for its settings, or for where to ask."""
    return has_exchange(account) or exchange_services(account).autodiscover is not None


def user_settings(account: AccountSettings, person: str | None = None) -> dict[str, SettingValue]:
    """Return the settings that have a value, by the names that clients ask for them.

    Args:
        account: Resolved settings of an address; of a domain, what depends on the address is left out.
        person: The name of the mailbox's owner, where it is known.
    """
    services = exchange_services(account)
    values: dict[str, SettingValue] = {"MapiHttpEnabled": str(services.mapi is not None)}
    if account.login_address is not None:
        values["UserDisplayName"] = person or str(account.login_address)
        values["AutoDiscoverSMTPAddress"] = str(account.login_address)
    if services.hostname is not None:
        values["UserMSOnline"] = str(_is_microsoft_online(services.hostname))
    # The same within and without: a service that is published is reached by one name from everywhere.
    for name, value in _connections(account, services):
        values[f"External{name}"] = value
        values[f"Internal{name}"] = value
    return values


def domain_settings(account: AccountSettings) -> dict[str, str]:
    """Return the settings of a whole domain that have a value."""
    ews = exchange_services(account).ews
    return {} if ews is None or placeholders.has_placeholders(ews) else {"ExternalEwsUrl": ews}


def setting_omissions(account: AccountSettings) -> tuple[Omission, ...]:
    """Tell what no setting has a place for."""
    if not has_exchange(account):
        return (*account.withheld, _NO_EXCHANGE)
    if account.address is None:
        return (*account.withheld, _NO_ADDRESS)
    return (*account.withheld, *_left_out(account))


def _connections(account: AccountSettings, services: ExchangeServices) -> Iterator[tuple[str, SettingValue]]:
    if services.ews is not None and not placeholders.has_placeholders(services.ews):
        yield "EwsUrl", services.ews
    choice = choose_mail(account)
    servers = (("Imap4", choice.imap), ("Pop3", choice.pop3), ("Smtp", choice.smtp))
    for protocol, server in servers:
        if server is not None and not placeholders.has_placeholders(server.hostname or ""):
            yield f"{protocol}Connections", server
    if services.owa is not None and not placeholders.has_placeholders(services.owa):
        yield (
            "WebClientUrls",
            WebClient(url=services.owa, authentication=_offering(account)["owa"].authentication),
        )


def _offering(account: AccountSettings) -> dict[str, Server]:
    """Return the first server of each service whose URL a setting has a place for."""
    found: dict[str, Server] = {}
    for server in account.servers:
        options = server.options if isinstance(server.options, ExchangeOptions) else ExchangeOptions()
        if server.type is ServerType.EWS or options.ews_url is not None:
            found.setdefault("ews", server)
        if server.type is ServerType.OWA or options.owa_url is not None:
            found.setdefault("owa", server)
    return found


def _is_microsoft_online(hostname: str) -> bool:
    return hostname.endswith(_MICROSOFT_DOMAINS)


_NO_EXCHANGE: Final = Omission(
    server=None,
    reason="exchange-missing",
    detail="SOAP Autodiscover is for domains with Exchange services; there is none here.",
)
_NO_ADDRESS: Final = Omission(
    server=None,
    reason="address-needed",
    detail="Of a whole domain there is a setting for EWS alone; all others are an address's.",
)
_DETAILS: Final = {
    "further-server": "A setting names one server of a type, as the other formats do.",
    "not-in-format": "SOAP Autodiscover has no setting for the address of servers of this type.",
}


def _left_out(account: AccountSettings) -> Iterator[Omission]:
    choice = choose_mail(account)
    mail = (server for server in (choice.imap, choice.pop3, choice.smtp) if server is not None)
    told = {server.key for server in (*mail, *_offering(account).values())}
    for server in account.servers:
        if misleads(account, server):
            yield imap_missing(server)
        elif server.key not in told:
            reason = "further-server" if server.type in _TYPES_WITH_A_PLACE else "not-in-format"
            yield Omission(server=server.key, reason=reason, detail=_DETAILS[reason])
