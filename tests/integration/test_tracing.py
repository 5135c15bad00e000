"""Traces of a service that runs, as a collector gets them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from otlp import collecting
from service_process import ROOT, Service, signpost

if TYPE_CHECKING:
    from pathlib import Path

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from otlp import Collector

pytestmark = pytest.mark.integration

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SERVE = (sys.executable, "-m", "app", "serve", "--demo")
ASKED = "/mail/config-v1.1.xml?emailaddress=jane.secret%40demo.example"


def attributes(span: Span) -> dict[str, object]:
    return {
        one.key: one.value.int_value if one.value.HasField("int_value") else one.value.string_value
        for one in span.attributes
    }


def traced(database: Path, sampled: str, *paths: str, **headers: str) -> tuple[Collector, list[int]]:
    url = f"sqlite+aiosqlite:///{database}"
    statuses = []
    with collecting() as collector:
        environment = {"SIGNPOST_OTEL_ENDPOINT": collector.url, "SIGNPOST_OTEL_SAMPLED": sampled}
        with Service(url, command=SERVE, environment=environment) as service:
            created = signpost("token", "create", "--name", "t", "--scope", "admin", database_url=url)
            bearer = {"Authorization": f"Bearer {created.stdout.strip()}"}
            for path in paths:
                sent = bearer if path.startswith("/api/") else {}
                statuses.append(httpx.get(f"{service.url}{path}", headers={**sent, **headers}).status_code)
        # Sent at the end, with all that was not sent yet.
        return collector, statuses


def test_requests_are_traced_with_their_phases_and_without_addresses(tmp_path: Path) -> None:
    asked = (
        *[ASKED] * 4,
        "/apple/jane.secret%40demo.example.mobileconfig",
        "/api/v1/domains/demo.example",
        "/none",
    )
    collector, statuses = traced(tmp_path / "traced.db", "1", *asked)
    assert statuses == [200] * 6 + [404]
    spans = collector.spans
    roots = {span.span_id: span for span in spans if not span.parent_span_id}
    names = [span.name for span in roots.values()]
    # The first of those that may be answered from memory is not yet.
    asked_for = [name for name in names if not name.startswith("GET /health")]
    assert asked_for == ["GET /mail/config-v1.1.xml", *["GET short"] * 4, "GET /api/v1/domains/{name}", "GET"]
    below = [span for span in spans if span.parent_span_id]
    assert {span.name for span in below} >= {"database"}
    for span in below:
        root = roots[span.parent_span_id]
        assert span.trace_id == root.trace_id
        assert root.start_time_unix_nano <= span.start_time_unix_nano
        assert span.end_time_unix_nano <= root.end_time_unix_nano + 1_000_000
    management = next(span for span in roots.values() if span.name.startswith("GET /api/"))
    assert attributes(management) == {
        "http.request.method": "GET",
        "http.route": "/api/v1/domains/{name}",
        "http.response.status_code": 200,
        "url.scheme": "http",
    }
    assert collector.resource["service.name"] == "signpost"
    sent = b"".join(collector.raw)
    for secret in (b"jane", b"demo.example", b"sp_", b"emailaddress"):
        assert secret not in sent


def test_a_callers_trace_is_taken_up_and_its_decision_kept(tmp_path: Path) -> None:
    parent = f"00-{TRACE}-{PARENT}-01"
    collector, _ = traced(tmp_path / "taken.db", "0", ASKED, ASKED, ASKED, ASKED, traceparent=parent)
    roots = [span for span in collector.spans if span.parent_span_id.hex() == PARENT]
    assert len(roots) == 4
    assert {span.trace_id.hex() for span in collector.spans} == {TRACE}
    refused = f"00-{TRACE}-{PARENT}-00"
    collector, _ = traced(tmp_path / "refused.db", "1", ASKED, ASKED, ASKED, traceparent=refused)
    assert TRACE not in {span.trace_id.hex() for span in collector.spans}


def test_nothing_of_it_is_loaded_without_an_endpoint() -> None:
    program = (
        "import sys\n"
        "from app.main import create_app\n"
        "create_app()\n"
        "parts = ('opentelemetry.sdk', 'opentelemetry.exporter')\n"
        "print([name for name in sys.modules if name.startswith(parts)])"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
