"""All of Mozilla's ISPDB in, out and in again: the same providers, the same domains, the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.settings import Settings
from app.store.sources import FROM_ISPDB
from app.wiring import Services, build_services

from contracts import ispdb
from contracts.semantics import meaning

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from app.core.provider import Provider


async def imported(path: Path, files: Mapping[str, bytes]) -> Services:
    services = build_services(Settings(database_url=f"sqlite+aiosqlite:///{path}"))
    await services.health.migrate()
    assert not (await services.importing.apply(files)).refused
    return services


async def state(services: Services) -> tuple[list[Provider], set[tuple[str, str, bool]]]:
    async with services.store.reading() as unit:
        providers = await unit.providers.from_source(FROM_ISPDB)
        domains = await unit.imports.domains_from_source(FROM_ISPDB)
    listed = {(name.ascii, domain.provider, domain.serves_mx) for name, domain in domains.items()}
    return [stored.value for stored in providers], listed


async def test_what_is_exported_is_imported_as_it_was(tmp_path: Path) -> None:
    files = ispdb.files()
    first = await imported(tmp_path / "first.db", files)
    export = await first.exporting.export()
    second = await imported(tmp_path / "second.db", export.files)
    assert await state(first) == await state(second)
    assert (await second.exporting.export()).files == export.files
    assert export.files.keys() == files.keys()
    assert (export.refused, export.remarks) == ([], [])
    for name, data in files.items():
        assert meaning(export.files[name]) == meaning(data), name
    await first.close()
    await second.close()
