"""Values as plain JSON data, for the audit and for what is kept of deleted domains, and back.

The names are those of the API's resources; a server's options stand in the member named like its type.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeAlias

from app.core.domains import Domain, DomainStatus, Mailbox, PublishedName
from app.core.mail_transport import MtaSts, StsMode, TlsReporting
from app.core.names import DomainName, EmailAddress
from app.core.servers import (
    OPTIONS_BY_TYPE,
    Authentication,
    LoginForm,
    Server,
    ServerOptions,
    ServerType,
    SocketType,
    WebmailOptions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.provider import Provider

Record: TypeAlias = dict[str, Any]


def server_record(server: Server) -> Record:
    """Return a server as JSON data."""
    record: Record = {
        "key": server.key,
        "type": server.type.value,
        "hostname": server.hostname,
        "port": server.port,
        "socket_type": None if server.socket_type is None else server.socket_type.value,
        "url": server.url,
        "authentication": [method.value for method in server.authentication],
        "username": server.username,
        "shared_hostname": server.shared_hostname,
    }
    if server.options is not None:
        record[server.type.value] = asdict(server.options)
    return record


def server_from_record(record: Mapping[str, Any]) -> Server:
    """Build a server from what ``server_record`` gave."""
    server_type = ServerType(record["type"])
    socket_type = record["socket_type"]
    options = record.get(server_type.value)
    return Server(
        key=record["key"],
        type=server_type,
        hostname=record["hostname"],
        port=record["port"],
        socket_type=None if socket_type is None else SocketType(socket_type),
        url=record["url"],
        authentication=tuple(Authentication(method) for method in record["authentication"]),
        username=record["username"],
        shared_hostname=record["shared_hostname"],
        options=None if options is None else options_from_record(server_type, options),
    )


def options_from_record(server_type: ServerType, record: Mapping[str, Any]) -> ServerOptions:
    """Build a server's options from their fields."""
    if server_type is ServerType.WEBMAIL:
        return WebmailOptions(login_form=LoginForm(**record["login_form"]))
    return OPTIONS_BY_TYPE[server_type](**record)


def provider_record(provider: Provider) -> Record:
    """Return a provider as JSON data."""
    return {
        "slug": provider.slug,
        "display_name": provider.display_name,
        "short_name": provider.short_name,
        "identifier": provider.identifier,
        "documentation": [asdict(page) for page in provider.documentation],
        "instructions": [asdict(page) for page in provider.instructions],
        "enable": [asdict(page) for page in provider.enable],
        "support": asdict(provider.support),
        "logo_url": provider.logo_url,
        "colour": provider.colour,
        "oauth2": None if provider.oauth2 is None else asdict(provider.oauth2),
        "input_fields": [asdict(field) for field in provider.input_fields],
        "servers": [server_record(server) for server in provider.servers],
        "variables": dict(provider.variables),
        "list_domains": provider.list_domains,
        "subaddress_separator": provider.subaddress_separator,
        "lowercase_login": provider.lowercase_login,
        **transport_record(provider),
    }


def transport_record(owner: Provider | Domain) -> Record:
    """Return what a provider or a domain has of MTA-STS and TLS reporting as JSON data."""
    reporting = owner.tls_reporting
    return {
        "mta_sts": None if owner.mta_sts is None else asdict(owner.mta_sts),
        "tls_reporting": None if reporting is None else asdict(reporting),
    }


def mta_sts_from_record(record: Mapping[str, Any] | None) -> MtaSts | None:
    """Build a policy from its fields."""
    if record is None:
        return None
    return MtaSts(
        mode=StsMode(record["mode"]), mx=tuple(record["mx"]), max_age_seconds=record["max_age_seconds"]
    )


def tls_reporting_from_record(record: Mapping[str, Any] | None) -> TlsReporting | None:
    """Build TLS reporting from its fields."""
    return None if record is None else TlsReporting(uris=tuple(record["uris"]))


def domain_record(domain: Domain) -> Record:
    """Return a domain as JSON data."""
    return {
        "name": domain.name.ascii,
        "provider": domain.provider,
        "alias_of": None if domain.alias_of is None else domain.alias_of.ascii,
        "variables": dict(domain.variables),
        "status": domain.status.value,
        "published_name": domain.published_name.value,
        "reference": domain.reference,
        "serves_mx": domain.serves_mx,
        "servers": [server_record(server) for server in domain.servers],
        **transport_record(domain),
    }


def domain_from_record(record: Mapping[str, Any]) -> Domain:
    """Build a domain from what ``domain_record`` gave."""
    alias_of = record["alias_of"]
    return Domain(
        name=DomainName(record["name"]),
        provider=record["provider"],
        alias_of=None if alias_of is None else DomainName(alias_of),
        variables=record["variables"],
        status=DomainStatus(record["status"]),
        published_name=PublishedName(record["published_name"]),
        reference=record["reference"],
        serves_mx=record["serves_mx"],
        servers=tuple(server_from_record(server) for server in record["servers"]),
        mta_sts=mta_sts_from_record(record["mta_sts"]),
        tls_reporting=tls_reporting_from_record(record["tls_reporting"]),
    )


def mailbox_record(mailbox: Mailbox) -> Record:
    """Return a mailbox as JSON data."""
    return {
        "local_part": mailbox.address.local_part,
        "login": mailbox.login,
        "variables": dict(mailbox.variables),
        "servers": [server_record(server) for server in mailbox.servers],
    }


def mailbox_from_record(record: Mapping[str, Any], domain: DomainName) -> Mailbox:
    """Build a mailbox of a domain from what ``mailbox_record`` gave."""
    return Mailbox(
        address=EmailAddress(record["local_part"], domain),
        login=record["login"],
        variables=record["variables"],
        servers=tuple(server_from_record(server) for server in record["servers"]),
    )
