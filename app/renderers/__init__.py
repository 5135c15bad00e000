"""Client formats: one module each, registered by one line in FORMATS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.renderers import autoconfig

if TYPE_CHECKING:
    from app.core.documents import ClientFormat

FORMATS: Final[tuple[ClientFormat, ...]] = (
    autoconfig.SAFE,
    autoconfig.FULL,
)
FORMATS_BY_NAME: Final = {client_format.name: client_format for client_format in FORMATS}
