"""The files of a static export: what is written, left alone and taken away."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
from app.cli.static_tree import open_tree, shard_of
from app.core.domains import DomainStatus
from app.core.errors import InvalidInput
from app.core.names import DomainName
from app.services.static_documents import Kind, Layout, StaticDocuments

from builders import a_domain, a_mailbox, a_provider, an_imap_server, an_smtp_server
from command import run
from databases import opened, stored_domain, stored_mailbox, stored_provider
from service_process import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SERVERS = (an_imap_server(), an_smtp_server())


def stock(url: str, *names: str) -> None:
    async def store() -> None:
        async with opened(url) as found:
            await stored_provider(found, a_provider(servers=SERVERS))
            for name in names:
                await stored_domain(found, a_domain(name))

    asyncio.run(store())


def change(url: str, name: str, **changes: Any) -> None:
    """Store a domain anew, or no more where no change is named."""

    async def store() -> None:
        async with opened(url) as found, found.writing() as unit:
            old = await unit.domains.find(DomainName(name))
            assert old is not None
            await unit.domains.delete(old)
        if changes:
            async with opened(url) as found:
                await stored_domain(found, a_domain(name, **changes))

    asyncio.run(store())


def seen(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Return what web servers find: contents, number of the file, time of its last change."""
    files = {}
    for path in (folder / "tree").rglob("*"):
        if path.is_file():
            status = path.stat()
            at = str(path.relative_to(folder / "tree"))
            files[at] = path.read_bytes(), status.st_ino, status.st_mtime_ns
    return files


def bodies(folder: Path) -> dict[str, bytes]:
    return {path: body for path, (body, _, _) in seen(folder).items()}


def export(url: str, folder: Path, *options: str) -> str:
    done = run("export", "static", str(folder), *options, database_url=url)
    assert done.exit_code == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.mark.parametrize("layout", Layout)
def test_what_did_not_change_is_not_touched(url: str, folder: Path, layout: Layout) -> None:
    stock(url, "a.example", "b.example", "c.example")
    options = ("--layout", layout)
    assert export(url, folder, *options) == "Domains: 3, files written: 6, unchanged: 0, removed: 0\n"
    before = seen(folder)
    assert export(url, folder, *options) == "Domains: 3, files written: 0, unchanged: 6, removed: 0\n"
    assert seen(folder) == before
    change(url, "b.example", serves_mx=True, variables={"X": "1"})
    own = (an_imap_server(hostname="other.provider.example"), an_smtp_server())
    change(url, "c.example", servers=own)
    assert export(url, folder, *options) == "Domains: 3, files written: 2, unchanged: 4, removed: 0\n"
    after = seen(folder)
    assert {at for at in after if after[at] != before[at]} == {
        "anybody/c/c.example.xml",
        "pacc/c/c.example.json",
    }


def test_a_domain_whose_name_fits_in_no_file_s_is_left_to_the_service(url: str, folder: Path) -> None:
    longest, fitting = (".".join(("a" * 63, "b" * 63, "c" * 63, "d" * last)) for last in (59, 58))
    stock(url, "a.example", fitting, longest)
    assert export(url, folder) == "Domains: 3, files written: 4, unchanged: 0, removed: 0\n"
    (left,) = [
        one
        for one in json.loads((folder / "report.json").read_text())["left_to_the_service"]["domains"]
        if one["such_as"] == [longest]
    ]
    assert left["why"] == "the name is too long for a file's"


def test_identical_documents_are_one_file(url: str, folder: Path) -> None:
    stock(url, "a.example", "b.example")
    export(url, folder)
    files = seen(folder)
    assert files["pacc/a/a.example.json"] == files["pacc/b/b.example.json"]
    assert files["anybody/a/a.example.xml"][1] != files["anybody/b/b.example.xml"][1]
    export(url, folder.with_name("shared"), "--layout", "nginx")
    shared = seen(folder.with_name("shared"))
    assert shared["anybody/a/a.example.xml"] == shared["anybody/b/b.example.xml"]


def test_suspended_and_deleted_domains_disappear(url: str, folder: Path) -> None:
    stock(url, "a.example", "b.example", "c.example")
    export(url, folder)
    change(url, "a.example", status=DomainStatus.SUSPENDED)
    change(url, "b.example")
    assert export(url, folder) == "Domains: 1, files written: 0, unchanged: 2, removed: 4\n"
    assert set(seen(folder)) == {"anybody/c/c.example.xml", "pacc/c/c.example.json"}
    change(url, "a.example", reference="again")
    export(url, folder)
    assert "anybody/a/a.example.xml" in seen(folder)
    report = json.loads((folder / "report.json").read_text())
    assert (report["domains"], report["suspended_domains"]) == (2, 0)


def test_a_mailbox_of_its_own_moves_the_document(url: str, folder: Path) -> None:
    stock(url, "a.example")
    export(url, folder)

    async def add() -> None:
        async with opened(url) as store:
            await stored_mailbox(store, a_mailbox("jane@a.example", login="c1"))

    asyncio.run(add())
    assert export(url, folder) == "Domains: 1, files written: 1, unchanged: 1, removed: 1\n"
    assert set(seen(folder)) == {"domain/a/a.example.xml", "pacc/a/a.example.json"}
    (told,) = json.loads((folder / "report.json").read_text())["left_to_the_service"]["domains"]
    assert (told["domains"], told["such_as"]) == (1, ["a.example"])
    assert "mailboxes" in told["why"]


