"""Client formats: one module each, registered by one line.

A module says what it has in ``FORMATS``. The order is the one of lists and of route matching.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from app.core.documents import ClientFormat

_MODULES: Final = (  # fmt: skip - one line each
    "autoconfig",
    "autodiscover",
    "autodiscover_soap",
    "mobileconfig",
    "pacc",
)
FORMATS: Final[tuple[ClientFormat, ...]] = tuple(
    client_format for name in _MODULES for client_format in import_module(f"app.renderers.{name}").FORMATS
)
FORMATS_BY_NAME: Final = {client_format.name: client_format for client_format in FORMATS}
