"""The first schema: providers, domains, mailboxes, their servers, and API tokens.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
NULLABLE_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_provider()
    create_domain()
    create_mailbox()
    create_server()
    create_token()


def create_provider() -> None:
    op.create_table(
        "provider",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("slug", sa.String(63), nullable=False),
        sa.Column("identifier", sa.String(253)),
        sa.Column("display_name", sa.String(60), nullable=False),
        sa.Column("short_name", sa.String(60), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("variables", JSON, nullable=False),
        sa.Column("list_domains", sa.Boolean(), nullable=False),
        sa.Column("subaddress_separator", sa.String(1)),
        sa.Column("lowercase_login", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_provider"),
        sa.UniqueConstraint("slug", name="uq_provider_slug"),
    )
    op.create_index("ix_provider_source", "provider", ["source"])


def create_domain() -> None:
    op.create_table(
        "domain",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(253), nullable=False),
        sa.Column("provider_id", ID, nullable=False),
        sa.Column("alias_of_id", ID),
        sa.Column("variables", JSON, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("published_name", sa.String(20), nullable=False),
        sa.Column("reference", sa.String(100)),
        sa.Column("serves_mx", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_domain"),
        sa.UniqueConstraint("name", name="uq_domain_name"),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["provider.id"], name="fk_domain_provider_id_provider", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["alias_of_id"], ["domain.id"], name="fk_domain_alias_of_id_domain", ondelete="RESTRICT"
        ),
    )
    op.create_index("ix_domain_provider_id_name", "domain", ["provider_id", "name"])
    op.create_index("ix_domain_alias_of_id", "domain", ["alias_of_id"])
    op.create_index("ix_domain_reference", "domain", ["reference"])


def create_mailbox() -> None:
    op.create_table(
        "mailbox",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("domain_id", ID, nullable=False),
        sa.Column("local_part", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("login", sa.String(254)),
        sa.Column("variables", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mailbox"),
        sa.UniqueConstraint("domain_id", "key", name="uq_mailbox_domain_id_key"),
        sa.ForeignKeyConstraint(
            ["domain_id"], ["domain.id"], name="fk_mailbox_domain_id_domain", ondelete="CASCADE"
        ),
    )


def create_server() -> None:
    op.create_table(
        "server",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("provider_id", ID),
        sa.Column("domain_id", ID),
        sa.Column("mailbox_id", ID),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("hostname", sa.String(253)),
        sa.Column("port", sa.Integer()),
        sa.Column("socket_type", sa.String(20)),
        sa.Column("url", sa.Text()),
        sa.Column("authentication", JSON, nullable=False),
        sa.Column("username", sa.String(254)),
        sa.Column("shared_hostname", sa.String(253)),
        sa.Column("options", NULLABLE_JSON),
        sa.PrimaryKeyConstraint("id", name="pk_server"),
        *(
            sa.UniqueConstraint(f"{owner}_id", "key", name=f"uq_server_{owner}_id_key")
            for owner in ("provider", "domain", "mailbox")
        ),
        *(
            sa.ForeignKeyConstraint(
                [f"{owner}_id"], [f"{owner}.id"], name=f"fk_server_{owner}_id_{owner}", ondelete="CASCADE"
            )
            for owner in ("provider", "domain", "mailbox")
        ),
        sa.CheckConstraint(
            "(CASE WHEN provider_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN domain_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN mailbox_id IS NULL THEN 0 ELSE 1 END) = 1",
            name=op.f("ck_server_one_owner"),
        ),
    )


def create_token() -> None:
    op.create_table(
        "token",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("provider_id", ID),
        sa.Column("expires_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.UniqueConstraint("public_id", name="uq_token_public_id"),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["provider.id"], name="fk_token_provider_id_provider", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    for table in ("token", "server", "mailbox", "domain", "provider"):
        op.drop_table(table)