def test_an_empty_database_takes_nothing_away_unless_it_is_meant(url: str, folder: Path) -> None:
    stock(url, "a.example")
    export(url, folder)
    change(url, "a.example")
    done = run("export", "static", str(folder), database_url=url)
    assert done.exit_code == 1
    assert "nothing to write" in done.stderr
    assert len(seen(folder)) == 2
    export(url, folder, "--empty")
    assert seen(folder) == {}
    assert not list((folder / ".signpost/shared").iterdir())


def test_files_that_somebody_broke_are_mended_when_all_are_read(url: str, folder: Path) -> None:
    stock(url, "a.example", "b.example")
    export(url, folder)
    before = bodies(folder)
    (folder / "tree/anybody/a/a.example.xml").write_bytes(b"")
    (folder / "tree/anybody/b/b.example.xml").unlink()
    export(url, folder)
    assert bodies(folder) != before
    assert "written: 2, unchanged: 2" in export(url, folder, "--check")
    assert bodies(folder) == before


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: folder.write_bytes(b""), "must be a folder"),
        (lambda folder: (folder.mkdir(), (folder / "x").write_bytes(b"")), "must be empty"),
    ],
)
def test_what_is_no_folder_of_an_export_is_refused(
    url: str, folder: Path, spoil: Callable[[Path], object], said: str
) -> None:
    stock(url, "a.example")
    spoil(folder)
    done = run("export", "static", str(folder), database_url=url)
    assert done.exit_code == 2
    assert said in done.stderr


def test_two_exports_at_a_time_are_refused(url: str, folder: Path) -> None:
    stock(url, "a.example")
    export(url, folder)
    with (folder / ".signpost/lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run("export", "static", str(folder), database_url=url)
    assert done.exit_code == 2
    assert "at the same time" in done.stderr


def test_a_folder_keeps_its_layout(url: str, folder: Path) -> None:
    stock(url, "a.example")
    export(url, folder)
    done = run("export", "static", str(folder), "--layout", "nginx", database_url=url)
    assert done.exit_code == 2
    assert "it has files" in done.stderr


def test_an_absent_database_is_our_failure(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "database").mkdir()
    done = run("export", "static", str(folder), database_url=f"sqlite+aiosqlite:///{tmp_path}/database")
    assert done.exit_code == 3


def documents(name: str, body: bytes = b"shared") -> StaticDocuments:
    return StaticDocuments(name, {Kind.PACC: body, Kind.ANYBODY: f"<{name}>".encode()})


def test_what_was_broken_off_is_gone_on_with(folder: Path) -> None:
    with open_tree(folder) as tree:
        tree.put([documents("a.example"), documents("b.example")])
        tree.remove_unseen()
        # As when it is killed between the files and the note of them.
        tree._manifest.expect(["a.example", "c.example"])
    (folder / "tree/anybody/a/a.example.xml").write_bytes(b"half")
    orphan = folder / "tree/anybody/c/c.example.xml"
    orphan.parent.mkdir()
    orphan.write_bytes(b"half")
    os.link(folder / "tree/pacc/b/b.example.json", folder / ".signpost/writing")
    with open_tree(folder) as tree:
        tree.put([documents("a.example"), documents("b.example", b"changed")])
        tree.remove_unseen()
        assert (tree.count.written, tree.count.unchanged, tree.count.removed) == (2, 2, 1)
    assert bodies(folder) == {
        "anybody/a/a.example.xml": b"<a.example>",
        "anybody/b/b.example.xml": b"<b.example>",
        "pacc/a/a.example.json": b"shared",
        "pacc/b/b.example.json": b"changed",
    }


# A limit to the size of files lets a write store a part, as a disk does that is nearly full. The manifest
# has room.
ROOM: Final = 500_000
WITH_LITTLE_ROOM: Final = """
import resource, sys
from pathlib import Path
from app.cli.static_tree import open_tree
from app.services.static_documents import Kind, StaticDocuments
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
with open_tree(Path(sys.argv[1])) as tree:
    tree.put([StaticDocuments("a.example", {Kind(sys.argv[3]): sys.argv[4].encode() * 100_000})])
"""


@pytest.mark.parametrize(("kind", "line"), [(Kind.ANYBODY, "<a.example>"), (Kind.PACC, "shared by all")])
def test_a_file_that_does_not_fit_leaves_the_old_one_and_is_written_when_there_is_room(
    folder: Path, kind: Kind, line: str
) -> None:
    old, new = (StaticDocuments("a.example", {kind: body}) for body in (b"old", line.encode() * 100_000))
    with open_tree(folder) as tree:
        tree.put([old])
    (path,) = bodies(folder)
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", WITH_LITTLE_ROOM, str(folder), str(ROOM), kind, line],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert bodies(folder) == {path: b"old"}
    assert "OSError: [Errno 27]" in done.stderr
    with open_tree(folder) as tree:
        tree.put([new])
    assert bodies(folder) == {path: line.encode() * 100_000}


def test_a_shared_file_may_have_more_names_than_the_file_system_allows(folder: Path) -> None:
    spare = folder / "spare"
    with open_tree(folder) as tree:
        tree.put([documents("a.example")])
        (source,) = (folder / ".signpost/shared").iterdir()
        spare.mkdir()
        try:
            for number in range(65_000):
                os.link(source, spare / str(number))
        except OSError:
            # That was the limit.
            pass
        tree.put([documents(f"d{number}.example") for number in range(10)])
    files = bodies(folder)
    assert [files[f"pacc/d{number}/d{number}.example.json"] for number in range(10)] == [b"shared"] * 10


def test_a_shard_is_what_the_rules_find(folder: Path) -> None:
    names = {"a.example": "a", "ab.example": "ab", "customer.co.example": "er", "a--b.example": "-b"}
    assert {name: shard_of(name) for name in names} == names
    with pytest.raises(InvalidInput), open_tree(folder), open_tree(folder):
        pass
