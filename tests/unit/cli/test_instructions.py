"""Instructions at the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from command import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def demo_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("demo") / "demo.db"
    url = f"sqlite+aiosqlite:///{path}"
    assert run("migrate", database_url=url).exit_code == 0
    assert run("demo", database_url=url).exit_code == 0
    return url


def test_instructions_are_written_to_standard_output(demo_url: str) -> None:
    arguments = ("jane@demo.example", "--client", "thunderbird", "--locale", "de")
    found = run("instructions", *arguments, database_url=demo_url)
    assert (found.exit_code, found.stderr) == (0, "")
    assert found.stdout.startswith("E-Mails für jane@demo.example: Thunderbird\n")
    assert "jane@demo.example" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("jane@demo.example", "--client", "pine"), "--client: must be one of"),
        (("jane@demo.example", "--format", "pdf"), "--format: must be one of"),
        (("jane@demo.example", "--locale", "tlh"), "locale: must be one of"),
        (("nothing at all",), "address: "),
    ],
)
def test_what_is_not_there_is_a_usage_error(demo_url: str, arguments: tuple[str, ...], message: str) -> None:
    found = run("instructions", *arguments, database_url=demo_url)
    assert (found.exit_code, found.stdout) == (2, "")
    assert message in found.stderr
