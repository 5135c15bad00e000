"""Endpoints, who lists them, what was seen there; and which cohort each domain is in.

The two columns of domains have no foreign key: SQLite could only add one by writing the whole table anew.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB, "postgresql")
MOMENT = sa.DateTime(timezone=True)
STATE = sa.String(20)
HAS_CHANGED = sa.text("cohort_version <> version")


def upgrade() -> None:
    op.add_column("provider", cohort_version())
    op.add_column("provider", sa.Column("cohort_words", JSON))
    op.add_column("domain", sa.Column("cohort_id", ID))
    op.add_column("domain", cohort_version())
    op.create_index("ix_domain_cohort_id", "domain", ["cohort_id"])
    op.create_index(
        "ix_domain_changed", "domain", ["id"], postgresql_where=HAS_CHANGED, sqlite_where=HAS_CHANGED
    )
    create_cohorts()
    create_endpoints()
    create_listings()
    create_findings()
    create_checks()
    create_verifications()


def cohort_version() -> sa.Column[int]:
    return sa.Column("cohort_version", sa.Integer(), nullable=False, server_default="0")


def owned_by(table: str, owner: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{owner}_id_{owner}"
    return sa.ForeignKeyConstraint([f"{owner}_id"], [f"{owner}.id"], name=name, ondelete="CASCADE")


def create_cohorts() -> None:
    op.create_table(
        "cohort",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("provider_id", ID, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("needs", sa.String(20), nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("proven", JSON, nullable=False),
        owned_by("cohort", "provider"),
        sa.PrimaryKeyConstraint("id", name="pk_cohort"),
        sa.UniqueConstraint("provider_id", "key", name="uq_cohort_provider_id_key"),
    )
    op.create_index("ix_cohort_needs_id", "cohort", ["needs", "id"])


def create_endpoints() -> None:
    op.create_table(
        "endpoint",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("protocol", sa.String(20), nullable=False),
        sa.Column("hostname", sa.String(253), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("socket_type", sa.String(20), nullable=False),
        sa.Column("service", sa.String(20)),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("leased_until", MOMENT),
        sa.Column("state", STATE, nullable=False),
        sa.Column("checked_at", MOMENT),
        sa.Column("runs_in_state", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("successes", sa.Integer(), nullable=False),
        sa.Column("alarmed_at", MOMENT),
        sa.Column("proofs", sa.Integer(), nullable=False),
        sa.Column("is_proven", sa.Boolean(), nullable=False),
        sa.Column("certificate_expires_at", MOMENT),
        sa.Column("announced_expiry", MOMENT),
        sa.Column("good_fingerprint", sa.String(64)),
        sa.Column("seconds", sa.Float()),
        sa.Column("observation", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_endpoint"),
        sa.UniqueConstraint("key", name="uq_endpoint_key"),
    )
    op.create_index("ix_endpoint_due_at", "endpoint", ["due_at"])
    op.create_index("ix_endpoint_state_id", "endpoint", ["state", "id"])
    op.create_index("ix_endpoint_hostname", "endpoint", ["hostname"])


def create_listings() -> None:
    op.create_table(
        "listing",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("cohort_id", ID, nullable=False),
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("server", sa.String(40), nullable=False),
        sa.Column("authentication", JSON, nullable=False),
        sa.Column("is_published", sa.Boolean(), nullable=False),
        sa.Column("own_hostname", sa.String(253)),
        sa.Column("state", STATE, nullable=False),
        owned_by("listing", "cohort"),
        owned_by("listing", "endpoint"),
        sa.PrimaryKeyConstraint("id", name="pk_listing"),
    )
    op.create_index("ix_listing_cohort_id", "listing", ["cohort_id"])
    op.create_index("ix_listing_endpoint_id", "listing", ["endpoint_id"])


def create_findings() -> None:
    op.create_table(
        "finding",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("code", sa.String(80), nullable=False),
        sa.Column("severity", sa.String(20), nullable=False),
        sa.Column("addresses", JSON, nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        owned_by("finding", "endpoint"),
        sa.PrimaryKeyConstraint("id", name="pk_finding"),
    )
    op.create_index("ix_finding_endpoint_id", "finding", ["endpoint_id"])
    op.create_index("ix_finding_severity_id", "finding", ["severity", "id"])
    op.create_index("ix_finding_code_id", "finding", ["code", "id"])


def create_checks() -> None:
    op.create_table(
        "endpoint_check",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        owned_by("endpoint_check", "endpoint"),
        sa.PrimaryKeyConstraint("id", name="pk_endpoint_check"),
    )
    op.create_index("ix_endpoint_check_endpoint_id_id", "endpoint_check", ["endpoint_id", "id"])
    op.create_index("ix_endpoint_check_at", "endpoint_check", ["at"])


def create_verifications() -> None:
    op.create_table(
        "verification",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(32), nullable=False),
        sa.Column("domain_id", ID, nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("lease", sa.String(32)),
        sa.Column("leased_until", MOMENT),
        sa.Column("state", STATE, nullable=False),
        sa.Column("report", sa.JSON()),
        owned_by("verification", "domain"),
        sa.PrimaryKeyConstraint("id", name="pk_verification"),
        sa.UniqueConstraint("public_id", name="uq_verification_public_id"),
    )
    op.create_index("ix_verification_domain_id_id", "verification", ["domain_id", "id"])
    op.create_index("ix_verification_finished_at_id", "verification", ["finished_at", "id"])
    op.create_index("ix_verification_requested_at", "verification", ["requested_at"])


def downgrade() -> None:
    for table in ("verification", "endpoint_check", "finding", "listing", "endpoint", "cohort"):
        op.drop_table(table)
    op.drop_index("ix_domain_changed", "domain")
    op.drop_index("ix_domain_cohort_id", "domain")
    for table, columns in (
        ("domain", ("cohort_version", "cohort_id")),
        ("provider", ("cohort_words", "cohort_version")),
    ):
        for column in columns:
            op.drop_column(table, column)
