"""Discovery with a real, validating name server and real HTTPS hosts: together, at odds, and hostile."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from base64 import b64encode
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from app.core.candidates import Outcome, Trust
from app.core.dns_lookups import NameServer
from app.discovery.ranking import propose
from app.discovery.sources import SOURCES
from app.net.dnspython_resolver import DnspythonResolver

from discovering import (
    AUTOCONFIG,
    AUTOCONFIG_PLAIN,
    DOMAIN,
    NAMES,
    PACC,
    POX_ELSEWHERE,
    POX_HOST,
    POX_PLAIN,
    POX_ROOT,
    VERSION_2,
    WELL_KNOWN,
    WELL_KNOWN_PLAIN,
    a_document,
    found_by,
    one_of,
)
from nameserver import ValidatingResolver
from service_process import ROOT
from web_hosts import GIANT, IMPATIENT, PAGE, Answer, redirect, root_pem, web_hosts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from app.core.candidates import Discovery

    from web_hosts import WebHosts

pytestmark = pytest.mark.integration

MAIL = (
    "_imaps._tcp SRV 0 1 993 srv.provider.example.\n"
    "_submissions._tcp SRV 0 1 465 srv.provider.example.\n"
    "_pop3._tcp SRV 0 0 0 .\n"
)
EXCHANGER = "@ MX 10 mx.provider.example.\n@ MX 20 mx.other.example.\n"
EXCHANGER_CONFIG = "https://autoconfig.provider.example/mail/config-v1.1.xml"


def digest_of(answer: Answer) -> str:
    digest = b64encode(hashlib.sha256(answer.body).digest()).decode()
    return f'_ua-auto-config TXT "v=UAAC1; a=sha256; " "d={digest}"\n'


@asynccontextmanager
async def a_lab(
    records: str, *, is_signed: bool = True, is_expired: bool = False, at_real_ports: bool = False
) -> AsyncIterator[tuple[WebHosts, ValidatingResolver]]:
    """Run the hosts, and a name server that knows them and these records of the domain."""
    customer, provider = f"{DOMAIN}.", "provider.example."
    async with web_hosts(NAMES, at_real_ports=at_real_ports) as hosts:
        zones = {customer: hosts.zone(customer) + records, provider: hosts.zone(provider)}
        unsigned = frozenset() if is_signed else frozenset(zones)
        expired = frozenset({customer}) if is_expired else frozenset()
        with ValidatingResolver(zones, unsigned=unsigned, expired=expired) as names:
            yield hosts, names


async def discovered(hosts: WebHosts, names: ValidatingResolver, **changes: Any) -> Discovery:
    return await found_by(hosts, resolver=DnspythonResolver(NameServer.parse(names.address)), **changes)


async def test_records_of_a_signed_zone_are_vouched_for() -> None:
    async with a_lab(MAIL + EXCHANGER) as (hosts, names):
        hosts.routes[EXCHANGER_CONFIG] = a_document(host="mx")
        discovery = await discovered(hosts, names)
    srv = one_of(discovery, "srv")
    assert (srv.outcome, srv.trust) == (Outcome.FOUND, Trust.DNSSEC)
    assert [server.key for server in srv.servers] == ["imap", "smtp"]
    assert [notice.where for notice in srv.notices] == ["_pop3._tcp"]
    exchanger = [one for one in discovery.candidates if one.source == "mail-exchanger" and one.is_found]
    assert [one.trust for one in exchanger] == [Trust.HTTPS]


async def test_records_of_an_unsigned_zone_are_found_and_not_vouched_for() -> None:
    async with a_lab(MAIL + EXCHANGER, is_signed=False) as (hosts, names):
        hosts.routes[EXCHANGER_CONFIG] = a_document(host="mx")
        discovery = await discovered(hosts, names)
    assert {one.trust for one in discovery.candidates if one.is_found} == {Trust.DNS}
    assert {one.source for one in discovery.candidates if one.is_found} == {"srv", "mail-exchanger"}


async def test_records_whose_signatures_do_not_hold_are_not_taken() -> None:
    async with a_lab(MAIL, is_expired=True) as (hosts, names):
        discovery = await discovered(hosts, names)
    srv = one_of(discovery, "srv")
    assert (srv.outcome, srv.servers) == (Outcome.UNUSABLE, ())
    assert "DNSSEC" in srv.reason
    assert not any(one.is_found for one in discovery.candidates)


async def test_a_pacc_document_needs_its_digest_in_the_zone() -> None:
    document = a_document("pacc")
    async with a_lab(digest_of(document)) as (hosts, names):
        hosts.routes[PACC] = document
        believed = one_of(await discovered(hosts, names), "pacc")
        hosts.routes[PACC] = Answer(document.body + b"\n", media_type="application/json")
        discarded = one_of(await discovered(hosts, names), "pacc")
    assert (believed.outcome, discarded.outcome) == (Outcome.FOUND, Outcome.UNUSABLE)
    assert "another document" in discarded.reason


def everywhere() -> dict[str, Answer]:
    """Return documents for all places, each of which names another host."""
    version_2 = json.dumps({"Protocol": "AutodiscoverV1", "Url": POX_ELSEWHERE}).encode()
    return {
        PACC: a_document("pacc", "pacc"),
        AUTOCONFIG: a_document(host="autoconfig"),
        WELL_KNOWN: a_document(host="well-known"),
        AUTOCONFIG_PLAIN: a_document(host="plain"),
        WELL_KNOWN_PLAIN: a_document(host="plain"),
        EXCHANGER_CONFIG: a_document(host="mx"),
        POX_ROOT: a_document("autodiscover", "pox"),
        POX_HOST: a_document("autodiscover", "pox"),
        POX_PLAIN: redirect(POX_ELSEWHERE),
        POX_ELSEWHERE: a_document("autodiscover", "elsewhere"),
        VERSION_2: Answer(version_2, media_type="application/json"),
    }


AT_ODDS = (
    MAIL + EXCHANGER + digest_of(a_document("pacc", "pacc")) + "_autodiscover._tcp SRV 0 0 443 "
    "autodiscover.provider.example.\n"
)


async def test_all_mechanisms_at_odds_give_the_first_and_the_others_as_conflicts() -> None:
    async with a_lab(AT_ODDS) as (hosts, names):
        hosts.routes |= everywhere()
        found = await discovered(hosts, names)
        without_pacc = dict(everywhere())
        del without_pacc[PACC]
        hosts.routes = without_pacc
        second = await discovered(hosts, names)
    proposals = [propose(one) for one in (found, second)]
    assert [proposal.source for proposal in proposals] == ["pacc", "autoconfig"]
    assert {one.source for one in proposals[0].conflicts} == {
        "autoconfig", "well-known", "autoconfig-http", "well-known-http", "mail-exchanger", "srv",
        "autodiscover-root", "autodiscover", "autodiscover-redirect", "autodiscover-srv",
        "autodiscover-json", "autodiscover-root-get", "autodiscover-get",
    }  # fmt: skip


async def test_slow_and_giant_answers_hold_nothing_up() -> None:
    async with a_lab(MAIL) as (hosts, names):
        slow = Answer(b"<clientConfig/>", delay_seconds=30)
        hosts.routes |= {AUTOCONFIG: slow, AUTOCONFIG_PLAIN: slow, POX_HOST: slow, PACC: GIANT}
        hosts.routes |= {WELL_KNOWN: PAGE, WELL_KNOWN_PLAIN: redirect(WELL_KNOWN_PLAIN), POX_ROOT: GIANT}
        discovery = await discovered(hosts, names, dialer=hosts.dialer(limits=IMPATIENT))
    assert one_of(discovery, "srv").is_found
    outcomes = {one.source: one.outcome for one in discovery.candidates}
    assert {outcomes[name] for name in ("autoconfig", "autoconfig-http", "autodiscover")} == {Outcome.FAILED}
    giant = {outcomes[name] for name in ("pacc", "autodiscover-root", "well-known", "well-known-http")}
    assert giant == {Outcome.UNUSABLE}
    assert discovery.seconds < 10


async def test_the_command_finds_what_is_there(tmp_path: Path) -> None:
    try:
        async with a_lab(AT_ODDS, at_real_ports=True) as (hosts, names):
            hosts.routes |= everywhere()
            (tmp_path / "root.pem").write_text(root_pem())
            output = await _run_command(names.address, tmp_path / "root.pem")
    except PermissionError:
        reason = "ports 80 and 443 are not for this account"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    document = json.loads(output)
    assert document["proposal"]["source"] == "pacc"
    found = [one["source"] for one in document["candidates"] if one["outcome"] == "found"]
    assert found == [source.name for source in SOURCES if source.name != "ispdb"]
    assert "jane" not in output


async def _run_command(resolver: str, roots: Path) -> str:
    environment = {
        **os.environ,
        "SIGNPOST_RESOLVER": resolver,
        "SIGNPOST_CA_FILE": str(roots),
        "SIGNPOST_ALLOW_NETWORKS": "127.0.0.0/8",
        "SIGNPOST_PUBLIC_SUFFIX_FILE": str(roots.with_name("suffixes")),
    }
    roots.with_name("suffixes").write_text("example\n")
    command = (sys.executable, "-m", "app", "discover", f"jane.doe@{DOMAIN}", "--json")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    return output.decode()
