"""The audit: an append-only table of changes.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token_id", sa.String(16), nullable=False),
        sa.Column("token_name", sa.String(100), nullable=False),
        sa.Column("request_id", sa.String(40)),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("resource", sa.String(320), nullable=False),
        sa.Column("provider", sa.String(63)),
        sa.Column("before", JSON),
        sa.Column("after", JSON),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"])
    op.create_index("ix_audit_entry_resource_id", "audit_entry", ["resource", "id"])
    op.create_index("ix_audit_entry_provider_id", "audit_entry", ["provider", "id"])
    op.create_index("ix_audit_entry_token_id_id", "audit_entry", ["token_id", "id"])
    op.create_index("ix_audit_entry_action_id", "audit_entry", ["action", "id"])
    op.create_index("ix_audit_entry_request_id", "audit_entry", ["request_id"])
    forbid_updates()


def forbid_updates() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER audit_entry_keeps BEFORE UPDATE ON audit_entry "
            "BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION audit_entry_refuse_update() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit entries are never changed'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_entry_keeps BEFORE UPDATE ON audit_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse_update()"
    )


def downgrade() -> None:
    op.drop_table("audit_entry")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION audit_entry_refuse_update()")
