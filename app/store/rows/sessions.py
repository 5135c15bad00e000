"""Who is logged in on the operator pages."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLModel reads annotations

from sqlalchemy import Index, String, UniqueConstraint
from sqlmodel import Field

from app.store.rows.columns import Row, id_column, moment, owner_column


class SessionRow(Row, table=True):
    """A session: only digests of the secrets are kept."""

    __tablename__ = "session"
    __table_args__ = (UniqueConstraint("digest"), Index(None, "token_id"), Index(None, "expires_at"))

    id: int | None = Field(default=None, sa_column=id_column())
    digest: str = Field(sa_type=String(64))
    token_id: int = Field(sa_column=owner_column("token_id", "token", cascade=True))
    token_digest: str = Field(sa_type=String(64))
    created_at: datetime = moment()
    seen_at: datetime = moment()
    expires_at: datetime = moment()
