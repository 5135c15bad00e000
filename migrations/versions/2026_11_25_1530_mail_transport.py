"""What protects mail on its way to a domain: MTA-STS policies and TLS reporting.

Nullable and without a default, so that the program before this one goes on writing its rows.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NULLABLE_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
COLUMNS = ("mta_sts", "tls_reporting")


def upgrade() -> None:
    for table in ("provider", "domain"):
        for name in COLUMNS:
            op.add_column(table, sa.Column(name, NULLABLE_JSON))


def downgrade() -> None:
    for table in ("provider", "domain"):
        for name in COLUMNS:
            op.drop_column(table, name)
