"""Generated values: names, texts, servers and providers, hostile as far as they may be stored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.core.placeholders import variables_in
from app.core.provider import InputField, LocalisedText, OAuth2, Page, Provider
from app.core.servers import (
    Authentication,
    ExchangeOptions,
    Location,
    LoginForm,
    Pop3Options,
    Server,
    ServerOptions,
    ServerType,
    SmtpOptions,
    SocketType,
    WebmailOptions,
    next_key,
)
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

MARKUP = (
    "<", ">", "&", '"', "'", "]]>", "<!--", "-->", "<![CDATA[", "&amp;", "&#60;", "</username>", "<?xml?>",
    "%", "%EMAILADDRESS%", "\u202e", "\u2066", "\u05d0", "\U0001f4e7", "\u00a0", "\u2028", "\ufdd0", "\\",
    "{{", "${",
)  # fmt: skip
_characters = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
_pieces = st.one_of(st.sampled_from(MARKUP), st.text(_characters, max_size=8))


def texts(max_length: int, *, has_lines: bool = False) -> SearchStrategy[str]:
    """Texts that may be stored: any characters but those that XML cannot carry, no outer white space."""
    pieces = st.one_of(_pieces, st.sampled_from(["\t", "\r", "\n"])) if has_lines else _pieces
    joined = st.lists(pieces, min_size=1, max_size=4).map("".join)
    return joined.map(lambda text: text[:max_length].strip()).filter(bool)


labels = st.one_of(
    st.text("ab19", min_size=1, max_size=4), st.sampled_from(["a-b", "xn--bcher-kva", "a" * 63, "0"])
)
domain_names = st.lists(labels, min_size=1, max_size=3).map(lambda found: ".".join([*found, "example"]))
hostnames = st.one_of(
    domain_names,
    domain_names.map(lambda name: f"mail.%EMAILDOMAIN%.{name}"),
    st.just("mail.%EMAILDOMAIN%"),
    st.ip_addresses(v=4).map(str),
)
_url_characters = "abz019-._~:/?#[]@!$&'()*+,;=<>\"\\^`{|}"


@st.composite
def urls(draw: DrawFn) -> str:
    host = draw(domain_names)
    scheme = draw(st.sampled_from(["https", "http"]))
    rest = draw(st.text(_url_characters, max_size=12))
    return f"{scheme}://{host}/{rest}{draw(st.sampled_from(['', '%20', '?u=%EMAILADDRESS%']))}"


def without_variables(text: str) -> bool:
    """Tell whether a text holds no placeholder of ours, which would keep a server from being published."""
    return not variables_in(text)


usernames = st.one_of(
    st.sampled_from(["%EMAILADDRESS%", "%EMAILLOCALPART%", "%EMAILLOCALPART%.%EMAILDOMAIN%"]),
    texts(254).filter(without_variables),
)
_booleans = st.sampled_from([None, True, False])
_ports = st.integers(1, 65535)
_methods = st.lists(st.sampled_from(list(Authentication)), min_size=1, unique=True).map(tuple)

AUTOCONFIG_TYPES = (
    ServerType.IMAP, ServerType.POP3, ServerType.NNTP, ServerType.JMAP, ServerType.EWS, ServerType.OWA,
    ServerType.GRAPH, ServerType.EXCHANGE, ServerType.ACTIVESYNC, ServerType.SMTP, ServerType.WEBMAIL,
)  # fmt: skip


@st.composite
def options(draw: DrawFn, server_type: ServerType) -> ServerOptions | None:
    """Options that autoconfig has a place for; empty ones are none."""
    found: ServerOptions
    if server_type is ServerType.POP3:
        found = Pop3Options(
            leave_messages_on_server=draw(_booleans),
            days_to_leave_messages_on_server=draw(st.none() | st.integers(1, 3650)),
            download_on_biff=draw(_booleans),
            check_interval_minutes=draw(st.none() | st.integers(1, 1440)),
        )
        return None if found == Pop3Options() else found
    if server_type is ServerType.SMTP:
        found = SmtpOptions(
            restriction=draw(st.none() | texts(100)),
            add_this_server=draw(_booleans),
            use_global_preferred_server=draw(_booleans),
        )
        return None if found == SmtpOptions() else found
    if server_type is ServerType.EXCHANGE:
        found = ExchangeOptions(
            owa_url=draw(st.none() | urls()),
            ews_url=draw(st.none() | urls()),
            eas_url=draw(st.none() | urls()),
            use_global_preferred_server=draw(_booleans),
        )
        return None if found == ExchangeOptions() else found
    if server_type is ServerType.WEBMAIL and draw(st.booleans()):
        names = {
            name: draw(st.none() | texts(100))
            for name in (
                "username_field_id", "username_field_name", "password_field_id", "password_field_name",
                "button_id", "button_name",
            )
        }  # fmt: skip
        form = LoginForm(
            url=draw(urls()),
            redirection_prefix=draw(st.none() | urls()),
            username=draw(usernames),
            **names,
        )
        return WebmailOptions(login_form=form)
    return None


@st.composite
def servers(draw: DrawFn, types: Sequence[ServerType] = AUTOCONFIG_TYPES) -> Server:
    server_type = draw(st.sampled_from(types))
    values: dict[str, Any] = {"key": "x", "type": server_type, "options": draw(options(server_type))}
    if server_type.location is Location.URL:
        values["url"] = draw(urls())
    else:
        values |= {
            "hostname": draw(hostnames),
            "port": draw(_ports),
            "socket_type": draw(st.sampled_from(SocketType)),
        }
    if server_type is not ServerType.WEBMAIL:
        values |= {"authentication": draw(_methods), "username": draw(usernames)}
        if server_type not in (ServerType.IMAP, ServerType.POP3) and draw(st.booleans()):
            values["username"] = None
    return Server(**values)


def with_keys(found: Sequence[Server]) -> tuple[Server, ...]:
    """Name servers as an import does: by their type, in their order."""
    taken: set[str] = set()
    named: list[Server] = []
    for server in found:
        key = next_key(server.type, taken)
        taken.add(key)
        named.append(replace(server, key=key))
    return tuple(named)


_languages = st.none() | st.sampled_from(["de", "pt-BR", "zh_TW"])
_localised = st.builds(LocalisedText, text=texts(200, has_lines=True), language=_languages)
pages = st.builds(Page, url=urls(), descriptions=st.lists(_localised, max_size=3).map(tuple))
_page_lists = st.lists(pages, max_size=2).map(tuple)
oauth2 = st.builds(
    OAuth2,
    issuer=texts(253),
    scope=texts(200),
    authorization_url=urls(),
    token_url=urls(),
    client_id=st.none() | texts(100),
)
input_fields = st.builds(InputField, key=texts(40), label=texts(200), example=st.none() | texts(200))
identifiers = st.text("aZ0.-", max_size=20).map(lambda text: f"A{text}z")


def providers(server_lists: SearchStrategy[tuple[Server, ...]]) -> SearchStrategy[Provider]:
    return st.builds(
        Provider,
        slug=st.just("provider"),
        display_name=texts(60),
        short_name=texts(60),
        identifier=identifiers,
        documentation=_page_lists,
        instructions=_page_lists,
        enable=_page_lists,
        oauth2=st.none() | oauth2,
        input_fields=st.lists(input_fields, max_size=2).map(tuple),
        servers=server_lists,
        list_domains=st.sampled_from([True]),
    )


def in_document_order(found: Sequence[Server]) -> tuple[Server, ...]:
    """Order servers as a document has them: incoming, outgoing, one webmail."""
    outgoing = [server for server in found if server.type is ServerType.SMTP]
    webmail = [server for server in found if server.type is ServerType.WEBMAIL][:1]
    incoming = [server for server in found if server.type not in (ServerType.SMTP, ServerType.WEBMAIL)]
    return with_keys([*incoming, *outgoing, *webmail])


server_lists = st.lists(servers(), max_size=5).map(in_document_order)
