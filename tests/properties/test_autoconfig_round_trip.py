"""What is rendered in full is read back as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.core.documents import Presentation
from app.core.servers import (
    Authentication,
    ExchangeOptions,
    Location,
    Pop3Options,
    Server,
    ServerType,
    SmtpOptions,
    SocketType,
    next_key,
)
from app.parsers.autoconfig import parse_autoconfig
from app.renderers.autoconfig import render_full, render_safe
from hypothesis import given
from hypothesis import strategies as st

from builders import an_account

ORDER = (
    *(ServerType(name) for name in ("imap", "pop3", "nntp", "jmap", "ews", "owa", "graph", "exchange")),
    ServerType.ACTIVESYNC,
    ServerType.SMTP,
    ServerType.WEBMAIL,
    ServerType.CARDDAV,
    ServerType.CALDAV,
    ServerType.WEBDAV,
    ServerType.XMPP,
    ServerType.MATRIX,
    ServerType.MANAGESIEVE,
)
INCOMING = ORDER[:9]
CHAT = (ServerType.XMPP, ServerType.MATRIX)
NAMES = st.sampled_from(
    ["a.example", "%EMAILDOMAIN%", "imap.%EMAILDOMAIN%", "192.0.2.1", "xn--bcher-kva.example"]
)
USERNAMES = st.one_of(
    st.sampled_from(
        ["%EMAILADDRESS%", "%EMAILLOCALPART%", "%EMAILLOCALPART%.%EMAILDOMAIN%", "<a&b>", "00123"]
    ),
    st.text(st.characters(categories=("L", "N", "P", "S"), exclude_characters="%"), min_size=1, max_size=20),
)
METHODS = st.lists(st.sampled_from(Authentication), min_size=1, max_size=4, unique=True).map(tuple)
BOOLEANS = st.sampled_from([None, True, False])
OPTIONS: dict[ServerType, st.SearchStrategy[Any]] = {
    ServerType.POP3: st.builds(
        Pop3Options,
        leave_messages_on_server=BOOLEANS,
        days_to_leave_messages_on_server=st.none() | st.integers(1, 3650),
        download_on_biff=BOOLEANS,
        check_interval_minutes=st.none() | st.integers(1, 1440),
    ),
    ServerType.SMTP: st.builds(
        SmtpOptions,
        restriction=st.none() | st.just("clientIPAddress"),
        add_this_server=BOOLEANS,
        use_global_preferred_server=BOOLEANS,
    ),
    ServerType.EXCHANGE: st.builds(
        ExchangeOptions,
        owa_url=st.none() | st.just("https://owa.example/?a=1&b=2"),
        ews_url=st.none() | st.just("https://ews.example/"),
        use_global_preferred_server=BOOLEANS,
    ),
}


@st.composite
def servers(draw: st.DrawFn) -> Server:
    server_type = draw(st.sampled_from(ORDER))
    values: dict[str, Any] = {"key": "x", "type": server_type}
    if server_type is ServerType.WEBMAIL:
        return Server(**values, url="https://webmail.example/")
    values["authentication"] = draw(METHODS)
    values["username"] = draw(USERNAMES)
    is_url = server_type.location is Location.URL
    if is_url or (server_type.location is Location.EITHER and draw(st.booleans())):
        scheme = draw(st.sampled_from(server_type.schemes))
        return Server(**values, url=f"{scheme}://{draw(NAMES)}/a?b=%EMAILADDRESS%&c='")
    values.update(
        hostname=draw(NAMES), port=draw(st.integers(1, 65535)), socket_type=draw(st.sampled_from(SocketType))
    )
    options = draw(OPTIONS.get(server_type, st.none()))
    return Server(**values, options=options if options != type(options)() else None)


def in_the_formats_order(found: list[Server]) -> tuple[Server, ...]:
    """Incoming servers and chat servers stand among each other as they are stored."""

    def place(server: Server) -> int:
        if server.type in INCOMING:
            return 0
        return ORDER.index(CHAT[0] if server.type in CHAT else server.type)

    keyed: dict[str, Server] = {}
    for server in sorted(found, key=place):
        key = next_key(server.type, set(keyed))
        # There is a place for one web mail only.
        if server.type is not ServerType.WEBMAIL or key == "webmail":
            keyed[key] = replace(server, key=key)
    return tuple(keyed.values())


@given(st.lists(servers(), min_size=1, max_size=8))
def test_the_full_document_is_read_back_as_it_was(found: list[Server]) -> None:
    numbered = tuple(replace(server, key=f"x{number}") for number, server in enumerate(found))
    body = render_full(an_account(*numbered), Presentation()).body
    assert parse_autoconfig(body, "provider").provider.servers == in_the_formats_order(found)


@given(st.lists(servers(), min_size=1, max_size=8))
def test_nothing_of_the_safe_document_is_unknown_to_the_reader(found: list[Server]) -> None:
    numbered = tuple(replace(server, key=f"x{number}") for number, server in enumerate(found))
    body = render_safe(an_account(*numbered), Presentation()).body
    assert parse_autoconfig(body, "provider").notices == ()
