from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.cli.folders import check_replaceable, replace_file, replace_folder
from app.core.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    replace_folder(tmp_path / "a/b", {"x.xml": b"1"})
    assert contents(tmp_path / "a/b") == {"x.xml": b"1"}
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
    assert (tmp_path / "a/b").stat().st_mode & 0o777 == 0o755


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    replace_folder(folder, {"old.xml": b"1", "both.xml": b"1"})
    folder.chmod(0o750)
    replace_folder(folder, {"new.xml": b"2", "both.xml": b"2"})
    assert contents(folder) == {"new.xml": b"2", "both.xml": b"2"}
    assert folder.stat().st_mode & 0o777 == 0o750
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_behind_a_link_is_replaced_and_the_link_kept(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    replace_folder(tmp_path / "link", {"x.xml": b"1"})
    assert (tmp_path / "link").is_symlink()
    assert contents(tmp_path / "real") == {"x.xml": b"1"}


def test_what_was_there_is_there_still_when_writing_fails(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    replace_folder(folder, {"x.xml": b"1"})
    with pytest.raises(OSError, match="no-such-folder"):
        replace_folder(folder, {"x.xml": b"2", "no-such-folder/y.xml": b"2"})
    assert contents(folder) == {"x.xml": b"1"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_single_file_leaves_the_others_alone(tmp_path: Path) -> None:
    replace_folder(tmp_path / "out", {"a.xml": b"1", "b.xml": b"1"})
    replace_file(tmp_path / "out/b.xml", b"2")
    replace_file(tmp_path / "new/c.xml", b"3")
    assert contents(tmp_path / "out") == {"a.xml": b"1", "b.xml": b"2"}
    assert contents(tmp_path / "new") == {"c.xml": b"3"}


@pytest.mark.parametrize("other", ["notes.txt", ".git"])
def test_a_folder_with_anything_else_in_it_is_not_written_over(tmp_path: Path, other: str) -> None:
    (tmp_path / "a.xml").write_bytes(b"1")
    check_replaceable(tmp_path, ".xml")
    (tmp_path / other).mkdir()
    with pytest.raises(InvalidInput, match=other):
        check_replaceable(tmp_path, ".xml")


def test_a_file_is_no_folder_and_nothing_may_become_one(tmp_path: Path) -> None:
    check_replaceable(tmp_path / "none", ".xml")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InvalidInput, match="must be a folder"):
        check_replaceable(tmp_path / "file", ".xml")
