"""Where a row was last written from; an import touches only what came from an import."""

from __future__ import annotations

from typing import Final

FROM_API: Final = "api"
FROM_ISPDB: Final = "ispdb"
