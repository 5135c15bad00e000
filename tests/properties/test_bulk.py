"""Lines of many do what single writes do one after the other, and what is exported imports to the same."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from app.cli.domain_files import FileFormat, read_lines
from app.cli.export_domains import _as_json, _as_row, _row
from app.core.domain_lines import DomainLine, NumberedLine, Operation, read_line
from app.core.domain_tables import COLUMNS
from app.core.domains import DomainStatus, PublishedName
from app.core.errors import AppError, InvalidInput
from app.core.merging import merged
from app.core.record_reading import read_domain
from app.core.records import domain_record, server_record
from app.services.bulk import Batch
from app.services.preconditions import Precondition
from app.settings import Settings
from app.wiring import build_services
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import a_provider, an_imap_server, an_smtp_server
from databases import OPERATOR, a_caller, stored_provider
from properties.strategies import domain_names, server_lists, texts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from app.core.stored import Stored
    from app.services.callers import Caller
    from app.wiring import Services

# Each example opens two databases.
FEWER = settings(max_examples=max(15, settings().max_examples // 10))
NEEDY = an_imap_server(hostname="%NODE%.provider.example")


@asynccontextmanager
async def a_service(template: Path) -> AsyncIterator[Services]:
    """Open a database with two providers: one has what its server needs, the other leaves it to domains."""
    with tempfile.TemporaryDirectory() as folder:
        path = shutil.copy(template, Path(folder) / "test.db")
        services = build_services(Settings(database_url=f"sqlite+aiosqlite:///{path}"))
        await stored_provider(services.store, a_provider(slug="p"))
        await stored_provider(services.store, a_provider(slug="q", servers=(NEEDY, an_smtp_server())))
        yield services
        await services.close()


_names = st.sampled_from(["a.example", "b.example", "c.example"])
_changes = st.fixed_dictionaries(
    {},
    optional={
        "provider": st.sampled_from(["p", "q", "none"]),
        "alias_of": st.none() | _names,
        "variables": st.sampled_from([{}, {"NODE": "srv1"}, {"NODE": "bad value"}]),
        "reference": st.sampled_from([None, "K-1", "K-2", ""]),
        "if_match": st.sampled_from([1, 2, "*"]),
    },
)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    op = draw(st.sampled_from(["put", "put", "patch", "delete"]))
    found = {"op": op, "name": draw(_names), **draw(_changes)}
    if op == "delete":
        return {name: value for name, value in found.items() if name in {"op", "name", "if_match"}}
    return {"provider": "p", **found} if op == "put" else found


def fault(error: AppError) -> tuple[str, list[str]]:
    pointers = [issue.pointer for issue in error.issues] if isinstance(error, InvalidInput) else []
    return type(error).__name__, pointers


async def written_singly(services: Services, caller: Caller, line: NumberedLine) -> object:
    change = line.change
    if isinstance(change, AppError):
        return fault(change)
    version = None if change.version is None else frozenset({change.version})
    precondition = Precondition(versions=version, must_exist=change.must_exist)

    def edit(stored: Stored[Any]) -> Any:
        record = json.loads(json.dumps(domain_record(stored.value)))
        return read_domain(merged(record, change.members))

    try:
        if change.domain is not None:
            return (await services.domains.put(caller, change.domain, precondition))[0].version
        if change.operation is Operation.PATCH:
            return (await services.domains.patch(caller, change.name, edit, precondition)).version
        await services.domains.delete(caller, change.name, precondition)
    except AppError as error:
        return fault(error)
    return None


async def written_in_batches(
    services: Services, caller: Caller, lines: Sequence[NumberedLine]
) -> list[object]:
    found: list[object] = []
    batch = Batch()
    for line in lines:
        if not batch.add(line):
            found += await services.bulk.apply(caller, batch.lines)
            batch = Batch()
            assert batch.add(line)
    found += await services.bulk.apply(caller, batch.lines)
    return [one.version if one.error is None else fault(one.error) for one in found]  # type: ignore[attr-defined]


async def state(services: Services) -> tuple[object, ...]:
    audit = [
        (entry.action, entry.resource, entry.provider, entry.before, entry.after)
        async for batch in services.auditing.batches(OPERATOR)
        for entry in batch
    ]
    deleted = await services.lifecycle.deleted_page(OPERATOR, limit=100)
    kept = [(one.domain.value, one.domain.version) for one in deleted]
    return await everything(services), audit, kept


async def everything(services: Services) -> list[dict[str, Any]]:
    return [record async for batch in services.domain_export.batches(OPERATOR) for record in batch]


@FEWER
@given(lines=st.lists(records(), min_size=1, max_size=12), limit=st.sampled_from([None, "p", "q"]))
def test_lines_do_what_single_writes_do(
    sqlite_template: Path, lines: list[dict[str, Any]], limit: str | None
) -> None:
    caller = a_caller(provider=limit)
    read = [read_line(number, json.dumps(line).encode()) for number, line in enumerate(lines, 1)]
    # Single writes take a domain at a time; what is there at first belongs to both.
    first = [read_line(1, json.dumps({"name": f"{name}.example", "provider": "p"}).encode()) for name in "ab"]

    async def scenario() -> None:
        async with a_service(sqlite_template) as one, a_service(sqlite_template) as other:
            for services in (one, other):
                await services.bulk.apply(OPERATOR, first)
            expected = [await written_singly(one, caller, line) for line in read]
            assert await written_in_batches(other, caller, read) == expected
            assert await state(other) == await state(one)

    asyncio.run(scenario())


_mailboxes = st.lists(
    st.fixed_dictionaries(
        {"local_part": st.sampled_from(["jane", "J.Doe", "ünï", "a+b", '"x y"'])},
        optional={"login": texts(100), "variables": st.just({"NODE": "srv2"})},
    ),
    max_size=2,
    unique_by=lambda one: str(one["local_part"]).lower(),
)


@st.composite
def stored_records(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw domains as they are stored, and an alias of some."""
    names = draw(st.lists(domain_names, min_size=1, max_size=5, unique=True))
    found = []
    for name in names:
        found.append(
            {
                "name": name,
                "provider": draw(st.sampled_from(["p", "q"])),
                "variables": {"NODE": "srv1", **draw(st.sampled_from([{}, {"B_2": 'ß = ;,"x'}]))},
                "status": draw(st.sampled_from(DomainStatus)).value,
                "published_name": draw(st.sampled_from(PublishedName)).value,
                "reference": draw(st.none() | texts(100)),
                "serves_mx": draw(st.booleans()),
                "servers": _server_records(draw),
                "mta_sts": draw(
                    st.sampled_from([None, {"mode": "none"}, {"mode": "enforce", "mx": ["*.mx.example"]}])
                ),
                "tls_reporting": draw(
                    st.sampled_from([None, {"uris": []}, {"uris": ["mailto:a@b.example"]}])
                ),
                "mailboxes": draw(_mailboxes),
            }
        )
        if draw(st.booleans()):
            target = {"alias_of": name, "provider": found[-1]["provider"]}
            found.append(
                {"name": f"alias-{len(found)}.example", **target, "reference": draw(st.none() | texts(9))}
            )
    return found


