"""Records hold all of a value, in the API's own words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from app.api.schemas.domains import domain_to_read, mailbox_to_read
from app.api.schemas.providers import provider_to_read
from app.core.records import (
    domain_from_record,
    domain_record,
    mailbox_from_record,
    mailbox_record,
    provider_record,
    server_from_record,
    server_record,
)
from app.core.stored import Stored

from builders import a_domain, a_mailbox
from fakes.clock import NOW
from full_values import FULL_DOMAIN, FULL_MAILBOX, FULL_PROVIDER, SERVERS

if TYPE_CHECKING:
    from app.core.domains import Domain, Mailbox
    from app.core.servers import Server

NOT_OF_THE_VALUE = {"version", "created_at", "updated_at", "unicode_name", "address"}
OPTIONS = {"imap", "pop3", "smtp", "ldap", "exchange", "webmail"}


def through_json(record: dict[str, Any]) -> Any:
    return json.loads(json.dumps(record))


def stored(value: Any) -> Stored[Any]:
    return Stored(id=1, value=value, version=1, created_at=NOW, updated_at=NOW)


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.key)
def test_a_server_comes_back_from_its_record(server: Server) -> None:
    assert server_from_record(through_json(server_record(server))) == server


@pytest.mark.parametrize("domain", [FULL_DOMAIN, a_domain(), a_domain(alias_of=a_domain("t.example").name)])
def test_a_domain_comes_back_from_its_record(domain: Domain) -> None:
    assert domain_from_record(through_json(domain_record(domain))) == domain


@pytest.mark.parametrize("mailbox", [FULL_MAILBOX, a_mailbox()])
def test_a_mailbox_comes_back_from_its_record(mailbox: Mailbox) -> None:
    assert mailbox_from_record(through_json(mailbox_record(mailbox)), mailbox.address.domain) == mailbox


@pytest.mark.parametrize(
    ("record", "read"),
    [
        (provider_record(FULL_PROVIDER), provider_to_read(stored(FULL_PROVIDER))),
        (domain_record(FULL_DOMAIN), domain_to_read(stored(FULL_DOMAIN))),
        (mailbox_record(FULL_MAILBOX), mailbox_to_read(stored(FULL_MAILBOX))),
    ],
    ids=["provider", "domain", "mailbox"],
)
def test_a_record_says_what_the_api_says(record: dict[str, Any], read: Any) -> None:
    shown = read.model_dump(mode="json", exclude=NOT_OF_THE_VALUE)
    for server in shown["servers"]:
        for name in OPTIONS:
            if server[name] is None:
                del server[name]
    assert through_json(record) == shown
