"""What lists of domains are filtered and ordered by: the node, and when a domain was changed or made.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nullable: what the previous version of the program writes meanwhile is not found by node until
    # it is written again.
    op.add_column("domain", sa.Column("node", sa.String(253)))
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    value = "json_extract(variables, '$.NODE')" if is_sqlite else "variables ->> 'NODE'"
    op.execute(f"UPDATE domain SET node = {value}")
    op.create_index("ix_domain_node", "domain", ["node"])
    op.create_index("ix_domain_updated_at_name", "domain", ["updated_at", "name"])
    op.create_index("ix_domain_created_at_name", "domain", ["created_at", "name"])


def downgrade() -> None:
    for name in ("created_at_name", "updated_at_name", "node"):
        op.drop_index(f"ix_domain_{name}", "domain")
    with op.batch_alter_table("domain") as batch:
        batch.drop_column("node")
