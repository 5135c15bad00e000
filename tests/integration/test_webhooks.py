"""Webhooks from the real service to real receivers: several processes, kill -9, TLS, the guide's example.

``SIGNPOST_KILL_ROUNDS`` is the number of rounds per database; ``make soak`` takes 20.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import random
import re
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from app.core.audit import AuditFilter
from app.core.records import domain_record
from app.core.webhooks import DeliveryState
from app.settings import Settings
from app.wiring import build_services

from bulk import lines_of
from bulk_stream import BulkStream
from certificates import write_web_certificate
from databases import OPERATOR
from receivers import Answer, Received, Receiver
from service_process import ROOT, Service, signpost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.integration

ROUNDS = int(os.environ.get("SIGNPOST_KILL_ROUNDS", "2"))
TIMEOUT_SECONDS = 0.5
BATCH = 30
TYPES = ["domain.created", "domain.changed", "domain.deleted"]


@pytest.fixture(autouse=True)
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services may post to receivers on loopback, and are asked without limit."""
    monkeypatch.setenv("SIGNPOST_ALLOW_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("SIGNPOST_WEBHOOK_ALLOW_HTTP", "true")
    monkeypatch.setenv("SIGNPOST_WEBHOOK_TIMEOUT_SECONDS", str(TIMEOUT_SECONDS))
    # The tests write and look more often than anybody would.
    for limit in ("REQUESTS_PER_MINUTE_PER_ADDRESS", "REQUESTS_PER_MINUTE_PER_TOKEN"):
        monkeypatch.setenv(f"SIGNPOST_{limit}", "0")


def a_token(database_url: str) -> str:
    assert signpost("demo", database_url=database_url).returncode == 0
    created = signpost("token", "create", "--name", "t", "--scope", "admin", database_url=database_url)
    assert created.returncode == 0, created.stderr
    return created.stdout.strip()


def a_client(service: Service, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=f"{service.url}/api/v1", headers=headers, timeout=30)


def subscribe(client: httpx.Client, url: str) -> dict[str, Any]:
    body = {"name": "t", "url": url, "event_types": TYPES}
    created = client.post("/webhooks", json=body)
    assert created.status_code == 201, created.text
    found: dict[str, Any] = created.json()
    return found


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.05)


