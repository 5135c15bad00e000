"""What is managed: providers, domains, mailboxes, tokens, the audit, webhooks and their outbox."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLModel reads annotations
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field

from app.store.rows.columns import (
    ID,
    JSON_VALUE,
    NULLABLE_JSON,
    RECORD,
    Row,
    id_column,
    moment,
    owner_column,
)


class ProviderRow(Row, table=True):
    """A provider; texts that are only ever read as a whole are in ``details``."""

    __tablename__ = "provider"
    __table_args__ = (UniqueConstraint("slug"), Index(None, "source"))

    id: int | None = Field(default=None, sa_column=id_column())
    slug: str = Field(sa_type=String(63))
    identifier: str | None = Field(default=None, sa_type=String(253))
    display_name: str = Field(sa_type=String(60))
    short_name: str = Field(sa_type=String(60))
    details: dict[str, Any] = Field(sa_type=JSON_VALUE)
    variables: dict[str, str] = Field(sa_type=JSON_VALUE)
    list_domains: bool
    subaddress_separator: str | None = Field(default=None, sa_type=String(1))
    lowercase_login: bool
    source: str = Field(sa_type=String(20))
    version: int
    created_at: datetime = moment()
    updated_at: datetime = moment()
    mta_sts: dict[str, Any] | None = Field(default=None, sa_type=NULLABLE_JSON)
    tls_reporting: dict[str, Any] | None = Field(default=None, sa_type=NULLABLE_JSON)
    cohort_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    cohort_words: list[str] | None = Field(default=None, sa_type=NULLABLE_JSON)


_HAS_CHANGED = "cohort_version <> version"
_IS_SUSPENDED = "status = 'suspended'"


class DomainRow(Row, table=True):
    """A mail domain."""

    __tablename__ = "domain"
    __table_args__ = (
        UniqueConstraint("name"),
        # Lists are paged by name, for a provider or for all.
        Index(None, "provider_id", "name"),
        Index(None, "alias_of_id"),
        Index(None, "reference"),
        Index(None, "node"),
        Index(None, "updated_at", "name"),
        Index(None, "created_at", "name"),
        Index(None, "cohort_id"),
        # Every change makes a new version, so that no writer has to say that a domain changed.
        Index(
            "ix_domain_changed", "id", postgresql_where=text(_HAS_CHANGED), sqlite_where=text(_HAS_CHANGED)
        ),
        # They are few, and nobody should have to look through all others for them.
        Index(
            "ix_domain_suspended",
            "name",
            postgresql_where=text(_IS_SUSPENDED),
            sqlite_where=text(_IS_SUSPENDED),
        ),
        Index(
            "ix_domain_suspended_of_provider",
            "provider_id",
            "name",
            postgresql_where=text(_IS_SUSPENDED),
            sqlite_where=text(_IS_SUSPENDED),
        ),
    )

    id: int | None = Field(default=None, sa_column=id_column())
    name: str = Field(sa_type=String(253))
    provider_id: int = Field(sa_column=owner_column("provider_id", "provider"))
    alias_of_id: int | None = Field(
        default=None, sa_column=owner_column("alias_of_id", "domain", nullable=True)
    )
    variables: dict[str, str] = Field(sa_type=JSON_VALUE)
    status: str = Field(sa_type=String(20))
    published_name: str = Field(sa_type=String(20))
    reference: str | None = Field(default=None, sa_type=String(100))
    serves_mx: bool
    source: str = Field(sa_type=String(20))
    version: int
    created_at: datetime = moment()
    updated_at: datetime = moment()
    mta_sts: dict[str, Any] | None = Field(default=None, sa_type=NULLABLE_JSON)
    tls_reporting: dict[str, Any] | None = Field(default=None, sa_type=NULLABLE_JSON)
    node: str | None = Field(default=None, sa_type=String(253))
    cohort_id: int | None = Field(default=None, sa_column=Column("cohort_id", ID))
    cohort_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class MailboxRow(Row, table=True):
    """A mailbox that differs from its domain."""

    __tablename__ = "mailbox"
    __table_args__ = (UniqueConstraint("domain_id", "key"),)

    id: int | None = Field(default=None, sa_column=id_column())
    domain_id: int = Field(sa_column=owner_column("domain_id", "domain", cascade=True))
    local_part: str = Field(sa_type=String(64))
    key: str = Field(sa_type=String(64))
    login: str | None = Field(default=None, sa_type=String(254))
    variables: dict[str, str] = Field(sa_type=JSON_VALUE)
    version: int
    created_at: datetime = moment()
    updated_at: datetime = moment()


class ServerRow(Row, table=True):
    """A server of exactly one owner."""

    __tablename__ = "server"
    __table_args__ = (
        UniqueConstraint("provider_id", "key"),
        UniqueConstraint("domain_id", "key"),
        UniqueConstraint("mailbox_id", "key"),
        CheckConstraint(
            "(CASE WHEN provider_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN domain_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN mailbox_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_owner",
        ),
    )

    id: int | None = Field(default=None, sa_column=id_column())
    provider_id: int | None = Field(
        default=None, sa_column=owner_column("provider_id", "provider", nullable=True, cascade=True)
    )
    domain_id: int | None = Field(
        default=None, sa_column=owner_column("domain_id", "domain", nullable=True, cascade=True)
    )
    mailbox_id: int | None = Field(
        default=None, sa_column=owner_column("mailbox_id", "mailbox", nullable=True, cascade=True)
    )
    position: int
    key: str = Field(sa_type=String(40))
    type: str = Field(sa_type=String(20))
    hostname: str | None = Field(default=None, sa_type=String(253))
    port: int | None = None
    socket_type: str | None = Field(default=None, sa_type=String(20))
    url: str | None = Field(default=None, sa_type=Text)
    authentication: list[str] = Field(sa_type=JSON_VALUE)
    username: str | None = Field(default=None, sa_type=String(254))
    shared_hostname: str | None = Field(default=None, sa_type=String(253))
    options: dict[str, Any] | None = Field(default=None, sa_type=NULLABLE_JSON)


class DiscoveryGenerationRow(Row, table=True):
    """One row of numbers that SQLite's triggers raise with each change of what discovery serves."""

    __tablename__ = "discovery_generation"

    id: int | None = Field(
        default=None, sa_column=Column("id", Integer, primary_key=True, autoincrement=False)
    )
    domains: int = Field(sa_type=ID)
    providers: int = Field(sa_type=ID)


