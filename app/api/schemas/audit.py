"""The audit in JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, Field

from app.api.schemas.shapes import Listing, Shape, without_required

if TYPE_CHECKING:
    from app.core.audit import AuditEntry


class AuditRead(Shape):
    """One change of one resource."""

    id: int
    at: datetime
    token_id: str = Field(
        description="The public half of the token that made the change; `console` for the command line.",
        examples=["0123456789ab"],
    )
    token_name: str
    request_id: str | None = Field(description="As in `X-Request-Id` and the log.")
    action: str = Field(examples=["domain.put"])
    kind: str = Field(examples=["domain"])
    resource: str = Field(
        description="The resource's own key: a name, a slug, an address.", examples=["customer.example"]
    )
    provider: str | None = Field(description="Whose resource it is.")
    before: dict[str, Any] | None = Field(
        description="What was stored; null where it was not there, or not this provider's."
    )
    after: dict[str, Any] | None = Field(
        description="What is stored; null where it is gone, or no longer this provider's."
    )


class AuditItem(AuditRead):
    """A change, or those fields of it that were asked for."""

    model_config = ConfigDict(json_schema_extra=without_required)


class AuditPage(Listing[AuditItem]):
    """Some of the audit, the newest entries first."""


def audit_to_read(entry: AuditEntry) -> AuditRead:
    """Write an entry as JSON has it."""
    return AuditRead(**asdict(entry))
