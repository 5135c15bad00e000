"""Providers' slugs as options."""

from __future__ import annotations

import typer

from app.core.provider import NAMING_RULE


def named(slug: str | None) -> str | None:
    """Refuse an empty slug, as a shell's variable that is not set leaves it, rather than take it for none.

    Raises:
        BadParameter: Where it is empty.
    """
    if slug == "":
        message = f"{NAMING_RULE}, and is empty"
        raise typer.BadParameter(message)
    return slug