class TokenRow(Row, table=True):
    """An API token: only a digest of its secret part is kept."""

    __tablename__ = "token"
    __table_args__ = (UniqueConstraint("public_id"),)

    id: int | None = Field(default=None, sa_column=id_column())
    public_id: str = Field(sa_type=String(16))
    digest: str = Field(sa_type=String(64))
    name: str = Field(sa_type=String(100))
    scopes: list[str] = Field(sa_type=JSON_VALUE)
    provider_id: int | None = Field(
        default=None, sa_column=owner_column("provider_id", "provider", nullable=True, cascade=True)
    )
    expires_at: datetime | None = moment(nullable=True)
    created_at: datetime = moment()
    previous_digest: str | None = Field(default=None, sa_type=String(64))
    previous_ends_at: datetime | None = moment(nullable=True)
    last_used_at: datetime | None = moment(nullable=True)
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    updated_at: datetime | None = moment(nullable=True)


class AuditEntryRow(Row, table=True):
    """A change; no foreign keys, for it outlives what it tells of. Triggers forbid every UPDATE."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index(None, "at"),
        Index(None, "resource", "id"),
        Index(None, "provider", "id"),
        Index(None, "token_id", "id"),
        Index(None, "action", "id"),
        Index(None, "request_id"),
        # So that no number comes twice, not even when all entries were forgotten in between.
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=id_column())
    at: datetime = moment()
    token_id: str = Field(sa_type=String(16))
    token_name: str = Field(sa_type=String(100))
    request_id: str | None = Field(default=None, sa_type=String(40))
    action: str = Field(sa_type=String(40))
    kind: str = Field(sa_type=String(20))
    resource: str = Field(sa_type=String(320))
    provider: str | None = Field(default=None, sa_type=String(63))
    before: dict[str, Any] | None = Field(default=None, sa_type=RECORD)
    after: dict[str, Any] | None = Field(default=None, sa_type=RECORD)


class IdempotencyRecordRow(Row, table=True):
    """The answer to a request with a key; without one only while the request is under way."""

    __tablename__ = "idempotency_record"
    __table_args__ = (UniqueConstraint("token_id", "key"), Index(None, "created_at"))

    id: int | None = Field(default=None, sa_column=id_column())
    token_id: str = Field(sa_type=String(16))
    key: str = Field(sa_type=String(255))
    digest: str = Field(sa_type=String(64))
    status: int | None = None
    headers: dict[str, str] | None = Field(default=None, sa_type=RECORD)
    body: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = moment()


class DeletedDomainRow(Row, table=True):
    """A domain that was deleted, with its servers and mailboxes."""

    __tablename__ = "deleted_domain"
    __table_args__ = (
        Index(None, "name", "id"),
        Index(None, "provider_id", "id"),
        Index(None, "deleted_at"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=id_column())
    name: str = Field(sa_type=String(253))
    provider_id: int = Field(sa_column=owner_column("provider_id", "provider", cascade=True))
    version: int
    domain: dict[str, Any] = Field(sa_type=RECORD)
    mailboxes: list[dict[str, Any]] = Field(sa_type=RECORD)
    mailbox_count: int
    deleted_at: datetime = moment()
    deleted_by: str = Field(sa_type=String(16))


class WebhookRow(Row, table=True):
    """A subscription, and how deliveries to it go; the latter changes without a new version."""

    __tablename__ = "webhook"
    __table_args__ = (UniqueConstraint("public_id"), Index(None, "provider_id"))

    id: int | None = Field(default=None, sa_column=id_column())
    public_id: str = Field(sa_type=String(16))
    name: str = Field(sa_type=String(100))
    url: str = Field(sa_type=Text)
    event_types: list[str] = Field(sa_type=JSON_VALUE)
    provider_id: int | None = Field(
        default=None, sa_column=owner_column("provider_id", "provider", nullable=True, cascade=True)
    )
    is_active: bool
    disabled_reason: str | None = Field(default=None, sa_type=String(200))
    secret: str = Field(sa_type=Text)
    previous_secret: str | None = Field(default=None, sa_type=Text)
    previous_ends_at: datetime | None = moment(nullable=True)
    failures: int
    failing_since: datetime | None = moment(nullable=True)
    resting_until: datetime | None = moment(nullable=True)
    version: int
    created_at: datetime = moment()
    updated_at: datetime = moment()


class EventRow(Row, table=True):
    """Something that at least one subscription hears of; the document is sent as it is here."""

    __tablename__ = "event"
    __table_args__ = (Index(None, "at"),)

    id: str = Field(sa_column=Column("id", String(40), primary_key=True))
    type: str = Field(sa_type=String(40))
    subject: str = Field(sa_type=String(320))
    at: datetime = moment()
    document: str = Field(sa_type=Text)


_IS_PENDING = "state = 'pending'"


class DeliveryRow(Row, table=True):
    """An event on its way to a subscription."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index(None, "event_id"),
        Index(None, "webhook_id", "id"),
        Index(None, "state", "id"),
        Index(
            "ix_delivery_due",
            "webhook_id",
            "next_attempt_at",
            postgresql_where=text(_IS_PENDING),
            sqlite_where=text(_IS_PENDING),
        ),
        Index(
            "ix_delivery_lane",
            "webhook_id",
            "lane",
            "id",
            postgresql_where=text(_IS_PENDING),
            sqlite_where=text(_IS_PENDING),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=id_column())
    event_id: str = Field(
        sa_column=Column("event_id", ForeignKey("event.id", ondelete="CASCADE"), nullable=False)
    )
    webhook_id: int = Field(sa_column=owner_column("webhook_id", "webhook", cascade=True))
    type: str = Field(sa_type=String(40))
    lane: str = Field(sa_type=String(340))
    state: str = Field(sa_type=String(20))
    attempts: int
    next_attempt_at: datetime | None = moment(nullable=True)
    lease: str | None = Field(default=None, sa_type=String(32))
    leased_until: datetime | None = moment(nullable=True)
    last_attempt_at: datetime | None = moment(nullable=True)
    last_status: int | None = None
    last_error: str | None = Field(default=None, sa_type=String(200))
    delivered_at: datetime | None = moment(nullable=True)
    created_at: datetime = moment()
