"""Every format for every account, byte for byte.

A missing golden file fails. ``make golden`` rewrites them; read the difference before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from app.renderers import FORMATS

from contracts.accounts import ACCOUNTS

FOLDER = Path(__file__).parent / "golden"
CASES = [(client_format, name) for client_format in FORMATS for name in ACCOUNTS]


@pytest.mark.parametrize(("client_format", "name"), CASES, ids=lambda value: getattr(value, "name", value))
def test_a_document_is_what_it_was(client_format: object, name: str, request: pytest.FixtureRequest) -> None:
    document = client_format.render(ACCOUNTS[name])  # type: ignore[attr-defined]
    folder = FOLDER / client_format.name  # type: ignore[attr-defined]
    path = folder / f"{name}.xml"
    told = folder / f"{name}.omissions.txt"
    omissions = "".join(f"{found.server}: {found.reason}\n" for found in document.omissions)
    if request.config.getoption("--update-golden"):
        assert os.environ.get("CI") != "true", "golden files are not rewritten in CI"
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document.body)
        told.write_text(omissions)
    assert path.exists(), "no golden file; run make golden and read it"
    assert document.body.decode() == path.read_text()
    assert omissions == told.read_text()


def test_no_golden_file_is_left_over() -> None:
    known = {(client_format.name, name) for client_format, name in CASES}
    found = {(path.parent.name, path.name.partition(".")[0]) for path in FOLDER.glob("*/*")}
    assert found == known
