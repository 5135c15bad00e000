"""What people are told to enter is what the machine formats say, for every client and every account."""

from __future__ import annotations

import json
import plistlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from app.core.documents import Presentation
from app.core.servers import ImapOptions, ServerType
from app.instructions.clients import CLIENTS, CLIENTS_BY_SLUG
from app.instructions.forms import FORMS
from app.instructions.languages import load_language
from app.instructions.writing import write_guide
from app.renderers import FORMATS_BY_NAME

from builders import an_imap_server
from contracts.claims import MAIL
from contracts.instruction_claims import instructed
from contracts.test_cross_format import CASES, references, stored_servers, told

if TYPE_CHECKING:
    from contracts.claims import Claim
    from contracts.instruction_claims import Instructed

each_case = pytest.mark.parametrize("case", CASES)
ENGLISH = load_language("en")


def all_instructed(case: str, slug: str) -> list[Instructed]:
    account = CASES[case]
    guide = write_guide(CLIENTS_BY_SLUG[slug], account, Presentation())
    address = str(account.login_address or f"jane@{account.domain.ascii}")
    return instructed(FORMS["json"].render(guide, ENGLISH), address)


def faults(claim: Claim, stored: Claim, mail_login: frozenset[str] | None) -> list[str]:
    checks = {
        "host": claim.host in (None, stored.host),
        "port": claim.port in (None, stored.port),
        "security": stored.security <= claim.security,
        "login": claim.login in (None, stored.login or mail_login),
        "methods": claim.methods is None or set(claim.methods) <= set(stored.methods or ()),
        "path": claim.path in (None, stored.path),
    }
    return [name for name, holds in checks.items() if not holds]


@each_case
def test_people_are_told_of_the_servers_that_all_formats_publish(case: str) -> None:
    expected = references(case)
    stored = stored_servers(CASES[case])
    incoming = next((s.claim.login for s in stored if s.claim.service in MAIL and s.claim.login), None)
    typed = str(CASES[case].login_address or f"jane@{CASES[case].domain.ascii}")
    for client in CLIENTS:
        for found in all_instructed(case, client.slug):
            service = found.claim.service
            key = expected[service] if found.server is None else found.server
            assert key == expected[service], f"{client.slug}: {found} is not the published one"
            right = [
                server
                for server in stored
                if server.key == key
                and server.claim.service == service
                and not faults(found.claim, server.claim, incoming or frozenset({typed}))
            ]
            assert right, f"{client.slug}, {found.way}: {found.claim} is not {expected[service]}"


@each_case
def test_what_an_automatic_way_promises_is_in_the_document_that_the_client_reads(case: str) -> None:
    for client in CLIENTS:
        guide = write_guide(client, CASES[case], Presentation())
        if not any(way.kind in ("automatic", "profile") for way in guide.ways):
            continue
        assert client.reads is not None
        told_services = {claim.service for claim in told(client.reads, CASES[case]).claims}
        assert told_services & {"imap", "pop3", "ews", "activesync", "caldav", "carddav"}
        if any(way.kind == "automatic" for way in guide.ways):
            assert "smtp" in told_services
            assert told_services & {service.value for service in client.protocols}


def test_most_clients_are_told_of_both_servers() -> None:
    for client in CLIENTS:
        services = {found.claim.service for found in all_instructed("minimal-address", client.slug)}
        expected = {"windows-mail": set(), "mbsync": {"imap"}, "fetchmail": {"imap"}}
        assert services == expected.get(client.slug, {"imap", "smtp"}), client.slug


@pytest.mark.parametrize("slug", ["apple-mail", "iphone-ipad"])
@pytest.mark.parametrize("prefix", ["INBOX.", "INBOX/", "mail/", "INBOX", "."])
def test_apples_programs_are_told_the_folder_that_their_profile_names(slug: str, prefix: str) -> None:
    account = CASES["minimal-address"]
    imap = an_imap_server(options=ImapOptions(path_prefix=prefix))
    others = tuple(server for server in account.servers if server.type is not ServerType.IMAP)
    account = replace(account, servers=(imap, *others))
    guide = json.loads(
        FORMS["json"].render(write_guide(CLIENTS_BY_SLUG[slug], account, Presentation()), ENGLISH)
    )
    entered = {
        (entry["text"], entry["value"])
        for way in guide["ways"]
        for step in way["steps"]
        for entry in step["entries"]
        if entry["kind"] == "path-prefix"
    }
    profile = plistlib.loads(FORMATS_BY_NAME["mobileconfig"].render(account, Presentation()).body)
    named = {
        payload["IncomingMailServerIMAPPathPrefix"]
        for payload in profile["PayloadContent"]
        if "IncomingMailServerIMAPPathPrefix" in payload
    }
    assert entered == {(folder, folder) for folder in named}
    assert named == ({prefix.rstrip("./")} - {""})
