"""What is found becomes stored settings: a new provider's, or a domain's own where it differs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from app.core.candidates import Candidate, Discovery, Outcome, Subject, Trust
from app.core.errors import DomainTaken, InvalidInput
from app.core.names import DomainName, EmailAddress
from app.core.servers import ServerType
from app.discovery.ranking import propose
from app.services.adopting import Adopting, own_servers
from app.services.callers import CONSOLE, Call
from app.services.changes import Changes
from app.services.discovering import Discovered
from app.services.domains import DomainService
from app.services.providers import ProviderService

from builders import a_domain, a_pop3_server, a_provider, a_url_server, an_imap_server, an_smtp_server
from databases import opened, stored_domain, stored_provider

if TYPE_CHECKING:
    from app.core.servers import Server
    from app.store.unit_of_work import Store

NAME = DomainName("customer.example")
JANE = Subject(NAME, EmailAddress.parse("jane@customer.example"))
TRIAL = replace(CONSOLE, call=Call(dry_run=True))


def discovered(*servers: Server, **values: Any) -> Discovered:
    outcome = Outcome.FOUND if servers else Outcome.NOTHING
    candidate = Candidate(
        source="autoconfig", asked="x", trust=Trust.HTTPS, outcome=outcome, servers=servers, **values
    )
    discovery = Discovery(subject=JANE, candidates=(candidate,), seconds=0)
    return Discovered(discovery=discovery, proposal=propose(discovery), views=())


FOUND = discovered(an_imap_server(), an_smtp_server(hostname="other.example"), display_name="x" * 70)


def adopting(store: Store) -> Adopting:
    def clock() -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)

    return Adopting(Changes(store, clock), ProviderService(store, clock), DomainService(store, clock))


async def test_a_provider_that_is_not_there_is_made_with_the_servers(database_url: str) -> None:
    async with opened(database_url) as store:
        adoption = await adopting(store).adopt(CONSOLE, FOUND, "new-host")
        async with store.reading() as unit:
            provider = await unit.providers.find("new-host")
            domain = await unit.domains.find(NAME)
    assert adoption.is_new_provider
    assert provider is not None
    assert domain is not None
    assert [server.hostname for server in provider.value.servers] == [
        "imap.provider.example",
        "other.example",
    ]
    assert (provider.value.display_name, provider.value.short_name) == ("x" * 60, "x" * 20)
    assert (domain.value.provider, domain.value.servers) == ("new-host", ())


async def test_a_domain_has_own_servers_where_its_provider_has_others(database_url: str) -> None:
    async with opened(database_url) as store:
        await stored_provider(store, a_provider())
        adoption = await adopting(store).adopt(CONSOLE, FOUND, "provider")
        async with store.reading() as unit:
            domain = await unit.domains.find(NAME)
    assert not adoption.is_new_provider
    assert domain is not None
    assert [(server.key, server.hostname) for server in domain.value.servers] == [("smtp", "other.example")]


async def test_a_trial_stores_nothing(database_url: str) -> None:
    async with opened(database_url) as store:
        adoption = await adopting(store).adopt(TRIAL, FOUND, "new-host")
        async with store.reading() as unit:
            assert await unit.providers.find("new-host") is None
            assert await unit.domains.find(NAME) is None
    assert adoption.domain.value.name == NAME


async def test_a_domain_that_is_stored_is_not_overwritten(database_url: str) -> None:
    async with opened(database_url) as store:
        await stored_provider(store, a_provider())
        await stored_domain(store, a_domain(NAME.ascii))
        for caller in (TRIAL, CONSOLE):
            with pytest.raises(DomainTaken):
                await adopting(store).adopt(caller, FOUND, "new-host")
        async with store.reading() as unit:
            # Half of it is nothing of it.
            assert await unit.providers.find("new-host") is None


async def test_one_source_s_servers_can_be_taken_instead(database_url: str) -> None:
    record = Candidate(
        source="srv",
        asked="x",
        trust=Trust.DNS,
        outcome=Outcome.FOUND,
        servers=(an_imap_server(hostname="record.example"), an_smtp_server()),
    )
    both = replace(FOUND.discovery, candidates=(*FOUND.discovery.candidates, record))
    found = replace(FOUND, discovery=both, proposal=propose(both))
    assert found.proposal.source == "autoconfig"
    async with opened(database_url) as store:
        adoption = await adopting(store).adopt(TRIAL, found, "new-host", "srv")
        with pytest.raises(InvalidInput, match="source: must lead to"):
            await adopting(store).adopt(TRIAL, found, "new-host", "pacc")
    assert adoption.source == "srv"
    assert adoption.provider.value.servers[0].hostname == "record.example"


@pytest.mark.parametrize(
    ("found", "slug"), [(discovered(), "provider"), (FOUND, "no slug"), (FOUND, "../provider")]
)
async def test_what_cannot_be_stored_is_refused(database_url: str, found: Discovered, slug: str) -> None:
    async with opened(database_url) as store:
        with pytest.raises(InvalidInput):
            await adopting(store).adopt(CONSOLE, found, slug)


def test_own_servers_have_keys_that_no_other_has() -> None:
    provided = (an_imap_server(key="smtp"), an_smtp_server(key="imap"), a_url_server(ServerType.CALDAV))
    found = (
        an_imap_server(hostname="new.example"),
        an_smtp_server(hostname="new.example"),
        an_smtp_server(key="smtp-2", port=587),
        a_pop3_server(),
        a_url_server(ServerType.CALDAV),
    )
    own = own_servers(provided, found, JANE)
    assert [(server.type, server.key) for server in own] == [
        (ServerType.IMAP, "imap-2"),
        (ServerType.SMTP, "smtp-2"),
        (ServerType.SMTP, "smtp-3"),
        (ServerType.POP3, "pop3"),
    ]


def test_servers_that_are_the_same_to_a_client_stay_the_provider_s() -> None:
    literal = an_imap_server(username="Jane@customer.example")
    assert own_servers((an_imap_server(),), (literal,), JANE) == ()
