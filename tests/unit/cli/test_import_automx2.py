from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from automx2_files import ROWS, a_database, a_seed
from command import run

if TYPE_CHECKING:
    from pathlib import Path

OK, NEGATIVE, USAGE = 0, 1, 2


def test_a_seed_is_shown_taken_and_answered_with(url: str, tmp_path: Path) -> None:
    file = tmp_path / "seed.json"
    file.write_bytes(a_seed())
    rest = "0 changed, 0 unchanged, 0 left out\n"
    told = f"Providers: 1 new, {rest}Domains:   2 new, {rest}"
    dry = run("import", "automx2", str(file), "--dry-run", database_url=url)
    assert (dry.exit_code, dry.stdout, dry.stderr) == (OK, told, "Nothing was changed: this was a dry run.\n")
    assert run("import", "automx2", str(file), database_url=url).stdout == told
    rendered = run("render", "autoconfig", "jane@example.net", database_url=url)
    assert "<hostname>imap.example.com</hostname>" in rendered.stdout


def test_what_is_lost_from_a_database_is_told(url: str, tmp_path: Path) -> None:
    file = a_database(tmp_path / "db.sqlite")
    done = run("import", "automx2", str(file), database_url=url)
    assert done.exit_code == NEGATIVE
    assert "Domains:   5 new" in done.stdout
    assert "Not taken, domain serverless.example: has no servers" in done.stderr
    assert "Not taken, server x.odd.example: type: must be one of" in done.stderr


def test_what_nothing_leads_to_in_a_database_is_told(url: str, tmp_path: Path) -> None:
    more = """
        INSERT INTO provider VALUES (3, 'Nobody Ltd.', 'Nobody');
        INSERT INTO domain VALUES (8, 'lost.example', 9, NULL);
        INSERT INTO server (id, name, port, type, socket_type)
            VALUES (6, 'loose.big.example', 993, 'imap', 'SSL');"""
    file = a_database(tmp_path / "db.sqlite", ROWS + more)
    done = run("import", "automx2", str(file), database_url=url)
    assert done.exit_code == NEGATIVE
    assert "Domains:   5 new" in done.stdout
    assert "Not taken, domain lost.example: is of a provider that is not there" in done.stderr
    assert "Not taken, provider Nobody Ltd.: has no domains" in done.stderr
    assert "Not taken, server loose.big.example: is linked to no domain" in done.stderr


@pytest.mark.parametrize("content", [None, b"<xml/>"])
def test_a_file_that_is_not_there_or_of_another_kind_is_refused(
    url: str, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "seed.json"
    if content is not None:
        file.write_bytes(content)
    refused = run("import", "automx2", str(file), database_url=url)
    assert refused.exit_code == USAGE
    assert refused.stdout == ""
