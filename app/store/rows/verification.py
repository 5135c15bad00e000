"""What is verified: endpoints, who lists them, what was seen, and what somebody asked to be looked at."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLModel reads annotations
from typing import Any, Final

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint, text, true
from sqlmodel import Field

from app.store.rows.columns import (
    JSON_VALUE,
    RECORD,
    Row,
    id_column,
    moment,
    owner_column,
)

_IS_BEHIND: Final = "cohorts_after IS NOT NULL"


class CohortRow(Row, table=True):
    """Domains of a provider whose servers come out the same; a domain's ``cohort_id`` is no foreign key.

    It would be checked for each domain of a bulk; what assigns and removes excludes each other instead.
    """

    __tablename__ = "cohort"
    __table_args__ = (UniqueConstraint("provider_id", "key"), Index(None, "needs", "id"))

    id: int | None = Field(default=None, sa_column=id_column())
    provider_id: int = Field(sa_column=owner_column("provider_id", "provider", cascade=True))
    key: str = Field(sa_type=String(64))
    needs: str = Field(sa_type=String(20))
    state: str = Field(sa_type=String(20))
    proven: list[str] = Field(sa_type=JSON_VALUE)


class EndpointRow(Row, table=True):
    """An endpoint, when it is due, and how it stands."""

    __tablename__ = "endpoint"
    __table_args__ = (
        UniqueConstraint("key"),
        Index(None, "due_at"),
        Index(None, "state", "id"),
        Index(None, "hostname"),
        Index("ix_endpoint_behind", "id", postgresql_where=text(_IS_BEHIND), sqlite_where=text(_IS_BEHIND)),
        Index(None, "certificate_expires_at", "id"),
    )

    id: int | None = Field(default=None, sa_column=id_column())
    key: str = Field(sa_type=Text)
    protocol: str = Field(sa_type=String(20))
    hostname: str = Field(sa_type=String(253))
    port: int
    socket_type: str = Field(sa_type=String(20))
    service: str | None = Field(default=None, sa_type=String(20))
    path: str = Field(sa_type=Text)
    due_at: datetime = moment()
    lease: str | None = Field(default=None, sa_type=String(32))
    leased_until: datetime | None = moment(nullable=True)
    state: str = Field(sa_type=String(20))
    checked_at: datetime | None = moment(nullable=True)
    runs_in_state: int
    failures: int
    successes: int
    alarmed_at: datetime | None = moment(nullable=True)
    proofs: int
    is_proven: bool
    certificate_expires_at: datetime | None = moment(nullable=True)
    announced_expiry: datetime | None = moment(nullable=True)
    good_fingerprint: str | None = Field(default=None, sa_type=String(64))
    seconds: float | None = None
    observation: dict[str, Any] | None = Field(default=None, sa_type=RECORD)
    cohorts_after: int | None = Field(default=None, sa_type=BigInteger)
    """The last cohort that stands as the last run wants, where there are more than a run can work out."""
    disproofs: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class ListingRow(Row, table=True):
    """That the domains of a cohort list an endpoint, and what follows from what they say of it."""

    __tablename__ = "listing"
    __table_args__ = (
        Index(None, "cohort_id"),
        Index(None, "endpoint_id", "cohort_id"),
        Index(
            "ix_listing_given",
            "endpoint_id",
            postgresql_where=text("is_given"),
            sqlite_where=text("is_given = 1"),
        ),
    )

    id: int | None = Field(default=None, sa_column=id_column())
    cohort_id: int = Field(sa_column=owner_column("cohort_id", "cohort", cascade=True))
    endpoint_id: int = Field(sa_column=owner_column("endpoint_id", "endpoint", cascade=True))
    server: str = Field(sa_type=String(40))
    authentication: list[str] = Field(sa_type=JSON_VALUE)
    is_published: bool
    own_hostname: str | None = Field(default=None, sa_type=String(253))
    state: str = Field(sa_type=String(20))
    is_given: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    """Whether the cohort's clients are given it: of two names only the one that is chosen is."""


class FindingRow(Row, table=True):
    """A finding of an endpoint's last run."""

    __tablename__ = "finding"
    __table_args__ = (Index(None, "endpoint_id"), Index(None, "severity", "id"), Index(None, "code", "id"))

    id: int | None = Field(default=None, sa_column=id_column())
    endpoint_id: int = Field(sa_column=owner_column("endpoint_id", "endpoint", cascade=True))
    code: str = Field(sa_type=String(80))
    severity: str = Field(sa_type=String(20))
    addresses: list[str] = Field(sa_type=JSON_VALUE)
    facts: dict[str, str] = Field(sa_type=JSON_VALUE)
    since: datetime = moment()


class CheckRow(Row, table=True):
    """One run of an endpoint, for its history."""

    __tablename__ = "endpoint_check"
    __table_args__ = (Index(None, "endpoint_id", "id"), Index(None, "at"))

    id: int | None = Field(default=None, sa_column=id_column())
    endpoint_id: int = Field(sa_column=owner_column("endpoint_id", "endpoint", cascade=True))
    at: datetime = moment()
    state: str = Field(sa_type=String(20))
    seconds: float
    findings: list[dict[str, Any]] = Field(sa_type=RECORD)


class VerificationRow(Row, table=True):
    """That somebody had a domain verified, and what came of it."""

    __tablename__ = "verification"
    __table_args__ = (
        UniqueConstraint("public_id"),
        Index(None, "domain_id", "id"),
        Index(None, "finished_at", "id"),
        Index(None, "requested_at"),
    )

    id: int | None = Field(default=None, sa_column=id_column())
    public_id: str = Field(sa_type=String(32))
    domain_id: int = Field(sa_column=owner_column("domain_id", "domain", cascade=True))
    requested_at: datetime = moment()
    finished_at: datetime | None = moment(nullable=True)
    lease: str | None = Field(default=None, sa_type=String(32))
    leased_until: datetime | None = moment(nullable=True)
    state: str = Field(sa_type=String(20))
    report: dict[str, Any] | None = Field(default=None, sa_type=RECORD)
