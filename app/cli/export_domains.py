"""``signpost export domains``."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from app.cli.domain_files import STANDARD_STREAM, FileFormat, format_of
from app.cli.folders import replacing_file
from app.cli.progress import progress_bar
from app.cli.session import EXIT_FAILURE, err, fail, run_with_services
from app.cli.slugs import named
from app.core.domain_tables import COLUMNS, row_of_record
from app.services.callers import CONSOLE

if TYPE_CHECKING:
    from app.wiring import Services


def export_domains(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An .ndjson or .csv file; - for stdout.")],
    file_format: Annotated[
        FileFormat | None, typer.Option("--format", help="Where the name does not tell it.")
    ] = None,
    provider: Annotated[
        str | None,
        typer.Option(
            "--provider", metavar="SLUG", callback=named, help="Write this provider's domains only."
        ),
    ] = None,
) -> None:
    """Write all domains with their mailboxes, so that 'signpost import domains' gives the same data.

    The file is replaced as a whole, or left as it was.
    """
    written = _as_json if format_of(file, file_format) is FileFormat.NDJSON else _as_row

    async def work(services: Services) -> int:
        count = 0
        with _opened(file) as data, progress_bar() as progress:
            if written is _as_row:
                data.write(_row(COLUMNS))
            task = progress.add_task("Exporting", total=None)
            async for records in services.domain_export.batches(CONSOLE, provider):
                data.write(b"".join(map(written, records)))
                count += len(records)
                progress.update(task, completed=count)
        return count

    try:
        count = run_with_services(work)
    except OSError as error:
        fail(f"{file} could not be written: {error.strerror}.")
        raise typer.Exit(EXIT_FAILURE) from None
    err.print(f"Domains: {count}")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    if path == STANDARD_STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with replacing_file(path) as file:
        yield file


def _as_json(record: dict[str, Any]) -> bytes:
    return f"{json.dumps(record, ensure_ascii=False, separators=(',', ':'))}\n".encode()


def _as_row(record: dict[str, Any]) -> bytes:
    return _row(row_of_record(record))


def _row(cells: list[str] | tuple[str, ...]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()
