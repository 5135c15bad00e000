from __future__ import annotations

import pytest
from app.core import placeholders
from app.core.errors import InvalidInput
from app.core.names import DomainName, EmailAddress

ADDRESS = EmailAddress.parse("Jane.Doe@BÜCHER.example")
VALUES = placeholders.address_values(ADDRESS)


def test_placeholders_are_found_in_the_order_of_their_first_appearance() -> None:
    text = "%B%.%A%.%EMAILDOMAIN%.%B%"
    assert placeholders.placeholders_in(text) == ("B", "A", "EMAILDOMAIN")
    assert placeholders.variables_in(text) == ("B", "A")


@pytest.mark.parametrize("text", ["", "plain", "50%", "%a%", "%1A%", "%%", "%A", "A%", "% A%", "/%C3%B6%AB%"])
def test_a_percent_sign_alone_is_an_ordinary_character(text: str) -> None:
    assert placeholders.placeholders_in(text) == ()
    assert not placeholders.has_placeholders(text)
    assert placeholders.expand(text, {"A": "x", "": "y", "C3": "z", "AB": "z"}) == text


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("%EMAILADDRESS%", "Jane.Doe@xn--bcher-kva.example"),
        ("%EMAILLOCALPART%", "Jane.Doe"),
        ("%EMAILLOCALPART%%%EMAILDOMAIN%", "Jane.Doe%xn--bcher-kva.example"),
        ("%EMAILADDRESS%%", "Jane.Doe@xn--bcher-kva.example%"),
        ("%OTHER%", "%OTHER%"),
        ("%emailaddress%", "%emailaddress%"),
    ],
)
def test_what_is_known_is_filled_in(text: str, expanded: str) -> None:
    assert placeholders.expand(text, VALUES) == expanded


def test_values_are_not_expanded_again() -> None:
    assert placeholders.expand("%A%%B%", {"A": "%B%", "B": "%A%"}) == "%B%%A%"


def test_only_the_domain_is_known_without_an_address() -> None:
    assert placeholders.domain_values(DomainName("customer.example")) == {"EMAILDOMAIN": "customer.example"}


@pytest.mark.parametrize(
    ("text", "is_truncated"),
    [
        ("%EMAILADDRESS", True),
        ("EMAILADDRESS%", True),
        ("%EMAILLOCALPART@%EMAILDOMAIN%", True),
        ("%EMAILADDRESS%", False),
        ("%EMAILLOCALPART%%%EMAILDOMAIN%", False),
        ("EMAILADDRESS", False),
        ("50%", False),
        ("", False),
    ],
)
def test_a_placeholder_that_lost_a_percent_sign_is_seen(text: str, *, is_truncated: bool) -> None:
    assert placeholders.has_truncated_placeholder(text) is is_truncated


def test_variables_are_sorted_by_name() -> None:
    assert list(placeholders.checked_variables({"B": "1", "A_2": "x y", "C3P": "x"})) == ["A_2", "B", "C3P"]
    assert placeholders.checked_variables({f"V{number}": "x" for number in range(32)})


@pytest.mark.parametrize(
    ("variables", "name", "rule"),
    [
        ({f"V{number}": "x" for number in range(33)}, None, "at most 32"),
        ({"node": "x"}, "node", "capital letters"),
        ({"": "x"}, "", "capital letters"),
        ({"1A": "x"}, "1A", "capital letters"),
        ({"C3": "x"}, "C3", "no two hexadecimal digits"),
        ({"A" * 33: "x"}, "A" * 33, "capital letters"),
        ({"EMAILDOMAIN": "x"}, "EMAILDOMAIN", "standard placeholder"),
        ({"A": ""}, "A", "empty"),
        ({"A": "%B%"}, "A", "percent sign"),
        ({"A": "a\nb"}, "A", "single line"),
        ({"A": "a\x00"}, "A", "control characters"),
        ({"A": "a" * 254}, "A", "at most 253"),
    ],
)
def test_what_is_no_variable_is_refused_by_name(
    variables: dict[str, str], name: str | None, rule: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        placeholders.checked_variables(variables)
    (issue,) = refused.value.issues
    assert issue.path == (() if name is None else (name,))
    assert rule in issue.rule


def test_all_bad_variables_are_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        placeholders.checked_variables({"a": "x", "B": "", "C": "fine"})
    assert [issue.field for issue in refused.value.issues] == ["a", "B"]
