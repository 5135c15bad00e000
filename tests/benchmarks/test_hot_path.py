"""What a request of each format costs, against a bare uvicorn constant of the same size in the same run.

100,000 known domains at random, the address in the request, quotas counted and metrics kept. All servers are
up at once, pinned to one core; wrk has the other. Rounds alternate, so that a change of the machine's speed
meets both; printed are medians of ratios with their quartiles. Beside them, what a look-up costs that is
no hit.
"""

from __future__ import annotations

import statistics
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvloop
from app.services.known_domains import KnownDomains
from app.store.standings import PostgresStandings, SqliteStandings

from benchmarks.load import KNOWN, ROUNDS, Window, ask, ask_for_all, measure_briefly, pin
from benchmarks.recording import of_rounds, record
from builders import a_domain
from databases import opened, stored_provider
from service_process import Service

pytestmark = pytest.mark.benchmark

HERE = Path(__file__).parent
FEW = 1000
LOOKED_UP = 5_000
MOST_OF_WAIT = 1.5
MISS_GOALS = {"sqlite": 120.0, "postgresql": 300.0}
"""Microseconds of CPU for a look-up."""
ENVIRONMENT = {
    "SIGNPOST_PUBLIC_URL": "https://signpost.example",
    # Counted like any other, and never over it.
    "SIGNPOST_UNLIMITED_NETWORKS": "192.0.2.0/24",
    "SIGNPOST_REQUESTS_PER_MINUTE_PER_ADDRESS": "10000000",
}
POX = (
    '<?xml version="1.0" encoding="utf-8"?><Autodiscover '
    'xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>'
    "<EMailAddress>jane@DOMAIN</EMailAddress><AcceptableResponseSchema>"
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
    "</AcceptableResponseSchema></Request></Autodiscover>"
)


@dataclass(frozen=True)
class Form:
    """A request, with ``DOMAIN`` for the domain, and the ratio that is aimed at."""

    name: str
    goal: float
    target: str
    host: str = "signpost.example"
    body: str | None = None
    is_refused: bool = False


FORMS = (
    Form("autoconfig GET", 0.90, "/mail/config-v1.1.xml?emailaddress=jane%40DOMAIN"),
    Form("Autodiscover POST", 0.85, "/autodiscover/autodiscover.xml", body=POX),
    Form(
        "Autodiscover v2",
        0.88,
        "/autodiscover/autodiscover.json?Email=jane%40DOMAIN&Protocol=Autodiscoverv1",
    ),
    Form("PACC", 0.88, "/.well-known/user-agent-configuration.json", host="ua-auto-config.DOMAIN"),
    Form("mobileconfig, unsigned", 0.80, "/mobileconfig?emailaddress=jane%40DOMAIN"),
    # Few, asked for again and again: what is known of who is not there is bounded.
    Form("unknown domain", 0.85, "/mail/config-v1.1.xml?emailaddress=jane%40x.DOMAIN", is_refused=True),
)


def script(folder: Path, number: int, form: Form, *, in_order: bool = False) -> Path:
    path = folder / f"{number}-{in_order}.lua"
    many = FEW if form.is_refused else KNOWN
    choice = f"n = (n + 1) % {many}" if in_order else f"n = math.random(0, {many - 1})"
    body = "nil" if form.body is None else f"filled([[{form.body}]])"
    method = "GET" if form.body is None else "POST"
    filled = f"'{method}', filled('{form.target}'), {{Host = filled('{form.host}')}}, {body}"
    path.write_text(
        "math.randomseed(os.time())\nlocal n = 0\nlocal d\n"
        "local function filled(text) return (text:gsub('DOMAIN', d)) end\n"
        f"request = function()\n  {choice}\n  d = 'b' .. n .. '.example'\n"
        f"  return wrk.format({filled})\nend\n"
    )
    return path


def size_of(service: Service, form: Form) -> int:
    """Return how long a document is; the lengths of names make little of it."""
    target, host = (text.replace("DOMAIN", "b77777.example") for text in (form.target, form.host))
    body = None if form.body is None else form.body.replace("DOMAIN", "b77777.example")
    answer = httpx.request(
        "GET" if body is None else "POST", service.url + target, headers={"Host": host}, content=body
    )
    assert answer.is_success is not form.is_refused
    return len(answer.content)


