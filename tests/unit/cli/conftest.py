from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated, empty database."""
    return f"sqlite+aiosqlite:///{shutil.copy(sqlite_template, tmp_path / 'cli.db')}"
