"""A guide's commands, run in one shell as a reader would paste them, and its answers compared.

The guide's own rule: answers are laid out for reading, of the headers those that matter are shown, and
``…`` stands for what differs each time, or is left out. Everything else has to be there as it is shown.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_FENCED: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ELLIPSIS: Final = "…"
_LEFT_OUT: Final = (
    (re.compile(r"(?<=,)\s*…(?=\s*\})"), '"…": "…"'),
    (re.compile(r"(?<=,)\s*…(?=\s*\])"), '"…"'),
    (re.compile(r"(?<=:)\s*…"), '"…"'),
)


class NotAsShown(Exception):  # noqa: N818 - named for what happened
    """The guide shows something else than what came."""


@dataclass(frozen=True)
class Answer:
    """An answer as the guide shows it."""

    kind: str
    text: str


@dataclass(frozen=True)
class Step:
    """Commands to paste, and what the guide shows below them."""

    command: str
    answer: Answer | None


def steps_of(guide: str) -> list[Step]:
    """Return the guide's steps; each of its blocks is part of one."""
    steps: list[Step] = []
    for kind, text in _FENCED.findall(guide):
        if kind == "sh":
            steps.append(Step(text, None))
        elif kind in {"http", "json", "xml", "html"} and steps and steps[-1].answer is None:
            steps[-1] = Step(steps[-1].command, Answer(kind, text))
        else:
            message = f"nothing says what to do with this block:\n{text}"
            raise NotAsShown(message)
    return steps


def run(steps: Sequence[Step], folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Run all commands in one shell, and return what each step put out."""
    session = []
    for number, step in enumerate(steps):
        (folder / f"{number}.sh").write_text(step.command)
        session.append(f". ./{number}.sh > {number}.out 2>&1; echo $? > {number}.status")
    subprocess.run(
        ["/bin/bash", "--noprofile", "--norc"],
        input="\n".join(session), cwd=folder, env=dict(environment), text=True, timeout=300, check=True,
    )  # fmt: skip
    found = []
    for number, step in enumerate(steps):
        output, status = (folder / f"{number}.out").read_bytes(), (folder / f"{number}.status").read_text()
        found.append(output.decode().replace("\r\n", "\n"))
        if status != "0\n":
            message = f"{step.command}\nended with {status}and said\n{found[-1]}"
            raise NotAsShown(message)
    return found


def check(step: Step, output: str) -> None:
    """Compare what a step put out with what the guide shows.

    Raises:
        NotAsShown: With both.
    """
    if not _is_as_shown(step.answer, output):
        shown = "nothing" if step.answer is None else step.answer.text
        message = f"{step.command}\nshows\n{shown}\nbut there came\n{output}"
        raise NotAsShown(message)


def _is_as_shown(answer: Answer | None, output: str) -> bool:
    if answer is None:
        return not output
    if answer.kind == "http":
        return _is_answer(answer.text, output)
    if answer.kind == "json":
        return _are_values(list(_values(_completed(answer.text))), list(_values(output)))
    return _is_text(answer.text.strip(), output.strip())


def _is_answer(shown: str, actual: str) -> bool:
    head, _, body = shown.partition("\n\n")
    actual_head, _, actual_body = actual.partition("\n\n")
    status, *headers = head.strip().split("\n")
    actual_status, *actual_headers = actual_head.split("\n")
    given = dict(_header(line) for line in actual_headers)
    if status != actual_status:
        return False
    if not all(name in given and _is_text(value, given[name]) for name, value in map(_header, headers)):
        return False
    if "json" in given.get("content-type", "") and actual_body.strip():
        return _are_values(list(_values(_completed(body))), list(_values(actual_body)))
    return _is_text(body.strip(), actual_body.strip())


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.lower(), value.strip()


def _completed(text: str) -> str:
    """Return JSON in which what is left out has a place of its own."""
    for pattern, replacement in _LEFT_OUT:
        text = pattern.sub(replacement, text)
    return text


def _values(text: str) -> Iterator[Any]:
    """Give the JSON values that follow one another."""
    decoder, rest = json.JSONDecoder(), text.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        yield value
        rest = rest[end:].strip()


def _are_values(shown: list[Any], actual: list[Any]) -> bool:
    return len(shown) == len(actual) and all(map(_is_value, shown, actual))


def _is_value(shown: Any, actual: Any) -> bool:
    if shown == _ELLIPSIS:
        return True
    if type(shown) is not type(actual):
        return False
    if isinstance(shown, dict):
        members = {name: value for name, value in shown.items() if name != _ELLIPSIS}
        is_whole = _ELLIPSIS in shown or set(members) == set(actual)
        return is_whole and all(
            name in actual and _is_value(value, actual[name]) for name, value in members.items()
        )
    if isinstance(shown, list):
        if shown and shown[-1] == _ELLIPSIS:
            return _are_values(shown[:-1], actual[: len(shown) - 1])
        return _are_values(shown, actual)
    return _is_text(shown, actual) if isinstance(shown, str) else bool(shown == actual)


def _is_text(shown: str, actual: str) -> bool:
    parts = map(re.escape, shown.split(_ELLIPSIS))
    return re.fullmatch(".*".join(parts), actual, re.DOTALL) is not None
