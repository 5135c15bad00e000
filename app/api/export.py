"""Writes what is generated and committed: OpenAPI, pages of problems and findings, the settings' table.

``python -m app.api.export`` rewrites the files; a test compares them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from app.api.application import create_api
from app.api.problem_types import PROBLEMS_BY_SLUG, problem_text
from app.settings import Settings
from app.verification.catalogue import findings_text

ROOT: Final = Path(__file__).resolve().parents[2]
_START: Final = "<!-- settings: generated -->\n"
_END: Final = "<!-- settings: end -->\n"


def generated_files() -> dict[Path, str]:
    """Return the text of every generated file, by its path."""
    api = create_api(Settings(database_url="sqlite+aiosqlite:///:memory:"))
    files = {ROOT / "openapi/openapi.json": json.dumps(api.openapi(), indent=2, ensure_ascii=False) + "\n"}
    for slug, problem in PROBLEMS_BY_SLUG.items():
        files[ROOT / f"docs/problems/{slug}.md"] = problem_text(problem)
    files[ROOT / "docs/findings.md"] = findings_text()
    operations = ROOT / "docs/operations.md"
    before, rest = operations.read_text().split(_START)
    after = rest.split(_END)[1]
    files[operations] = before + _START + _settings_table() + _END + after
    return files


def _settings_table() -> str:
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        values = default if isinstance(default, tuple) else (default,)
        shown = ",".join(str(value) for value in values if value is not None)
        lines.append(f"| `SIGNPOST_{name.upper()}` | {f'`{shown}`' if shown else ''} | {field.description} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the files."""
    for path, text in generated_files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
