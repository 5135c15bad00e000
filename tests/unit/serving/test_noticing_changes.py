"""Two services on one database: a change made through one is served by both, here at once and there soon."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from app.services.callers import Scope
from sqlalchemy import event, text

from builders import a_domain, a_provider, an_imap_server, an_smtp_server
from databases import ON_POSTGRESQL, stored_domain, stored_provider
from serving import Sent, Serving, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from asgi import Answer

NOTICED_SECONDS = 1.0
API = "/api/v1"


def asked(address: str) -> Sent:
    return Sent(path="/mail/config-v1.1.xml", query=b"emailaddress=" + address.encode())


@dataclass
class Pair:
    """Two services; the first has a client of the management API."""

    here: Serving
    there: Serving
    http: httpx.AsyncClient

    async def write(self, method: str, path: str, body: Any = None, **headers: str) -> None:
        response = await self.http.request(method, API + path, json=body, headers=headers)
        assert response.is_success, response.text

    async def sql(self, statement: str, **values: Any) -> None:
        """Change something as no program of ours does."""
        async with self.here.services.store.engine.begin() as connection:
            await connection.execute(text(statement), values)

    async def noticed(
        self,
        address: str,
        change: Callable[[], Awaitable[None]],
        expected: str | int,
        *,
        at_once: bool = True,
    ) -> None:
        """Check that both answer otherwise after a change, and the first as soon as it is made."""
        sent = asked(address)
        for ways in (self.here, self.there):
            await ways.warm(sent)
            assert not is_as(await sent.to(ways.hot), expected), (address, expected)
        await change()
        began = time.monotonic()
        if at_once:
            assert is_as(await sent.to(self.here.hot), expected), (address, expected)
        for ways in (self.here, self.there):
            while not is_as(await sent.to(ways.hot), expected):
                assert time.monotonic() - began < NOTICED_SECONDS, (address, expected)
                await asyncio.sleep(0.01)
            await ways.warm(sent)
            assert is_as(await sent.to(ways.hot), expected), (address, expected)


def is_as(answer: Answer, expected: str | int) -> bool:
    """Compare a status, a word of a document, or with ``!`` one that is not in it."""
    if isinstance(expected, int):
        return answer.status == expected
    if expected.startswith("!"):
        return answer.status == 200 and expected[1:] not in answer.body.decode()
    return answer.status == 200 and expected in answer.body.decode()


@asynccontextmanager
async def a_pair(database_url: str) -> AsyncIterator[Pair]:
    async with serving(database_url) as here, serving(database_url) as there:
        servers = (an_imap_server(hostname="%NODE%.p.example"), an_smtp_server(hostname="%NODE%.p.example"))
        await stored_provider(here.services.store, a_provider(servers=servers, variables={"NODE": "a"}))
        await stored_provider(here.services.store, a_provider(slug="other", display_name="Another"))
        token = await here.services.access.create_token("t", frozenset({Scope.ADMIN.value}))
        transport = httpx.ASGITransport(app=here.hot)
        authorization = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://signpost.example", headers=authorization
        ) as http:
            yield Pair(here, there, http)


MERGE = {"Content-Type": "application/merge-patch+json"}


async def test_changes_of_domains_are_noticed(database_url: str) -> None:
    async with a_pair(database_url) as pair:
        jane, put = "jane@new.example", "/domains/new.example"
        await pair.noticed(jane, lambda: pair.write("PUT", put, {"provider": "provider"}), "a.p.example")
        body = {"provider": "provider", "variables": {"NODE": "b"}}
        await pair.noticed(jane, lambda: pair.write("PUT", put, body), "b.p.example")
        await pair.noticed(jane, lambda: pair.write("POST", f"{put}/suspend"), 404)
        await pair.noticed(jane, lambda: pair.write("POST", f"{put}/resume"), 200)
        alias, path = {"provider": "provider", "alias_of": "new.example"}, "/domains/alias.example"
        at_alias = "jane@alias.example"
        await pair.noticed(at_alias, lambda: pair.write("PUT", path, alias), "b.p.example")
        body = {"provider": "provider", "variables": {"NODE": "c"}}
        await pair.noticed(at_alias, lambda: pair.write("PUT", put, body), "c.p.example")
        await pair.noticed(at_alias, lambda: pair.write("POST", f"{put}/suspend"), 404)
        await pair.noticed(at_alias, lambda: pair.write("POST", f"{put}/resume"), 200)
        own = {
            "provider": "provider",
            "variables": {"NODE": "c"},
            "servers": [{"key": "imap", "type": "imap", "hostname": "own.example", "port": 993,
                         "socket_type": "tls", "authentication": ["password-cleartext"],
                         "username": "%EMAILADDRESS%"}],
        }  # fmt: skip
        await pair.noticed(at_alias, lambda: pair.write("PUT", put, own), "own.example")
        await pair.noticed(jane, lambda: pair.write("PUT", put, body), "!own.example")
        await pair.noticed(at_alias, lambda: pair.write("DELETE", path), 404)
        move = {"provider": "other"}
        await pair.noticed(jane, lambda: pair.write("POST", f"{put}/move", move), "Another")
        await pair.noticed(jane, lambda: pair.write("DELETE", put), 404)
        await pair.noticed(jane, lambda: pair.write("POST", f"{put}/restore"), 200)


async def test_changes_of_mailboxes_are_noticed(database_url: str) -> None:
    async with a_pair(database_url) as pair:
        await pair.write("PUT", "/domains/new.example", {"provider": "provider"})
        path = "/domains/new.example/mailboxes/info"
        info = "info@new.example"
        await pair.noticed(info, lambda: pair.write("PUT", path, {"login": "m4711"}), "m4711")
        await pair.noticed(info, lambda: pair.write("PUT", path, {"login": "m4712"}), "m4712")
        assert not is_as(await asked("jane@new.example").to(pair.there.hot), "m4712")
        await pair.noticed(info, lambda: pair.write("DELETE", path), "%EMAILADDRESS%")


async def test_changes_of_providers_are_noticed(database_url: str) -> None:
    async with a_pair(database_url) as pair:
        await pair.write("PUT", "/domains/new.example", {"provider": "provider"})
        jane = "jane@new.example"

        def patch(path: str, **body: Any) -> Callable[[], Awaitable[None]]:
            return lambda: pair.write("PATCH", f"/providers/provider{path}", body, **MERGE)

        await pair.noticed(jane, patch("", display_name="Renamed"), "Renamed")
        await pair.noticed(jane, patch("", variables={"NODE": "z"}), "z.p.example")
        await pair.noticed(jane, patch("/servers/imap", hostname="i.p.example"), "i.p.example")
        # No document without a server to read mail from.
        await pair.noticed(jane, lambda: pair.write("DELETE", "/providers/provider/servers/imap"), 404)


async def test_bulk_changes_are_noticed(database_url: str) -> None:
    async with a_pair(database_url) as pair:
        jane = "jane@d7.example"

        async def send(node: str) -> None:
            lines = "\n".join(
                json.dumps(
                    {"name": f"d{number}.example", "provider": "provider", "variables": {"NODE": node}}
                )
                for number in range(60)
            )
            response = await pair.http.post(
                f"{API}/domains/bulk", content=lines, headers={"Content-Type": "application/x-ndjson"}
            )
            assert response.is_success
            assert '"failed":0' in response.text

        await pair.noticed(jane, lambda: send("x"), "x.p.example")
        await pair.noticed(jane, lambda: send("y"), "y.p.example")


async def test_the_choice_of_the_shared_host_is_noticed(database_url: str) -> None:
    async with a_pair(database_url) as pair:
        own = {"hostname": "mail.%EMAILDOMAIN%", "shared_hostname": "shared.p.example"}
        servers = (an_imap_server(**own), an_smtp_server(**own))
        store = pair.here.services.store
        stored = await stored_provider(store, a_provider(slug="shared", servers=servers))
        for name in ("s.example", "t.example"):
            await pair.write("PUT", f"/domains/{name}", {"provider": "shared"})
        values = f"{stored.id}, 'k', 'nothing', 'good', '[]'"
        await pair.sql(f"INSERT INTO cohort (provider_id, key, needs, state, proven) VALUES ({values})")  # noqa: S608
        await pair.sql("UPDATE domain SET cohort_id = (SELECT max(id) FROM cohort) WHERE name = 's.example'")

        def prove(names: str) -> Callable[[], Awaitable[None]]:
            return lambda: pair.sql("UPDATE cohort SET proven = :names", names=names)

        if store.engine.dialect.name != "sqlite":

            def prove(names: str) -> Callable[[], Awaitable[None]]:
                return lambda: pair.sql(f"UPDATE cohort SET proven = '{names}'::jsonb")  # noqa: S608

        jane = "jane@s.example"
        await pair.noticed(jane, prove('["mail.s.example"]'), "mail.s.example", at_once=False)
        assert is_as(await asked("jane@t.example").to(pair.there.hot), "shared.p.example")
        await pair.noticed(jane, prove("[]"), "shared.p.example", at_once=False)


async def test_what_other_programs_change_is_noticed(database_url: str) -> None:
    async with a_pair(database_url) as pair:
        await pair.write("PUT", "/domains/new.example", {"provider": "provider"})
        jane = "jane@new.example"
        for statement, expected in (
            ("UPDATE server SET hostname = 'sql.p.example' WHERE key = 'imap'", "sql.p.example"),
            ("UPDATE provider SET display_name = 'By hand'", "By hand"),
            ("UPDATE domain SET status = 'suspended'", 404),
            ("UPDATE domain SET status = 'active'", 200),
            ("DELETE FROM domain", 404),
        ):
            await pair.noticed(jane, lambda one=statement: pair.sql(one), expected, at_once=False)  # type: ignore[misc]


async def test_no_answer_mixes_two_versions(database_url: str) -> None:
    async with a_pair(database_url) as pair:
        await pair.write("PUT", "/domains/new.example", {"provider": "provider"})
        sent, seen, is_over = asked("jane@new.example"), set(), asyncio.Event()

        async def read(ways: Serving) -> None:
            while not is_over.is_set():
                body = (await sent.to(ways.hot)).body.decode()
                seen.add(tuple(f"v{n}" in body and f"h{n}.p.example" in body for n in (1, 2)))
                if "v1" in body or "v2" in body:
                    assert sum(word in body for word in ("v1", "v2", "h1.p", "h2.p")) == 2
                await asyncio.sleep(0)

        async with asyncio.TaskGroup() as group:
            group.create_task(read(pair.here))
            group.create_task(read(pair.there))
            for number in (1, 2) * 10:
                body = {"display_name": f"v{number}", "variables": {"NODE": f"h{number}"}}
                await pair.write("PATCH", "/providers/provider", body, **MERGE)
                await asyncio.sleep(0.02)
            is_over.set()
        assert {(True, False), (False, True)} <= seen


@ON_POSTGRESQL
@pytest.mark.postgresql
async def test_a_lost_connection_hides_no_change(database_url: str) -> None:
    async with a_pair(database_url) as pair:
        await pair.write("PUT", "/domains/new.example", {"provider": "provider"})

        async def change_while_nobody_listens() -> None:
            async with pair.here.services.store.engine.begin() as connection:
                await connection.execute(text("UPDATE provider SET display_name = 'Unheard'"))
                await connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )

        jane = "jane@new.example"
        await pair.noticed(jane, change_while_nobody_listens, "Unheard", at_once=False)


async def test_one_look_up_serves_all_who_ask_for_a_domain(database_url: str) -> None:
    async with serving(database_url) as ways:
        await stored_provider(ways.services.store)
        sent = Sent(path="/mail/config-v1.1.xml", host=b"nobody.example")
        # What was stored just now is told of, too.
        await asyncio.sleep(0.3)
        before = ways.services.known.lookups
        answers = await asyncio.gather(*(sent.to(ways.hot) for _ in range(30)))
        assert {answer.status for answer in answers} == {404}
        assert ways.services.known.lookups == before + 1


async def test_trials_and_refused_changes_make_nothing_forgotten(database_url: str) -> None:
    async with a_pair(database_url) as pair:
        await pair.write("PUT", "/domains/new.example", {"provider": "provider"})
        await asyncio.sleep(0.3)
        forgotten = pair.here.services.known.forgotten
        await pair.http.put(f"{API}/domains/x.example?dry_run=true", json={"provider": "provider"})
        await pair.http.put(f"{API}/domains/x.example", json={"provider": "nobody"})
        await pair.write("PUT", "/domains/new.example", {"provider": "provider"})
        await asyncio.sleep(0.3)
        assert pair.here.services.known.forgotten == forgotten


@ON_POSTGRESQL
@pytest.mark.postgresql
async def test_one_reading_serves_all_domains_of_a_kind(database_url: str) -> None:
    async with serving(database_url) as ways:
        store = ways.services.store
        await stored_provider(store)
        for number in range(20):
            await stored_domain(store, a_domain(f"d{number}.example"))
        await asyncio.sleep(0.3)
        statements: list[str] = []
        event.listen(
            store.engine.sync_engine, "before_cursor_execute", lambda *said: statements.append(said[2])
        )
        answers = await asyncio.gather(*(asked(f"jane@d{n}.example").to(ways.hot) for n in range(20)))
        assert {answer.status for answer in answers} == {200}
        # Where the domain stands, what it is made of, and the servers.
        assert len(statements) == 3
