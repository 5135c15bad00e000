from __future__ import annotations

import pytest
from app.core.errors import InvalidInput
from app.core.mailbox_changes import Inheritance, InheritanceChange

from builders import a_domain, a_mailbox, a_provider, an_imap_server

ON_NODE = an_imap_server(key="node", hostname="%NODE%.provider.example")
IN_BOX = an_imap_server(key="box", hostname="%BOX%.provider.example")
UNFIT = a_mailbox(variables={"NODE": "srv_1"})
GOOD = {"NODE": "srv1"}


def a_change(before: Inheritance, after: Inheritance) -> InheritanceChange:
    return InheritanceChange(before, after)


def test_a_server_in_the_place_of_one_that_could_not_be_published_is_no_worse() -> None:
    before = Inheritance(a_provider(servers=(ON_NODE,), variables=GOOD), a_domain())
    other = an_imap_server(key="other", hostname="%NODE%.other.example")
    after = Inheritance(
        a_provider(slug="other", servers=(other,), variables=GOOD), a_domain(provider="other")
    )
    a_change(before, after).check(UNFIT)


def test_a_server_in_the_place_of_one_that_was_published_is_worse() -> None:
    fine = an_imap_server(key="fine")
    before = Inheritance(a_provider(servers=(ON_NODE, fine), variables=GOOD), a_domain())
    other = an_imap_server(key="other", hostname="%NODE%.other.example")
    after = Inheritance(
        a_provider(slug="other", servers=(other,), variables=GOOD), a_domain(provider="other")
    )
    with pytest.raises(
        InvalidInput, match=r"^provider: must fit server other.*a mailbox of customer\.example"
    ):
        a_change(before, after).check(UNFIT)


def test_a_change_of_a_variable_is_told_from_one_of_servers() -> None:
    provider = a_provider(servers=())
    mailbox = a_mailbox(servers=(IN_BOX,))
    before = Inheritance(provider, a_domain(variables={"BOX": "b1"}))
    after = Inheritance(provider, a_domain(servers=(ON_NODE,), variables=GOOD))
    with pytest.raises(InvalidInput, match=r"^variables: must define BOX"):
        a_change(before, after).check(mailbox)
