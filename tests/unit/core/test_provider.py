from __future__ import annotations

from typing import Any

import pytest
from app.core.authoring import check_authored_provider, check_authored_servers
from app.core.errors import InvalidInput
from app.core.provider import InputField, LocalisedText, OAuth2, Page, Support, is_slug
from app.core.servers import ExchangeOptions, ServerType

from builders import a_provider, a_url_server, an_imap_server
from full_values import FULL_PROVIDER

HTTPS = "https://provider.example/"


@pytest.mark.parametrize("slug", ["a", "0", "gmail.com", "oxcloud-eu", "a" * 63])
def test_a_slug_is_kept(slug: str) -> None:
    assert is_slug(slug)
    assert a_provider(slug=slug).slug == slug


@pytest.mark.parametrize(
    "slug", ["", "A", "a b", "-a", "a-", ".a", "a.", "a_b", "ü", "a" * 64, "a\n", "a\x00", "a/b"]
)
def test_what_is_no_slug_is_refused(slug: str) -> None:
    assert not is_slug(slug)
    with pytest.raises(InvalidInput, match="slug: must be 1 to 63"):
        a_provider(slug=slug)


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"display_name": ""}, "display_name", "empty"),
        ({"display_name": " a"}, "display_name", "start or end with a space"),
        ({"display_name": "a" * 61}, "display_name", "at most 60"),
        ({"display_name": "a\nb"}, "display_name", "single line"),
        ({"display_name": "a\x00"}, "display_name", "control characters"),
        ({"short_name": "a" * 61}, "short_name", "at most 60"),
        ({"short_name": ""}, "short_name", "empty"),
        ({"identifier": "My Provider"}, "identifier", "letters, digits"),
        ({"identifier": "my_provider"}, "identifier", "letters, digits"),
        ({"identifier": ""}, "identifier", "letters, digits"),
        ({"identifier": "-a"}, "identifier", "letters, digits"),
        ({"identifier": "a" * 254}, "identifier", "letters, digits"),
        ({"documentation": (Page(url=HTTPS),) * 51}, "documentation", "at most 50"),
        ({"instructions": (Page(url=HTTPS),) * 51}, "instructions", "at most 50"),
        ({"enable": (Page(url=HTTPS),) * 51}, "enable", "at most 50"),
        ({"input_fields": (InputField(key="A", label="B"),) * 51}, "input_fields", "at most 50"),
        ({"logo_url": "http://provider.example/logo.svg"}, "logo_url", "must start with https://"),
        ({"colour": "blue"}, "colour", "must be # and six hexadecimal digits"),
        ({"colour": "#fff"}, "colour", "must be # and six hexadecimal digits"),
        ({"variables": {"a": "x"}}, "variables.a", "capital letters"),
        ({"servers": (an_imap_server(),) * 2}, "servers.1.key", "twice"),
        ({"subaddress_separator": ""}, "subaddress_separator", "one of"),
        ({"subaddress_separator": "+-"}, "subaddress_separator", "one of"),
        ({"subaddress_separator": "@"}, "subaddress_separator", "one of"),
    ],
)
def test_a_broken_rule_is_named_with_its_field(changes: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        a_provider(**changes)
    (issue,) = refused.value.issues
    assert issue.field == field
    assert rule in issue.rule


def test_all_broken_rules_are_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        a_provider(slug="", display_name="", identifier="_", variables={"a": "x"}, subaddress_separator="x")
    fields = [issue.field for issue in refused.value.issues]
    assert fields == ["slug", "display_name", "identifier", "variables.a", "subaddress_separator"]


@pytest.mark.parametrize(
    ("value_type", "values", "field"),
    [
        (LocalisedText, {"text": ""}, "text"),
        (LocalisedText, {"text": "a "}, "text"),
        (LocalisedText, {"text": "a" * 2001}, "text"),
        (LocalisedText, {"text": "a\x00"}, "text"),
        (LocalisedText, {"text": "a", "language": "german"}, "language"),
        (LocalisedText, {"text": "a", "language": ""}, "language"),
        (Page, {"url": "provider.example"}, "url"),
        (Page, {"url": ""}, "url"),
        (Page, {"url": HTTPS, "descriptions": (LocalisedText(text="a"),) * 51}, "descriptions"),
        (Support, {"email": "help"}, "email"),
        (Support, {"phone": "1" * 41}, "phone"),
        (Support, {"url": "help"}, "url"),
        (InputField, {"key": "", "label": "a"}, "key"),
        (InputField, {"key": "A", "label": ""}, "label"),
        (InputField, {"key": "A", "label": "a", "example": ""}, "example"),
    ],
)
def test_parts_that_make_no_sense_are_refused(
    value_type: type[Any], values: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        value_type(**values)
    assert [issue.field for issue in refused.value.issues] == [field]


OAUTH2 = {"issuer": "a.example", "scope": "mail", "authorization_url": HTTPS, "token_url": HTTPS}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"issuer": ""}, "issuer"),
        ({"scope": "a" * 2001}, "scope"),
        ({"authorization_url": "a"}, "authorization_url"),
        ({"token_url": "a"}, "token_url"),
        ({"client_id": ""}, "client_id"),
    ],
)
def test_oauth2_data_that_make_no_sense_are_refused(changes: dict[str, str], field: str) -> None:
    assert OAuth2(**OAUTH2).client_id is None
    with pytest.raises(InvalidInput) as refused:
        OAuth2(**{**OAUTH2, **changes})
    assert [issue.field for issue in refused.value.issues] == [field]


def test_a_provider_with_everything_can_be_written_through_the_api() -> None:
    check_authored_provider(FULL_PROVIDER)


def test_what_imported_files_may_break_is_refused_where_it_is_written_here() -> None:
    provider = a_provider(
        short_name="a" * 21,
        servers=(
            an_imap_server(username="%EMAILADDRESS"),
            an_imap_server(key="b", hostname="mail.%EMAILDOMAIN%", username="EMAILLOCALPART%"),
            a_url_server(url="https://a.example/?u=%EMAILADDRESS"),
            an_imap_server(
                key="exchange",
                type=ServerType.EXCHANGE,
                options=ExchangeOptions(autodiscover_url="https://a.example/%EMAILDOMAIN/autodiscover.xml"),
            ),
        ),
    )
    with pytest.raises(InvalidInput) as refused:
        check_authored_provider(provider)
    fields = [issue.field for issue in refused.value.issues]
    assert fields == [
        "short_name",
        "servers.0.username",
        "servers.1.username",
        "servers.2.url",
        "servers.3.exchange.autodiscover_url",
    ]


def test_servers_without_misprints_can_be_written_here() -> None:
    check_authored_servers((an_imap_server(), a_url_server(username=None)))
