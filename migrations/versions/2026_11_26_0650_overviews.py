"""What overviews are read from: the few suspended domains, and certificates by their end.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

IS_SUSPENDED = sa.text("status = 'suspended'")


def upgrade() -> None:
    create_partial("ix_domain_suspended", ["name"])
    create_partial("ix_domain_suspended_of_provider", ["provider_id", "name"])
    op.create_index("ix_endpoint_certificate_expires_at_id", "endpoint", ["certificate_expires_at", "id"])


def create_partial(name: str, columns: list[str]) -> None:
    op.create_index(name, "domain", columns, postgresql_where=IS_SUSPENDED, sqlite_where=IS_SUSPENDED)


def downgrade() -> None:
    op.drop_index("ix_endpoint_certificate_expires_at_id", "endpoint")
    op.drop_index("ix_domain_suspended_of_provider", "domain")
    op.drop_index("ix_domain_suspended", "domain")
