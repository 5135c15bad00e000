"""The command as scripts call it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.core.documents import Presentation
from app.renderers.autoconfig import render_full

from builders import an_account
from command import run

if TYPE_CHECKING:
    from pathlib import Path


def test_an_imported_file_is_exported(tmp_path: Path, url: str) -> None:
    file, folder = tmp_path / "customer.example.xml", tmp_path / "out"
    file.write_bytes(render_full(an_account(), Presentation()).body)
    assert run("import", "ispdb", str(file), database_url=url).exit_code == 0
    for arguments in ((), ("--provider", "customer.example"), ()):
        done = run("export", "ispdb", str(folder), *arguments, database_url=url)
        assert (done.exit_code, done.stdout) == (0, "Files: 1, domains: 1\n"), done.stderr
        assert (folder / file.name).read_bytes() == file.read_bytes()


def test_a_folder_is_left_alone_where_there_is_nothing_to_write(tmp_path: Path, url: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.xml").write_bytes(b"1")
    done = run("export", "ispdb", str(tmp_path / "out"), database_url=url)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "nothing to write" in done.stderr
    assert (tmp_path / "out/a.xml").read_bytes() == b"1"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((".", "--provider", "unknown"), 1, "The provider unknown is not known here."),
        (("{folder}",), 2, "must hold nothing but .xml files"),
        (("{folder}/cli.db",), 2, "must be a folder"),
    ],
)
def test_what_is_wrong_has_its_exit_status(
    tmp_path: Path, url: str, arguments: tuple[str, ...], status: int, said: str
) -> None:
    filled = [argument.format(folder=tmp_path) for argument in arguments]
    done = run("export", "ispdb", *filled, database_url=url)
    assert done.exit_code == status
    assert said in done.stderr


def test_an_absent_database_is_our_failure(tmp_path: Path) -> None:
    (tmp_path / "database").mkdir()
    url = f"sqlite+aiosqlite:///{tmp_path}/database"
    done = run("export", "ispdb", str(tmp_path / "out"), database_url=url)
    assert done.exit_code == 3
    assert not (tmp_path / "out").exists()
