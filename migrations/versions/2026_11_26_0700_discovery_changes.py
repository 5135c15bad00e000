"""Triggers that tell processes what changed of what discovery serves.

SQLite has triggers for rows only, so they raise two numbers; PostgreSQL's are for statements and send
notifications, which name the domains where they are few.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MAX_NAMES = 20
MAX_SAID = 100

# What documents are made of; verification keeps notes of its own in the same rows.
DOMAIN_COLUMNS = (
    "name", "provider_id", "alias_of_id", "variables", "status", "published_name", "serves_mx", "mta_sts",
    "tls_reporting", "version", "cohort_id",
)  # fmt: skip
PROVIDER_COLUMNS = (
    "slug", "identifier", "display_name", "short_name", "details", "variables", "list_domains",
    "subaddress_separator", "lowercase_login", "mta_sts", "tls_reporting", "version",
)  # fmt: skip
TABLES = ("domain", "mailbox", "cohort", "provider", "server")


def upgrade() -> None:
    op.create_table(
        "discovery_generation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("domains", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("providers", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_discovery_generation"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute("INSERT INTO discovery_generation (id, domains, providers) VALUES (1, 0, 0)")
        raise_numbers()
    else:
        send_notifications()


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            for event in ("insert", "update", "delete"):
                op.execute(f"DROP TRIGGER IF EXISTS {table}_{event}_changes_discovery")
    else:
        for table in TABLES:
            for event in ("insert", "update", "delete", "truncate"):
                op.execute(f"DROP TRIGGER IF EXISTS {table}_{event}_changes_discovery ON {table}")
            op.execute(f"DROP FUNCTION signpost_{table}_changes_discovery()")
        op.execute("DROP FUNCTION signpost_tell_domains(text[])")
    op.drop_table("discovery_generation")


def raise_numbers() -> None:
    raise_number("domain", "INSERT", "domains")
    raise_number("domain", "DELETE", "domains")
    raise_number("domain", f"UPDATE OF {', '.join(DOMAIN_COLUMNS)}", "domains")
    for event in ("INSERT", "UPDATE", "DELETE"):
        raise_number("mailbox", event, "domains")
        raise_number("server", event, "providers")
    raise_number("cohort", "UPDATE OF proven", "domains", "WHEN old.proven IS NOT new.proven")
    raise_number("cohort", "DELETE", "domains")
    raise_number("provider", "DELETE", "providers")
    raise_number("provider", f"UPDATE OF {', '.join(PROVIDER_COLUMNS)}", "providers")


def raise_number(table: str, event: str, number: str, condition: str = "") -> None:
    verb = event.partition(" ")[0].lower()
    op.execute(
        f"CREATE TRIGGER {table}_{verb}_changes_discovery AFTER {event} ON {table} FOR EACH ROW {condition} "
        f"BEGIN UPDATE discovery_generation SET {number} = {number} + 1; END"
    )


def send_notifications() -> None:
    create_teller()
    tell_names(
        "domain",
        INSERT="SELECT name FROM new_rows",
        UPDATE=f"SELECT name FROM ({changed(DOMAIN_COLUMNS)}) rows",
        DELETE="SELECT name FROM old_rows",
    )
    owner = "SELECT name FROM domain WHERE id IN (SELECT domain_id FROM {})"
    tell_names(
        "mailbox",
        INSERT=owner.format("new_rows"),
        UPDATE=f"{owner.format('old_rows')} UNION {owner.format('new_rows')}",
        DELETE=owner.format("old_rows"),
    )
    listed = "SELECT name FROM domain WHERE cohort_id IN (SELECT id FROM {})"
    tell_names(
        "cohort",
        UPDATE=listed.format(f"({changed(('id', 'proven'))}) rows"),
        DELETE=listed.format("old_rows"),
    )
    tell_of_providers(
        "provider",
        UPDATE=f"SELECT 1 FROM ({changed(PROVIDER_COLUMNS)}) rows",
        DELETE="SELECT 1 FROM old_rows",
    )
    tell_of_providers(
        "server",
        INSERT="SELECT 1 FROM new_rows",
        UPDATE="SELECT 1 FROM old_rows",
        DELETE="SELECT 1 FROM old_rows",
    )
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_truncate_changes_discovery AFTER TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION signpost_{table}_changes_discovery()"
        )


def create_teller() -> None:
    # Statements for one row each would be as many notifications: after some, a transaction tells that there
    # are many, which is one however often it is told.
    op.execute(
        "CREATE FUNCTION signpost_tell_domains(names text[]) RETURNS void LANGUAGE plpgsql AS $$ "
        "DECLARE said integer := coalesce(nullif(current_setting('signpost.said', true), ''), '0'); "
        f"BEGIN IF cardinality(names) > {MAX_NAMES} OR said > {MAX_SAID} THEN"
        " PERFORM pg_notify('signpost_discovery', 'domains'); "
        "ELSIF cardinality(names) > 0 THEN"
        " PERFORM set_config('signpost.said', (said + 1)::text, true),"
        " pg_notify('signpost_discovery', array_to_string(names, ' ')); "
        "END IF; END $$"
    )


def changed(columns: tuple[str, ...]) -> str:
    """Find rows, old and new, of which one of the columns changed; without a join, which may take long."""
    wanted = ", ".join(columns)
    old, new = f"SELECT {wanted} FROM old_rows", f"SELECT {wanted} FROM new_rows"
    return f"({old} EXCEPT {new}) UNION ALL ({new} EXCEPT {old})"


def tell_names(table: str, **queries: str) -> None:
    """Tell the names that the query for each kind of statement finds; one too many is enough to know."""
    branches = "".join(
        f"IF TG_OP = '{event}' THEN SELECT array_agg(name) INTO names "
        f"FROM ({query} LIMIT {MAX_NAMES + 1}) found; END IF; "
        for event, query in queries.items()
    )
    create_function(
        table,
        "DECLARE names text[]; BEGIN "
        "IF TG_OP = 'TRUNCATE' THEN PERFORM pg_notify('signpost_discovery', 'domains'); END IF; "
        f"{branches} IF names IS NOT NULL THEN PERFORM signpost_tell_domains(names); END IF; ",
    )
    create_triggers(table, tuple(queries))


def tell_of_providers(table: str, **queries: str) -> None:
    """Tell that what many domains share changed, where the query for the statement finds anything."""
    branches = "".join(
        # Nested, for a condition is planned whole, and each statement has its own tables.
        f"IF TG_OP = '{event}' THEN IF NOT EXISTS ({query}) THEN RETURN NULL; END IF; END IF; "
        for event, query in queries.items()
    )
    create_function(table, f"BEGIN {branches} PERFORM pg_notify('signpost_discovery', 'providers'); ")
    create_triggers(table, tuple(queries))


def create_function(table: str, body: str) -> None:
    op.execute(
        f"CREATE FUNCTION signpost_{table}_changes_discovery() RETURNS trigger LANGUAGE plpgsql "
        # Its plans are made once, maybe while the tables are empty.
        f"SET enable_seqscan TO off AS $$ {body} RETURN NULL; END $$"
    )


def create_triggers(table: str, events: tuple[str, ...]) -> None:
    rows = {
        "INSERT": "NEW TABLE AS new_rows",
        "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "DELETE": "OLD TABLE AS old_rows",
    }
    for event in events:
        op.execute(
            f"CREATE TRIGGER {table}_{event.lower()}_changes_discovery AFTER {event} ON {table} "
            f"REFERENCING {rows[event]} FOR EACH STATEMENT "
            f"EXECUTE FUNCTION signpost_{table}_changes_discovery()"
        )
