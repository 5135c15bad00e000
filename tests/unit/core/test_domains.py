from __future__ import annotations

from typing import Any

import pytest
from app.core.domains import Domain, Mailbox
from app.core.errors import InvalidInput
from app.core.names import DomainName

from builders import a_domain, a_mailbox, an_imap_server


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"provider": ""}, "provider", "slug"),
        ({"provider": "A"}, "provider", "slug"),
        ({"provider": "a\x00"}, "provider", "slug"),
        ({"alias_of": DomainName("customer.example")}, "alias_of", "the domain itself"),
        (
            {"alias_of": DomainName("b.example"), "servers": (an_imap_server(),)},
            "servers",
            "empty for an alias",
        ),
        ({"variables": {"A": "%"}}, "variables.A", "percent sign"),
        ({"reference": ""}, "reference", "empty"),
        ({"reference": "a" * 101}, "reference", "at most 100"),
        ({"servers": (an_imap_server(),) * 2}, "servers.1.key", "twice"),
    ],
)
def test_a_broken_rule_is_named_with_its_field(changes: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        a_domain(**changes)
    (issue,) = refused.value.issues
    assert issue.field == field
    assert rule in issue.rule


def test_all_broken_rules_are_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        Domain(name=DomainName("a.example"), provider="", reference="", variables={"a": ""})
    assert [issue.field for issue in refused.value.issues] == ["provider", "variables.a", "reference"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"login": ""}, "login"),
        ({"login": " a"}, "login"),
        ({"login": "a" * 255}, "login"),
        ({"variables": {"a": "x"}}, "variables.a"),
        ({"servers": (an_imap_server(),) * 2}, "servers.1.key"),
    ],
)
def test_a_mailbox_that_makes_no_sense_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        a_mailbox(**changes)
    assert [issue.field for issue in refused.value.issues] == [field]


def test_a_mailbox_may_differ_in_nothing() -> None:
    assert isinstance(a_mailbox(), Mailbox)
