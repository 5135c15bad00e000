"""Instructions for every client, as people read them.

Whole texts for the accounts that tell most, and for all others which ways and notes there are.
A missing golden file fails. ``make golden`` rewrites them; read the difference before committing it.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from app.core.documents import Presentation
from app.instructions.clients import CLIENTS, CLIENTS_BY_SLUG
from app.instructions.forms import FORMS
from app.instructions.languages import load_language
from app.instructions.writing import write_guide

from contracts.accounts import ACCOUNTS
from contracts.html_reading import read_fragment

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.instructions.client import Client

FOLDER = Path(__file__).parent / "instructions"
PRESENTATION = Presentation(service_url="https://signpost.provider.example")
TELLING = ("full", "minimal-address", "mailbox-login", "oauth2-only", "shared-host", "exchange-address")
GERMAN = ("thunderbird", "iphone-ipad", "outlook-classic")


def written(client: Client, name: str, form: str, tag: str = "en") -> str:
    guide = write_guide(client, ACCOUNTS[name], PRESENTATION)
    return FORMS[form].render(guide, load_language(tag)).decode()


def texts(slug: str, tag: str) -> str:
    """Return the telling accounts' texts, one after the other."""
    client = CLIENTS_BY_SLUG[slug]
    return "\n".join(f"##### {name}\n\n{written(client, name, 'text', tag)}" for name in TELLING)


def overview() -> str:
    """Return the ways and the notes' codes of every client for every account."""
    lines = []
    for name, account in ACCOUNTS.items():
        lines.append(f"{name}:")
        for client in CLIENTS:
            guide = write_guide(client, account, PRESENTATION)
            ways = " ".join(f"{way.kind}/{way.service}" if way.service else way.kind for way in guide.ways)
            notes = " ".join(note.code for note in guide.notes)
            lines.append(f"  {client.slug}: {ways or '-'} | {notes or '-'}")
    return "\n".join(lines) + "\n"


FILES: dict[str, Callable[[], str]] = {
    "overview.txt": overview,
    **{f"{slug}.en.txt": partial(texts, slug, "en") for slug in CLIENTS_BY_SLUG},
    **{f"{slug}.de.txt": partial(texts, slug, "de") for slug in GERMAN},
    "thunderbird.full.md": partial(written, CLIENTS_BY_SLUG["thunderbird"], "full", "markdown"),
    "thunderbird.full.html": partial(written, CLIENTS_BY_SLUG["thunderbird"], "full", "html"),
    "thunderbird.full.json": partial(written, CLIENTS_BY_SLUG["thunderbird"], "full", "json"),
    "generic.hostile.md": partial(written, CLIENTS_BY_SLUG["generic"], "hostile", "markdown"),
    "generic.hostile.html": partial(written, CLIENTS_BY_SLUG["generic"], "hostile", "html"),
}


@pytest.mark.parametrize("name", FILES)
def test_instructions_are_what_they_were(name: str, request: pytest.FixtureRequest) -> None:
    found = FILES[name]()
    path = FOLDER / name
    if request.config.getoption("--update-golden"):
        assert os.environ.get("CI") != "true", "golden files are not rewritten in CI"
        FOLDER.mkdir(exist_ok=True)
        path.write_text(found)
    assert path.exists(), "no golden file; run make golden and read it"
    assert found == path.read_text()


def test_no_golden_file_of_instructions_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(FILES)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.slug)
def test_html_has_no_other_elements_than_the_few_that_pages_expect(client: Client) -> None:
    for name in ACCOUNTS:
        reader = read_fragment(written(client, name, "html", "de"))
        assert reader.links == [link for link in reader.links if link.startswith("https://")]
