"""All of Mozilla's ISPDB through our database and back: each domain's document equals its file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from app.core.documents import ClientRequest, Reply
from app.renderers import autoconfig
from app.settings import Settings
from app.wiring import Services, build_services

from contracts import ispdb
from contracts.semantics import meaning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def services(tmp_path: object) -> AsyncIterator[Services]:
    found = build_services(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/ispdb.db"))
    await found.health.migrate()
    yield found
    await found.close()


def domains_of(data: bytes) -> list[str]:
    return [node.text or "" for node in ET.fromstring(data).iter("domain")]  # noqa: S314


async def test_every_domain_gets_the_meaning_of_its_file(services: Services) -> None:
    files = ispdb.files()
    plan = await services.importing.apply(files)
    assert not plan.refused
    assert len(plan.new_providers) == len(files)
    compared = 0
    for name, data in files.items():
        expected = meaning(data)
        for domain in domains_of(data):
            request = ClientRequest(path_parameters={"domain": domain})
            answer = await services.publishing.reply(autoconfig.FULL, request)
            assert meaning(answer.body) == expected, (name, domain)
            compared += 1
    assert compared >= len(files)


async def test_importing_twice_changes_nothing(services: Services) -> None:
    files = ispdb.files()
    first = await services.importing.apply(files)
    second = await services.importing.apply(files)
    assert first.steps > 0
    assert second.steps == 0
    assert second.unchanged_providers == len(files)


async def test_an_import_says_what_it_did_not_take_as_it_was(services: Services) -> None:
    plan = await services.importing.plan(ispdb.files())
    told = {(remark.file, remark.reason.partition(":")[0]) for remark in plan.remarks}
    assert ("cty-net.ne.jp.xml", "emailProvider/domain[2]") in told
    assert ("office365.com.xml", "emailProvider/incomingServer[3]/username") in told


async def test_readers_and_a_writer_do_not_wait_for_each_other(services: Services) -> None:
    files = ispdb.files()
    await services.importing.apply(files)
    request = ClientRequest(path_parameters={"domain": "gmail.com"})
    reads = [services.publishing.reply(autoconfig.FULL, request) for _ in range(50)]
    answers = await asyncio.gather(*reads, services.importing.apply(files))
    assert len({answer.body for answer in answers[:-1] if isinstance(answer, Reply)}) == 1
