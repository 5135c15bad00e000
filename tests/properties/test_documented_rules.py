"""The OpenAPI document and the core hold each other to what a text may be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from app.api.application import create_api
from app.core.errors import InvalidInput
from app.core.events import SUBSCRIBABLE
from app.core.mail_transport import MtaSts, StsMode, TlsReporting
from app.core.names import DomainName, EmailAddress
from app.core.patterns import autodiscover_pattern, hostname_pattern, url_pattern, username_pattern
from app.core.placeholders import PLACEHOLDER, checked_variables
from app.core.provider import LocalisedText, Page, Provider, is_slug
from app.core.servers import Authentication, Server, ServerType
from app.core.text import language_tag, single_line
from app.core.webhooks import Webhook
from app.renderers import FORMATS_BY_NAME
from app.settings import Settings
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT = create_api(Settings(database_url="sqlite+aiosqlite:///:memory:")).openapi()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


def member(model: str, *path: str) -> dict[str, Any]:
    """Return the schema of a member, without the null that it may be as well."""
    schema: dict[str, Any] = SCHEMAS[model]
    for step in path:
        schema = schema["properties"][step]
    kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    return kinds[0] if len(kinds) == 1 else schema


def parameter(operation_id: str, name: str) -> dict[str, Any]:
    (found,) = [
        one["schema"]
        for operations in DOCUMENT["paths"].values()
        for operation in operations.values()
        if operation["operationId"] == operation_id
        for one in operation["parameters"]
        if one["name"] == name
    ]
    schema: dict[str, Any] = found
    return schema


def takes_key(text: str) -> None:
    Server(
        key=text,
        type=ServerType.CALDAV,
        url="https://dav.host.example/",
        authentication=(Authentication.HTTP_BASIC,),
    )


def takes_slug(text: str) -> None:
    if not is_slug(text):
        raise InvalidInput


def takes_free_text(text: str) -> None:
    LocalisedText(text=text)


def takes_ascii_host(text: str) -> None:
    if not text.isascii():
        raise InvalidInput
    hostname_pattern(text)


def takes_identifier(text: str) -> None:
    Provider(slug="demo", display_name="Demo", short_name="Demo", identifier=text)


def takes_logo(text: str) -> None:
    Provider(slug="demo", display_name="Demo", short_name="Demo", logo_url=text)


def takes_colour(text: str) -> None:
    Provider(slug="demo", display_name="Demo", short_name="Demo", colour=text)


def takes_server_url(text: str) -> None:
    url_pattern(text, ("https", "http", "wss"))


def takes_mx(text: str) -> None:
    MtaSts(mode=StsMode.TESTING, mx=(text,))


def takes_hook_url(text: str) -> None:
    Webhook(
        public_id="0" * 12,
        name="Billing",
        url=text,
        event_types=frozenset(SUBSCRIBABLE[:1]),
        secret="made up",
    )


def takes_trimmed_line(text: str) -> None:
    if username_pattern(text) != text:
        raise InvalidInput


# Each rule of the document, and what the core makes of a text under it.
RULES: dict[str, tuple[dict[str, Any], Callable[[str], object]]] = {
    "slug": (parameter("get_provider", "slug"), takes_slug),
    "key": (parameter("get_server", "key"), takes_key),
    "local_part": (
        parameter("get_mailbox", "local_part"),
        lambda text: EmailAddress.parse(f"{text}@a.example"),
    ),
    "language": (member("TextShape", "language"), language_tag),
    "text": (member("TextShape", "text"), takes_free_text),
    "url of a page": (member("PageShape", "url"), lambda text: Page(url=text)),
    "url of a login form": (member("LoginFormShape", "url"), url_pattern),
    "url of a server": (member("ServerBody", "url"), takes_server_url),
    "url of Autodiscover": (member("ExchangeShape", "autodiscover_url"), autodiscover_pattern),
    "url of a logo": (member("ProviderBody", "logo_url"), takes_logo),
    "colour": (member("ProviderBody", "colour"), takes_colour),
    "url of a webhook": (member("WebhookCreate", "url"), takes_hook_url),
    "identifier": (member("ProviderBody", "identifier"), takes_identifier),
    "mail exchanger": (member("MtaStsShape", "mx")["items"], takes_mx),
    "report URI": (
        member("TlsReportingShape", "uris")["items"],
        lambda text: TlsReporting(uris=(text,)),
    ),
    "reference": (member("DomainBody", "reference"), lambda text: single_line(text, 100)),
    "username": (member("ServerBody", "username"), takes_trimmed_line),
    "host name in ASCII": (member("ServerBody", "hostname")["anyOf"][0], takes_ascii_host),
    "variable": (
        member("DomainBody", "variables")["additionalProperties"],
        lambda text: checked_variables({"NODE": text}),
    ),
    "variable's name": (
        {"type": "string", **member("DomainBody", "variables")["propertyNames"]},
        lambda text: checked_variables({text: "x"}),
    ),
}
# A last label of digits makes a host an IPv4 address (WHATWG URL, "ends in a number"), which no pattern says.
NUMERIC_HOST = re.compile(
    r"(?:[a-z]+://|mailto:[^@]*@)[^/?#:]*?\.?[0-9][0-9a-fx]*\.?(?:[/?#:]|\Z)", re.IGNORECASE
)
ECMA_END = re.compile(r"\[(?:[^\\\]]|\\.)*\]|(?<!\\)\$")
# What octets and lengths of labels come to, no pattern says.
LONGEST = 63


def is_taken(takes: Callable[[str], object], text: str) -> bool:
    try:
        takes(text)
    except InvalidInput:
        return False
    return True


def in_python(pattern: str) -> str:
    """Write what ECMA-262 means: its dollar is the very end."""
    # It is at the end, or in a look-ahead; inside brackets it is itself.
    return ECMA_END.sub(lambda found: found[0] if found[0].startswith("[") else r"\Z", pattern)


def is_allowed(schema: dict[str, Any], text: str) -> bool:
    rules = {**schema, **({"pattern": in_python(schema["pattern"])} if "pattern" in schema else {})}
    return Draft202012Validator(rules).is_valid(text)


@pytest.mark.parametrize("rule", RULES)
# Most of what the pattern of a URL gives is too long.
@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_the_core_takes_what_the_document_allows(rule: str, data: st.DataObject) -> None:
    schema, takes = RULES[rule]
    text = data.draw(st.from_regex(in_python(schema["pattern"])))
    longest = PLACEHOLDER.sub("placeholder", text)
    assume(len(longest.encode()) <= LONGEST and is_allowed(schema, text))
    assume(not NUMERIC_HOST.match(text))
    assert is_taken(takes, text)


@pytest.mark.parametrize("rule", RULES)
@given(text=st.text(max_size=LONGEST))
@example(text="")
@example(text=" x ")
@example(text="x\n")
@example(text="a b")
@example(text="a/b")
@example(text="0")
@example(text="a.example")
@example(text="%NODE%.host.example")
@example(text="https://host.example:443/a?b=c#d")
@example(text="HTTP://10.0.0.1")
@example(text="https://0/")
@example(text="https://a:99999/")
@example(text='"jane doe"')
@example(text="FF")
@example(text="NODE_1")
@example(text="de-AT")
@example(text="mailto:tls%21reports@host.example")
@example(text="mailto:a?subject=b@host.example")
@example(text="https://reports.host.example/v1?a=b")
@example(text="*.mx.host.example")
@example(text="wss://jmap.host.example/ws")
@example(text="https://autodiscover.host.example/autodiscover/autodiscover.xml")
def test_the_document_allows_what_the_core_takes(rule: str, text: str) -> None:
    schema, takes = RULES[rule]
    assert is_allowed(schema, text) or not is_taken(takes, text)


@given(st.text("ab.xn-0ü", min_size=1, max_size=12))
def test_names_that_are_taken_have_a_documented_format_and_no_pattern(text: str) -> None:
    schema = parameter("get_domain", "name")
    assert schema["format"] == "idn-hostname"
    if is_taken(DomainName.parse, text):
        assert is_allowed(schema, text)


def test_formats_are_those_that_there_are() -> None:
    assert parameter("get_document", "format_name")["enum"] == list(FORMATS_BY_NAME)
