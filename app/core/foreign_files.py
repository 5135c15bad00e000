"""Files of other programs: text, JSON, and lines that set variables; each fault names its line."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from app.core.errors import InvalidInput, refuse
from app.core.moving import MAX_FILE_BYTES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# As in .env files, shell scripts, lists and maps under "environment" of Compose, and units of systemd.
_ASSIGNMENT: Final = re.compile(
    r"""\s*(?:-\s+)?(?:export\s+|Environment=)?["']?([A-Za-z_][A-Za-z0-9_]*)["']?\s*(?:=|:\s)\s*(.*)"""
)
_PORT: Final = re.compile(r"[0-9]{1,5}")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a variable is set to, and where."""

    name: str
    value: str
    line: int

    @property
    def place(self) -> str:
        """The variable and its line, for people."""
        return f"{self.name} (line {self.line})"


def checked_text(data: bytes) -> str:
    """Return a file's text.

    Raises:
        InvalidInput: When it is too long or not UTF-8, naming the line.
    """
    if len(data) > MAX_FILE_BYTES:
        raise refuse(f"must be at most {MAX_FILE_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise refuse("must be UTF-8", f"line {line}") from None


def parsed_json(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Return what a text says in JSON.

    Raises:
        InvalidInput: When it is none, naming the line.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise refuse(f"must be JSON ({error.msg})", f"line {error.lineno}") from None
    except (ValueError, RecursionError):
        raise refuse("must be JSON") from None


def members(value: Any) -> list[str]:  # noqa: ANN401 - any JSON
    """Return the texts of a list, or of a set as JMAP has it: an object of each member and true."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | dict) else []


def port_of(text: str, *place: str) -> int:
    """Return a port's number.

    Raises:
        InvalidInput: When it is none, naming the place.
    """
    if not _PORT.fullmatch(text):
        raise refuse("must be a port's number", *place)
    return int(text)


def public_port(binding: str, *place: str) -> int | None:
    """Return the port of ``993`` or ``[::]:993``; None where only the host itself is let in.

    Raises:
        InvalidInput: When it is neither, naming the place.
    """
    address, _, port = binding.strip().rpartition(":")
    try:
        is_local = bool(address) and ip_address(address.strip("[]")).is_loopback
        number = port_of(port)
    except (ValueError, InvalidInput):
        raise refuse(f"must be [ADDRESS:]PORT, not {binding}", *place) from None
    return None if is_local else number


def read_assignments(text: str, names: Collection[str]) -> Mapping[str, Assignment]:
    """Return the named variables that are set to something; all others are passed over.

    Raises:
        InvalidInput: When one is set twice to different values, or to another variable's.
    """
    found: dict[str, Assignment] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _ASSIGNMENT.fullmatch(line)
        if match is None or match[1] not in names:
            continue
        one = Assignment(match[1], _unquoted(match[2]), number)
        if "${" in one.value:
            raise refuse("must be a value, not a reference to another variable", one.place)
        if one.name in found and found[one.name].value != one.value:
            raise refuse(f"is set to another value in line {found[one.name].line}", one.place)
        found.setdefault(one.name, one)
    return {name: one for name, one in found.items() if one.value}


def _unquoted(text: str) -> str:
    for quote in "\"'":
        if text.startswith(quote):
            return text[1:].partition(quote)[0].strip()
    # The quote of an entry that is quoted as a whole, name and value.
    return _COMMENT.sub("", text).strip().rstrip("\"'").strip()
