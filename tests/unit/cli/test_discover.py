"""``signpost discover``: exit statuses and forms; what it finds has tests of its own."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from builders import a_domain, a_provider, an_imap_server, an_smtp_server
from command import run
from databases import opened, stored_domain, stored_provider
from discovering import DOMAIN, a_document
from fakes.dns import FakeDns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result

OK, NEGATIVE, USAGE = 0, 1, 2
RECORDS = {
    (f"_imaps._tcp.{DOMAIN}", "SRV"): "0 1 993 mail.provider.example.",
    (f"_submissions._tcp.{DOMAIN}", "SRV"): "0 1 465 mail.provider.example.",
}


@pytest.fixture
def dns() -> Iterator[FakeDns]:
    with FakeDns() as found:
        yield found


def discovered(dns: FakeDns, *arguments: str, url: str | None = None, **environment: str) -> Result:
    return run(
        "discover",
        *arguments,
        database_url=url or "sqlite+aiosqlite:////nowhere/signpost.db",
        resolver=f"127.0.0.1:{dns.port}",
        **environment,
    )


def stored(url: str, hostname: str) -> None:
    servers = (an_imap_server(hostname=hostname), an_smtp_server(hostname=hostname))

    async def fill() -> None:
        async with opened(url) as store:
            await stored_provider(store, a_provider(servers=servers))
            await stored_domain(store, a_domain(DOMAIN))

    asyncio.run(fill())


def test_what_is_found_is_written_and_needs_no_database(dns: FakeDns) -> None:
    dns.records.update(RECORDS)
    found = discovered(dns, f"jane@{DOMAIN}")
    assert found.exit_code == OK
    assert "imap mail.provider.example:993 tls as %EMAILADDRESS%" in found.stdout
    assert "Found by srv" in found.stdout
    assert "vouched for by nobody" in found.stdout
    assert "jane" not in found.output


def test_nothing_found_is_said_and_fails(dns: FakeDns) -> None:
    found = discovered(dns, DOMAIN)
    assert found.exit_code == NEGATIVE
    assert f"No mail servers are found for {DOMAIN}" in found.stdout


def test_json_has_candidates_and_proposal(dns: FakeDns) -> None:
    dns.records.update(RECORDS)
    document = json.loads(discovered(dns, DOMAIN, "--json").stdout)
    assert document["domain"] == DOMAIN
    assert document["proposal"]["source"] == "srv"
    outcomes = {one["source"]: one["outcome"] for one in document["candidates"]}
    assert outcomes["srv"] == "found"
    assert outcomes["ispdb"] == "not-asked"


@pytest.mark.parametrize(
    ("hostname", "status", "standing"),
    [("mail.provider.example", OK, "same"), ("old.provider.example", NEGATIVE, "different")],
)
def test_what_is_stored_is_held_against_it(
    dns: FakeDns, url: str, hostname: str, status: int, standing: str
) -> None:
    dns.records.update(RECORDS)
    stored(url, hostname)
    found = discovered(dns, DOMAIN, "--compare", url=url)
    assert found.exit_code == status
    assert standing in found.stdout
    assert ("stored: imap old.provider.example:993" in found.stdout) is (status == NEGATIVE)
    compared = json.loads(discovered(dns, DOMAIN, "--compare", "--json", url=url).stdout)["comparison"]
    assert {one["standing"] for one in compared} == {standing}


def test_what_a_client_makes_of_it_is_written(dns: FakeDns) -> None:
    dns.records.update(RECORDS)
    found = discovered(dns, DOMAIN, "--as", "evolution", "--as", "thunderbird")
    assert "As Evolution sees it" in found.stdout
    assert "  taken       srv" in found.stdout
    assert "imap mail.provider.example:993 tls as %EMAILADDRESS%" in found.stdout
    assert "It guesses host names next, and tries them." in found.stdout
    assert "Delta Chat" not in found.stdout
    views = json.loads(discovered(dns, DOMAIN, "--json").stdout)["views"]
    assert {view["client"]: view["source"] for view in views} == {
        "thunderbird": None,
        "thunderbird-android": None,
        "delta-chat": None,
        "outlook": None,
        "evolution": "srv",
    }


def test_a_client_that_is_not_known_is_refused(dns: FakeDns) -> None:
    found = discovered(dns, DOMAIN, "--as", "pine")
    assert found.exit_code == USAGE
    assert "--as must be one of thunderbird, " in found.stderr


def test_a_domain_that_is_not_stored_cannot_be_compared(dns: FakeDns, url: str) -> None:
    found = discovered(dns, DOMAIN, "--compare", url=url)
    assert (found.exit_code, found.stdout) == (NEGATIVE, "")
    assert DOMAIN in found.stderr


def test_the_copy_of_the_ispdb_is_a_folder(dns: FakeDns, tmp_path: Path) -> None:
    (tmp_path / "big.xml").write_bytes(b" " * 1_000_001)
    (tmp_path / "broken.xml").write_bytes(b"<clientConfig>")
    (tmp_path / "provider.xml").write_bytes(a_document(host="copied").body)
    found = discovered(dns, DOMAIN, ispdb_folder=str(tmp_path))
    assert found.exit_code == OK
    assert "Found by ispdb, The Provider" in found.stdout
    assert "imap copied.provider.example:993" in found.stdout


def test_a_folder_that_is_none_is_a_wrong_setting(dns: FakeDns, tmp_path: Path) -> None:
    found = discovered(dns, DOMAIN, ispdb_folder=str(tmp_path / "none"))
    assert (found.exit_code, found.stderr.count("SIGNPOST_ISPDB_FOLDER")) == (USAGE, 1)


@pytest.mark.parametrize("text", ["not a domain", "jane.doe@", "jane.doe@-.example", ""])
def test_what_is_no_address_is_refused_without_repeating_it(dns: FakeDns, text: str) -> None:
    found = discovered(dns, text)
    assert found.exit_code == USAGE
    assert "jane" not in found.output


def test_an_address_that_may_not_be_asked_is_said(dns: FakeDns) -> None:
    dns.records[f"autoconfig.{DOMAIN}", "A"] = "169.254.169.254"
    found = discovered(dns, DOMAIN, "--json")
    (candidate,) = [one for one in json.loads(found.stdout)["candidates"] if one["source"] == "autoconfig"]
    assert candidate["outcome"] == "forbidden"


def test_adopting_is_a_trial_until_it_is_applied(dns: FakeDns, url: str) -> None:
    dns.records.update(RECORDS)
    dns.records["mail.provider.example", "A"] = "127.0.0.1"
    trial = discovered(dns, DOMAIN, "--adopt", "new-host", url=url)
    assert trial.exit_code == OK
    assert f"To be stored: the domain {DOMAIN} of the provider new-host, which is made with" in trial.stdout
    assert "Nothing was changed" in trial.stderr
    assert discovered(dns, DOMAIN, "--compare", url=url).exit_code == NEGATIVE

    adopted = discovered(dns, DOMAIN, "--adopt", "new-host", "--apply", url=url, verify_at_once="2")
    assert adopted.exit_code == OK, adopted.output
    assert f"Stored: the domain {DOMAIN}" in adopted.stdout
    # It is verified at once, and this machine may not be probed.
    assert f"{DOMAIN}: " in adopted.stdout
    assert "imap:mail.provider.example:993:tls" in adopted.stdout
    assert discovered(dns, DOMAIN, "--compare", url=url).exit_code == OK

    again = discovered(dns, DOMAIN, "--adopt", "new-host", url=url)
    assert (again.exit_code, again.stdout) == (NEGATIVE, "")


def test_adopting_is_told_in_json(dns: FakeDns, url: str) -> None:
    dns.records.update(RECORDS)
    document = json.loads(discovered(dns, DOMAIN, "--adopt", "new-host", "--json", url=url).stdout)
    assert document["adoption"]["is_stored"] is False
    assert document["adoption"]["is_new_provider"] is True
    assert [one["key"] for one in document["adoption"]["provider"]["servers"]] == ["imap", "smtp"]


def test_nothing_found_is_nothing_to_adopt(dns: FakeDns, url: str) -> None:
    found = discovered(dns, DOMAIN, "--adopt", "new-host", url=url)
    assert found.exit_code == NEGATIVE
    assert "tored: " not in found.stdout


def test_applying_needs_something_to_apply(dns: FakeDns) -> None:
    assert discovered(dns, DOMAIN, "--apply").exit_code == USAGE
