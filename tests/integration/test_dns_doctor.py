"""``signpost dns doctor`` against a real validating resolver, and the zone that it mends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dns_commands import a_database, signpost
from nameserver import ValidatingResolver

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

pytestmark = pytest.mark.integration

HOST = "signpost A 192.0.2.80\nimap A 192.0.2.1\nsmtp A 192.0.2.2\n"
WRONG = (
    "autoconfig CNAME gone.host.example.\n"
    "autodiscover A 192.0.2.99\n"
    "_autodiscover._tcp SRV 0 1 443 signpost.host.example.\n"
    "_autodiscover._tcp SRV 0 2 443 imap.host.example.\n"
    "_imaps._tcp SRV 0 1 994 imap.host.example.\n"
    "_imap._tcp SRV 0 0 0 .\n"
    "_submissions._tcp SRV 0 1 465 gone.host.example.\n"
)


def doctor(database_url: str, resolver: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return signpost("dns", "doctor", *arguments, database_url=database_url, resolver=resolver)


@pytest.fixture
def filled(tmp_path: Path) -> str:
    return a_database(tmp_path, "other.example")


def states(diagnosis: dict[str, Any]) -> dict[str, str]:
    return {one["name"].removesuffix(".customer.example"): one["state"] for one in diagnosis["records"]}


def test_a_zone_is_diagnosed_and_mended_by_what_is_written(filled: str) -> None:
    with ValidatingResolver({"customer.example.": WRONG, "host.example.": HOST}) as lab:
        told = doctor(filled, lab.address, "customer.example")
        as_json = doctor(filled, lab.address, "customer.example", "--format", "json")
        fix = doctor(filled, lab.address, "customer.example", "--format", "zone")
        octodns = doctor(filled, lab.address, "customer.example", "--format", "octodns")
    assert [one.returncode for one in (told, as_json, fix, octodns)] == [1, 1, 1, 1], told.stderr
    diagnosis = json.loads(as_json.stdout)
    assert diagnosis["signing"] == "signed"
    assert states(diagnosis) == {
        "autoconfig": "unsafe",
        "autodiscover": "drifted",
        "_autodiscover._tcp": "conflicting",
        "_imaps._tcp": "drifted",
        "_imap._tcp": "present",
        "_submissions._tcp": "unsafe",
        "_submission._tcp": "missing",
        "_pop3._tcp": "missing",
        "_pop3s._tcp": "missing",
        "ua-auto-config": "missing",
        "_ua-auto-config": "missing",
    }
    assert "leads to gone.host.example, which is not there" in told.stdout
    removed = {(one["name"].split(".customer")[0], one["type"]) for one in diagnosis["fix"]["remove"]}
    assert removed == {
        ("autoconfig", "CNAME"),
        ("autodiscover", "A"),
        ("_autodiscover._tcp", "SRV"),
        ("_imaps._tcp", "SRV"),
        ("_submissions._tcp", "SRV"),
    }
    assert '"_imaps._tcp"' in octodns.stdout
    mended = f"_imap._tcp SRV 0 0 0 .\n{fix.stdout}"
    with ValidatingResolver({"customer.example.": mended, "host.example.": HOST}) as lab:
        after = json.loads(doctor(filled, lab.address, "customer.example", "--format", "json").stdout)
    assert set(states(after).values()) == {"present"}
    assert after["fix"] == {"put": [], "remove": [], "withheld": []}


def test_names_that_would_lead_nowhere_are_left_as_they_are(filled: str) -> None:
    host = "imap A 192.0.2.1\nsmtp A 192.0.2.2\n"
    with ValidatingResolver({"customer.example.": WRONG, "host.example.": host}) as lab:
        told = doctor(filled, lab.address, "customer.example")
        fix = doctor(filled, lab.address, "customer.example", "--format", "zone")
    left = "autodiscover.customer.example: signpost.host.example is not there."
    assert f"  left as is  {left}\n" in told.stdout
    assert f"; left out: records (target-not-there). {left}\n" in fix.stdout
    assert "autodiscover.customer.example. " not in fix.stdout
    assert "_imaps._tcp.customer.example. 3600 IN SRV 0 1 993 imap.host.example.\n" in fix.stdout


def test_hosts_that_cannot_be_asked_from_here_are_told_apart_from_wrong_ones(filled: str) -> None:
    with ValidatingResolver({"customer.example.": WRONG, "host.example.": HOST}) as lab:
        hosts = json.loads(doctor(filled, lab.address, "customer.example", "--format", "json").stdout)[
            "hosts"
        ]
    by_name = {one["hostname"].partition(".")[0]: one for one in hosts}
    # 192.0.2.99 is an address for documents, which the policy does not let us ask.
    assert by_name["autodiscover"]["state"] == "unknown"
    assert by_name["autoconfig"]["state"] == by_name["ua-auto-config"]["state"] == "not-ready"
    assert by_name["autoconfig"]["reasons"] == ["the name has no address"]


def test_all_domains_of_a_provider_are_diagnosed(filled: str) -> None:
    zones = {"customer.example.": WRONG, "other.example.": "", "host.example.": HOST}
    with ValidatingResolver(zones, expired=frozenset({"other.example."})) as lab:
        told = doctor(filled, lab.address, "--provider", "provider")
        as_json = doctor(filled, lab.address, "--provider", "provider", "--format", "json")
    assert told.returncode == 1
    assert "Domains: 0 fine, 2 wrong, 0 unknown" in told.stderr
    found = {one["domain"]: one["signing"] for one in json.loads(as_json.stdout)}
    assert found == {"customer.example": "signed", "other.example": "bogus"}


def test_a_resolver_that_does_not_answer_is_our_failure(filled: str) -> None:
    asked = doctor(filled, "127.0.0.1:9", "customer.example")
    assert asked.returncode == 3, asked.stdout
    assert "missing" not in asked.stdout


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ((), 2),
        (("customer.example", "--provider", "provider"), 2),
        (("unknown.example",), 1),
        (("--provider", "nobody"), 1),
    ],
)
def test_what_cannot_be_done_has_its_exit_status(
    filled: str, arguments: tuple[str, ...], status: int
) -> None:
    asked = doctor(filled, "127.0.0.1:9", *arguments)
    assert (asked.returncode, asked.stdout) == (status, "")
    assert asked.stderr.startswith("signpost:")
