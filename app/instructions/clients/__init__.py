"""The clients: one module each, found by looking into this folder.

A module says what it has in ``CLIENTS``.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from app.instructions.client import Client

CLIENTS: Final[tuple[Client, ...]] = tuple(
    client
    for module in sorted(iter_modules(__path__), key=lambda module: module.name)
    for client in import_module(f"{__name__}.{module.name}").CLIENTS
)
CLIENTS_BY_SLUG: Final = {client.slug: client for client in CLIENTS}
GENERIC: Final = "generic"
"""The client for all that have no instructions of their own."""
