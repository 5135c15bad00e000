"""The tables, as SQLModel classes. They do not validate: what is stored was a core value before."""

from app.store.rows import management, sessions, verification
from app.store.rows.columns import METADATA

__all__ = [
    "AUDIT_ENTRY", "CHECK", "COHORT", "DELETED_DOMAIN", "DELIVERY", "DOMAIN", "ENDPOINT", "EVENT", "FINDING",
    "IDEMPOTENCY_RECORD", "LISTING", "MAILBOX", "METADATA", "PROVIDER", "SERVER", "SESSION", "TOKEN",
    "VERIFICATION", "WEBHOOK", "management", "sessions", "verification",
]  # fmt: skip

PROVIDER = METADATA.tables["provider"]
DOMAIN = METADATA.tables["domain"]
MAILBOX = METADATA.tables["mailbox"]
SERVER = METADATA.tables["server"]
TOKEN = METADATA.tables["token"]
IDEMPOTENCY_RECORD = METADATA.tables["idempotency_record"]
DELETED_DOMAIN = METADATA.tables["deleted_domain"]
AUDIT_ENTRY = METADATA.tables["audit_entry"]
WEBHOOK = METADATA.tables["webhook"]
EVENT = METADATA.tables["event"]
DELIVERY = METADATA.tables["delivery"]
COHORT = METADATA.tables["cohort"]
ENDPOINT = METADATA.tables["endpoint"]
LISTING = METADATA.tables["listing"]
FINDING = METADATA.tables["finding"]
CHECK = METADATA.tables["endpoint_check"]
SESSION = METADATA.tables["session"]
VERIFICATION = METADATA.tables["verification"]
