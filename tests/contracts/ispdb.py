"""Mozilla's ISPDB, if it is beside the project: ``SIGNPOST_ISPDB`` or ``../shared/ispdb``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def files() -> dict[str, bytes]:
    """Return the files by name; where there are none skip, or fail where nothing may be skipped."""
    folder = Path(os.environ.get("SIGNPOST_ISPDB", ROOT.parent / "shared" / "ispdb"))
    found = {path.name: path.read_bytes() for path in sorted(folder.glob("*.xml"))}
    if not found:
        reason = "the ISPDB is not there: set SIGNPOST_ISPDB to a folder with its files"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
