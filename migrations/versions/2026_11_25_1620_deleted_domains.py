"""Deleted domains, kept whole.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    op.create_table(
        "deleted_domain",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(253), nullable=False),
        sa.Column("provider_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("domain", JSON, nullable=False),
        sa.Column("mailboxes", JSON, nullable=False),
        sa.Column("mailbox_count", sa.Integer(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_by", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deleted_domain"),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["provider.id"],
            name="fk_deleted_domain_provider_id_provider",
            ondelete="CASCADE",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deleted_domain_name_id", "deleted_domain", ["name", "id"])
    op.create_index("ix_deleted_domain_provider_id_id", "deleted_domain", ["provider_id", "id"])
    op.create_index("ix_deleted_domain_deleted_at", "deleted_domain", ["deleted_at"])


def downgrade() -> None:
    op.drop_table("deleted_domain")
