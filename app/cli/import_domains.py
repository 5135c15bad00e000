"""``signpost import domains``."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.progress import Progress, TaskID

from app.cli.domain_files import STANDARD_STREAM, FileFormat, format_of, opened_input, read_lines
from app.cli.progress import progress_bar
from app.cli.session import EXIT_NEGATIVE, EXIT_USAGE, err, fail, out, run_with_services
from app.core.domain_lines import NumberedLine
from app.core.errors import AppError, InvalidInput, NotAvailable
from app.services.bulk import Batch, LineRefused
from app.services.bulk_planning import BulkRules, Outcome, Result
from app.services.callers import CONSOLE, trial

if TYPE_CHECKING:
    from app.wiring import Services

_SHOWN: Final = 20
_READ_AT_ONCE: Final = 50
_WORDS: Final = {
    Result.CREATED: "new",
    Result.UPDATED: "changed",
    Result.UNCHANGED: "unchanged",
    Result.DELETED: "removed",
    Result.FAILED: "refused",
}


def import_domains(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An .ndjson or .csv file; - for stdin.")],
    file_format: Annotated[
        FileFormat | None, typer.Option("--format", help="Where the name does not tell it.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check all; change nothing.")] = False,
    atomic: Annotated[
        bool, typer.Option("--atomic", help="All lines or none: the first that is refused undoes all.")
    ] = False,
    errors: Annotated[
        Path | None, typer.Option("--errors", metavar="FILE", help="Write refused lines there, as NDJSON.")
    ] = None,
) -> None:
    """Store, change and delete domains, one a line (see docs/integrations/bulk.md).

    Lines are done in batches; after a failure or a kill, run it again: what is there already is passed over
    quickly, and the end is the same. Exit status 1 when a line was refused.
    """
    chosen = format_of(file, file_format)
    rules = BulkRules(stops_at_fault=atomic, absent_ok=True)
    with opened_input(file) as data, _opened_errors(errors) as refused:
        report = _Report(refused)

        async def work(services: Services) -> None:
            with progress_bar(counts_bytes=True) as progress:
                task = progress.add_task("Importing", total=_size(file))
                position = _Position(data, progress, task)
                batches = _batches(read_lines(data, chosen), position)
                await _apply(services, batches, report, rules, dry_run=dry_run)

        try:
            run_with_services(work)
        except LineRefused as error:
            report.show_refused(error.outcome)
            err.print("Nothing was changed.")
            raise typer.Exit(EXIT_NEGATIVE) from None
    report.show()
    if dry_run:
        err.print("Nothing was changed: this was a dry run.")
    if report.counts[Result.FAILED]:
        raise typer.Exit(EXIT_NEGATIVE)


async def _apply(
    services: Services,
    batches: AsyncIterator[Sequence[NumberedLine]],
    report: _Report,
    rules: BulkRules,
    *,
    dry_run: bool,
) -> None:
    if dry_run or rules.stops_at_fault:
        caller = trial(CONSOLE) if dry_run else CONSOLE
        await services.bulk.apply_whole(caller, batches, report.add, rules)
        return
    under_way: asyncio.Task[list[Outcome]] | None = None
    try:
        # A batch is done while the next one is read.
        async for lines in batches:
            if under_way is not None:
                report.add(await under_way)
            under_way = asyncio.ensure_future(services.bulk.apply(CONSOLE, lines, rules))
        if under_way is not None:
            report.add(await under_way)
    except NotAvailable:
        report.show()
        err.print("What is counted here is done. Run it again to go on.")
        raise


async def _batches(
    lines: Iterator[NumberedLine], position: _Position
) -> AsyncIterator[Sequence[NumberedLine]]:
    batch = Batch()
    for count, line in enumerate(lines):
        if not batch.add(line):
            yield batch.lines
            batch = Batch()
            batch.add(line)
        if batch.is_full:
            yield batch.lines
            position.show()
            batch = Batch()
        if count % _READ_AT_ONCE == 0:
            # The batch that is under way goes on.
            await asyncio.sleep(0)
    if batch.lines:
        yield batch.lines
    position.show()


class _Position:
    """How far a file has been read."""

    def __init__(self, data: IO[bytes], progress: Progress, task: TaskID) -> None:
        self._data = data
        self._progress = progress
        self._task = task

    def show(self) -> None:
        if self._data.seekable():
            self._progress.update(self._task, completed=self._data.tell())


def _size(file: Path) -> int | None:
    return file.stat().st_size if file != STANDARD_STREAM and file.is_file() else None


def _opened_errors(path: Path | None) -> Any:  # noqa: ANN401 - a context manager of two kinds
    if path is None:
        return nullcontext()
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}.")
        raise typer.Exit(EXIT_USAGE) from None


class _Report:
    """What became of the lines."""

    def __init__(self, file: IO[str] | None) -> None:
        self.counts: Counter[Result] = Counter()
        self._file = file

    def add(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self.counts[outcome.result] += 1
            if outcome.error is not None:
                if self.counts[Result.FAILED] <= _SHOWN:
                    self.show_refused(outcome)
                self._write(outcome, outcome.error)

    def _write(self, outcome: Outcome, error: AppError) -> None:
        if self._file is None:
            return
        record: dict[str, Any] = {"line": outcome.line.number, "name": outcome.name, "detail": str(error)}
        if isinstance(error, InvalidInput):
            record["errors"] = [{"pointer": one.pointer, "detail": one.rule} for one in error.issues]
        # Escaped, since halves of surrogate pairs can come in but not be written.
        self._file.write(f"{json.dumps(record)}\n")

    @staticmethod
    def show_refused(outcome: Outcome) -> None:
        name = f" ({outcome.name})" if outcome.name else ""
        text = f"Line {outcome.line.number}{name}: {outcome.error}"
        err.print(text.encode("utf-8", "backslashreplace").decode(), markup=False, style="red")

    def show(self) -> None:
        if (more := self.counts[Result.FAILED] - _SHOWN) > 0:
            where = "" if self._file is not None else " (--errors FILE writes all of them)"
            err.print(f"… and {more} lines more{where}", markup=False, style="red")
        counts = ", ".join(f"{self.counts[result]} {word}" for result, word in _WORDS.items())
        out.print(f"Domains: {counts}")
