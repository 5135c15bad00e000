"""The tables, as SQLModel classes. They do not validate: what is stored was a core value before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel
from typing_extensions import override

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only for a column that says INTEGER.
_ID = BigInteger().with_variant(Integer, "sqlite")
_JSON = JSON().with_variant(JSONB, "postgresql")
# Written and read as a whole, members in their order.
_RECORD = JSON(none_as_null=True)
_NULLABLE_JSON = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no time zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: object) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    @override
    def process_result_value(self, value: datetime | None, dialect: object) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _id_column() -> Column[int]:
    return Column("id", _ID, primary_key=True, autoincrement=True)


def _owner_column(name: str, table: str, *, nullable: bool = False, cascade: bool = False) -> Column[Any]:
    key = ForeignKey(f"{table}.id", ondelete="CASCADE" if cascade else "RESTRICT")
    return Column(name, _ID, key, nullable=nullable)


def _moment(*, nullable: bool = False) -> Any:  # noqa: ANN401 - as Field itself
    return Field(sa_type=UtcDateTime, nullable=nullable, default=None if nullable else ...)


class _Row(SQLModel, registry=registry(metadata=METADATA)):
    """Keeps our tables apart from those of other users of SQLModel in one process."""


class ProviderRow(_Row, table=True):
    """A provider; texts that are only ever read as a whole are in ``details``."""

    __tablename__ = "provider"
    __table_args__ = (UniqueConstraint("slug"), Index(None, "source"))

    id: int | None = Field(default=None, sa_column=_id_column())
    slug: str = Field(sa_type=String(63))
    identifier: str | None = Field(default=None, sa_type=String(253))
    display_name: str = Field(sa_type=String(60))
    short_name: str = Field(sa_type=String(60))
    details: dict[str, Any] = Field(sa_type=_JSON)
    variables: dict[str, str] = Field(sa_type=_JSON)
    list_domains: bool
    subaddress_separator: str | None = Field(default=None, sa_type=String(1))
    lowercase_login: bool
    source: str = Field(sa_type=String(20))
    version: int
    created_at: datetime = _moment()
    updated_at: datetime = _moment()
    mta_sts: dict[str, Any] | None = Field(default=None, sa_type=_NULLABLE_JSON)
    tls_reporting: dict[str, Any] | None = Field(default=None, sa_type=_NULLABLE_JSON)


class DomainRow(_Row, table=True):
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
    )

    id: int | None = Field(default=None, sa_column=_id_column())
    name: str = Field(sa_type=String(253))
    provider_id: int = Field(sa_column=_owner_column("provider_id", "provider"))
    alias_of_id: int | None = Field(
        default=None, sa_column=_owner_column("alias_of_id", "domain", nullable=True)
    )
    variables: dict[str, str] = Field(sa_type=_JSON)
    status: str = Field(sa_type=String(20))
    published_name: str = Field(sa_type=String(20))
    reference: str | None = Field(default=None, sa_type=String(100))
    serves_mx: bool
    source: str = Field(sa_type=String(20))
    version: int
    created_at: datetime = _moment()
    updated_at: datetime = _moment()
    mta_sts: dict[str, Any] | None = Field(default=None, sa_type=_NULLABLE_JSON)
    tls_reporting: dict[str, Any] | None = Field(default=None, sa_type=_NULLABLE_JSON)
    node: str | None = Field(default=None, sa_type=String(253))


class MailboxRow(_Row, table=True):
    """A mailbox that differs from its domain."""

    __tablename__ = "mailbox"
    __table_args__ = (UniqueConstraint("domain_id", "key"),)

    id: int | None = Field(default=None, sa_column=_id_column())
    domain_id: int = Field(sa_column=_owner_column("domain_id", "domain", cascade=True))
    local_part: str = Field(sa_type=String(64))
    key: str = Field(sa_type=String(64))
    login: str | None = Field(default=None, sa_type=String(254))
    variables: dict[str, str] = Field(sa_type=_JSON)
    version: int
    created_at: datetime = _moment()
    updated_at: datetime = _moment()


class ServerRow(_Row, table=True):
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

    id: int | None = Field(default=None, sa_column=_id_column())
    provider_id: int | None = Field(
        default=None, sa_column=_owner_column("provider_id", "provider", nullable=True, cascade=True)
    )
    domain_id: int | None = Field(
        default=None, sa_column=_owner_column("domain_id", "domain", nullable=True, cascade=True)
    )
    mailbox_id: int | None = Field(
        default=None, sa_column=_owner_column("mailbox_id", "mailbox", nullable=True, cascade=True)
    )
    position: int
    key: str = Field(sa_type=String(40))
    type: str = Field(sa_type=String(20))
    hostname: str | None = Field(default=None, sa_type=String(253))
    port: int | None = None
    socket_type: str | None = Field(default=None, sa_type=String(20))
    url: str | None = Field(default=None, sa_type=Text)
    authentication: list[str] = Field(sa_type=_JSON)
    username: str | None = Field(default=None, sa_type=String(254))
    shared_hostname: str | None = Field(default=None, sa_type=String(253))
    options: dict[str, Any] | None = Field(default=None, sa_type=_NULLABLE_JSON)


class TokenRow(_Row, table=True):
    """An API token: only a digest of its secret part is kept."""

    __tablename__ = "token"
    __table_args__ = (UniqueConstraint("public_id"),)

    id: int | None = Field(default=None, sa_column=_id_column())
    public_id: str = Field(sa_type=String(16))
    digest: str = Field(sa_type=String(64))
    name: str = Field(sa_type=String(100))
    scopes: list[str] = Field(sa_type=_JSON)
    provider_id: int | None = Field(
        default=None, sa_column=_owner_column("provider_id", "provider", nullable=True, cascade=True)
    )
    expires_at: datetime | None = _moment(nullable=True)
    created_at: datetime = _moment()
    previous_digest: str | None = Field(default=None, sa_type=String(64))
    previous_ends_at: datetime | None = _moment(nullable=True)
    last_used_at: datetime | None = _moment(nullable=True)
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    updated_at: datetime | None = _moment(nullable=True)


class AuditEntryRow(_Row, table=True):
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

    id: int | None = Field(default=None, sa_column=_id_column())
    at: datetime = _moment()
    token_id: str = Field(sa_type=String(16))
    token_name: str = Field(sa_type=String(100))
    request_id: str | None = Field(default=None, sa_type=String(40))
    action: str = Field(sa_type=String(40))
    kind: str = Field(sa_type=String(20))
    resource: str = Field(sa_type=String(320))
    provider: str | None = Field(default=None, sa_type=String(63))
    before: dict[str, Any] | None = Field(default=None, sa_type=_RECORD)
    after: dict[str, Any] | None = Field(default=None, sa_type=_RECORD)


class IdempotencyRecordRow(_Row, table=True):
    """The answer to a request with a key; without one only while the request is under way."""

    __tablename__ = "idempotency_record"
    __table_args__ = (UniqueConstraint("token_id", "key"), Index(None, "created_at"))

    id: int | None = Field(default=None, sa_column=_id_column())
    token_id: str = Field(sa_type=String(16))
    key: str = Field(sa_type=String(255))
    digest: str = Field(sa_type=String(64))
    status: int | None = None
    headers: dict[str, str] | None = Field(default=None, sa_type=_RECORD)
    body: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = _moment()


class DeletedDomainRow(_Row, table=True):
    """A domain that was deleted, with its servers and mailboxes."""

    __tablename__ = "deleted_domain"
    __table_args__ = (
        Index(None, "name", "id"),
        Index(None, "provider_id", "id"),
        Index(None, "deleted_at"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=_id_column())
    name: str = Field(sa_type=String(253))
    provider_id: int = Field(sa_column=_owner_column("provider_id", "provider", cascade=True))
    version: int
    domain: dict[str, Any] = Field(sa_type=_RECORD)
    mailboxes: list[dict[str, Any]] = Field(sa_type=_RECORD)
    mailbox_count: int
    deleted_at: datetime = _moment()
    deleted_by: str = Field(sa_type=String(16))


class WebhookRow(_Row, table=True):
    """A subscription, and how deliveries to it go; the latter changes without a new version."""

    __tablename__ = "webhook"
    __table_args__ = (UniqueConstraint("public_id"), Index(None, "provider_id"))

    id: int | None = Field(default=None, sa_column=_id_column())
    public_id: str = Field(sa_type=String(16))
    name: str = Field(sa_type=String(100))
    url: str = Field(sa_type=Text)
    event_types: list[str] = Field(sa_type=_JSON)
    provider_id: int | None = Field(
        default=None, sa_column=_owner_column("provider_id", "provider", nullable=True, cascade=True)
    )
    is_active: bool
    disabled_reason: str | None = Field(default=None, sa_type=String(200))
    secret: str = Field(sa_type=Text)
    previous_secret: str | None = Field(default=None, sa_type=Text)
    previous_ends_at: datetime | None = _moment(nullable=True)
    failures: int
    failing_since: datetime | None = _moment(nullable=True)
    resting_until: datetime | None = _moment(nullable=True)
    version: int
    created_at: datetime = _moment()
    updated_at: datetime = _moment()


class EventRow(_Row, table=True):
    """Something that at least one subscription hears of; the document is sent as it is here."""

    __tablename__ = "event"
    __table_args__ = (Index(None, "at"),)

    id: str = Field(sa_column=Column("id", String(40), primary_key=True))
    type: str = Field(sa_type=String(40))
    subject: str = Field(sa_type=String(320))
    at: datetime = _moment()
    document: str = Field(sa_type=Text)


_IS_PENDING = "state = 'pending'"


class DeliveryRow(_Row, table=True):
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

    id: int | None = Field(default=None, sa_column=_id_column())
    event_id: str = Field(
        sa_column=Column("event_id", ForeignKey("event.id", ondelete="CASCADE"), nullable=False)
    )
    webhook_id: int = Field(sa_column=_owner_column("webhook_id", "webhook", cascade=True))
    type: str = Field(sa_type=String(40))
    lane: str = Field(sa_type=String(340))
    state: str = Field(sa_type=String(20))
    attempts: int
    next_attempt_at: datetime | None = _moment(nullable=True)
    lease: str | None = Field(default=None, sa_type=String(32))
    leased_until: datetime | None = _moment(nullable=True)
    last_attempt_at: datetime | None = _moment(nullable=True)
    last_status: int | None = None
    last_error: str | None = Field(default=None, sa_type=String(200))
    delivered_at: datetime | None = _moment(nullable=True)
    created_at: datetime = _moment()


PROVIDER = METADATA.tables["provider"]
DOMAIN = METADATA.tables["domain"]
MAILBOX = METADATA.tables["mailbox"]
SERVER = METADATA.tables["server"]
TOKEN = METADATA.tables["token"]
IDEMPOTENCY_RECORD = METADATA.tables["idempotency_record"]
DELETED_DOMAIN = METADATA.tables["deleted_domain"]
AUDIT_ENTRY = METADATA.tables["audit_entry"]
WEBHOOK = METADATA.tables["webhook"]
EVENT = METADATA.tables["event"]
DELIVERY = METADATA.tables["delivery"]
