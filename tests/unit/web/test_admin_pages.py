"""What operators see on the pages."""

from __future__ import annotations

import html
import json
import re
import shutil
from datetime import timedelta
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

import pytest
from app.core.dns_lookups import LookupStatus
from app.core.dns_records import AddressData
from app.core.findings import Severity
from app.core.reports import State
from app.discovery.sources import SOURCES
from app.renderers import FORMATS
from app.store.rows import ENDPOINT
from sqlalchemy import update

from databases import ON_SQLITE, copy_and_fill, opened
from fakes.clock import FixedClock
from fakes.dns import FakeDns
from fakes.fetcher import NoHosts
from fakes.observer import expires_in, has_expired, is_down
from fakes.resolver import ScriptedResolver, found
from operator_service import OLD_RECORDS
from operators import MINE, THEIRS, fill, operating, shown
from pki import NOW
from verifying import Verifier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from operators import Person

pytestmark = ON_SQLITE


@pytest.fixture(scope="session")
def looked_at(filled_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, of a service whose hosts were looked at."""
    return copy_and_fill(filled_database, tmp_path_factory.mktemp("looked-at"), look_at)


async def look_at(database_url: str) -> None:
    async with opened(database_url) as store:
        verifier = Verifier(store, FixedClock())
        verifier.observer.answers = {
            f"imap.{MINE}.example": has_expired,
            f"imap.{THEIRS}.example": is_down,
            f"smtp.{MINE}.example": expires_in(5),
        }
        async with store.writing() as unit:
            await unit._connection.execute(update(ENDPOINT).values(due_at=NOW))
        assert await verifier.check() == 4


@pytest.fixture
async def person(looked_at: Path, database_url: str) -> AsyncIterator[Person]:
    """Somebody who may see everything."""
    shutil.copy(looked_at, database_url.partition("///")[2])
    async with operating(database_url) as found:
        found.services.dns_records._resolver = ScriptedResolver(otherwise=LookupStatus.TIMED_OUT)
        found.services.verification.doctor._fetcher = NoHosts()
        await date_certificates(found)
        yield await found.log_in()


async def date_certificates(person: Person) -> None:
    """Have certificates end as they would, were they of today."""
    now = person.services.verification.clock()
    days = {f"imap.{MINE}.example": -1.5, f"smtp.{MINE}.example": 5, f"smtp.{THEIRS}.example": 50}
    async with person.services.store.writing() as unit:
        for hostname, left in days.items():
            is_it = ENDPOINT.c.hostname == hostname
            values = {"certificate_expires_at": now + timedelta(days=left), "checked_at": now}
            await unit._connection.execute(update(ENDPOINT).where(is_it).values(values))


async def page(person: Person, path: str) -> str:
    answer = await person.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_the_overview_counts_and_says_of_when_its_counts_are(person: Person) -> None:
    text = shown(await person.get("/admin"))
    assert re.search(r"Counted just now, at \d{4}-\d\d-\d\d \d\d:\d\d UTC", text)
    for part in ("Domains 4 0 suspended", "Hosts that fail 3 of 4 endpoints", "certificate.expired 1"):
        assert part in text, text
    assert f"imap.{MINE}.example:993" in text
    assert "webhook.create" not in text
    assert "domain.put" in text


async def test_the_chart_says_the_same_as_its_table(person: Person) -> None:
    found = await page(person, "/admin")
    title = re.search(r'<title id="chart-title">Certificates by days left: (.*?)</title>', found)
    assert title is not None
    told = dict(part.rsplit(": ", 1) for part in title[1].split("; "))
    table = dict(re.findall(r'<tr><th scope="row">(.*?)</th><td class="number">(.*?)</td></tr>', found))
    assert told == table
    assert sum(map(int, table.values())) == 4 - 1, "the host that is down showed none"
    drawn = re.findall(r'<rect class="fill-(\w+)" x="\d+" y="\d+" width="38" height="(\d+)"', found)
    assert [height != "0" for _, height in drawn] == [count != "0" for count in table.values()]


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/admin/domains", [f"{MINE}.example", f"alias-{MINE}.example alias of {MINE}.example"]),
        ("/admin/domains?q=alias", [f"alias-{MINE}.example"]),
        (f"/admin/domains?q=reference-of-{MINE}", [f"With the reference “reference-of-{MINE}”"]),
        ("/admin/domains?q=nothing", ["No domain was found."]),
        ("/admin/domains?status=suspended", ["No domain was found."]),
        ("/admin/domains?verified=bad", [f"{MINE}.example", f"{THEIRS}.example"]),
        (f"/admin/domains?provider={MINE}&verified=good", ["No domain was found."]),
        ("/admin/domains?status=nonsense&verified=nonsense&stage=nonsense", [f"{MINE}.example"]),
        ("/admin/domains?after=zzz", ["No more domains.", "To the first page"]),
        ("/admin/hosts", [f"imap.{MINE}.example:993", "1 day ago"]),
        ("/admin/hosts?state=good", [f"smtp.{THEIRS}.example:465"]),
        (f"/admin/hosts?hostname=imap.{MINE}.example", [f"imap.{MINE}.example:993"]),
        ("/admin/hosts?hostname=none.example", ["No host was found."]),
        ("/admin/findings", [f"The certificate of imap.{MINE}.example"]),
        ("/admin/findings?severity=bad&code=certificate.expired", [f"imap.{MINE}.example:993"]),
        ("/admin/findings?code=none", ["Nothing was found."]),
        (f"/admin/audit?resource={MINE}.example&action=domain.put", [f"domain.put {MINE}.example ops"]),
        ("/admin/audit?action=none", ["No change was found."]),
    ],
)
async def test_lists_show_what_is_asked_for(person: Person, path: str, parts: list[str]) -> None:
    text = shown(await person.get(path))
    for part in parts:
        assert part in text, text


async def test_hosts_and_findings_come_the_worst_first(person: Person) -> None:
    hosts = re.findall(r'data-label="State"><span class="state is-(\w+)"', await page(person, "/admin/hosts"))
    assert hosts == sorted(hosts, key=lambda state: -State(state).rank)
    assert hosts[0] == "bad"
    found = await page(person, "/admin/findings")
    severities = re.findall(r'data-label="Severity"><span class="state is-(\w+)"', found)
    assert severities == sorted(severities, key=lambda severity: -Severity(severity).rank)
    assert severities[0] == "bad"


async def test_lists_are_paged_to_their_ends(person: Person) -> None:
    headers = {"Authorization": f"Bearer {await person.token()}"}
    for number in range(120):
        put = await person.http.put(
            f"/api/v1/domains/shop-{number:03}.example", json={"provider": MINE}, headers=headers
        )
        assert put.status_code == 201
    for path, pattern, least in (
        ("/admin/domains", r'<a href="/admin/domains/([\w.-]+)">', 124),
        ("/admin/domains?q=shop", r'<a href="/admin/domains/([\w.-]+)">', 120),
        ("/admin/domains?q=example", r'<a href="/admin/domains/([\w.-]+)">', 124),
        ("/admin/audit?action=domain.put", r'<a href="/admin/domains/([\w.-]+)">', 124),
    ):
        seen: list[str] = []
        following: str | None = path
        while following is not None:
            found = await page(person, following)
            seen += re.findall(pattern, found.partition("<main")[2])
            link = re.search(r'rel="next" href="\?([^"]*)"', found)
            following = f"{path.partition('?')[0]}?{link[1].replace('&amp;', '&')}" if link else None
        assert len(seen) == len(set(seen)) == least
    assert "To the first page" in await page(person, "/admin/domains?after=shop-050.example")


async def test_a_domain_shows_what_is_stored_and_what_clients_are_given(person: Person) -> None:
    text = shown(await person.get(f"/admin/domains/{MINE}.example"))
    for part in (f"Reference reference-of-{MINE}", f"Variable NODE node-{MINE}", "Verification bad",
                 f"imap.{MINE}.example:993 tls %EMAILADDRESS% password-cleartext"):  # fmt: skip
        assert part in text
    alias = shown(await person.get(f"/admin/domains/alias-{MINE}.example"))
    assert f"Alias of {MINE}.example" in alias


async def test_documents_are_those_that_the_api_gives(person: Person) -> None:
    headers = {"Authorization": f"Bearer {await person.token()}"}
    found = await page(person, f"/admin/domains/{MINE}.example/documents?address=jane")
    for client_format in FORMATS:
        path = f"/api/v1/domains/{MINE}.example/documents/{client_format.name}?local_part=jane"
        document = (await person.http.get(path, headers=headers)).json()
        section = found.partition(f'aria-labelledby="doc-{client_format.name}"')[2].partition("</section>")[0]
        for omission in document["omissions"]:
            assert omission["reason"] in section
        if "<pre" in section:
            body = html.unescape(section.partition("<pre")[2].partition(">")[2].partition("</pre>")[0])
            assert body == document["body"]
        else:
            assert "Clients get no such document" in section


@pytest.mark.parametrize("address", ["a b", "jane@other.example", '"', "x" * 65])
async def test_an_address_that_is_none_is_told_and_the_domain_is_shown(person: Person, address: str) -> None:
    answer = await person.get(f"/admin/domains/{MINE}.example/documents", params={"address": address})
    assert answer.status_code == 200
    assert "The part before the @ " in shown(answer)
    assert "As clients get them that ask for the domain" in shown(answer)


async def test_the_whole_address_may_be_typed(person: Person) -> None:
    found = await page(person, f"/admin/domains/{MINE}.example/documents?address=jane%40{MINE}.example")
    assert f"jane@{MINE}.example" in found
    assert 'value="jane"' in found


async def test_records_are_shown_and_checked_on_demand(person: Person) -> None:
    path = f"/admin/domains/{MINE}.example/dns"
    plain = shown(await person.get(path))
    assert f"_imaps._tcp.{MINE}.example SRV 0 1 993 imap.{MINE}.example." in plain
    assert "Check what is published" in plain
    checked = shown(await person.get(f"{path}?check=yes"))
    assert "Check again" in checked
    assert re.search(r"records are not published as they should be", checked)
    assert "unknown" in checked
    assert "the name has no address" in checked
    assert "What mends it" not in checked


async def test_what_mends_a_zone_is_written_as_its_lines(person: Person) -> None:
    there = found(f"imap.{MINE}.example", AddressData(IPv4Address("192.0.2.1")))
    person.services.dns_records._resolver = ScriptedResolver(there, otherwise=LookupStatus.NO_NAME)
    text = shown(await person.get(f"/admin/domains/{MINE}.example/dns?check=yes"))
    assert "What mends it" in text
    assert f"_imaps._tcp.{MINE}.example. 3600 IN SRV 0 1 993 imap.{MINE}.example." in text
    assert "missing" in text


async def test_what_programs_find_is_told_place_by_place_and_compared(database_url: str) -> None:
    with FakeDns() as names:
        names.records.update(OLD_RECORDS)
        resolver = f"127.0.0.1:{names.port}"
        async with operating(database_url, resolver=resolver, discover_seconds=10) as person:
            await fill(person)
            await person.log_in()
            answer = await person.post("/admin/discovery", address=f" jane.doe@{MINE}.example")
    assert answer.status_code == 200
    assert answer.text.count("<li>") > len(SOURCES)
    text = shown(answer)
    for part in ("Found by srv", "different hostname imap imap.old-host.example:993",
                 "Thunderbird finds no settings", "Evolution by srv"):  # fmt: skip
        assert part in text
    assert str(answer.url).endswith("/admin/discovery")
    assert answer.text.rstrip().endswith("</html>")
    assert answer.headers["content-security-policy"]


async def test_what_is_not_stored_is_not_compared(database_url: str) -> None:
    with FakeDns() as names:
        resolver = f"127.0.0.1:{names.port}"
        async with operating(database_url, resolver=resolver, discover_seconds=10) as person:
            await person.log_in("verify")
            answer = await person.post("/admin/discovery", address="customer.example")
    text = shown(answer)
    assert "No mail servers are found for customer.example" in text
    assert "Compared" not in text


@pytest.mark.parametrize("address", ["", "jane@", "no domain", "x" * 2000, "<b>x"])
async def test_what_is_no_address_is_told_beside_the_field(person: Person, address: str) -> None:
    answer = await person.post("/admin/discovery", address=address)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "<b>x" not in answer.text


async def test_one_discovery_too_many_says_when_to_come_back(database_url: str) -> None:
    with FakeDns() as names:
        settings = {"resolver": f"127.0.0.1:{names.port}", "discoveries_per_minute_per_token": 1}
        async with operating(database_url, **settings) as person:
            await person.log_in()
            statuses = [
                (await person.post("/admin/discovery", address="a.example")).status_code for _ in range(2)
            ]
            assert statuses == [200, 429]


async def test_a_report_has_findings_with_advice(person: Person) -> None:
    text = shown(await person.get(f"/admin/domains/{MINE}.example/verification"))
    assert "this domain is bad" in text
    assert f"The certificate of imap.{MINE}.example" in text
    assert "What to do: Renew the certificate" in text


async def test_a_host_shows_what_was_found_seen_and_run(person: Person) -> None:
    hosts = await page(person, f"/admin/hosts?hostname=imap.{MINE}.example")
    link = re.search(r'href="(/admin/hosts/\d+)"', hosts)
    assert link is not None
    text = shown(await person.get(link[1]))
    for part in (f"Endpoint imap:imap.{MINE}.example:993:tls", "What to do:", "TLSv1.3", "Last runs"):
        assert part in text


@pytest.mark.parametrize("path", ["/admin/hosts/x", "/admin/hosts/99999999999999999999", "/admin/hosts/0"])
async def test_what_is_no_host_is_not_here(person: Person, path: str) -> None:
    answer = await person.get(path)
    assert answer.status_code == 404
    assert "Not here" in answer.text


@pytest.mark.parametrize("part", ["%00", "%0A", "%ED%A0%80", "x" * 5000, "..%2f..", "'"])
@pytest.mark.parametrize(
    "path",
    ["/admin/domains/{}", f"/admin/domains/{MINE}.example/verifications/{{}}", "/admin/hosts/{}",
     "/admin/domains?q={}", "/admin/domains?after={}", "/admin/hosts?hostname={}&after={}",
     "/admin/audit?resource={}"],
)  # fmt: skip
async def test_no_part_of_an_address_breaks_a_page(person: Person, path: str, part: str) -> None:
    answer = await person.get(path.replace("{}", part))
    assert answer.status_code in {200, 400, 404}, answer.text


async def test_a_verification_is_started_and_followed(person: Person) -> None:
    path = f"/admin/domains/{MINE}.example/verification"
    started = await person.post(path)
    assert started.status_code == 303
    run = started.headers["location"]
    waiting = await page(person, run)
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in waiting
    assert f'data-events="{run}/events"' in waiting
    assert await person.services.verification.domains.start_open() == 2
    await finish(person)
    events = (await person.get(f"{run}/events")).text
    names = re.findall(r"^event: (\w+)$", events, re.MULTILINE)
    assert names == ["endpoint", "endpoint", "finished"]
    report = json.loads(re.findall(r"^data: (.*)$", events, re.MULTILINE)[-1])
    assert report["domain"] == f"{MINE}.example"
    finished = await page(person, run)
    assert "Finished" in finished
    assert "refresh" not in finished
    assert "follow.js" not in finished
    assert run in await page(person, path)


async def finish(person: Person) -> None:
    """Have all that is waited for be seen now, and wait for the report."""
    services = person.services
    async with services.store.writing() as unit:
        now = services.verification.clock()
        await unit._connection.execute(update(ENDPOINT).values(checked_at=now + timedelta(seconds=1)))
    await services.verification.domains.settle()


async def test_following_ends_with_the_session(person: Person) -> None:
    run = (await person.post(f"/admin/domains/{MINE}.example/verification")).headers["location"]
    events = person.http.stream("GET", f"{run}/events")
    out = person.another()
    out.http.cookies.update(person.http.cookies)
    await out.post("/admin/logout")
    async with events as stream:
        assert stream.status_code == 303


async def test_no_page_has_style_or_script_of_its_own(person: Person) -> None:
    for path in ("/admin", "/admin/domains", f"/admin/domains/{MINE}.example/documents", "/admin/audit"):
        found = await page(person, path)
        assert "style=" not in found
        assert "<style" not in found
        assert not re.search(r"<script(?![^>]* src=)", found)
        assert not re.search(r"\son[a-z]+=", found)
        assert '<html lang="en"' in found


async def test_what_is_stored_is_escaped(person: Person) -> None:
    headers = {"Authorization": f"Bearer {await person.token()}"}
    evil = "<script>alert(1)</script>"
    body: dict[str, Any] = {"provider": MINE, "reference": evil, "variables": {"NODE": "x"}}
    put = await person.http.put("/api/v1/domains/evil.example", json=body, headers=headers)
    assert put.status_code == 201, put.text
    for path in ("/admin/domains", "/admin/domains/evil.example", f"/admin/domains?q={evil}"):
        found = await page(person, path)
        assert evil not in found
        assert "&lt;script&gt;" in found


async def test_errors_are_pages_in_the_same_frame(person: Person) -> None:
    missing = await person.get("/admin/domains/none.example")
    assert missing.status_code == 404
    assert "The domain none.example is not known here." in missing.text
    assert "Log out" in missing.text
    nowhere = await person.another().get("/admin/nothing")
    assert nowhere.status_code == 404
    assert "Log out" not in nowhere.text