def test_every_format_against_a_bare_constant(many_url: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        ours = stack.enter_context(Service(many_url, environment=ENVIRONMENT))
        pin(ours.process.pid, 0)
        bares = []
        for number, form in enumerate(FORMS):
            size = size_of(ours, form)
            command = (sys.executable, str(HERE / "bare_constant.py"), "--bytes", str(size))
            bare = stack.enter_context(Service(many_url, command=command))
            pin(bare.process.pid, 0)
            bares.append((bare, size))
            in_order = script(tmp_path, number, form, in_order=True)
            if number == 0:
                ask_for_all(ours, in_order)
            else:
                ask(ours, in_order, 1, is_refused=form.is_refused)
        rows = [list[tuple[Window, Window]]() for _ in FORMS]
        for turn in range(ROUNDS + 1):
            for number, (bare, _) in enumerate(bares):
                order = (ours, bare) if turn % 2 else (bare, ours)
                path = script(tmp_path, number, FORMS[number])
                is_refused = FORMS[number].is_refused
                windows = {
                    service: measure_briefly(service, path, is_refused=is_refused and service is ours)
                    for service in order
                }
                if turn:
                    rows[number].append((windows[bare], windows[ours]))
        print(f"\n{KNOWN} domains, SQLite, {ROUNDS} rounds of 1 s; bare / ours, median (quartiles):")
        for form, (_, size), pairs in zip(FORMS, bares, rows, strict=True):
            print(line(form, size, pairs))
        described = {"group": "99th percentile, ours to a bare uvicorn constant", "is_more_better": False}
        for form, pairs in zip(FORMS, rows, strict=True):
            waits = waits_of(pairs)
            record(of_rounds(waits, name=form.name, unit="of bare", goal=MOST_OF_WAIT, **described))


def waits_of(pairs: list[tuple[Window, Window]]) -> list[float]:
    return [ours.p99_milliseconds / bare.p99_milliseconds for bare, ours in pairs]


def line(form: Form, size: int, pairs: list[tuple[Window, Window]]) -> str:
    cpu = sorted(bare.cpu_microseconds / ours.cpu_microseconds for bare, ours in pairs)
    rates = [ours.rate / bare.rate for bare, ours in pairs]
    low, _, high = statistics.quantiles(cpu, n=4)
    group = "CPU time per request, a bare uvicorn constant to ours"
    record(of_rounds(cpu, group=group, name=form.name, unit="of bare", goal=form.goal))
    bare, ours = (statistics.median(pair[side].cpu_microseconds for pair in pairs) for side in (0, 1))
    return (
        f"  {form.name:23} {size:5} B  CPU {statistics.median(cpu):.2f} ({low:.2f}-{high:.2f}), "
        f"goal {form.goal:.2f}; "
        f"bare {bare:.0f} us, ours {ours:.0f} us; requests/s {statistics.median(rates):.2f}, "
        f"p99 {statistics.median(waits_of(pairs)):.2f}, goal {MOST_OF_WAIT:.1f}"
    )


def test_what_a_miss_costs(database_url: str) -> None:
    # The loop that serves.
    uvloop.run(miss(database_url))


async def miss(database_url: str) -> None:
    async with opened(database_url) as store:
        await stored_provider(store)
        async with store.writing() as unit:
            provider = await unit.providers.find("provider")
            assert provider is not None
            for number in range(LOOKED_UP):
                domain = a_domain(f"d{number}.example")
                await unit.domains.insert(domain, provider.id, None, provider.created_at)
        is_sqlite = store.engine.dialect.name == "sqlite"
        standings = SqliteStandings(database_url) if is_sqlite else PostgresStandings(store.engine)
        known = KnownDomains(store, standings, limit=10 * LOOKED_UP)
        known.trust()
        await known.find("d0.example")
        costs = []
        for first in range(0, LOOKED_UP, 500):
            began = time.process_time()
            for number in range(first, first + 500):
                await known.find(f"d{number}.example")
            costs.append((time.process_time() - began) / 500 * 1e6)
        dialect, goal = store.engine.dialect.name, MISS_GOALS[store.engine.dialect.name]
        described = {"group": "CPU time of a look-up that is no hit", "unit": "us", "is_more_better": False}
        record(of_rounds(costs, name=dialect, goal=goal, **described))
        print(f"\na miss, {store.engine.dialect.name}: {statistics.median(costs):.0f} us of CPU")
        await known.close()
    assert costs