def is_genuine_of_the_guide() -> Callable[[str, dict[str, str], bytes], bool]:
    """Return the function that docs/integrations/webhooks.md shows."""
    text = (ROOT / "docs/integrations/webhooks.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own guide
    found: Callable[[str, dict[str, str], bytes], bool] = names["is_genuine"]
    return found


def test_what_the_service_sends_over_tls_is_genuine_by_the_guides_example(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, certificate = write_web_certificate(tmp_path, ["127.0.0.1"])
    monkeypatch.setenv("SIGNPOST_CA_FILE", str(root))
    monkeypatch.setenv("SIGNPOST_WEBHOOK_ALLOW_HTTP", "false")
    key = base64.urlsafe_b64encode(os.urandom(32)).decode()
    monkeypatch.setenv("SIGNPOST_SECRET_KEYS", key)
    # On a busy machine TLS takes its time.
    monkeypatch.setenv("SIGNPOST_WEBHOOK_TIMEOUT_SECONDS", "10")
    token, is_genuine = a_token(database_url), is_genuine_of_the_guide()
    with Receiver(certificate=certificate) as receiver, Service(database_url) as service:
        with a_client(service, token) as client:
            webhook = subscribe(client, receiver.url())
            client.put("/domains/a.example", json={"provider": "demo"})
            until(lambda: len(receiver.received) == 1)
            rotated = client.post(f"/webhooks/{webhook['id']}/rotate", json={"overlap_seconds": 600}).json()
            client.delete("/domains/a.example")
            until(lambda: len(receiver.received) == 2)
        first, second = receiver.received
        assert is_genuine(webhook["secret"], dict(first.headers), first.body)
        for secret in (webhook["secret"], rotated["secret"]):
            assert is_genuine(secret, dict(second.headers), second.body)
        assert not is_genuine(rotated["secret"], dict(first.headers), first.body)
        assert not is_genuine(webhook["secret"], dict(first.headers), first.body + b" ")
        old = {**first.headers, "webhook-timestamp": str(int(time.time()) - 301)}
        assert not is_genuine(webhook["secret"], old, first.body)
        assert [json.loads(one.body)["type"] for one in receiver.received] == [
            "domain.created",
            "domain.deleted",
        ]
        service.process.terminate()
        assert service.process.stderr is not None
        log = service.process.stderr.read().decode()
    for secret in (webhook["secret"], rotated["secret"]):
        assert secret.removeprefix("whsec_") not in log


def test_what_a_process_that_does_not_send_has_put_out_is_sent_by_the_next(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = a_token(database_url)
    monkeypatch.setenv("SIGNPOST_WEBHOOK_TIMEOUT_SECONDS", "20")
    monkeypatch.setenv("SIGNPOST_DELIVER_WEBHOOKS", "false")
    with Receiver() as receiver:
        with Service(database_url) as service, a_client(service, token) as client:
            subscribe(client, receiver.url())
            client.put("/domains/a.example", json={"provider": "demo"})
            # Longer than one that sends would take to look.
            time.sleep(2.5)
        assert receiver.received == []
        monkeypatch.setenv("SIGNPOST_DELIVER_WEBHOOKS", "true")
        with Service(database_url):
            until(lambda: len(receiver.received) == 1)


def overlapping(received: list[Received]) -> list[str]:
    """Return the events of which two deliveries were under way at the same time."""
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in received:
        spans[one.id].append((one.began, one.ended))
    return [
        event
        for event, found in spans.items()
        for earlier, later in zip(sorted(found), sorted(found)[1:], strict=False)
        if later[0] < earlier[1]
    ]


def test_two_processes_share_the_work_and_never_send_the_same_at_the_same_time(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A second failure would be followed by five minutes of waiting.
    monkeypatch.setenv("SIGNPOST_WEBHOOK_TIMEOUT_SECONDS", "20")
    token = a_token(database_url)
    chance = random.Random(7)  # noqa: S311 - which attempts fail is no secret
    tried: set[str] = set()

    def sometimes(request: Received) -> Answer:
        is_refused = request.id not in tried and chance.random() < 0.2
        tried.add(request.id)
        return Answer(503 if is_refused else 204, delay_seconds=chance.uniform(0, 0.1))

    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(Receiver(sometimes))
        services = [stack.enter_context(Service(database_url)) for _ in range(2)]
        clients = [stack.enter_context(a_client(service, token)) for service in services]
        webhook = subscribe(clients[0], receiver.url())
        for number in range(40):
            put = clients[number % 2].put(f"/domains/d{number}.example", json={"provider": "demo"})
            assert put.status_code == 201, put.text

        def left() -> int:
            query = {"webhook": webhook["id"], "state": "pending", "total": "true", "limit": "1"}
            total: int = clients[0].get("/webhook-deliveries", params=query).json()["total"]
            return total

        until(lambda: left() == 0, 120)
        listed = clients[0].get("/webhook-deliveries", params={"webhook": webhook["id"], "limit": "500"})
    deliveries = listed.json()["items"]
    assert len(deliveries) == 40
    assert {one["state"] for one in deliveries} == {"delivered"}
    assert overlapping(receiver.received) == []
    # Each request was one attempt that is on record.
    assert sum(one["attempts"] for one in deliveries) == len(receiver.received)
    assert set(receiver.ids) == {one["event"] for one in deliveries}


async def write_singly(url: str, token: str, names: str) -> None:
    """Store, change and remove one domain after the other until the service is gone."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, timeout=5) as client:
        for turn in range(10_000):
            path = f"/domains/{names}-{turn // 3}.example"
            try:
                if turn % 3 == 2:
                    await client.delete(path)
                else:
                    await client.put(path, json={"provider": "demo", "reference": str(turn)})
            except httpx.TransportError:
                return


async def write_in_bulk(url: str, token: str, names: str) -> None:
    """Do the same by the batch."""
    async with BulkStream(url, token) as stream:
        for turn in range(10_000):
            lines: list[dict[str, Any]] = [
                {"name": f"{names}-{turn // 3}-{one}.example"} for one in range(BATCH)
            ]
            change = {"op": "delete"} if turn % 3 == 2 else {"provider": "demo", "reference": str(turn)}
            try:
                await stream.send(lines_of(*(line | change for line in lines)))
            except ConnectionError:
                return
            coming = asyncio.create_task(stream.await_results((turn + 1) * BATCH))
            await asyncio.wait([coming, stream.reading], return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                await asyncio.gather(coming, stream.reading, return_exceptions=True)
                return


def write_and_kill(services: list[Service], token: str, number: int, chance: random.Random) -> None:
    """Write through all until each is killed in the middle of writes and deliveries, one after the other."""

    async def scenario() -> None:
        writers = [
            asyncio.create_task(write(service.url, token, f"r{number}-s{which}-w{writer}"))
            for which, service in enumerate(services)
            for writer, write in enumerate((write_singly, write_singly, write_in_bulk))
        ]
        for service in services:
            await asyncio.sleep(chance.uniform(0.8, 2.0))
            service.kill()
        await asyncio.gather(*writers)

    asyncio.run(scenario())


Told = tuple[Any, Any]
"""A domain before and after."""


async def on_record(database_url: str) -> tuple[dict[str, Any], list[Told], dict[str, Any]]:
    """Return the state of domains, what the audit tells of them, and all deliveries with their documents."""
    services = build_services(Settings(database_url=database_url))
    state: dict[str, Any] = {}
    after = ""
    while stored := await services.domains.page(OPERATOR, after=after, limit=500):
        after = stored[-1].value.name.ascii
        found = [(domain_record(one.value), one.version) for one in stored]
        state |= {record["name"]: {**record, "version": version} for record, version in found}
    # Stored by the command line, before anybody was subscribed.
    state.pop("demo.example")
    changes: list[Told] = []
    async for entries in services.auditing.batches(OPERATOR, AuditFilter(kind="domain", token_id=None)):
        changes += [(entry.before, entry.after) for entry in entries if entry.token_id != "console"]
    deliveries: dict[str, Any] = {}
    before = None
    while page := await services.webhooks.deliveries.page(OPERATOR, before=before, limit=500):
        before = page[-1].id
        for one in page:
            deliveries[one.event_id] = await services.webhooks.deliveries.get(OPERATOR, one.id)
    await services.close()
    return state, changes, deliveries


def test_state_audit_and_deliveries_agree_after_kill_9(database_url: str) -> None:
    token = a_token(database_url)
    chance = random.Random(22)  # noqa: S311 - when to kill is no secret
    with Receiver(lambda _: Answer(delay_seconds=0.02)) as receiver:
        with Service(database_url) as service, a_client(service, token) as client:
            subscribe(client, receiver.url())
        for number in range(ROUNDS):
            with Service(database_url) as first, Service(database_url) as second:
                write_and_kill([first, second], token, number, chance)
        cut_off = len(receiver.received)
        with Service(database_url) as service, a_client(service, token) as client:
            query = {"state": "pending", "total": "true", "limit": "1"}

            def left() -> int:
                total: int = client.get("/webhook-deliveries", params=query).json()["total"]
                return total

            pending = left()
            until(lambda: left() == 0, 120 + ROUNDS * 40)
        state, changes, deliveries = asyncio.run(on_record(database_url))
        # What the audit tells leads from nothing to what is stored.
        assert state == state_told_by(changes)
        documents = {event: json.loads(one.document) for event, one in deliveries.items()}
        # Each change that is in the audit is an event, and each event is a change.
        told = [(one["data"]["before"], one["data"]["after"]) for one in documents.values()]
        assert sorted(map(str, told)) == sorted(map(str, changes))
        assert {one.state for one in deliveries.values()} == {DeliveryState.DELIVERED}
        # Each event was received, as it is on record, and no other.
        assert {one.id: json.loads(one.body) for one in receiver.received} == documents
        counts = Counter(receiver.ids)
        assert overlapping(receiver.received) == []
        assert_in_order(receiver.received)
    twice = sum(count > 1 for count in counts.values())
    kind = database_url.partition("+")[0]
    print(
        f"\n{kind}: two processes killed {ROUNDS} times, {len(changes)} changes, {len(state)} domains there;"
    )
    print(f"  as many events, all delivered: {pending} of them after the last kill")
    print(f"  ({cut_off} requests before it), {twice} twice")
    assert len(changes) >= ROUNDS * BATCH


def state_told_by(changes: list[Told]) -> dict[str, Any]:
    """Return what is stored after these changes, each of which must start from what the one before left."""
    found: dict[str, Any] = {}
    for before, after in changes:
        name = (before or after)["name"]
        assert found.get(name) == before, name
        found[name] = after
    return {name: domain for name, domain in found.items() if domain is not None}


def assert_in_order(received: list[Received]) -> None:
    """Check that the first time that each event came, it came behind what happened to its domain before."""
    seen: set[str] = set()
    last: dict[str, str] = {}
    for one in sorted(received, key=lambda request: request.began):
        if one.id in seen:
            continue
        seen.add(one.id)
        document = json.loads(one.body)
        assert last.get(document["subject"], "") < document["timestamp"], document["subject"]
        last[document["subject"]] = document["timestamp"]
