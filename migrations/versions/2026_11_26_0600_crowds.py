"""How far the many cohorts that list an endpoint were brought to what was seen there.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

IS_BEHIND = sa.text("cohorts_after IS NOT NULL")


def upgrade() -> None:
    op.add_column("endpoint", sa.Column("cohorts_after", sa.BigInteger()))
    op.create_index(
        "ix_endpoint_behind", "endpoint", ["id"], postgresql_where=IS_BEHIND, sqlite_where=IS_BEHIND
    )
    op.create_index("ix_listing_endpoint_id_cohort_id", "listing", ["endpoint_id", "cohort_id"])
    op.drop_index("ix_listing_endpoint_id", "listing")


def downgrade() -> None:
    op.create_index("ix_listing_endpoint_id", "listing", ["endpoint_id"])
    op.drop_index("ix_listing_endpoint_id_cohort_id", "listing")
    op.drop_index("ix_endpoint_behind", "endpoint")
    op.drop_column("endpoint", "cohorts_after")
