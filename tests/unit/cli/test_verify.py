"""``signpost verify``: exit statuses and forms; the probes themselves have tests of their own."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import socket
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from app.cli.verify import exit_status
from app.core.findings import Severity
from app.core.names import DomainName
from app.core.reports import DomainReport, ListingReport, State
from app.core.servers import SocketType
from defusedxml.ElementTree import fromstring

from builders import a_domain, a_provider, an_imap_server
from command import run
from databases import UNREACHABLE_URL, opened, stored_domain, stored_provider
from fakes.dns import FakeDns
from observed import a_listing, an_endpoint
from service_process import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from app.core.servers import Server
    from typer.testing import Result

OK, NEGATIVE, USAGE, FAILURE = 0, 1, 2, 3
# Nothing listens there.
CLOSED = an_imap_server(hostname="127.0.0.1", port=1, socket_type=SocketType.TLS)


async def fill(url: str, server: Server) -> None:
    async with opened(url) as store:
        await stored_provider(store, a_provider(servers=(server,)))
        await stored_domain(store, a_domain("a.example"))


@pytest.fixture
def filled(url: str) -> str:
    asyncio.run(fill(url, CLOSED))
    return url


@pytest.fixture
def dns() -> Iterator[FakeDns]:
    with FakeDns() as found:
        yield found


def verified(
    url: str,
    dns: FakeDns,
    *arguments: str,
    allow: str = "127.0.0.0/8",
    ports: str = "any",
    lease: str = "900",
) -> Result:
    return run(
        "verify",
        "a.example",
        *arguments,
        database_url=url,
        resolver=f"127.0.0.1:{dns.port}",
        allow_networks=allow,
        probe_ports=ports,
        verify_lease_seconds=lease,
    )


def test_a_closed_port_is_said_in_words_and_fails(filled: str, dns: FakeDns) -> None:
    found = verified(filled, dns)
    assert found.exit_code == NEGATIVE
    assert "a.example: bad" in found.stdout
    assert "imap:127.0.0.1:1:tls" in found.stdout


def test_what_could_not_be_tested_fails_only_where_that_is_asked_for(filled: str, dns: FakeDns) -> None:
    dns.records.update(dict.fromkeys([("a.example", "TXT")], '"x"'))
    forbidden = verified(filled, dns, "--format", "json", allow="")
    (report,) = json.loads(forbidden.stdout)
    severities = {one["severity"] for endpoint in report["endpoints"] for one in endpoint["findings"]}
    assert severities == {"untested"}
    assert verified(filled, dns, "--fail-on", "untested", allow="").exit_code == NEGATIVE


def test_a_port_that_the_operator_does_not_allow_is_not_tested(filled: str, dns: FakeDns) -> None:
    found = verified(filled, dns, "--format", "json", ports="25,993")
    (report,) = json.loads(found.stdout)
    (endpoint,) = report["endpoints"]
    assert [(one["code"], one["severity"]) for one in endpoint["findings"]] == [
        ("connect.port-not-permitted", "untested")
    ]


def test_junit_has_a_case_for_each_endpoint(filled: str, dns: FakeDns) -> None:
    found = verified(filled, dns, "--format", "junit")
    suites: Element = fromstring(found.stdout)
    (suite,) = suites
    case = suite[0]
    assert (suites.tag, suite.get("name"), case.get("name")) == (
        "testsuites",
        "a.example",
        "imap:127.0.0.1:1:tls",
    )
    assert [child.tag for child in case] == ["failure"]
    assert int(suite.get("failures", "0")) >= 1


def test_what_was_not_probed_in_time_is_said_and_is_untested(url: str, dns: FakeDns) -> None:
    """Nobody answers the handshake, and the lease ends before that is given up."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = an_imap_server(
            hostname="127.0.0.1", port=silent.getsockname()[1], socket_type=SocketType.TLS
        )
        asyncio.run(fill(url, server))
        found = verified(url, dns, lease="2")
        junit = verified(url, dns, "--format", "junit", "--fail-on", "untested", lease="2")
    assert f"imap:127.0.0.1:{server.port}:tls: not probed this time" in found.stdout
    case = fromstring(junit.stdout)[0][0]
    assert [child.tag for child in case] == ["skipped"]
    assert (found.exit_code, junit.exit_code) == (OK, NEGATIVE)


@pytest.mark.parametrize(("fail_on", "expected"), [("bad", OK), ("warning", OK), ("untested", NEGATIVE)])
def test_what_was_not_probed_counts_as_untested(fail_on: str, expected: int) -> None:
    one = ListingReport(
        listing=a_listing(an_endpoint()), state=State.UNTESTED, findings=(), at=None, is_missed=True
    )
    report = DomainReport(
        domain=DomainName("a.example"), state=State.UNTESTED, listings=(one,), findings=(), unprobed=()
    )
    assert exit_status([report], Severity(fail_on)) == expected


def test_a_domain_that_is_not_stored_is_an_answer_of_no(filled: str, dns: FakeDns) -> None:
    found = run("verify", "b.example", database_url=filled, resolver=f"127.0.0.1:{dns.port}")
    assert found.exit_code == NEGATIVE
    assert "b.example is not known here" in found.stderr


@pytest.mark.parametrize(
    "arguments", [(), ("not a name",), ("a.example", "--format", "x"), ("a.example", "--fail-on", "x")]
)
def test_wrong_usage_is_told(filled: str, arguments: tuple[str, ...]) -> None:
    assert run("verify", *arguments, database_url=filled).exit_code == USAGE


def test_an_absent_database_is_our_failure() -> None:
    assert run("verify", "a.example", database_url=UNREACHABLE_URL).exit_code == FAILURE


def test_a_worker_wants_the_present_schema(tmp_path: object) -> None:
    found = run("worker", database_url=f"sqlite+aiosqlite:///{tmp_path}/new.db")
    assert found.exit_code == FAILURE
    assert "signpost migrate" in found.stderr


@pytest.mark.parametrize(
    ("columns", "environment"), [(80, {}), (120, {"NO_COLOR": "1"}), (80, {"TERM": "dumb"})]
)
def test_on_a_terminal_lines_are_broken_between_words(
    filled: str, dns: FakeDns, columns: int, environment: dict[str, str]
) -> None:
    variables = {
        **os.environ,
        "TERM": "xterm",
        "SIGNPOST_DATABASE_URL": filled,
        "SIGNPOST_RESOLVER": f"127.0.0.1:{dns.port}",
        "SIGNPOST_ALLOW_NETWORKS": "127.0.0.0/8",
        "SIGNPOST_PROBE_PORTS": "any",
        "COLUMNS": str(columns),
        **environment,
    }
    far, near = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "app", "verify", "a.example"],
        cwd=ROOT,
        env=variables,
        stdout=near,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(near)
        said = b"".join(_parts(far))
    os.close(far)
    assert process.returncode == NEGATIVE
    is_coloured = re.search(rb"\x1b\[(?:[0-9]+;)*3[0-7]m", said) is not None
    assert is_coloured is not bool(environment)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", said.decode()).split("\r\n")
    assert max(len(line) for line in lines) <= columns
    assert "    bad: 127.0.0.1 refuses connections to port 1. [127.0.0.1]" in [
        line.rstrip() for line in lines
    ]


def _parts(terminal: int) -> Iterator[bytes]:
    """Read until nobody has the other end open, which Linux says with an error."""
    with suppress(OSError):
        while part := os.read(terminal, 4096):
            yield part
