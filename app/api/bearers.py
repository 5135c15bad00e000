"""The token that a request bears, before anybody knows whether it is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope


def find_bearer(scope: Scope) -> str | None:
    """Return the credentials of ``Authorization: Bearer``; None where there are none.

    Only the first such field counts, for all who ask: a request that one takes for a token's and another
    for nobody's would be counted by neither.
    """
    value: bytes = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    kind, _, credentials = value.decode("latin-1").partition(" ")
    return (credentials.strip() or None) if kind.lower() == "bearer" else None
