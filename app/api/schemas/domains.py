"""Domains and mailboxes in JSON, and to and from the core."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pydantic import ConfigDict, Field

from app.api.schemas.mail_transport import (
    MtaStsShape,
    TlsReportingShape,
    mta_sts_to_shape,
    tls_reporting_to_shape,
    transport_to_core,
)
from app.api.schemas.rules import PATCHED_VARIABLES_RULES, Name, Reference, Slug, Username
from app.api.schemas.servers import ServerShape, server_to_shape, servers_to_core
from app.api.schemas.shapes import Boolean, Listing, Shape, StoredShape, Variables, without_required
from app.core.domains import Domain, DomainStatus, Mailbox, PublishedName
from app.core.errors import IssueCollector
from app.core.names import DomainName, EmailAddress
from app.core.servers import MAX_SERVERS

if TYPE_CHECKING:
    from app.core.account import AccountSettings, Omission
    from app.core.deleted import DeletedDomain
    from app.core.stored import Stored

_NO_ALIAS_OR_NO_SERVERS: Final[list[Any]] = [
    {"properties": {"alias_of": {"type": "null"}}},
    {"properties": {"servers": {"maxItems": 0}}},
]


class DomainBody(Shape):
    """A domain without its name."""

    model_config = ConfigDict(json_schema_extra={"anyOf": _NO_ALIAS_OR_NO_SERVERS})

    provider: Slug = Field(description="The provider's slug.")
    alias_of: Name | None = Field(
        default=None, description="A domain of the same provider whose settings and mailboxes are used."
    )
    variables: Variables = {}
    status: DomainStatus = DomainStatus.ACTIVE
    published_name: PublishedName = Field(
        default=PublishedName.AUTOMATIC,
        description="Which of a server's two host names clients are given.",
    )
    reference: Reference | None = Field(default=None, description="The billing system's own name for it.")
    serves_mx: Boolean = Field(
        default=False, description="Whether the settings hold for all domains whose MX is here."
    )
    servers: list[ServerShape] = Field(
        default=[],
        json_schema_extra={"maxItems": MAX_SERVERS},
        description="Servers of its own; those of a type replace all of the provider's of that type.",
    )
    mta_sts: MtaStsShape | None = Field(
        default=None, description="A policy of its own; null where the provider's holds."
    )
    tls_reporting: TlsReportingShape | None = Field(
        default=None, description="Where its reports go; null where the provider's hold."
    )


class DomainCreate(DomainBody):
    """A domain to be stored."""

    name: Name = Field(description="In U-labels or A-labels; two labels at least.")


class DomainRead(StoredShape, DomainCreate):
    """A domain as it is stored; the name in A-labels."""

    unicode_name: str


class DomainItem(DomainRead):
    """A domain, or those fields of it that were asked for."""

    model_config = ConfigDict(json_schema_extra=without_required)


class DomainPage(Listing[DomainItem]):
    """Some of the domains."""


_SOMEWHERE: Final[list[Any]] = [
    {"properties": {"provider": {"type": "string"}}, "required": ["provider"]},
    {"properties": {"variables": {"minProperties": 1}}, "required": ["variables"]},
]


class DomainMove(Shape):
    """Where a domain goes: to another provider, to another node, or both."""

    model_config = ConfigDict(json_schema_extra={"anyOf": _SOMEWHERE})

    provider: Slug | None = Field(default=None, description="Null where it stays.")
    variables: dict[str, str | None] = Field(
        default={},
        description="New values; null takes a variable away, all others stay.",
        examples=[{"NODE": "srv13"}],
        json_schema_extra=PATCHED_VARIABLES_RULES,
    )


class DeletedDomainRead(Shape):
    """A domain that was deleted and can be restored."""

    id: int
    name: str
    unicode_name: str
    provider: str
    alias_of: str | None
    reference: str | None
    status: DomainStatus
    version: int
    mailboxes: int = Field(description="How many mailboxes of its own it had.")
    created_at: datetime
    deleted_at: datetime
    deleted_by: str = Field(description="The id of the token that deleted it.")
    kept_until: datetime = Field(description="After this it is gone for good.")


class DeletedDomainItem(DeletedDomainRead):
    """A deleted domain, or those fields of it that were asked for."""

    model_config = ConfigDict(json_schema_extra=without_required)


class DeletedDomainPage(Listing[DeletedDomainItem]):
    """Some of the deleted domains, the last one first."""


class MailboxBody(Shape):
    """A mailbox that differs from its domain."""

    login: Username | None = Field(
        default=None, description="What the user logs in as.", examples=["c1047-jane"]
    )
    variables: Variables = {}
    servers: list[ServerShape] = Field(default=[], json_schema_extra={"maxItems": MAX_SERVERS})


class MailboxRead(StoredShape, MailboxBody):
    """A mailbox as it is stored."""

    local_part: str
    address: str


class MailboxItem(MailboxRead):
    """A mailbox, or those fields of it that were asked for."""

    model_config = ConfigDict(json_schema_extra=without_required)


class MailboxPage(Listing[MailboxItem]):
    """Some of a domain's mailboxes."""


