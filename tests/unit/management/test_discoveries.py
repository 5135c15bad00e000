"""``POST /api/v1/discoveries``: who may ask, what is answered, and what is repeated nowhere."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from discovering import DOMAIN, a_document
from fakes.dns import FakeDns
from management import a_provider_body, is_problem, served
from web_hosts import root_pem, web_hosts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from management import ApiClient

PATH = "/api/v1/discoveries"
ADOPTIONS = "/api/v1/adoptions"
RECORDS = {
    (f"_imaps._tcp.{DOMAIN}", "SRV"): "0 1 993 imap.host.example.",
    (f"_submissions._tcp.{DOMAIN}", "SRV"): "0 1 465 smtp.host.example.",
}


@pytest.fixture
def dns() -> Iterator[FakeDns]:
    with FakeDns() as found:
        found.records.update(RECORDS)
        yield found


@pytest.fixture
async def api(database_url: str, dns: FakeDns) -> AsyncIterator[ApiClient]:
    settings = {"resolver": f"127.0.0.1:{dns.port}", "discover_seconds": 5.0}
    async with served(database_url, discoveries_per_minute_per_token=3, **settings) as client:
        yield client


async def test_what_is_found_is_answered_and_the_address_is_not(api: ApiClient) -> None:
    found = await api.post(PATH, json={"address": f"jane.doe@{DOMAIN}"})
    assert found.status_code == 200, found.text
    assert found.headers["cache-control"] == "no-store"
    body = found.json()
    assert (body["domain"], body["proposal"]["source"], body["comparison"]) == (DOMAIN, "srv", None)
    assert {view["client"] for view in body["views"]} >= {"thunderbird", "outlook"}
    assert "jane" not in found.text


async def test_what_is_stored_is_compared(api: ApiClient) -> None:
    await api.put("/api/v1/providers/host", json=a_provider_body())
    await api.put(f"/api/v1/domains/{DOMAIN}", json={"provider": "host"})
    compared = (await api.post(PATH, json={"address": DOMAIN, "compare": True})).json()["comparison"]
    assert [(one["type"], one["stored"] is not None) for one in compared][:1] == [("imap", True)]


async def test_what_is_not_stored_or_another_s_cannot_be_compared(api: ApiClient) -> None:
    await api.put("/api/v1/providers/host", json=a_provider_body())
    await api.put("/api/v1/providers/other", json=a_provider_body())
    await api.put(f"/api/v1/domains/{DOMAIN}", json={"provider": "host"})
    other = await api.as_token("verify", "domains:read", provider="other")
    for client, name in ((api, "nobodys.example"), (other, DOMAIN)):
        refused = await client.post(PATH, json={"address": name, "compare": True})
        assert is_problem(refused, 404, "domain-not-found")


async def test_the_scope_is_verify(api: ApiClient) -> None:
    without = await api.as_token("domains:read", "domains:write")
    assert is_problem(await without.post(PATH, json={"address": DOMAIN}), 403, "not-permitted")
    with_it = await api.as_token("verify")
    assert (await with_it.post(PATH, json={"address": DOMAIN})).status_code == 200


@pytest.mark.parametrize("address", ["", "jane.doe@", "no domain", "jane.doe@-.example"])
async def test_what_is_no_address_is_refused_without_repeating_it(api: ApiClient, address: str) -> None:
    refused = await api.post(PATH, json={"address": address})
    assert is_problem(refused, 422, "invalid-input")
    assert "jane" not in refused.text


async def test_what_comes_in_is_told_as_it_does(api: ApiClient) -> None:
    told = await api.post(f"{PATH}/events", json={"address": f"jane.doe@{DOMAIN}"})
    assert told.status_code == 200, told.text
    assert told.headers["content-type"].startswith("text/event-stream")
    assert told.headers["cache-control"] == "no-store"
    assert "jane" not in told.text
    events = [part.splitlines() for part in told.text.split("\n\n") if part.startswith("event: ")]
    names = [event[0].removeprefix("event: ") for event in events]
    assert names[-1] == "finished"
    assert set(names[:-1]) == {"candidate"}
    document = json.loads(events[-1][1].removeprefix("data: "))
    assert document["proposal"]["source"] == "srv"
    assert len(names) - 1 == len(document["candidates"])
    assert document.keys() == (await api.post(PATH, json={"address": DOMAIN})).json().keys()


@pytest.mark.parametrize("path", [f"{PATH}/events", ADOPTIONS])
async def test_what_is_refused_is_refused_before_anybody_is_asked(api: ApiClient, path: str) -> None:
    limited = await api.as_token("domains:read")
    wanted = {"address": DOMAIN, **({"provider": "new"} if path == ADOPTIONS else {})}
    assert is_problem(await limited.post(path, json=wanted), 403, "not-permitted")
    refused = await api.post(path, json={**wanted, "address": "jane.doe@"})
    assert is_problem(refused, 422, "invalid-input")
    assert "jane" not in refused.text


async def test_what_is_found_is_adopted_and_verified(api: ApiClient) -> None:
    wanted = {"address": f"jane.doe@{DOMAIN}", "provider": "new"}
    tried = await api.post(ADOPTIONS, json=wanted, params={"dry_run": "true"})
    assert (tried.status_code, tried.json()["verification"]) == (201, None), tried.text
    assert tried.headers["signpost-dry-run"] == "true"
    assert (await api.get("/api/v1/providers/new")).status_code == 404
    adopted = await api.post(ADOPTIONS, json=wanted, headers={"Idempotency-Key": "once"})
    assert adopted.status_code == 201, adopted.text
    assert "jane" not in adopted.text
    body = adopted.json()
    assert (body["source"], body["is_new_provider"]) == ("srv", True)
    servers = [(one["type"], one["hostname"]) for one in body["provider"]["servers"]]
    assert servers == [("imap", "imap.host.example"), ("smtp", "smtp.host.example")]
    assert (await api.get(adopted.headers["location"])).json()["provider"] == "new"
    started = f"{adopted.headers['location']}/verifications/{body['verification']}"
    assert (await api.get(started)).status_code == 200
    again = await api.post(ADOPTIONS, json=wanted, headers={"Idempotency-Key": "once"})
    assert (again.json(), again.headers["idempotency-replayed"]) == (body, "true")
    taken = await api.post(ADOPTIONS, json=wanted)
    assert is_problem(taken, 409, "domain-taken")


async def test_a_replay_asks_nobody(api: ApiClient, dns: FakeDns) -> None:
    wanted = {"address": DOMAIN, "provider": "new"}
    await api.post(ADOPTIONS, json=wanted, headers={"Idempotency-Key": "once"})
    dns.records.clear()
    again = await api.post(ADOPTIONS, json=wanted, headers={"Idempotency-Key": "once"})
    assert again.headers["idempotency-replayed"] == "true"
    other = await api.post(ADOPTIONS, json={**wanted, "provider": "b"}, headers={"Idempotency-Key": "once"})
    assert is_problem(other, 409, "idempotency-key-reused")


async def test_nothing_found_is_nothing_adopted(api: ApiClient, dns: FakeDns) -> None:
    dns.records.clear()
    refused = await api.post(ADOPTIONS, json={"address": DOMAIN, "provider": "new"})
    assert is_problem(refused, 422, "invalid-input")
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/address"]
    assert (await api.get("/api/v1/providers/new")).status_code == 404


async def test_who_is_limited_to_a_provider_learns_of_no_other(api: ApiClient) -> None:
    for slug in ("host", "other"):
        await api.put(f"/api/v1/providers/{slug}", json=a_provider_body())
    limited = await api.as_token("admin", provider="host")
    texts = []
    for slug in ("other", "nobodys"):
        refused = await limited.post(ADOPTIONS, json={"address": DOMAIN, "provider": slug})
        assert is_problem(refused, 404, "provider-not-found")
        texts.append({k: v for k, v in refused.json().items() if k not in {"instance", "request_id"}})
    assert str(texts[0]).replace("other", "nobodys") == str(texts[1])
    adopted = await limited.post(ADOPTIONS, json={"address": DOMAIN, "provider": "host"})
    assert adopted.status_code == 201, adopted.text
    assert adopted.json()["is_new_provider"] is False
    # They are those that the provider has.
    assert adopted.json()["domain"]["servers"] == []


async def test_a_token_may_ask_so_often(api: ApiClient) -> None:
    statuses = [(await api.post(PATH, json={"address": DOMAIN})).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = await api.post(PATH, json={"address": DOMAIN})
    assert int(refused.headers["retry-after"]) > 0
    another = await api.as_token("verify")
    assert (await another.post(PATH, json={"address": DOMAIN})).status_code == 200


async def candidates_of(
    database_url: str, dns: FakeDns, source: str, **settings: Any
) -> list[dict[str, Any]]:
    chosen = {"resolver": f"127.0.0.1:{dns.port}", "allow_networks": "127.0.0.0/8", "discover_seconds": 5.0}
    async with served(database_url, **chosen, **settings) as api:
        found = await api.post(PATH, json={"address": DOMAIN})
    assert found.status_code == 200, found.text
    return [one for one in found.json()["candidates"] if one["source"] == source]


@pytest.mark.parametrize(("ports", "outcome"), [({}, "forbidden"), ({"probe_ports": "any"}, "failed")])
async def test_only_the_ports_that_the_operator_allows_are_looked_at(
    database_url: str, dns: FakeDns, ports: dict[str, str], outcome: str
) -> None:
    visits: list[asyncio.StreamWriter] = []

    def visit(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(writer)
        writer.close()

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    dns.records[f"_autodiscover._tcp.{DOMAIN}", "SRV"] = f"0 1 {port} victim.example."
    dns.records["victim.example", "A"] = "127.0.0.1"
    async with server:
        (candidate,) = await candidates_of(database_url, dns, "autodiscover-srv", **ports)
    assert candidate["outcome"] == outcome
    assert bool(visits) == (outcome == "failed")


async def test_the_operator_s_mirror_of_the_ispdb_has_its_own_port(
    database_url: str, dns: FakeDns, tmp_path: Path
) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_text(root_pem(), "utf-8")
    async with web_hosts(("ispdb.example",)) as hosts:
        ((address, _), port) = next(one for one in hosts.ports.items() if one[0][1] == 443)
        dns.records["ispdb.example", "A"] = address
        hosts.routes[f"https://ispdb.example:{port}/v1.1/{DOMAIN}"] = a_document()
        url = f"https://ispdb.example:{port}/v1.1"
        (candidate,) = await candidates_of(database_url, dns, "ispdb", ispdb_url=url, ca_file=roots)
    assert (candidate["outcome"], candidate["reason"]) == ("found", "")
