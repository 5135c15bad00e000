"""Whatever a host answers, it is read or refused with a reason; nothing else is ever raised."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from app.core.errors import InvalidInput
from app.parsers.autodiscover import parse_pox, parse_version_2
from app.parsers.pacc import parse_pacc
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

PARSERS: Final[tuple[Callable[[bytes], object], ...]] = (parse_pox, parse_version_2, parse_pacc)
TAGS = (
    "Autodiscover", "Response", "Account", "Action", "Protocol", "Type", "Server", "Port", "SSL", "SPA",
    "Encryption", "LoginName", "RedirectAddr", "RedirectUrl", "Redirect", "Error", "ErrorCode", "Message",
    "Settings", "Url", "EwsUrl", "External", "OWAUrl", "User", "DisplayName",
)  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(
        ["IMAP", "SMTP", "EXCH", "WEB", "MobileSync", "settings", "redirectAddr", "redirectUrl", "on", "off",
         "993", "-1", "99999999999", "a.example", "https://a.example/", "a@b.example", "%EMAILADDRESS%",
         "https://[::1", "https://a.example:x/"]
    ),
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn"), exclude_characters="<&>"), max_size=12),
)  # fmt: skip
ELEMENTS = st.recursive(
    TEXTS,
    lambda inner: st.tuples(st.sampled_from(TAGS), st.lists(inner, max_size=5)).map(
        lambda pair: f"<{pair[0]}>{''.join(pair[1])}</{pair[0]}>"
    ),
    max_leaves=30,
)
NAMES = st.sampled_from(
    ["protocols", "authentication", "info", "provider", "name", "imap", "smtp", "submit", "jmap", "host",
     "url", "oauth-public", "issuer", "password", "Url", "Protocol", "ErrorCode", "ErrorMessage"]
) | st.text(max_size=5)  # fmt: skip
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=20,
)


def read(data: bytes) -> None:
    for parse in PARSERS:
        with suppress(InvalidInput):
            parse(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read(data)


@given(st.lists(ELEMENTS, max_size=6))
def test_any_response_is_read_or_refused(inside: list[str]) -> None:
    read(f"<Autodiscover><Response>{''.join(inside)}</Response></Autodiscover>".encode())
    read(f"<Autodiscover><Response><Account>{''.join(inside)}</Account></Response></Autodiscover>".encode())


@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    read(json.dumps(value).encode())
    read(json.dumps({"protocols": value, "authentication": value, "info": value}).encode())
