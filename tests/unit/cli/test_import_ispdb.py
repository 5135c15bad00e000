from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from command import run

if TYPE_CHECKING:
    from pathlib import Path

OK, NEGATIVE, USAGE = 0, 1, 2
FILE = (
    '<clientConfig version="1.1"><emailProvider id="{name}.example"><domain>{name}.example</domain>'
    '<displayName>P</displayName><incomingServer type="imap"><hostname>mail.{name}.example</hostname>'
    "<port>{port}</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username>"
    "<authentication>password-cleartext</authentication></incomingServer>{extra}</emailProvider></clientConfig>"
)


def write(folder: Path, count: int, *, port: int = 993, extra: str = "") -> None:
    for number in range(count):
        text = FILE.format(name=f"p{number}", port=port, extra=extra)
        (folder / f"p{number}.xml").write_text(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "files"
    found.mkdir()
    write(found, 20)
    return found


def test_a_plan_is_shown_and_then_applied_and_a_second_run_changes_nothing(url: str, folder: Path) -> None:
    counts = "20 new, 0 changed, 0 unchanged, 0 removed"
    new = f"Providers: {counts}\nDomains:   {counts}\n"
    dry = run("import", "ispdb", str(folder), "--dry-run", database_url=url)
    assert (dry.exit_code, dry.stdout) == (OK, new)
    assert dry.stderr == "Nothing was changed: this was a dry run.\n"
    done = run("import", "ispdb", str(folder), database_url=url)
    assert (done.exit_code, done.stdout, done.stderr) == (OK, new, "Done.\n")
    again = run("import", "ispdb", str(folder), database_url=url)
    assert again.exit_code == OK
    assert again.stdout == new.replace("20 new", "0 new").replace("0 unchanged", "20 unchanged")
    assert again.stderr == "Nothing to do: everything is stored already.\n"
    assert run("render", "autoconfig-full", "p7.example", database_url=url).exit_code == OK


def test_one_file_is_imported(url: str, folder: Path) -> None:
    done = run("import", "ispdb", str(folder / "p3.xml"), database_url=url)
    assert done.exit_code == OK
    assert "Providers: 1 new" in done.stdout


def test_sweeping_change_needs_force_and_a_dry_run_says_so(url: str, folder: Path) -> None:
    run("import", "ispdb", str(folder), database_url=url)
    write(folder, 20, port=1993)
    dry = run("import", "ispdb", str(folder), "--dry-run", database_url=url)
    assert "It would need --force" in dry.stderr
    assert "  changes: p0\n" in dry.stdout
    refused = run("import", "ispdb", str(folder), database_url=url)
    assert refused.exit_code == NEGATIVE
    assert "signpost: This would change or remove 20 of 40 stored entries" in refused.stderr
    done = run("import", "ispdb", str(folder), "--force", database_url=url)
    assert (done.exit_code, done.stderr) == (OK, "Done.\n")


def test_what_is_removed_is_named(url: str, folder: Path) -> None:
    run("import", "ispdb", str(folder), database_url=url)
    (folder / "p4.xml").unlink()
    kept = run("import", "ispdb", str(folder), database_url=url)
    assert "0 removed" in kept.stdout
    pruned = run("import", "ispdb", str(folder), "--prune", database_url=url)
    assert pruned.exit_code == OK
    assert "  removes the provider: p4\n  removes the domain: p4.example\n" in pruned.stdout


def test_refused_files_and_notes_are_told_and_the_rest_is_imported(url: str, folder: Path) -> None:
    (folder / "bad.xml").write_text("<html/>")
    (folder / "p0.xml").write_text(FILE.format(name="p0", port=1, extra="<identity/>"))
    (folder / "folder.xml").mkdir()
    done = run("import", "ispdb", str(folder), database_url=url)
    assert done.exit_code == NEGATIVE
    assert "Refused bad.xml: input: must be a clientConfig document without an XML namespace\n" in done.stdout
    assert "Note on p0.xml: emailProvider/identity: is not read\n" in done.stdout
    assert "Providers: 20 new" in done.stdout
    again = run("import", "ispdb", str(folder), database_url=url)
    assert (again.exit_code, again.stderr) == (NEGATIVE, "Nothing to do: the rest is stored already.\n")


def test_a_file_that_is_far_too_long_is_refused_unread(url: str, folder: Path) -> None:
    with (folder / "long.xml").open("wb") as file:
        file.truncate(10_000_000_000)
    done = run("import", "ispdb", str(folder), database_url=url)
    assert done.exit_code == NEGATIVE
    assert "Refused long.xml: input: must be at most 1000000 bytes long" in done.stdout


@pytest.mark.parametrize(
    ("path", "options", "said"),
    [
        ("nowhere", [], "nowhere does not exist."),
        (".", [], "has no .xml files."),
        ("files/p0.xml", ["--prune"], "--prune needs a folder"),
    ],
)
def test_what_cannot_be_imported_is_a_usage_error(
    url: str, folder: Path, path: str, options: list[str], said: str
) -> None:
    found = run("import", "ispdb", str(folder.parent / path), *options, database_url=url)
    assert (found.exit_code, found.stdout) == (USAGE, "")
    assert said in found.stderr


def test_a_file_that_cannot_be_read_is_named(url: str, folder: Path) -> None:
    (folder / "loop.xml").symlink_to(folder / "loop.xml")
    (folder / "p0.xml").unlink()
    # A device that gives nothing but an error, as a file that nobody may read.
    (folder / "p0.xml").symlink_to("/proc/self/mem")
    found = run("import", "ispdb", str(folder / "p0.xml"), database_url=url)
    assert (found.exit_code, found.stdout) == (USAGE, "")
    assert "p0.xml cannot be read: " in found.stderr
