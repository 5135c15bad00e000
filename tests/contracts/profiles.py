"""Profiles made for a test, read back."""

from __future__ import annotations

import plistlib
from typing import TYPE_CHECKING, Any

from app.core.documents import Presentation
from app.renderers import FORMATS_BY_NAME

from builders import an_account
from contracts.apple import faults

if TYPE_CHECKING:
    from app.core.documents import Document
    from app.core.servers import Server

MOBILECONFIG = FORMATS_BY_NAME["mobileconfig"]
JANE = "jane@customer.example"


def document_of(
    *servers: Server, address: str = JANE, person: str | None = None, **provider: Any
) -> Document:
    account = an_account(*servers, address=address, **provider)
    return MOBILECONFIG.render(account, Presentation(person=person))


def profile_of(*servers: Server, **changes: Any) -> dict[str, Any]:
    document = document_of(*servers, **changes)
    assert document.is_usable
    assert faults(document.body) == []
    profile: dict[str, Any] = plistlib.loads(document.body)
    return profile


def payload_of(*servers: Server, **changes: Any) -> dict[str, Any]:
    (payload,) = profile_of(*servers, **changes)["PayloadContent"]
    assert isinstance(payload, dict)
    return payload


def types_of(*servers: Server, **changes: Any) -> list[str]:
    profile = profile_of(*servers, **changes)
    return [payload["PayloadType"].split(".")[2] for payload in profile["PayloadContent"]]


def reasons_of(*servers: Server, **changes: Any) -> dict[str | None, str]:
    return {found.server: found.reason for found in document_of(*servers, **changes).omissions}
