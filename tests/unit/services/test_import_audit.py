from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.audit import AuditFilter
from app.services.importing import Importing

if TYPE_CHECKING:
    from app.core.audit import AuditEntry
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

SERVER = (
    "<hostname>mail.provider.example</hostname><port>993</port><socketType>SSL</socketType>"
    "<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>"
)


def a_file(name: str, *domains: str) -> bytes:
    listed = "".join(f"<domain>{domain}</domain>" for domain in domains)
    return (
        f'<clientConfig version="1.1"><emailProvider id="{name}">{listed}'
        f"<displayName>P</displayName><displayShortName>P</displayShortName>"
        f'<incomingServer type="imap">{SERVER}</incomingServer>'
        f'<outgoingServer type="smtp">{SERVER}</outgoingServer></emailProvider></clientConfig>'
    ).encode()


async def entries(store: Store) -> list[AuditEntry]:
    async with store.reading() as unit:
        return await unit.audit.oldest(AuditFilter(), after=0, limit=1000)


async def test_an_import_tells_of_each_provider_and_each_domain(store: Store, clock: FixedClock) -> None:
    importing = Importing(store, clock)
    await importing.apply({"p.example.xml": a_file("p.example", "p.example", "q.example")})
    found = await entries(store)
    assert [(entry.action, entry.resource) for entry in found] == [
        ("provider.import", "p.example"),
        ("domain.import", "p.example"),
        ("domain.import", "q.example"),
    ]
    assert {entry.token_id for entry in found} == {"console"}
    assert all(entry.before is None and entry.after is not None for entry in found)


async def test_what_an_import_moves_and_removes_is_told_as_it_was(store: Store, clock: FixedClock) -> None:
    importing = Importing(store, clock)
    await importing.apply(
        {
            "p.example.xml": a_file("p.example", "p.example", "moves.example", "goes.example"),
            "r.example.xml": a_file("r.example", "r.example"),
        }
    )
    first = len(await entries(store))
    files = {
        "p.example.xml": a_file("p.example", "p.example"),
        "r.example.xml": a_file("r.example", "r.example", "moves.example"),
    }
    await importing.apply(files)
    gone, left, came = (await entries(store))[first:]
    assert (gone.resource, gone.provider, gone.after) == ("goes.example", "p.example", None)
    assert (left.resource, left.provider, left.after) == ("moves.example", "p.example", None)
    assert (came.resource, came.provider, came.before) == ("moves.example", "r.example", None)
    assert left.before is not None
    assert came.after is not None
    assert (left.before["version"], came.after["version"]) == (1, 2)
    await importing.apply({"p.example.xml": files["p.example.xml"]}, prune=True, force=True)
    last = (await entries(store))[first + 3 :]
    assert [(entry.action, entry.resource, entry.after) for entry in last] == [
        ("domain.import", "moves.example", None),
        ("domain.import", "r.example", None),
        ("provider.import", "r.example", None),
    ]


async def test_an_import_that_changes_nothing_tells_nothing(store: Store, clock: FixedClock) -> None:
    importing = Importing(store, clock)
    files = {"p.example.xml": a_file("p.example", "p.example")}
    await importing.apply(files)
    count = len(await entries(store))
    await importing.apply(files)
    assert len(await entries(store)) == count
