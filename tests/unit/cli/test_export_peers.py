from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from command import run
from peer_files import BY_PEER

if TYPE_CHECKING:
    from pathlib import Path

OK, NEGATIVE, USAGE, FAILURE = 0, 1, 2, 3
FILES = {"automx2": "seed.json", "automx": "automx.conf", "monogramm": "env", "postfix": "domains"}


@pytest.fixture
def filled(url: str, tmp_path: Path) -> str:
    file = tmp_path / "monogramm"
    file.write_bytes(BY_PEER["monogramm"].replace(b"SUPPORT_URL", b"X"))
    assert run("import", "monogramm", str(file), database_url=url).exit_code == OK
    return url


@pytest.mark.parametrize("peer", FILES)
def test_a_file_is_written_whose_import_changes_nothing(filled: str, tmp_path: Path, peer: str) -> None:
    file = tmp_path / FILES[peer]
    done = run("export", peer, str(file), "--provider", "example-company", database_url=filled)
    assert (done.exit_code, done.stdout, done.stderr) == (OK, "", "Domains: 1\n")
    if peer == "postfix":
        again = run("import", peer, str(file), "--provider", "example-company", database_url=filled)
        assert "Domains:   0 new, 0 changed, 1 unchanged, 0 left out" in again.stdout
    if peer == "monogramm":
        again = run("import", peer, str(file), database_url=filled)
        assert again.stdout.count("0 new, 0 changed, 1 unchanged, 0 left out") == 2


def test_statements_and_standard_output_are_written(filled: str, tmp_path: Path) -> None:
    assert run("export", "automx2", str(tmp_path / "all.sql"), database_url=filled).exit_code == OK
    assert b"INSERT INTO domain" in (tmp_path / "all.sql").read_bytes()
    assert run("export", "postfix", "-", database_url=filled).stdout == "company.example OK\n"


def test_what_a_form_cannot_hold_is_told(filled: str, tmp_path: Path) -> None:
    file = tmp_path / "mailcow.conf"
    file.write_bytes(BY_PEER["mailcow"])
    run("import", "mailcow", str(file), database_url=filled)
    told = run("export", "automx", str(tmp_path / "a"), "--provider", "mail-cow-example", database_url=filled)
    assert told.exit_code == OK
    postfix = tmp_path / "list"
    postfix.write_text("cow.example OK\n")
    run("import", "postfix", str(postfix), "--provider", "mail-cow-example", database_url=filled)
    told = run("export", "automx", str(tmp_path / "a"), database_url=filled)
    assert told.exit_code == NEGATIVE
    assert "Not written, provider mail-cow-example, server managesieve: has no place there" in told.stderr


def test_a_file_that_cannot_be_written_is_our_failure(filled: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below = run("export", "automx", str(tmp_path / "file" / "x"), database_url=filled)
    assert (below.exit_code, "could not be written" in below.stderr) == (FAILURE, True)
    other = run("export", "automx2", str(tmp_path / "db.sqlite"), database_url=filled)
    assert (other.exit_code, "must end in .sql or .json" in other.stderr) == (USAGE, True)
