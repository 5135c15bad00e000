"""Habits that reviews should not have to look for."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "app").rglob("*.py"))
MAX_LINES = 400
MAX_FUNCTION_LINES = 40


def identity(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_files_keep_to_their_size() -> None:
    lengths = {identity(path): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_functions_keep_to_their_size() -> None:
    too_long = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                first = node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0]
                if node.end_lineno - first.lineno >= MAX_FUNCTION_LINES:
                    too_long.append((identity(path), node.name))
    assert too_long == []


def test_only_settings_read_the_environment() -> None:
    readers = {path.name for path in SOURCES if re.search(r"\benviron\b|getenv", path.read_text())}
    assert readers <= {"settings.py"}


def test_no_module_is_called_by_an_empty_name() -> None:
    empty = {"utils", "helpers", "common", "manager", "base", "misc"}
    assert not {path.stem for path in SOURCES} & empty


def test_the_number_of_lines_that_coverage_ignores_does_not_grow() -> None:
    found = [path for path in SOURCES for line in path.read_text().splitlines() if "no cover" in line]
    assert len(found) <= 1


def test_committed_files_name_no_registry_and_carry_no_index_line() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "://" not in text
        assert not [line for line in text.splitlines() if line.startswith("-")]


def test_shell_scripts_are_executable_and_parse() -> None:
    scripts = [path for path in (ROOT / ".ci").iterdir() if path.is_file()]
    scripts.append(ROOT / "deploy" / "image-check")
    for path in scripts:
        assert path.stat().st_mode & 0o111, path
        assert subprocess.run(["/bin/bash", "-n", path], check=False).returncode == 0  # noqa: S603
