"""Whatever an autoconfig file holds, it is read or refused with a reason, soon and without the network."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from app.core.errors import InvalidInput
from app.parsers.autoconfig import MAX_BYTES, AutoconfigFile, parse_autoconfig
from hypothesis import example, given
from hypothesis import strategies as st

from properties.strategies import MARKUP, domain_names

if TYPE_CHECKING:
    from collections.abc import Callable

MINIMAL = (
    '<clientConfig version="1.1"><emailProvider id="a.example"><domain>a.example</domain>%s'
    "</emailProvider></clientConfig>"
)


def read(data: bytes) -> AutoconfigFile | None:
    """Read a file; None where it is refused."""
    try:
        return parse_autoconfig(data, "a.example")
    except InvalidInput:
        return None


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read(data)


@given(st.integers(0, 400), st.binary(max_size=8))
def test_a_file_with_any_bytes_in_it_is_read_or_refused(place: int, noise: bytes) -> None:
    data = (MINIMAL % SERVER).encode()
    read(data[:place] + noise + data[place:])
    read(data[:place])


SERVER = (
    '<incomingServer type="imap"><hostname>a.example</hostname><port>993</port><socketType>SSL</socketType>'
    "<username>%EMAILADDRESS%</username><authentication>plain</authentication></incomingServer>"
)
NAMES = (
    "domain", "displayName", "displayShortName", "incomingServer", "outgoingServer", "hostname", "port",
    "socketType", "url", "username", "authentication", "pop3", "leaveMessagesOnServer",
    "daysToLeaveMessagesOnServer", "checkInterval", "restriction", "documentation", "descr", "instruction",
    "enable", "inputField", "webMail", "loginPage", "loginPageInfo", "usernameField", "oAuth2", "issuer",
    "scope",
    "authURL", "tokenURL", "unknown",
)  # fmt: skip
TEXTS = (
    "", " ", "imap", "smtp", "SSL", "STARTTLS", "plain", "993", "-1", "65536", "9" * 400, "true", "OAuth2",
    "%EMAILADDRESS%", "%EMAILADDRESS", "%NODE%", "https://a.example/", "javascript:alert(1)", "a.example",
    "B\u00dcCHER.example", "a" * 300, "\u0661",
)  # fmt: skip
texts = st.one_of(st.sampled_from(TEXTS), st.sampled_from(MARKUP), domain_names, st.text(max_size=10))
attributes = st.dictionaries(
    st.sampled_from(
        ["type", "url", "visiturl", "id", "lang", "key", "label", "minutes", "purpose", "system"]
    ),
    texts,
    max_size=3,
)


def is_writable(char: str) -> bool:
    return char >= " " and not "\ud800" <= char <= "\udfff"


def escaped(text: str) -> str:
    return "".join(f"&#{ord(char)};" if is_writable(char) else "?" for char in text)


def written(name: str, values: dict[str, str], inner: list[str]) -> str:
    start = "".join(f' {key}="{escaped(value)}"' for key, value in values.items())
    return f"<{name}{start}>{''.join(inner)}</{name}>"


elements = st.recursive(
    st.builds(written, st.sampled_from(NAMES), attributes, texts.map(lambda text: [escaped(text)])),
    lambda inner: st.builds(written, st.sampled_from(NAMES), attributes, st.lists(inner, max_size=5)),
    max_leaves=15,
)


@given(st.lists(elements, max_size=8), st.lists(elements, max_size=3))
@example(["<incomingServer/>"] * 70, [])
def test_any_elements_are_taken_or_told_of(inside: list[str], beside: list[str]) -> None:
    document = MINIMAL.replace("</emailProvider>", f"</emailProvider>{''.join(beside)}") % "".join(inside)
    file = read(document.encode())
    if file is None:
        return
    wanted = sum(part.startswith(("<incomingServer", "<outgoingServer")) for part in inside)
    taken = sum(server.type != "webmail" for server in file.provider.servers)
    assert taken + len(file.notices) >= wanted


def billion_laughs() -> bytes:
    entities = '<!ENTITY a "lol">'
    for letter, before in zip("bcdefghijk", "abcdefghij", strict=True):
        ten = f"&{before};" * 10
        entities += f'<!ENTITY {letter} "{ten}">'
    return f"<!DOCTYPE clientConfig [{entities}]>{MINIMAL % '<displayName>&k;</displayName>'}".encode()


def quadratic_blowup() -> bytes:
    text = "x" * 50_000
    entity = f'<!ENTITY a "{text}">'
    return f"<!DOCTYPE clientConfig [{entity}]>{MINIMAL % ('&a;' * 10_000)}".encode()


def external_entity() -> bytes:
    entity = '<!ENTITY a SYSTEM "file:///etc/hostname">'
    return f"<!DOCTYPE clientConfig [{entity}]>{MINIMAL % '<displayName>&a;</displayName>'}".encode()


def external_doctype() -> bytes:
    return f'<!DOCTYPE clientConfig SYSTEM "http://127.0.0.1:1/a.dtd">{MINIMAL % ""}'.encode()


def parameter_entity() -> bytes:
    return f'<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1:1/">%b;]>{MINIMAL.replace("%s", "")}'.encode()


def ten_megabytes() -> bytes:
    return (MINIMAL % ("<domain>b.example</domain>" * 400_000)).encode()


def many_attributes() -> bytes:
    attributes = " ".join(f'a{number}="1"' for number in range(50_000))
    return (MINIMAL % f"<displayName {attributes}/>").encode()


def deep() -> bytes:
    return (MINIMAL % ("<pop3>" * 60_000 + "</pop3>" * 60_000)).encode()


def many_servers() -> bytes:
    return (MINIMAL % (SERVER * 2500)).encode()


def many_domains() -> bytes:
    return (MINIMAL % "".join(f"<domain>d{number}.example</domain>" for number in range(25_000))).encode()


@pytest.mark.parametrize(
    "attack",
    [
        billion_laughs, quadratic_blowup, external_entity, external_doctype, parameter_entity, ten_megabytes,
        deep, many_servers,
    ],
)  # fmt: skip
def test_attacks_are_refused_at_once(attack: Callable[[], bytes]) -> None:
    data = attack()
    started = time.process_time()
    assert read(data) is None
    assert time.process_time() - started < 2


def test_what_is_large_and_harmless_is_read_at_once() -> None:
    started = time.process_time()
    assert len(many_domains()) < MAX_BYTES
    file = read(many_domains())
    assert file is not None
    assert len(file.domains) == 25_001
    assert read(many_attributes()) is not None
    assert time.process_time() - started < 5
