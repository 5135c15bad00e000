"""Discovery as the service offers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.core.errors import InvalidInput

from databases import ON_SQLITE
from in_process import serving

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [ON_SQLITE]


async def test_a_folder_that_is_not_there_ends_the_start_and_no_request(
    database_url: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="SIGNPOST_ISPDB_FOLDER: must be a folder"):
        async with serving(database_url, ispdb_folder=tmp_path / "none"):
            pass
