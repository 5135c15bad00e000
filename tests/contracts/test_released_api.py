"""Clients of the last release go on working: the OpenAPI document beside that of the release."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from app.api.export import ROOT
from hypothesis import given
from hypothesis import strategies as st

from compatibility.breaking import BREAKING
from compatibility.document import DOCUMENT, changed, drop
from compatibility.harmless import COMPATIBLE
from compatibility.operations import breaking_changes

if TYPE_CHECKING:
    from compatibility.document import Change

RELEASED: Final = json.loads((ROOT / "openapi/released.json").read_text())
PRESENT: Final = json.loads((ROOT / "openapi/openapi.json").read_text())
ACCEPTED: Final = Path(__file__).with_name("accepted_breaks.txt")


def test_clients_of_the_last_release_go_on_working() -> None:
    found = {str(change) for change in breaking_changes(RELEASED, PRESENT)}
    lines = ACCEPTED.read_text().splitlines()
    accepted = {line for line in lines if line and not line.startswith("#")}
    assert found == accepted, "breaking, or accepted and not there any more; see docs/releasing.md"


def test_nothing_breaks_where_nothing_changes() -> None:
    assert breaking_changes(PRESENT, PRESENT) == []


@pytest.mark.parametrize(("change", "pointer"), [pytest.param(*rest, id=name) for name, *rest in BREAKING])
def test_a_breaking_change_is_named_with_its_place(change: Change, pointer: str) -> None:
    found = breaking_changes(DOCUMENT, changed(DOCUMENT, change))
    assert any(one.pointer.startswith(pointer) for one in found), list(map(str, found))


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in COMPATIBLE])
def test_a_compatible_change_is_let_pass(change: Change) -> None:
    assert [str(one) for one in breaking_changes(DOCUMENT, changed(DOCUMENT, change))] == []


def members_of(document: dict[str, Any]) -> list[str]:
    return [
        f"/components/schemas/{name}/properties/{member}"
        for name, schema in document["components"]["schemas"].items()
        for member in schema.get("properties", ())
    ]


def operations_of(document: dict[str, Any]) -> list[str]:
    return [
        f"/{section}/{path.replace('/', '~1')}/{method}"
        for section in ("paths", "webhooks")
        for path, methods in document[section].items()
        for method in methods
    ]


@given(st.sampled_from([*members_of(PRESENT), *operations_of(PRESENT)]))
def test_nothing_can_be_taken_away_from_the_api(pointer: str) -> None:
    found = breaking_changes(PRESENT, changed(PRESENT, drop(pointer)))
    # What goes with which value of another member is told inside the alternative.
    told = {re.sub(r"/anyOf/\d+(?=/properties)|/allOf/\d+$", "", one.pointer) for one in found}
    assert pointer in told
