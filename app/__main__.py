"""``python -m app`` and ``signpost``: the command line."""

from __future__ import annotations

import gc
from typing import Final

_OBJECTS_BETWEEN_COLLECTIONS: Final = 200_000


def run() -> None:
    """Run the command line."""
    # What modules are made of stays; looking through it again and again takes a quarter of the start.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    from app.cli.main import app  # noqa: PLC0415

    app()


if __name__ == "__main__":
    run()
