"""Files of domains: NDJSON or CSV, by their name or as one says, ``-`` for the standard streams."""

from __future__ import annotations

import csv
import io
import sys
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import typer

from app.cli.session import EXIT_USAGE, fail
from app.core.domain_lines import NumberedLine, numbered_line, read_line
from app.core.domain_tables import check_header, members_of_row
from app.core.errors import UnreadableLine
from app.core.line_splitting import LineSplitter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STANDARD_STREAM: Final = Path("-")
MAX_LINE_BYTES: Final = 10_000_000
_AT_ONCE: Final = 262_144
_BOM: Final = "\ufeff"


class FileFormat(StrEnum):
    """How domains are written in a file."""

    NDJSON = "ndjson"
    CSV = "csv"


_FORMATS: Final = {".ndjson": FileFormat.NDJSON, ".jsonl": FileFormat.NDJSON, ".csv": FileFormat.CSV}


def format_of(path: Path, given: FileFormat | None) -> FileFormat:
    """Return a file's format; where nothing tells it, the program ends."""
    found = given or _FORMATS.get(path.suffix.lower())
    if found is None:
        fail(f"Which format {path} has must be said with --format: {', '.join(FileFormat)}.")
        raise typer.Exit(EXIT_USAGE)
    return found


@contextmanager
def opened_input(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, or standard input; where that fails, the program ends."""
    if path == STANDARD_STREAM:
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}.")
        raise typer.Exit(EXIT_USAGE) from None
    with file:
        yield file


def read_lines(file: IO[bytes], file_format: FileFormat) -> Iterator[NumberedLine]:
    """Read a file line by line, in bounded memory.

    Raises:
        InvalidInput: When a table's header is not one.
    """
    return _json_lines(file) if file_format is FileFormat.NDJSON else _rows(file)


def _json_lines(file: IO[bytes]) -> Iterator[NumberedLine]:
    splitter = LineSplitter(MAX_LINE_BYTES)
    is_first = True
    while data := file.read(_AT_ONCE):
        if is_first:
            data, is_first = data.removeprefix(_BOM.encode()), False
        for number, line in splitter.feed(data):
            yield read_line(number, line)
    for number, line in splitter.finish():
        yield read_line(number, line)


def _rows(file: IO[bytes]) -> Iterator[NumberedLine]:
    csv.field_size_limit(MAX_LINE_BYTES)
    # Bytes that are no UTF-8 come through marked, so that they are the fault of their own row only.
    text = io.TextIOWrapper(file, "utf-8", errors="surrogateescape", newline="")
    try:
        first = text.readline().removeprefix(_BOM)
        delimiter = ";" if ";" in first and "," not in first else ","
        header = next(csv.reader([first], delimiter=delimiter), [])
        check_header(header)
        yield from _numbered_rows(csv.reader(text, delimiter=delimiter, strict=True), header)
    finally:
        text.detach()


def _numbered_rows(reader: Iterator[list[str]], header: Sequence[str]) -> Iterator[NumberedLine]:
    while True:
        number = getattr(reader, "line_num", 0) + 2
        cells: list[str] | None = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield NumberedLine(number, None, UnreadableLine(f"is no row of a table: {error}"))
            continue
        if cells:
            yield _row(number, header, cells)


def _row(number: int, header: Sequence[str], cells: list[str]) -> NumberedLine:
    def members() -> dict[str, object]:
        if not all(cell.isascii() or _is_text(cell) for cell in cells):
            raise UnreadableLine("is not UTF-8")
        return members_of_row(header, cells)

    place = header.index("name")
    name = cells[place] if len(cells) == len(header) and _is_text(cells[place]) else None
    return numbered_line(number, sum(map(len, cells)), members, name)


def _is_text(cell: str) -> bool:
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True
