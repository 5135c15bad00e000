"""What a page shows before a mail program is chosen."""

from __future__ import annotations

from app.core.documents import Presentation
from app.core.servers import Authentication
from app.instructions.clients import CLIENTS, CLIENTS_BY_SLUG
from app.instructions.guide import WayKind
from app.instructions.overview import write_overview
from app.instructions.writing import write_guide

from builders import an_account, an_imap_server, an_smtp_server
from contracts.accounts import ACCOUNTS

PRESENTATION = Presentation(service_url="https://signpost.host.example")
JANE = "jane@customer.example"


def test_the_values_are_those_of_the_instructions() -> None:
    for name, account in ACCOUNTS.items():
        guide = write_guide(CLIENTS_BY_SLUG["generic"], account, PRESENTATION)
        instructed = {
            (entry.server, entry.kind, entry.value)
            for way in guide.ways
            for step in way.steps
            for entry in step.entries
        }
        for server in write_overview(account, PRESENTATION).servers:
            shown = {(entry.server, entry.kind, entry.value) for entry in server.entries}
            assert shown <= instructed, name
            assert {entry.service for entry in server.entries} == {server.service}


def test_every_program_is_offered_with_its_easiest_way() -> None:
    for account in ACCOUNTS.values():
        overview = write_overview(account, PRESENTATION)
        choices = {one.slug: one for group in overview.groups for one in group.choices}
        assert set(choices) == set(CLIENTS_BY_SLUG)
        for client in CLIENTS:
            ways = write_guide(client, account, PRESENTATION).ways
            assert choices[client.slug].easiest == (ways[0].kind if ways else None)


def test_only_programs_that_are_certain_are_said_to_find_everything() -> None:
    found = {one.slug for one in write_overview(an_account(address=JANE), PRESENTATION).finding}
    assert "thunderbird" in found
    assert not found & {"outlook-classic", "generic", "iphone-ipad"}


def test_a_profile_is_offered_for_an_address_that_can_have_one() -> None:
    url = f"https://signpost.host.example/mobileconfig?emailaddress={JANE}"
    assert write_overview(an_account(address=JANE), PRESENTATION).profile_url == url
    assert write_overview(an_account(), PRESENTATION).profile_url is None
    oauth2 = (Authentication.OAUTH2,)
    servers = (an_imap_server(authentication=oauth2), an_smtp_server(authentication=oauth2))
    refused = write_overview(an_account(*servers, address=JANE), PRESENTATION)
    assert refused.profile_url is None
    assert refused.webmail is None
    assert WayKind.PROFILE not in {way.kind for way in refused.guide.ways}
