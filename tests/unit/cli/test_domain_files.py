"""``signpost import domains`` and ``signpost export domains``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from command import run

if TYPE_CHECKING:
    from pathlib import Path

OK, NEGATIVE, USAGE, FAILURE = 0, 1, 2, 3


@pytest.fixture
def demo(url: str) -> str:
    """A database with the demo provider and its domain."""
    assert run("demo", database_url=url).exit_code == OK
    return url


def a_file(path: Path, *records: dict[str, Any] | str) -> Path:
    lines = [one if isinstance(one, str) else json.dumps(one) for one in records]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def a_put(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "provider": "demo", **changes}


def listed(url: str) -> list[str]:
    found = run("export", "domains", "-", "--format", "ndjson", database_url=url)
    return [json.loads(line)["name"] for line in found.stdout.splitlines()]


def test_lines_are_imported_and_a_second_run_changes_nothing(demo: str, tmp_path: Path) -> None:
    file = a_file(tmp_path / "d.ndjson", *(a_put(f"d{number}.example") for number in range(2500)))
    done = run("import", "domains", str(file), database_url=demo)
    assert (done.exit_code, done.stdout) == (
        OK,
        "Domains: 2500 new, 0 changed, 0 unchanged, 0 removed, 0 refused\n",
    )
    again = run("import", "domains", str(file), database_url=demo)
    assert again.stdout == "Domains: 0 new, 0 changed, 2500 unchanged, 0 removed, 0 refused\n"
    assert again.exit_code == OK


def test_a_file_with_deletions_can_be_read_again(demo: str, tmp_path: Path) -> None:
    file = a_file(
        tmp_path / "d.jsonl", a_put("x.example"), {"op": "delete", "name": "demo.example"},
        {"op": "patch", "name": "x.example", "reference": "K"},
    )  # fmt: skip
    first = run("import", "domains", str(file), database_url=demo)
    assert first.stdout == "Domains: 1 new, 1 changed, 0 unchanged, 1 removed, 0 refused\n"
    again = run("import", "domains", str(file), database_url=demo)
    assert again.exit_code == OK
    assert "0 refused" in again.stdout
    assert listed(demo) == ["x.example"]


def test_refused_lines_are_shown_and_written_with_their_numbers(demo: str, tmp_path: Path) -> None:
    errors = tmp_path / "errors.ndjson"
    file = a_file(tmp_path / "d.ndjson", a_put("x.example"), "", "{", a_put("y.example", provider="none"),
                  a_put("z.example", servers=[{"key": 1}]), *["["] * 30)  # fmt: skip
    done = run("import", "domains", str(file), "--errors", str(errors), database_url=demo)
    assert done.exit_code == NEGATIVE
    assert done.stdout == "Domains: 1 new, 0 changed, 0 unchanged, 0 removed, 33 refused\n"
    assert "Line 3: The line is not JSON.\n" in done.stderr
    assert "Line 4 (y.example): The provider none is not known here.\n" in done.stderr
    assert "… and 13 lines more\n" in done.stderr
    written = [json.loads(line) for line in errors.read_text().splitlines()]
    assert [one["line"] for one in written] == [3, 4, 5, *range(6, 36)]
    assert written[1] == {"line": 4, "name": "y.example", "detail": "The provider none is not known here."}
    assert written[2]["errors"][0] == {"pointer": "/servers/0/key", "detail": "must be a text"}


def test_a_dry_run_checks_all_and_changes_nothing(demo: str, tmp_path: Path) -> None:
    file = a_file(tmp_path / "d.ndjson", a_put("x.example"), a_put("y.example", alias_of="x.example"))
    dry = run("import", "domains", str(file), "--dry-run", database_url=demo)
    assert dry.stdout == "Domains: 2 new, 0 changed, 0 unchanged, 0 removed, 0 refused\n"
    assert (dry.exit_code, dry.stderr) == (OK, "Nothing was changed: this was a dry run.\n")
    assert listed(demo) == ["demo.example"]


def test_atomic_undoes_all_at_the_first_refused_line(demo: str, tmp_path: Path) -> None:
    lines = [a_put(f"d{number}.example") for number in range(1100)]
    file = a_file(tmp_path / "d.ndjson", *lines, "{")
    done = run("import", "domains", str(file), "--atomic", database_url=demo)
    assert (done.exit_code, done.stdout) == (NEGATIVE, "")
    assert done.stderr == "Line 1101: The line is not JSON.\nNothing was changed.\n"
    assert listed(demo) == ["demo.example"]
    assert run("import", "domains", str(a_file(file, *lines)), "--atomic", database_url=demo).exit_code == OK
    assert len(listed(demo)) == 1101


@pytest.mark.parametrize(
    ("name", "content", "options", "said"),
    [
        ("d.txt", b"", (), "must be said with --format: ndjson, csv"),
        ("d.csv", b"provider\ndemo\n", (), "name: must have a column of this name"),
        ("d.csv", b"name,what\n", (), "what: is no column that is known"),
        ("d.csv", b"name,name\n", (), "name: must not be there twice"),
        ("d.csv", b"", (), "name: must have a column"),
        ("d.ndjson", b"", ("--errors", "/nowhere/at/all"), "/nowhere/at/all cannot be written"),
        ("missing.csv", None, (), "cannot be read"),
    ],
)
def test_what_cannot_be_started_is_said(  # noqa: PLR0913, PLR0917 - a case has this many parts
    demo: str, tmp_path: Path, name: str, content: bytes | None, options: tuple[str, ...], said: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    done = run("import", "domains", str(file), *options, database_url=demo)
    assert done.exit_code == USAGE
    assert said in done.stderr


def test_a_database_that_is_away_is_our_failure(tmp_path: Path) -> None:
    file = a_file(tmp_path / "d.ndjson", a_put("x.example"))
    url = f"sqlite+aiosqlite:///{tmp_path}"
    done = run("import", "domains", str(file), database_url=url)
    assert done.exit_code == FAILURE
    assert "Run it again to go on." in done.stderr


def test_a_table_is_read_row_by_row(demo: str, tmp_path: Path) -> None:
    file = tmp_path / "d.csv"
    file.write_bytes(
        "\ufeffname;op;provider;variables.NODE;variables;serves_mx;servers;if_match\r\n".encode()
        + b'a.example;;demo;srv1;"{""B"": ""x""}";yes;;\r\n'
        + b"b.example;;demo;;;maybe;;\r\n"
        + b"c.example;;demo;;;;[;\r\n"
        + b"\r\n"
        + b"d.example;;demo;;;;;\xff\r\n"
        + b"e.example;;demo\r\n"
        + b"demo.example;delete;;;;;;1\r\n"
        + b'"f.example;;demo;;;;;'
    )
    done = run("import", "domains", str(file), database_url=demo)
    assert done.exit_code == NEGATIVE
    assert done.stdout == "Domains: 1 new, 0 changed, 0 unchanged, 1 removed, 5 refused\n"
    assert done.stderr.splitlines() == [
        "Line 3 (b.example): serves_mx: must be true or false",
        "Line 4 (c.example): servers: must be JSON",
        "Line 6 (d.example): The line is not UTF-8.",
        "Line 7: The line has 3 cells where the header has 8.",
        "Line 9: The line is no row of a table: unexpected end of data.",
    ]
    exported = run("export", "domains", "-", "--format", "csv", database_url=demo).stdout
    assert exported.splitlines()[1:] == [
        'a.example,demo,,active,automatic,,true,"{""B"":""x"",""NODE"":""srv1""}",,,,'
    ]


def test_an_export_takes_the_place_of_a_file_as_a_whole(demo: str, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    file.write_text("before")
    assert run("export", "domains", str(file), "--provider", "demo", database_url=demo).exit_code == OK
    assert file.read_text().startswith("name,provider,")
    assert len(file.read_text().splitlines()) == 2
    failed = run("export", "domains", str(tmp_path / "no" / ".." / "out.csv" / "x.csv"), database_url=demo)
    assert failed.exit_code == FAILURE
    assert [path.name for path in tmp_path.glob("*.csv")] == ["out.csv"]
