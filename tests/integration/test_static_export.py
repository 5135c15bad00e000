"""Real web servers hand out the files of a static export as the service answers; kill -9 harms none."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import pytest
from app.core.domains import DomainStatus
from app.core.mail_transport import MtaSts, StsMode
from app.core.names import DomainName
from app.core.pacc_digest import pacc_txt_value
from app.core.servers import ServerType
from app.services.well_known import SERVICES

from builders import a_domain, a_mailbox, a_provider, a_url_server, an_imap_server, an_smtp_server
from contracts.clients import pacc, thunderbird
from contracts.clients.settings import Configured
from databases import opened, stored_domain, stored_mailbox, stored_provider
from service_process import ROOT, Service, signpost
from static_servers import static_caddy, static_nginx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from proxy_lab import Answer, Front

    Start: TypeAlias = Callable[[Path, Path], AbstractContextManager[Front]]

pytestmark = pytest.mark.integration

AUTOCONFIG: Final = "/mail/config-v1.1.xml"
WELL_KNOWN: Final = "/.well-known/autoconfig/mail/config-v1.1.xml"
ANY_CASE: Final = "/Mail/Config-v1.1.xml"
PACC: Final = "/.well-known/user-agent-configuration.json"
POLICY: Final = "/.well-known/mta-sts.txt"
SERVICE_URL: Final = "https://signpost.hosting.example"
POX: Final = b"""<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
<Request><EMailAddress>jane@customer.example</EMailAddress><AcceptableResponseSchema>\
http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\
</AcceptableResponseSchema></Request></Autodiscover>"""
COMPARED: Final = (
    "content-type", "cache-control", "access-control-allow-origin", "x-content-type-options", "location",
)  # fmt: skip


async def stock(url: str) -> None:
    servers = (
        an_imap_server(hostname="mail.%EMAILDOMAIN%"),
        an_smtp_server(hostname="mail.%EMAILDOMAIN%"),
        a_url_server(ServerType.CALDAV, url="https://dav.provider.example/%EMAILDOMAIN%/"),
        a_url_server(ServerType.CARDDAV, url="https://%EMAILDOMAIN%/.well-known/carddav"),
        a_url_server(ServerType.JMAP, url="https://jmap.provider.example/session"),
    )
    policy = MtaSts(mode=StsMode.ENFORCE, mx=("mx.provider.example",))
    async with opened(url) as store:
        await stored_provider(store, a_provider(servers=servers, mta_sts=policy))
        await stored_provider(
            store,
            a_provider(
                slug="lower", lowercase_login=True, servers=(an_imap_server(), an_smtp_server(port=587))
            ),
        )
        for domain in (
            a_domain(),
            a_domain("x.example"),
            a_domain("xn--bcher-kva.example"),
            a_domain("special.example"),
            a_domain("lower.example", provider="lower"),
            a_domain("mx.example", serves_mx=True),
            a_domain("suspended.example", status=DomainStatus.SUSPENDED),
            a_domain("alias.example", alias_of=DomainName("suspended.example")),
            a_domain("autoconfig.strange.example"),
        ):
            await stored_domain(store, domain)
        await stored_mailbox(store, a_mailbox("jane@special.example", login="c1047"))


@pytest.fixture(scope="module")
def service(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, str]]:
    path = tmp_path_factory.mktemp("service") / "static.db"
    path.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite+aiosqlite:///{path}"
    asyncio.run(stock(url))
    environment = {"SIGNPOST_TRUSTED_PROXIES": "127.0.0.1", "SIGNPOST_PUBLIC_URL": SERVICE_URL}
    with Service(url, environment=environment) as running:
        yield running, url


@dataclass(frozen=True)
class Way:
    """A web server and the files that it hands out."""

    start: Start
    layout: str


WAYS = {
    "nginx": Way(static_nginx, "files"),
    "nginx-shared": Way(static_nginx, "nginx"),
    "caddy": Way(static_caddy, "files"),
}


@pytest.fixture(scope="module", params=[*WAYS.values()], ids=[*WAYS])
def way(request: pytest.FixtureRequest) -> Way:
    found: Way = request.param
    return found


def exported(url: str, folder: Path, *options: str) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGNPOST_PUBLIC_URL", SERVICE_URL)
        done = signpost("export", "static", str(folder), *options, database_url=url)
    assert done.returncode == 0, done.stderr
    return folder


@contextlib.contextmanager
def in_front(way: Way, url: str, folder: Path, *options: str) -> Iterator[Front]:
    export = exported(url, folder / "export", "--layout", way.layout, *options)
    with way.start(export, folder) as front:
        yield front


@pytest.fixture(scope="module")
def beside_service(
    way: Way, service: tuple[Service, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Front, Front]]:
    """The web server that sends the rest on, and the service itself."""
    running, url = service
    folder = tmp_path_factory.mktemp("proxy")
    with in_front(way, url, folder, "--upstream", f"127.0.0.1:{running.port}") as front:
        yield front, type(front)(running.port, 0, front.root, front.log)


@pytest.fixture(scope="module")
def alone(
    way: Way, service: tuple[Service, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    with in_front(way, service[1], tmp_path_factory.mktemp("alone"), "--rest", "none") as front:
        yield front


def urls() -> Iterator[str]:
    for domain in (
        "customer.example", "x.example", "xn--bcher-kva.example", "special.example", "lower.example",
        "suspended.example", "alias.example", "strange.example", "unknown.example", "mx.example",
    ):  # fmt: skip
        for path in (AUTOCONFIG, WELL_KNOWN, "/.well-known/mail-v1.xml", ANY_CASE):
            yield f"http://autoconfig.{domain}{path}"
        yield f"http://autoconfig.{domain}{ANY_CASE}?emailaddress=jane@{domain}"
        for name in SERVICES:
            yield f"http://{domain}/.well-known/{name}"
            yield f"http://{domain}/.well-known/{name}?domain=customer.example"
        yield f"http://{domain}{WELL_KNOWN}"
        for query in (
            "emailaddress=jane%40{}", "emailaddress=Jane.Doe@{}",
            "emailaddress=EVOLUTIONUSER%40{}&emailmd5=0af",
            "emailaddress=jane%2Btag%40{}", "EmailAddress=jane@{}", "x=1&emailaddress=jane@{}", "domain={}",
            "emailaddress=", "emailaddress=j%C3%B6rg@{}", "emailaddress=jane@{}&emailaddress=jane@x.example",
            "emailaddress=a@b@{}", "emailaddress=jane@x.example@{}", "domain=x.example",
        ):  # fmt: skip
            yield f"http://autoconfig.mx.example{AUTOCONFIG}?{query.format(domain)}"
            yield f"http://autoconfig.{domain}{AUTOCONFIG}?{query.format('special.example')}"
        yield f"http://ua-auto-config.{domain}{PACC}"
        yield f"http://{domain}/.well-known/user-agent-configuration"
        yield f"http://ua-auto-config.{domain}{PACC}?domain=x.example"
        yield f"http://mta-sts.{domain}{POLICY}"
        yield f"http://{domain}{POLICY}"
    yield f"http://{'autodiscover.customer.example'}/autodiscover/autodiscover.xml"
    yield "http://customer.example/v1.1/customer.example"


def meaning(answer: Answer) -> tuple[object, ...]:
    fields = {name: answer.headers[name] for name in COMPARED if name in answer.headers}
    # What is not for one person alone may be kept for all.
    fields["cache-control"] = fields.get("cache-control", "").replace("private", "public")
    return answer.status, fields, answer.body


def test_every_answer_is_the_services(beside_service: tuple[Front, Front]) -> None:
    front, direct = beside_service
    for url in urls():
        assert meaning(front.ask(url)) == meaning(direct.ask(url)), url
    pox = "http://autodiscover.customer.example/Autodiscover/Autodiscover.xml"
    answers = [one.ask(pox, method="POST", body=POX) for one in (front, direct)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].body == answers[1].body


@pytest.mark.parametrize("method", ["PROPFIND", "OPTIONS", "REPORT", "HEAD"])
def test_calendars_are_found_by_the_service(beside_service: tuple[Front, Front], method: str) -> None:
    answer = beside_service[0].ask("http://customer.example/.well-known/caldav", method=method, body=b"<a/>")
    assert (answer.status, answer.headers["location"]) == (
        307,
        "https://dav.provider.example/customer.example/",
    )


def test_thunderbird_and_pacc_clients_are_served_without_the_service(alone: Front) -> None:
    for url in (
        f"http://autoconfig.customer.example{AUTOCONFIG}?emailaddress=jane%40customer.example",
        f"http://customer.example{WELL_KNOWN}?emailaddress=jane%40customer.example",
        f"http://autoconfig.customer.example{AUTOCONFIG}",
        f"http://autoconfig.customer.example{ANY_CASE}",
    ):
        answer = alone.ask(url)
        assert (answer.status, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
        found = thunderbird.read(answer.body, "jane@customer.example")
        assert isinstance(found, Configured)
        assert (found.incoming[0].hostname, found.incoming[0].username) == (
            "mail.customer.example",
            "jane@customer.example",
        )
    answer = alone.ask(f"http://ua-auto-config.customer.example{PACC}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    record = pacc_txt_value(answer.body)
    assert isinstance(
        pacc.read(answer.body, (record,), "jane@customer.example", pacc.SUBMISSION_02), Configured
    )
    answer = alone.ask(f"http://mta-sts.x.example{POLICY}")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain")
    assert answer.body.startswith(b"version: STSv1\r\n")


def test_what_has_no_file_is_unknown_without_the_service(alone: Front) -> None:
    for url in (
        f"http://autoconfig.unknown.example{AUTOCONFIG}",
        f"http://autoconfig.suspended.example{AUTOCONFIG}",
        f"http://autoconfig.alias.example{AUTOCONFIG}?emailaddress=jane@alias.example",
        f"http://autoconfig.special.example{AUTOCONFIG}?emailaddress=jane@special.example",
        f"http://ua-auto-config.lower.example{PACC}",
        f"http://mta-sts.lower.example{POLICY}",
        "http://autodiscover.customer.example/autodiscover/autodiscover.xml",
        "http://customer.example/.well-known/caldav",
        f"http://autoconfig.unknown.example{ANY_CASE}",
        f"http://autoconfig.customer.example{AUTOCONFIG}?emailaddress=jane@../customer.example",
    ):
        answer = alone.ask(url)
        assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (404, "text/plain"), url


def test_caches_may_ask_again(alone: Front) -> None:
    for url in (f"http://autoconfig.x.example{AUTOCONFIG}", f"http://ua-auto-config.x.example{PACC}"):
        first = alone.ask(url)
        again = alone.ask(url, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status, again.body) == (304, b"")
        assert alone.ask(url, headers={"If-None-Match": '"other"'}).status == 200
        head = alone.ask(url, method="HEAD")
        assert (head.status, head.body, head.headers["content-type"]) == (
            200,
            b"",
            first.headers["content-type"],
        )


async def move(url: str, name: str, provider: str | None) -> None:
    """Delete a domain, and store it for a provider where one is named."""
    async with opened(url) as store:
        async with store.writing() as unit:
            old = await unit.domains.find(DomainName(name))
            if old is not None:
                await unit.domains.delete(old)
        if provider is not None:
            await stored_domain(store, a_domain(name, provider=provider))


def test_a_change_is_handed_out_with_another_tag(
    way: Way, service: tuple[Service, str], tmp_path: Path
) -> None:
    path = tmp_path / "changing.db"
    path.write_bytes(Path(service[1].partition("///")[2]).read_bytes())
    url, asked = f"sqlite+aiosqlite:///{path}", f"http://autoconfig.x.example{AUTOCONFIG}"
    options = ("--layout", way.layout, "--rest", "none")
    with in_front(way, url, tmp_path, *options[2:]) as front:
        before = front.ask(asked)
        answers = []
        for provider in (None, "lower"):
            asyncio.run(move(url, "x.example", provider))
            exported(url, tmp_path / "export", *options)
            answers.append(front.ask(asked))
    assert [before.status, *(answer.status for answer in answers)] == [200, 404, 200]
    assert answers[1].headers["etag"] != before.headers["etag"]
    assert answers[1].body != before.body


def test_clients_are_sent_on_to_the_service(way: Way, service: tuple[Service, str], tmp_path: Path) -> None:
    with in_front(way, service[1], tmp_path, "--rest", "redirect") as front:
        assert front.ask(f"http://autoconfig.x.example{AUTOCONFIG}").status == 200
        for asked, method, status, target in (
            (f"autoconfig.unknown.example{AUTOCONFIG}", "GET", 302, f"{AUTOCONFIG}?domain=unknown.example"),
            (f"ua-auto-config.lower.example{PACC}", "GET", 302, f"{PACC}?domain=lower.example"),
            (
                f"autoconfig.x.example{AUTOCONFIG}?emailaddress=jane%40special.example", "GET", 302,
                f"{AUTOCONFIG}?emailaddress=jane%40special.example",
            ),
            (f"autoconfig.unknown.example{ANY_CASE}", "GET", 302, f"{ANY_CASE}?domain=unknown.example"),
            ("x.example/.well-known/caldav", "GET", 302, "/.well-known/caldav?domain=x.example"),
            ("x.example/.well-known/carddav", "PROPFIND", 307, "/.well-known/carddav?domain=x.example"),
            ("autoconfig.x.example/.well-known/jmap", "POST", 307, "/.well-known/jmap?domain=x.example"),
            ("x.example/.well-known/caldav?a=b", "GET", 302, "/.well-known/caldav?a=b"),
            ("x.example/autodiscover/autodiscover.xml", "GET", 302, "/autodiscover/autodiscover.xml"),
            ("x.example/AutoDiscover/autodiscover.xml", "POST", 307, "/AutoDiscover/autodiscover.xml"),
            ("x.example/mobileconfig?email=a@x.example", "GET", 302, "/mobileconfig?email=a@x.example"),
            ("x.example/apple/a%0d%0aSet-Cookie:b", "GET", 302, "/apple/a%0d%0aSet-Cookie:b"),
        ):  # fmt: skip
            answer = front.ask(f"http://{asked}", method=method, body=POX if method == "POST" else None)
            assert (answer.status, answer.headers["location"]) == (status, f"{SERVICE_URL}{target}"), asked
            assert "set-cookie" not in answer.headers
        assert front.ask(f"http://mta-sts.unknown.example{POLICY}").status == 404


KILLED_DOMAINS: Final = 4000


def test_an_export_that_is_killed_is_gone_on_with(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "killed.db"
    path.write_bytes(sqlite_template.read_bytes())
    url, folder = f"sqlite+aiosqlite:///{path}", tmp_path / "out"
    asyncio.run(stock(url))
    same = "variables, status, published_name, serves_mx, source, version, created_at, updated_at"
    many = (
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {KILLED_DOMAINS}) "  # noqa: S608
        f"INSERT INTO domain (name, provider_id, {same}) "
        f"SELECT 'd' || i || '.killed.example', provider_id, {same} "
        "FROM n, domain d WHERE d.name = 'x.example'"
    )
    changes = (
        many,
        "UPDATE provider SET display_name = 'A', version = version + 1",
        "UPDATE domain SET status = 'suspended' WHERE id % 3 = 0",
        "UPDATE domain SET status = 'active', provider_id = 2 WHERE id % 3 = 0",
    )
    chance = random.Random(7)  # noqa: S311 - nothing secret
    for change in changes:
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(change)
        for _ in range(3):
            kill_midway(url, folder, chance)
            for file in (folder / "tree").rglob("*.*"):
                # Whole, whichever of two it is.
                assert file.read_bytes().endswith((b"</clientConfig>\n", b"}\n", b"\r\n")), file
    exported(url, folder)
    exported(url, tmp_path / "anew")
    assert contents(folder) == contents(tmp_path / "anew")
    assert len(contents(folder)) > KILLED_DOMAINS


def kill_midway(url: str, folder: Path, chance: random.Random) -> None:
    """Start an export, and kill it some time after it began to write."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "app", "export", "static", str(folder)],
        cwd=ROOT,
        env={**os.environ, "SIGNPOST_DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    log = folder / ".signpost/manifest.db-wal"
    end = time.monotonic() + 60
    # The log of the manifest is there while an export is at work, and after one that was killed.
    before = log.stat().st_mtime_ns if log.exists() else 0
    while process.poll() is None and time.monotonic() < end:
        if log.exists() and log.stat().st_mtime_ns != before:
            break
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 0.3))
    process.kill()
    process.wait()


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in (folder / "tree").rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
