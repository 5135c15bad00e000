"""Rotation of tokens with overlap, and when each was used last.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("token", sa.Column("previous_digest", sa.String(64)))
    op.add_column("token", sa.Column("previous_ends_at", MOMENT))
    op.add_column("token", sa.Column("last_used_at", MOMENT))
    # The previous version of the program writes tokens without these two.
    op.add_column("token", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("token", sa.Column("updated_at", MOMENT))


def downgrade() -> None:
    with op.batch_alter_table("token") as batch:
        for name in ("updated_at", "version", "last_used_at", "previous_ends_at", "previous_digest"):
            batch.drop_column(name)
