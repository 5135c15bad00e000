"""Every format for every account, byte for byte.

A missing golden file fails. ``make golden`` rewrites them; read the difference before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from app.core.documents import Presentation
from app.renderers import FORMATS

from contracts.accounts import ACCOUNTS, addressed

if TYPE_CHECKING:
    from app.core.documents import ClientFormat

FOLDER = Path(__file__).parent / "golden"
CASES = [(client_format, name) for client_format in FORMATS for name in ACCOUNTS]
PRESENTATION = Presentation(service_url="https://signpost.provider.example")


@pytest.mark.parametrize(("client_format", "name"), CASES, ids=lambda value: getattr(value, "name", value))
def test_a_document_is_what_it_was(
    client_format: ClientFormat, name: str, request: pytest.FixtureRequest
) -> None:
    account = addressed(ACCOUNTS[name]) if client_format.needs_address else ACCOUNTS[name]
    document = client_format.render(account, PRESENTATION)
    folder = FOLDER / client_format.name
    path = folder / f"{name}.{client_format.file_extension}"
    told = folder / f"{name}.omissions.txt"
    omissions = "".join(f"{found.server}: {found.reason}\n" for found in document.omissions)
    if not document.is_usable:
        omissions += "not usable\n"
    if request.config.getoption("--update-golden"):
        assert os.environ.get("CI") != "true", "golden files are not rewritten in CI"
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document.body)
        told.write_text(omissions)
    assert path.exists(), "no golden file; run make golden and read it"
    assert document.body == path.read_bytes()
    assert omissions == told.read_text()


def test_no_golden_file_is_left_over() -> None:
    known = {
        (client_format.name, f"{name}.{extension}")
        for client_format, name in CASES
        for extension in (client_format.file_extension, "omissions.txt")
    }
    found = {(path.parent.name, path.name) for path in FOLDER.glob("*/*")}
    assert found == known
