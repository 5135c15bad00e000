from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.moving import Holding, MovedDomain, Settlement
from app.core.names import DomainName

from builders import a_provider, an_imap_server, an_smtp_server
from moved import losses, names

if TYPE_CHECKING:
    from app.core.servers import Server

IMAP = an_imap_server()
OTHER_IMAP = an_imap_server(hostname="other.example")
SMTP = an_smtp_server()


def a_holding(name: str, *servers: Server, alias_of: str | None = None) -> Holding:
    target = None if alias_of is None else DomainName(alias_of)
    return Holding(domain=MovedDomain(name=DomainName(name), alias_of=target), servers=servers)


def test_an_alias_goes_with_the_provider_of_its_target() -> None:
    settlement = Settlement()
    holdings = [
        a_holding("alias.example", IMAP, alias_of="few.example"),
        a_holding("one.example", IMAP, SMTP),
        a_holding("two.example", IMAP, SMTP),
        a_holding("few.example", OTHER_IMAP),
        a_holding("lost.example", IMAP, alias_of="gone.example"),
    ]
    settlement.add(a_provider(slug="big", servers=()), holdings)
    found = settlement.settled()
    assert {str(domain.name): domain.provider for domain in found.domains} == {
        "one.example": "big",
        "two.example": "big",
        "few.example": "big-2",
        "alias.example": "big-2",
    }
    assert losses(found) == {"domain lost.example": "is an alias of gone.example, which is not taken"}


def test_a_domain_that_comes_twice_is_taken_once_and_told() -> None:
    settlement = Settlement()
    settlement.add(a_provider(slug="big"), [a_holding("one.example", IMAP), a_holding("one.example", SMTP)])
    assert names(settlement.settled()) == {"one.example": ""}
    assert losses(settlement.settled()) == {
        "domain one.example": "is listed more than once; the first counts"
    }


def test_a_provider_without_domains_keeps_its_servers() -> None:
    settlement = Settlement()
    settlement.add(a_provider(slug="big", servers=(IMAP,)), [])
    assert settlement.settled().providers[0].servers == (IMAP,)
