"""Rows to core values and back, both ways total."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from app.core.domains import NODE_VARIABLE, Domain, DomainStatus, Mailbox, PublishedName
from app.core.names import DomainName, EmailAddress
from app.core.provider import InputField, LocalisedText, OAuth2, Page, Provider, Support
from app.core.records import (
    mta_sts_from_record,
    options_from_record,
    tls_reporting_from_record,
    transport_record,
)
from app.core.servers import Authentication, Server, ServerType, SocketType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def provider_to_row(provider: Provider) -> dict[str, Any]:
    """Return the columns of a provider without its servers."""
    return {
        "slug": provider.slug,
        "identifier": provider.identifier,
        "display_name": provider.display_name,
        "short_name": provider.short_name,
        "details": {
            "documentation": [asdict(page) for page in provider.documentation],
            "instructions": [asdict(page) for page in provider.instructions],
            "enable": [asdict(page) for page in provider.enable],
            "support": asdict(provider.support),
            "logo_url": provider.logo_url,
            "colour": provider.colour,
            "oauth2": None if provider.oauth2 is None else asdict(provider.oauth2),
            "input_fields": [asdict(field) for field in provider.input_fields],
        },
        "variables": dict(provider.variables),
        "list_domains": provider.list_domains,
        "subaddress_separator": provider.subaddress_separator,
        "lowercase_login": provider.lowercase_login,
        **transport_record(provider),
    }


def provider_from_row(row: Mapping[str, Any], servers: Iterable[Server]) -> Provider:
    """Build a provider from its columns and its servers in order."""
    details = row["details"]
    oauth2 = details["oauth2"]
    return Provider(
        slug=row["slug"],
        identifier=row["identifier"],
        display_name=row["display_name"],
        short_name=row["short_name"],
        documentation=_pages(details["documentation"]),
        instructions=_pages(details["instructions"]),
        enable=_pages(details["enable"]),
        support=Support(**details["support"]),
        logo_url=details["logo_url"],
        # Rows of versions that had no colours are without.
        colour=details.get("colour"),
        oauth2=None if oauth2 is None else OAuth2(**oauth2),
        input_fields=tuple(InputField(**field) for field in details["input_fields"]),
        servers=tuple(servers),
        variables=row["variables"],
        list_domains=row["list_domains"],
        subaddress_separator=row["subaddress_separator"],
        lowercase_login=row["lowercase_login"],
        mta_sts=mta_sts_from_record(row["mta_sts"]),
        tls_reporting=tls_reporting_from_record(row["tls_reporting"]),
    )


def _pages(pages: list[dict[str, Any]]) -> tuple[Page, ...]:
    return tuple(
        Page(
            url=page["url"],
            descriptions=tuple(LocalisedText(**text) for text in page["descriptions"]),
        )
        for page in pages
    )


def server_to_row(server: Server, position: int, owner: Mapping[str, int]) -> dict[str, Any]:
    """Return the columns of a server; ``owner`` is its one owner column with the owner's id."""
    return {
        "provider_id": None,
        "domain_id": None,
        "mailbox_id": None,
        **owner,
        "position": position,
        "key": server.key,
        "type": server.type.value,
        "hostname": server.hostname,
        "port": server.port,
        "socket_type": None if server.socket_type is None else server.socket_type.value,
        "url": server.url,
        "authentication": [method.value for method in server.authentication],
        "username": server.username,
        "shared_hostname": server.shared_hostname,
        "options": None if server.options is None else asdict(server.options),
    }


def server_from_row(row: Mapping[str, Any]) -> Server:
    """Build a server from its columns."""
    server_type = ServerType(row["type"])
    return Server(
        key=row["key"],
        type=server_type,
        hostname=row["hostname"],
        port=row["port"],
        socket_type=None if row["socket_type"] is None else SocketType(row["socket_type"]),
        url=row["url"],
        authentication=tuple(Authentication(method) for method in row["authentication"]),
        username=row["username"],
        shared_hostname=row["shared_hostname"],
        options=None if row["options"] is None else options_from_record(server_type, row["options"]),
    )


def domain_to_row(domain: Domain, provider_id: int, alias_of_id: int | None) -> dict[str, Any]:
    """Return the columns of a domain without its servers."""
    return {
        "name": domain.name.ascii,
        "provider_id": provider_id,
        "alias_of_id": alias_of_id,
        "variables": dict(domain.variables),
        "node": domain.variables.get(NODE_VARIABLE),
        "status": domain.status.value,
        "published_name": domain.published_name.value,
        "reference": domain.reference,
        "serves_mx": domain.serves_mx,
        **transport_record(domain),
    }


def domain_from_row(row: Mapping[str, Any], servers: Iterable[Server]) -> Domain:
    """Build a domain from its columns, with ``provider_slug`` and ``alias_name`` looked up beside them."""
    alias = row["alias_name"]
    return Domain(
        name=DomainName(row["name"]),
        provider=row["provider_slug"],
        alias_of=None if alias is None else DomainName(alias),
        variables=row["variables"],
        status=DomainStatus(row["status"]),
        published_name=PublishedName(row["published_name"]),
        reference=row["reference"],
        serves_mx=row["serves_mx"],
        servers=tuple(servers),
        mta_sts=mta_sts_from_record(row["mta_sts"]),
        tls_reporting=tls_reporting_from_record(row["tls_reporting"]),
    )


def mailbox_to_row(mailbox: Mailbox, domain_id: int) -> dict[str, Any]:
    """Return the columns of a mailbox without its servers."""
    return {
        "domain_id": domain_id,
        "local_part": mailbox.address.local_part,
        "key": mailbox.address.key,
        "login": mailbox.login,
        "variables": dict(mailbox.variables),
    }


def mailbox_from_row(row: Mapping[str, Any], domain: DomainName, servers: Iterable[Server]) -> Mailbox:
    """Build a mailbox of a domain from its columns."""
    return Mailbox(
        address=EmailAddress(row["local_part"], domain),
        login=row["login"],
        variables=row["variables"],
        servers=tuple(servers),
    )