class OmissionShape(Shape):
    """Something stored that is not published."""

    server: str | None = Field(description="The server's key.")
    reason: str = Field(description="A stable code.", examples=["plain-socket"])
    detail: str


class FormatShape(Shape):
    """One client format, for these settings."""

    name: str
    title: str
    omissions: list[OmissionShape]


class SettingsRead(Shape):
    """What a domain, or an address in it, resolves to."""

    domain: str
    status: DomainStatus
    servers: list[ServerShape] = Field(description="With the domain's variables filled in.")
    withheld: list[OmissionShape] = Field(description="What no format can publish.")
    formats: list[FormatShape]


class DocumentRead(Shape):
    """A document as a client gets it."""

    format: str
    media_type: str
    body: str
    omissions: list[OmissionShape]


def domain_to_core(body: DomainBody, name: DomainName) -> Domain:
    """Build the core's domain.

    Raises:
        InvalidInput: With the issues of all fields.
    """
    issues = IssueCollector()
    alias_of = None
    with issues.at("alias_of"):
        alias_of = None if body.alias_of is None else DomainName.parse(body.alias_of)
    servers = None
    with issues.at():
        servers = servers_to_core(body.servers)
    mta_sts, tls_reporting = transport_to_core(body, issues)
    with issues.at():
        domain = Domain(
            name=name,
            provider=body.provider,
            alias_of=alias_of,
            variables=body.variables,
            status=body.status,
            published_name=body.published_name,
            reference=body.reference,
            serves_mx=body.serves_mx,
            servers=servers or (),
            mta_sts=mta_sts,
            tls_reporting=tls_reporting,
        )
    issues.close()
    return domain


def domain_to_read(stored: Stored[Domain]) -> DomainRead:
    """Write a domain as JSON has it."""
    domain = stored.value
    return DomainRead(
        name=domain.name.ascii,
        unicode_name=domain.name.unicode,
        provider=domain.provider,
        alias_of=None if domain.alias_of is None else domain.alias_of.ascii,
        variables=dict(domain.variables),
        status=domain.status,
        published_name=domain.published_name,
        reference=domain.reference,
        serves_mx=domain.serves_mx,
        servers=[server_to_shape(server) for server in domain.servers],
        mta_sts=mta_sts_to_shape(domain.mta_sts),
        tls_reporting=tls_reporting_to_shape(domain.tls_reporting),
        version=stored.version,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )


def deleted_to_read(deleted: DeletedDomain, retention: timedelta) -> DeletedDomainRead:
    """Write a deleted domain as JSON has it."""
    domain = deleted.domain.value
    return DeletedDomainRead(
        id=deleted.id,
        name=domain.name.ascii,
        unicode_name=domain.name.unicode,
        provider=domain.provider,
        alias_of=None if domain.alias_of is None else domain.alias_of.ascii,
        reference=domain.reference,
        status=domain.status,
        version=deleted.domain.version,
        mailboxes=deleted.mailbox_count,
        created_at=deleted.domain.created_at,
        deleted_at=deleted.deleted_at,
        deleted_by=deleted.deleted_by,
        kept_until=deleted.deleted_at + retention,
    )


def mailbox_to_core(body: MailboxBody, address: EmailAddress) -> Mailbox:
    """Build the core's mailbox.

    Raises:
        InvalidInput: With the issues of all fields.
    """
    return Mailbox(
        address=address,
        login=body.login,
        variables=body.variables,
        servers=servers_to_core(body.servers),
    )


def mailbox_to_read(stored: Stored[Mailbox]) -> MailboxRead:
    """Write a mailbox as JSON has it."""
    mailbox = stored.value
    return MailboxRead(
        local_part=mailbox.address.local_part,
        address=str(mailbox.address),
        login=mailbox.login,
        variables=dict(mailbox.variables),
        servers=[server_to_shape(server) for server in mailbox.servers],
        version=stored.version,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )


def omissions_to_shapes(omissions: tuple[Omission, ...]) -> list[OmissionShape]:
    """Write omissions as JSON has them."""
    return [
        OmissionShape(server=omission.server, reason=omission.reason, detail=omission.detail)
        for omission in omissions
    ]


def settings_to_read(
    settings: AccountSettings, status: DomainStatus, formats: list[FormatShape]
) -> SettingsRead:
    """Write resolved settings as JSON has them."""
    return SettingsRead(
        domain=settings.domain.ascii,
        status=status,
        servers=[server_to_shape(server) for server in settings.servers],
        withheld=omissions_to_shapes(settings.withheld),
        formats=formats,
    )
