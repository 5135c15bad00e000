"""Verbs, their exit statuses and what they say, as operators' scripts depend on them."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

import pytest
from app import __version__

from command import run
from databases import UNREACHABLE_URL

if TYPE_CHECKING:
    from pathlib import Path

OK, NEGATIVE, USAGE, FAILURE = 0, 1, 2, 3
TOKEN = re.compile(r"sp_[0-9a-f]{12}_[A-Za-z0-9_-]{43}\n")
VERBS = {
    "serve": "Run the service",
    "migrate": "Bring the database to the newest schema",
    "demo": "Fill an empty database",
    "render": "Write a client's document",
    "instructions": "Write the steps",
    "token create": "Create an API token",
    "import ispdb": "Import Mozilla ISPDB files",
    "export ispdb": "",
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_verb_explains_itself(verb: str, option: str) -> None:
    found = run(*verb.split(), option)
    assert found.exit_code == OK
    assert VERBS[verb] in " ".join(found.stdout.split())
    assert found.stderr == ""


@pytest.mark.parametrize("arguments", [(), ("token",), ("import",), ("export",)])
def test_a_verb_that_is_missing_is_asked_for(arguments: tuple[str, ...]) -> None:
    found = run(*arguments)
    assert found.exit_code == USAGE
    assert "Usage: signpost" in found.stdout + found.stderr


@pytest.mark.parametrize(
    "arguments", [("nothing",), ("serve", "--nothing"), ("serve", "--port", "65536"), ("render",)]
)
def test_what_is_no_command_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    found = run(*arguments)
    assert (found.exit_code, found.stdout) == (USAGE, "")
    assert found.stderr


def test_the_version_is_told() -> None:
    assert run("--version").stdout == f"signpost {__version__}\n"


def test_a_database_is_migrated_once(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/new/test.db"
    first, second = run("migrate", database_url=url), run("migrate", database_url=url)
    assert (first.exit_code, first.stdout) == (OK, "")
    assert "brought to the newest schema" in first.stderr
    assert (second.exit_code, second.stdout, second.stderr) == (OK, "", "The schema is current.\n")


def test_a_token_stands_alone_on_standard_output(url: str) -> None:
    demo = run("demo", database_url=url)
    assert demo.exit_code == OK
    assert TOKEN.fullmatch(demo.stdout)
    assert "demo.example" in demo.stderr
    again = run("demo", database_url=url)
    assert (again.exit_code, again.stdout) == (OK, "")
    created = run(
        "token", "create", "--name", "billing", "--scope", "domains:read", "--scope", "domains:write",
        "--provider", "demo", "--expires-days", "30", database_url=url,
    )  # fmt: skip
    assert (created.exit_code, created.stderr) == (OK, "")
    assert TOKEN.fullmatch(created.stdout)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--name", "a", "--scope", "root"), USAGE, "scopes: must be one or more of domains:read"),
        (("--name", " ", "--scope", "admin"), USAGE, "name: must not be empty"),
        (("--name", "a", "--scope", "admin", "--expires-days", "0"), USAGE, "expires_days: must be between"),
        (
            ("--name", "a", "--scope", "admin", "--provider", "nobody"),
            NEGATIVE,
            "provider nobody is not known",
        ),
        (("--name", "a", "--scope", "admin", "--provider", ""), USAGE, "provider: must be a provider's slug"),
        (("--name", "a"), USAGE, "Missing option"),
        (("--scope", "admin"), USAGE, "Missing option"),
    ],
)
def test_a_token_that_cannot_be_is_refused(
    url: str, arguments: tuple[str, ...], status: int, said: str
) -> None:
    found = run("token", "create", *arguments, database_url=url)
    assert (found.exit_code, found.stdout) == (status, "")
    assert said in found.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("export", "domains", "-", "--format", "ndjson"),
        ("export", "ispdb", "folder"),
        ("export", "automx2", "file.sql"),
        ("export", "automx", "-"),
        ("export", "monogramm", "-"),
        ("export", "postfix", "-"),
        ("import", "postfix", "list"),
        ("dns", "doctor"),
    ],
    ids=" ".join,
)
def test_an_empty_slug_is_not_as_if_none_were_given(
    demo_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list").write_text("new.example\n")
    found = run(*arguments, "--provider", "", database_url=demo_url)
    assert (found.exit_code, found.stdout) == (USAGE, "")
    assert "slug" in found.stderr


@pytest.fixture
def demo_url(url: str) -> str:
    assert run("demo", database_url=url).exit_code == OK
    return url


def test_a_document_is_written_as_clients_get_it(demo_url: str) -> None:
    for address in ("jane@demo.example", "demo.example", "DEMO.example."):
        found = run("render", "autoconfig", address, database_url=demo_url)
        assert (found.exit_code, found.stderr) == (OK, "")
        assert found.stdout.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<clientConfig')
        assert found.stdout.endswith("</clientConfig>\n")


def test_what_a_document_leaves_out_is_told_beside_it(demo_url: str, tmp_path: Path) -> None:
    with sqlite3.connect(demo_url.removeprefix("sqlite+aiosqlite:///")) as connection:
        connection.execute("UPDATE server SET socket_type = 'plain' WHERE type = 'pop3'")
    found = run("render", "autoconfig", "demo.example", database_url=demo_url)
    assert found.exit_code == OK
    assert "pop3" not in found.stdout
    assert found.stderr.startswith("left out: pop3 (plain-socket). ")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("nothing", "demo.example"), USAGE, "There is no format nothing; there are autoconfig"),
        (("autoconfig", "localhost"), USAGE, "address: must have at least two labels"),
        (("autoconfig", "jane@"), USAGE, "address: must end in a valid domain"),
        (("autoconfig", "unknown.example"), NEGATIVE, "The domain unknown.example is not known here."),
    ],
)
def test_a_document_that_is_not_there_is_told(
    demo_url: str, arguments: tuple[str, ...], status: int, said: str
) -> None:
    found = run("render", *arguments, database_url=demo_url)
    assert (found.exit_code, found.stdout) == (status, "")
    assert found.stderr.startswith(f"signpost: {said}")


ALL = [
    ("migrate",),
    ("demo",),
    ("serve", "--port", "0"),
    ("render", "autoconfig", "jane@demo.example"),
    ("token", "create", "--name", "a", "--scope", "admin"),
]


@pytest.mark.parametrize("arguments", ALL, ids=" ".join)
def test_a_database_that_is_away_is_our_failure_in_one_sentence(arguments: tuple[str, ...]) -> None:
    found = run(*arguments, database_url=UNREACHABLE_URL)
    assert (found.exit_code, found.stdout) == (FAILURE, "")
    assert found.stderr.startswith("signpost: The database does not answer at the moment. (")
    assert len(found.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", ALL[1:], ids=" ".join)
def test_a_database_without_the_schema_is_our_failure_and_the_remedy_is_named(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    found = run(*arguments, database_url=f"sqlite+aiosqlite:///{tmp_path}/bare.db")
    assert (found.exit_code, found.stdout) == (FAILURE, "")
    assert "signpost migrate" in found.stderr
    assert "jane" not in found.stderr
    assert len(found.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"database_url": "mysql://a:secret@h/x"},
            "SIGNPOST_DATABASE_URL: must start with sqlite+aiosqlite:",
        ),
        ({"database_url": "postgresql+asyncpg://a:secret@h:x/x"}, "SIGNPOST_DATABASE_URL: must be a URL"),
        ({"database_url": "postgresql+asyncpg://a:secret@h/x?sslmode=require"}, "must say ssl=..."),
        ({"public_url": "x"}, "SIGNPOST_PUBLIC_URL: "),
        ({"log_level": "loud"}, "SIGNPOST_LOG_LEVEL: must be DEBUG"),
        ({"log_format": "xml"}, "SIGNPOST_LOG_FORMAT: "),
        ({"trusted_proxies": "10.0.0.1/8"}, "SIGNPOST_TRUSTED_PROXIES: "),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_shown(settings: dict[str, str], said: str) -> None:
    found = run("migrate", **settings)
    assert (found.exit_code, found.stdout) == (USAGE, "")
    assert said in found.stderr
    assert "secret" not in found.stderr


def test_no_colours_are_sent_to_what_is_no_terminal(demo_url: str) -> None:
    for arguments in (("--help",), ("render", "x", "y"), ("serve", "--nothing")):
        found = run(*arguments, database_url=demo_url)
        assert "\x1b" not in found.stdout + found.stderr
