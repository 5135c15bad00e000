"""What tests of the real service begin with."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from service_process import Prepared, fill_with_demo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def prepared(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A database that the tests of one module share."""
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("prepared") / "test.db")
    url = f"sqlite+aiosqlite:///{path}"
    return Prepared(url, fill_with_demo(url))