def _server_records(draw: st.DrawFn) -> list[dict[str, Any]]:
    servers = draw(st.one_of(st.just(()), server_lists))
    records: list[dict[str, Any]] = json.loads(json.dumps([server_record(server) for server in servers]))
    return records


async def imported(services: Services, data: bytes, file_format: FileFormat) -> None:
    lines = list(read_lines(io.BytesIO(data), file_format))
    assert all(isinstance(line.change, DomainLine) for line in lines), lines
    for outcome in await services.bulk.apply(OPERATOR, lines) if lines else ():
        assert outcome.error is None, outcome


def written(found: list[dict[str, Any]], file_format: FileFormat) -> bytes:
    if file_format is FileFormat.NDJSON:
        return b"".join(map(_as_json, found))
    return b"".join([_row(COLUMNS), *map(_as_row, found)])


@pytest.mark.parametrize("file_format", FileFormat)
@FEWER
@given(drawn=stored_records())
def test_what_is_exported_imports_to_the_same_into_an_empty_database(
    sqlite_template: Path, file_format: FileFormat, drawn: list[dict[str, Any]]
) -> None:
    async def scenario() -> None:
        async with a_service(sqlite_template) as one, a_service(sqlite_template) as other:
            lines = [read_line(number, json.dumps(record).encode()) for number, record in enumerate(drawn)]
            # Those that could not be published are not what this is about.
            await written_in_batches(one, OPERATOR, lines)
            before = await everything(one)
            data = written(before, file_format)
            await imported(other, data, file_format)
            assert await everything(other) == before
            assert written(await everything(other), file_format) == data

    asyncio.run(scenario())
