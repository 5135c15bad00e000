"""Look-ups, and ``signpost dns --check``, against a real validating resolver."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from app.core.dns_lookups import LookupStatus, NameServer
from app.core.dns_records import RecordType
from app.net.dnspython_resolver import DnspythonResolver

from dns_commands import a_database, signpost
from nameserver import ValidatingResolver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

HOST = "signpost A 192.0.2.80\nimap A 192.0.2.1\nsmtp A 192.0.2.2\nreal A 192.0.2.3\nold CNAME real\n"


@pytest.fixture(scope="module")
def lab() -> Iterator[ValidatingResolver]:
    zones = {
        "signed.example.": (
            "_imaps._tcp SRV 0 1 993 imap.host.example.\nautoconfig CNAME www\nwww A 192.0.2.9\n"
            f'long TXT "{"x" * 255}" "{"y" * 255}" "{"z" * 200}"\n'
        )
        + "".join(f'many TXT "{number:03}{"m" * 200}"\n' for number in range(40)),
        "plain.example.": "@ MX 10 mx\nmx A 192.0.2.5\n",
        "bogus.example.": "@ MX 10 mx\nmx A 192.0.2.6\n",
        "host.example.": HOST,
    }
    plain, bogus = frozenset({"plain.example."}), frozenset({"bogus.example."})
    with ValidatingResolver(zones, unsigned=plain, expired=bogus) as found:
        yield found


@pytest.fixture
def resolver(lab: ValidatingResolver) -> DnspythonResolver:
    return DnspythonResolver(NameServer.parse(lab.address))


async def test_a_signed_answer_is_vouched_for_and_a_plain_one_is_not(resolver: DnspythonResolver) -> None:
    secure = await resolver.lookup("_imaps._tcp.signed.example", RecordType.SRV)
    plain = await resolver.lookup("plain.example", RecordType.MX)
    assert (secure.status, secure.is_authenticated) == (LookupStatus.FOUND, True)
    assert (plain.status, plain.is_authenticated) == (LookupStatus.FOUND, False)


async def test_an_empty_answer_is_vouched_for_too(resolver: DnspythonResolver) -> None:
    no_data = await resolver.lookup("www.signed.example", RecordType.TXT)
    no_name = await resolver.lookup("nobody.signed.example", RecordType.TXT)
    assert (no_data.status, no_data.is_authenticated) == (LookupStatus.NO_DATA, True)
    assert (no_name.status, no_name.is_authenticated) == (LookupStatus.NO_NAME, True)


async def test_signatures_that_do_not_hold_are_bogus_and_not_absent(resolver: DnspythonResolver) -> None:
    lookup = await resolver.lookup("bogus.example", RecordType.MX)
    assert lookup.status is LookupStatus.BOGUS
    assert not lookup.is_answered


async def test_aliases_are_followed_and_told(resolver: DnspythonResolver) -> None:
    lookup = await resolver.lookup("autoconfig.signed.example", RecordType.A)
    assert lookup.aliases == ("www.signed.example",)
    assert lookup.is_authenticated


async def test_answers_too_long_for_a_datagram_are_read_whole(resolver: DnspythonResolver) -> None:
    long = await resolver.lookup("long.signed.example", RecordType.TXT)
    many = await resolver.lookup("many.signed.example", RecordType.TXT)
    assert [getattr(data, "text", "") for data in long.records] == ["x" * 255 + "y" * 255 + "z" * 200]
    assert len(many.records) == 40


@pytest.fixture
def filled(tmp_path: Path) -> str:
    return a_database(tmp_path)


def published_by(filled: str) -> str:
    """Return what ``signpost dns`` says, as it would be pasted into the zone."""
    shown = signpost("dns", "customer.example", database_url=filled, resolver="127.0.0.1:9")
    assert shown.returncode == 0, shown.stderr
    return shown.stdout


def test_a_zone_with_the_printed_lines_is_as_it_is_to_be(filled: str) -> None:
    with ValidatingResolver({"customer.example.": published_by(filled), "host.example.": HOST}) as lab:
        checked = signpost("dns", "customer.example", "--check", database_url=filled, resolver=lab.address)
        as_json = signpost(
            "dns",
            "customer.example",
            "--check",
            "--format",
            "json",
            database_url=filled,
            resolver=lab.address,
        )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert {line.split()[0] for line in checked.stdout.splitlines()} == {"ok"}
    records = json.loads(as_json.stdout)["records"]
    assert {(record["state"], record["is_authenticated"]) for record in records} == {("ok", True)}


def test_what_is_wrong_in_a_zone_is_told_record_by_record(filled: str) -> None:
    zone = (
        "autoconfig CNAME signpost.host.example.\n"
        "autodiscover A 192.0.2.99\n"
        "_autodiscover._tcp SRV 0 1 443 signpost.host.example.\n"
        "_autodiscover._tcp SRV 0 2 443 other.host.example.\n"
        "_imaps._tcp SRV 0 1 994 imap.host.example.\n"
        "_imap._tcp SRV 0 0 0 .\n"
    )
    with ValidatingResolver({"customer.example.": zone, "host.example.": HOST}) as lab:
        checked = signpost("dns", "customer.example", "--check", database_url=filled, resolver=lab.address)
    assert checked.returncode == 1, checked.stdout + checked.stderr
    states = {}
    for line in checked.stdout.splitlines():
        if not line.startswith(" "):
            state, name = line.split()[:2]
            states[name.removesuffix(".customer.example")] = state
    assert states == {
        "autoconfig": "ok",
        "autodiscover": "different",
        "_autodiscover._tcp": "conflicting",
        "_imaps._tcp": "different",
        "_imap._tcp": "ok",
        "_submissions._tcp": "missing",
        "_submission._tcp": "missing",
        "_pop3._tcp": "missing",
        "_pop3s._tcp": "missing",
        "ua-auto-config": "missing",
        "_ua-auto-config": "missing",
    }
    assert "published: 0 1 994 imap.host.example." in checked.stdout


def test_a_target_that_is_an_alias_is_told(tmp_path: Path, filled: str) -> None:
    lines = published_by(filled)
    host = HOST.replace("imap A 192.0.2.1", "imap CNAME real")
    with ValidatingResolver({"customer.example.": lines, "host.example.": host}) as lab:
        checked = signpost("dns", "customer.example", "--check", database_url=filled, resolver=lab.address)
    assert checked.returncode == 1
    assert "imap.host.example is an alias" in checked.stdout


def test_without_an_answer_nothing_is_called_missing(filled: str) -> None:
    with ValidatingResolver(
        {"customer.example.": published_by(filled), "host.example.": HOST},
        expired=frozenset({"customer.example."}),
    ) as lab:
        checked = signpost("dns", "customer.example", "--check", database_url=filled, resolver=lab.address)
    assert checked.returncode == 3, checked.stdout + checked.stderr
    assert "missing" not in checked.stdout
    assert "bogus: SERVFAIL" in checked.stdout


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("dns", "unknown.example"), 1),
        (("dns", "-"), 2),
        (("dns", "customer.example", "--format", "xml"), 2),
        (("dns", "customer.example", "--check", "--format", "octodns"), 2),
    ],
)
def test_what_cannot_be_done_has_its_exit_status(
    filled: str, arguments: tuple[str, ...], status: int
) -> None:
    ran = signpost(*arguments, database_url=filled, resolver="127.0.0.1:9")
    assert ran.returncode == status, ran.stderr
    assert ran.stdout == ""
    assert ran.stderr.startswith("signpost:")
