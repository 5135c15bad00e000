"""Metrics: what is told is documented, what is documented is told, and what is watched is there."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import yaml  # type: ignore[import-untyped]
from app.core.webhooks import DeliveryState
from app.services.process_metrics import shared_metrics

from fakes.clock import FixedClock
from fakes.observer import expires_in, is_down
from management import served
from monitoring import documented, families_of, misnamed
from programs import required_program
from service_process import ROOT
from verifying import Verifier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from management import ApiClient
    from monitoring import Family

PATH = "/api/v1/verification/metrics"
KNOWN = documented((ROOT / "docs/metrics.md").read_text())
ALERTS = ROOT / "deploy/prometheus/alerts.yaml"
DASHBOARD = ROOT / "deploy/grafana/dashboard.json"


async def told(client: ApiClient) -> dict[str, Family]:
    return families_of((await client.get(PATH)).text)


async def test_all_that_is_told_is_documented_and_all_that_is_documented_told(hosted: ApiClient) -> None:
    verifier = Verifier(hosted.services.store, FixedClock())
    verifier.observer.answers["imap.host.example"] = is_down
    verifier.observer.answers["smtp.host.example"] = expires_in(10)
    await verifier.check()
    await hosted.get("/mail/config-v1.1.xml", params={"emailaddress": "jane@a.example"})
    await hosted.get("/api/v1/nothing")
    families = await told(hosted)
    assert families.keys() == KNOWN.keys()
    for name, family in families.items():
        assert family.kind == KNOWN[name].kind, name
        # Of what did not happen there are no samples.
        assert family.labels <= KNOWN[name].labels, name
    silent = {name for name, family in families.items() if family.labels != KNOWN[name].labels}
    assert silent <= {"signpost_database_connections"}


async def test_a_token_of_one_provider_sees_nothing_of_the_processes(hosted: ApiClient) -> None:
    own = await hosted.as_token("verify", provider="a")
    names = (await told(own)).keys()
    assert all(name.startswith("signpost_endpoint") for name in names)
    assert "signpost_endpoints_due" not in names


async def test_requests_to_the_api_are_counted_by_their_route(hosted: ApiClient) -> None:
    for name in ("a.example", "b.example", "unknown.example"):
        await hosted.get(f"/api/v1/domains/{name}")
    text = (await hosted.get(PATH)).text
    total = 'signpost_management_requests_total{method="GET",route="/api/v1/domains/{name}",status="%d"} %d'
    assert total % (200, 2) in text
    assert total % (404, 1) in text
    assert "unknown.example" not in text
    assert re.search(r'signpost_management_request_seconds_count\{method="GET"\} [1-9]', text)


async def test_requests_over_a_quota_are_counted(database_url: str) -> None:
    async with served(database_url, requests_per_minute_per_token=3) as client:
        statuses = [(await client.get("/api/v1/domains")).status_code for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        assert 'signpost_requests_refused_total{quota="token"} 2' in client.services.own_metrics()


async def test_transactions_are_counted_by_how_they_end(hosted: ApiClient) -> None:
    counts = hosted.services.store.counts
    before = counts.endings.total()
    assert (await hosted.get("/api/v1/domains/a.example")).status_code == 200
    assert (await hosted.delete("/api/v1/domains/unknown.example")).status_code == 404
    assert counts.endings.total() > before
    assert {(kind.value, ending.value) for kind, ending in counts.endings} >= {
        ("reading", "done"),
        ("writing", "done"),
        ("writing", "abandoned"),
    }
    for kind, durations in counts.durations.items():
        assert sum(durations.counts) == sum(n for (one, _), n in counts.endings.items() if one is kind)


async def test_what_waits_is_told(hosted: ApiClient) -> None:
    verifier = Verifier(hosted.services.store, FixedClock())
    await verifier.assigning.catch_up()
    due = len(await verifier.all())
    text = await shared_metrics(hosted.services.store, verifier.clock() + timedelta(hours=2), None)
    assert f"signpost_endpoints_due {due}" in text
    found = re.search(r"signpost_endpoints_overdue_seconds ([0-9.]+)", text)
    assert found is not None
    assert 3600 <= float(found[1]) <= 7200
    await verifier.check()
    assert "signpost_endpoints_due 0\n" in await shared_metrics(hosted.services.store, verifier.clock(), None)


async def test_webhooks_that_wait_are_told(hosted: ApiClient) -> None:
    body = {"name": "w", "url": "https://hooks.receiver.example/", "event_types": ["domain.created"]}
    assert (await hosted.post("/api/v1/webhooks", json=body)).status_code == 201
    for name in ("c.example", "d.example"):
        await hosted.put(f"/api/v1/domains/{name}", json={"provider": "a"})
    text = (await hosted.get(PATH)).text
    assert "signpost_deliveries_due 2" in text
    assert f'signpost_deliveries{{state="{DeliveryState.PENDING}"}} 2' in text
    assert 'signpost_webhooks{state="active"} 1' in text
    assert 'signpost_webhooks{state="failing"} 0' in text


def expressions() -> Iterator[tuple[str, str]]:
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        yield from ((rule["alert"], rule["expr"]) for rule in group["rules"])
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])


def test_alerts_and_dashboard_name_what_is_there() -> None:
    found = list(expressions())
    assert len(found) > 40
    wrong = {title: names for title, expression in found if (names := misnamed(expression, KNOWN))}
    assert not wrong
    assert misnamed('sum by (no) (rate(signpost_x_total{a="b"}[5m]))', KNOWN) == ["signpost_x_total", "no"]
    assert misnamed('signpost_build_info{way="short"}', KNOWN) == ["signpost_build_info{way}"]


def test_every_metric_of_the_processes_is_on_the_dashboard() -> None:
    shown = DASHBOARD.read_text()
    one_by_one = {name for name in KNOWN if name.startswith("signpost_endpoint_")}
    missing = {name for name in KNOWN if name not in shown}
    assert missing <= one_by_one | {"signpost_endpoints_left_out"}


def test_alerts_say_what_to_do() -> None:
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in ("critical", "warning", "info")
            assert {"summary", "description"} <= rule["annotations"].keys(), rule["alert"]


@pytest.mark.integration
def test_prometheus_reads_the_alerts() -> None:
    program = required_program("promtool", "prometheus")
    done = subprocess.run(  # noqa: S603 - Prometheus's own
        [program, "check", "rules", str(ALERTS)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.integration
def test_prometheus_reads_the_dashboards_queries(tmp_path: Path) -> None:
    """By way of rules, which is how promtool reads an expression."""
    program = required_program("promtool", "prometheus")
    texts = [text.replace("$__rate_interval", "5m") for _, text in expressions()]
    rules = [{"record": f"signpost:q{number}", "expr": text} for number, text in enumerate(texts)]
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    done = subprocess.run(  # noqa: S603 - Prometheus's own
        [program, "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
