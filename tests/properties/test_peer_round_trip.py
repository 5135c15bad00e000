"""What is written for another program and read from its file again is the same, or its loss was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.core.errors import InvalidInput
from app.core.servers import ServerType
from app.parsers.automx2 import parse_seed
from hypothesis import given
from hypothesis import strategies as st

from builders import a_provider
from leaving import WAYS, a_household, in_order, servers_by_domain
from properties.strategies import providers, servers, with_keys

if TYPE_CHECKING:
    from app.core.provider import Provider
    from app.core.servers import Server

TYPES = (
    ServerType.IMAP,
    ServerType.POP3,
    ServerType.SMTP,
    ServerType.CALDAV,
    ServerType.CARDDAV,
    ServerType.ACTIVESYNC,
    ServerType.LDAP,
    ServerType.WEBMAIL,
)
LISTS = st.lists(servers(TYPES), max_size=5).map(with_keys)


MAIL = (ServerType.IMAP, ServerType.POP3, ServerType.SMTP)


def places(found: list[Server]) -> set[tuple[object, ...]]:
    return {(one.type, one.hostname, one.port, one.socket_type) for one in found if one.type in MAIL}


@pytest.mark.parametrize("way", WAYS)
@given(providers(LISTS), LISTS)
def test_servers_come_back_as_they_were_or_are_told(
    way: str, provider: Provider, own: tuple[Server, ...]
) -> None:
    household = a_household(provider, {"one.example": (), "two.example": own})
    render, read = WAYS[way]
    written = render([household])
    sent = {one.domain.name.ascii: in_order(one.servers) for one in household.holdings}
    try:
        found = servers_by_domain(read(written.data))
    except InvalidInput:
        # Of nothing there is no file that the other program would take.
        found = {}
    for name, its_servers in found.items():
        assert places(its_servers) <= places(sent[name])
    if way == "monogramm" and len(set(map(tuple, sent.values()))) == 1:
        # One is named, and any other answered for in the same way.
        sent = {name: sent[name] for name in found}
    assert found == sent or written.losses or not all(sent.values())


def test_a_seed_of_nothing_is_a_seed() -> None:
    assert parse_seed(WAYS["automx2-seed"][0]([a_household(a_provider(), {})]).data).domains == ()
