"""Verification over HTTP: what is answered, to whom, in which form."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from app.core.names import DomainName
from app.services.metrics import endpoint_metrics

from databases import OPERATOR
from fakes.clock import FixedClock
from fakes.observer import expires_in, is_down
from management import is_problem
from verifying import Verifier

if TYPE_CHECKING:
    from app.wiring import Services

    from management import ApiClient

PATH = "/api/v1/domains/a.example"


def verifier_of(services: Services) -> Verifier:
    return Verifier(services.store, FixedClock())


async def test_a_verification_is_started_joined_and_read(hosted: ApiClient) -> None:
    started = await hosted.post(f"{PATH}/verifications")
    again = await hosted.post(f"{PATH}/verifications")
    assert started.status_code == 202
    assert started.json() == again.json()
    assert (started.json()["state"], started.json()["finished_at"]) == ("untested", None)
    read = await hosted.get(started.headers["location"])
    assert read.json() == {**started.json(), "report": None}
    page = await hosted.get(f"{PATH}/verifications?total=true")
    assert (page.json()["items"], page.json()["total"]) == ([started.json()], 1)


async def test_a_trial_starts_nothing(hosted: ApiClient) -> None:
    tried = await hosted.post(f"{PATH}/verifications?dry_run=true")
    assert tried.status_code == 202
    assert (await hosted.get(f"{PATH}/verifications")).json()["items"] == []


async def test_a_finished_verification_is_followed_to_its_end(hosted: ApiClient) -> None:
    verifier = verifier_of(hosted.services)
    started = await verifier.verifying.start(OPERATOR, DomainName("a.example"))
    await verifier.domains.start_open()
    await verifier.check()
    await verifier.domains.settle()
    live = await hosted.get(f"{PATH}/verifications/{started.public_id}/events")
    assert live.headers["content-type"].startswith("text/event-stream")
    assert live.headers["cache-control"] == "no-store"
    blocks = live.text.strip().split("\n\n")
    assert [block.partition("\n")[0] for block in blocks if not block.startswith(":")][
        -1
    ] == "event: finished"
    report = (await hosted.get(f"{PATH}/verification")).json()
    assert {one["state"] for one in report["endpoints"]} == {"good"}
    assert report["state"] == "good"


async def test_endpoints_findings_and_domains_are_found_by_how_they_stand(hosted: ApiClient) -> None:
    verifier = verifier_of(hosted.services)
    verifier.observer.answers["smtp.host.example"] = is_down
    await verifier.check()
    endpoints = (await hosted.get("/api/v1/endpoints?state=bad&total=true")).json()
    assert (endpoints["items"][0]["hostname"], endpoints["total"]) == ("smtp.host.example", 1)
    found = (await hosted.get("/api/v1/findings?severity=bad")).json()["items"]
    assert {one["subject"] for one in found} == {"smtp:smtp.host.example:465:tls"}
    assert all(one["statement"] and one["advice"] for one in found)
    names = [one["name"] for one in (await hosted.get("/api/v1/domains?verified=bad")).json()["items"]]
    assert names == ["a.example", "b.example"]
    assert (await hosted.get("/api/v1/domains?verified=good")).json()["items"] == []
    detail = (await hosted.get(f"/api/v1/endpoints/{endpoints['items'][0]['id']}")).json()
    assert detail["observation"]["addresses"][0]["failure"]["reason"] == "refused"
    history = (await hosted.get(f"/api/v1/endpoints/{detail['id']}/history")).json()["items"]
    assert [run["state"] for run in history] == ["bad"]


async def metrics_of(client: ApiClient) -> list[str]:
    response = await client.get("/api/v1/verification/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return response.text.splitlines()


async def test_metrics_count_endpoints_and_tell_those_that_are_not_good(hosted: ApiClient) -> None:
    verifier = verifier_of(hosted.services)
    verifier.observer.answers["smtp.host.example"] = is_down
    verifier.observer.answers["imap.host.example"] = expires_in(10)
    await verifier.check()
    # By the clock of the tests' certificates.
    text = (await endpoint_metrics(verifier.endpoints, OPERATOR, verifier.clock())).splitlines()
    total = len(await verifier.all())
    assert 'signpost_endpoints{state="bad"} 1' in text
    assert 'signpost_endpoints{state="warning"} 1' in text
    assert f'signpost_endpoints{{state="good"}} {total - 2}' in text
    assert 'signpost_endpoints_expiring{within_days="7"} 0' in text
    assert 'signpost_endpoints_expiring{within_days="14"} 1' in text
    assert "signpost_endpoints_left_out 0" in text
    key = 'endpoint="imap:imap.host.example:993:tls",hostname="imap.host.example",port="993",protocol="imap"'
    assert f'signpost_endpoint_state{{{key},state="warning"}} 1' in text
    days = f"signpost_endpoint_certificate_days{{{key}}} "
    assert [line.removeprefix(days) for line in text if line.startswith(days)] == ["10.0"]
    # One line each, and none of those that are well.
    assert sum(line.startswith("signpost_endpoint_state{") for line in text) == 2


async def test_metrics_tell_how_long_the_last_runs_took_by_protocol(hosted: ApiClient) -> None:
    verifier = verifier_of(hosted.services)
    await verifier.check()
    found = await verifier.all()
    for protocol in ("imap", "smtp"):
        seconds = [one.seconds for one in found.values() if one.endpoint.protocol == protocol]
        name = "signpost_endpoints_probe_seconds"
        lines = [line for line in await metrics_of(hosted) if f'{{protocol="{protocol}"' in line]
        buckets = [int(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name}_bucket")]
        assert buckets == sorted(buckets)
        assert (len(buckets), buckets[-1]) == (12, len(seconds))
        assert f'{name}_count{{protocol="{protocol}"}} {len(seconds)}' in lines
        told = next(line for line in lines if line.startswith(f"{name}_sum"))
        assert float(told.rpartition(" ")[2]) == pytest.approx(sum(one or 0 for one in seconds), abs=1e-5)


async def test_metrics_leave_out_what_is_too_much_and_say_how_much(hosted: ApiClient) -> None:
    verifier = verifier_of(hosted.services)
    await verifier.assigning.catch_up()
    total = len(await verifier.all())
    verifier.observer.answers["smtp.host.example"] = is_down
    await verifier.check()
    text = await endpoint_metrics(verifier.endpoints, OPERATOR, verifier.clock(), most=0)
    assert "signpost_endpoints_left_out 1\n" in text
    assert 'signpost_endpoints{state="bad"} 1\n' in text
    assert f'signpost_endpoints{{state="good"}} {total - 1}\n' in text
    assert "signpost_endpoint_state{" not in text


async def test_what_nobody_looked_at_yet_has_no_duration(hosted: ApiClient) -> None:
    verifier = verifier_of(hosted.services)
    await verifier.assigning.catch_up()
    text = await metrics_of(hosted)
    assert f'signpost_endpoints{{state="untested"}} {len(await verifier.all())}' in text
    assert 'signpost_endpoints_probe_seconds_count{protocol="imap"} 0' in text
    assert not any(line.startswith("signpost_endpoint_probe_seconds{") for line in text)


async def events_from(client: ApiClient, public_id: str) -> str:
    return (await client.get(f"{PATH}/verifications/{public_id}/events", timeout=30)).text


@pytest.mark.parametrize("end", ["revoked", "moved", "deleted", "deleted and stored anew"])
async def test_who_may_see_a_domain_no_longer_follows_its_verification_no_longer(
    hosted: ApiClient, end: str
) -> None:
    client = await hosted.as_token("verify", provider="a")
    started = (await client.post(f"{PATH}/verifications")).json()
    following = asyncio.create_task(events_from(client, started["id"]))
    done, _ = await asyncio.wait([following], timeout=1)
    assert not done
    if end == "revoked":
        revoked = await hosted.delete(f"/api/v1/tokens/{client.token.split('_')[1]}")
        assert revoked.status_code == 204, revoked.text
    elif end == "moved":
        moved = await hosted.patch(PATH, json={"provider": "b"})
        assert moved.status_code == 200, moved.text
    else:
        assert (await hosted.delete(PATH)).status_code == 204
    if end == "deleted and stored anew":
        assert (await hosted.put(PATH, json={"provider": "a"})).status_code == 201
    # What is found from here on is for others.
    await verifier_of(hosted.services).check()
    assert "event:" not in await asyncio.wait_for(following, 10)


@pytest.mark.parametrize("is_bulk", [False, True])
async def test_the_next_owner_of_a_domain_does_not_read_what_was_found_for_the_last(
    hosted: ApiClient, *, is_bulk: bool
) -> None:
    verifier = verifier_of(hosted.services)
    for name in ("a.example", "b.example"):
        await verifier.verifying.start(OPERATOR, DomainName(name))
    await verifier.domains.start_open()
    await verifier.check()
    await verifier.domains.settle()
    move = {"name": "a.example", "provider": "b"}
    if is_bulk:
        lines = "".join(f"{json.dumps(line)}\n" for line in (move, {"name": "b.example", "provider": "b"}))
        headers = {"Content-Type": "application/x-ndjson"}
        moved = await hosted.post("/api/v1/domains/bulk", content=lines, headers=headers)
        assert json.loads(moved.text.splitlines()[0])["status"] == 200, moved.text
    else:
        assert (await hosted.put(PATH, json={"provider": "b"})).status_code == 200
    owner = await hosted.as_token("verify", provider="b")
    assert (await owner.get(f"{PATH}/verifications")).json()["items"] == []
    kept = await owner.get("/api/v1/domains/b.example/verifications")
    assert len(kept.json()["items"]) == 1


@pytest.mark.parametrize(
    "path", [f"{PATH}/verification", f"{PATH}/verifications", "/api/v1/endpoints", "/api/v1/findings"]
)
async def test_verification_has_a_scope_of_its_own(hosted: ApiClient, path: str) -> None:
    reader = await hosted.as_token("domains:read")
    assert is_problem(await reader.get(path), 403, "not-permitted")
    verifier = await hosted.as_token("verify")
    assert (await verifier.get(path)).status_code == 200


async def test_what_is_not_there_is_named(hosted: ApiClient) -> None:
    assert is_problem(await hosted.get("/api/v1/endpoints/4711"), 404, "endpoint-not-found")
    missing = await hosted.get(f"{PATH}/verifications/{'0' * 16}/events")
    assert is_problem(missing, 404, "verification-not-found")
