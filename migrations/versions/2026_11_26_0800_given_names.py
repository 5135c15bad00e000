"""Which of what cohorts list their clients are given, and how often endpoints were seen to be invalid.

With defaults, so that the program before this one goes on writing its rows; what it lists counts as given,
since an alarm too many is better than one that is missed.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

PROVEN = {
    "sqlite": "SELECT 1 FROM cohort, json_each(cohort.proven) one WHERE cohort.id = listing.cohort_id "
    "AND one.value = listing.own_hostname",
    "postgresql": "SELECT 1 FROM cohort WHERE cohort.id = listing.cohort_id "
    "AND cohort.proven @> to_jsonb(listing.own_hostname::text)",
}


def upgrade() -> None:
    op.add_column("endpoint", sa.Column("disproofs", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE endpoint SET disproofs = proofs WHERE is_proven")
    op.add_column("listing", sa.Column("is_given", sa.Boolean(), server_default=sa.true(), nullable=False))
    proven = PROVEN[op.get_bind().dialect.name]
    op.execute(
        "UPDATE listing SET is_given = CASE WHEN own_hostname IS NULL THEN is_published ELSE "
        "((SELECT hostname FROM endpoint WHERE endpoint.id = listing.endpoint_id) = own_hostname) "
        f"= EXISTS ({proven}) END"
    )
    op.create_index(
        "ix_listing_given",
        "listing",
        ["endpoint_id"],
        postgresql_where=sa.text("is_given"),
        sqlite_where=sa.text("is_given = 1"),
    )


def downgrade() -> None:
    op.drop_index("ix_listing_given", "listing")
    op.drop_column("listing", "is_given")
    op.drop_column("endpoint", "disproofs")
