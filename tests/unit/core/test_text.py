from __future__ import annotations

import pytest
from app.core.errors import InvalidInput
from app.core.text import free_text, language_tag, single_line, web_url

FORBIDDEN = [chr(code) for code in (0, 1, 8, 11, 12, 14, 31, 127, 128, 0x9F, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF)]


@pytest.mark.parametrize("char", FORBIDDEN, ids=ascii)
def test_characters_that_xml_cannot_carry_are_refused(char: str) -> None:
    for check in (free_text, single_line):
        with pytest.raises(InvalidInput, match="control characters"):
            check(f"a{char}b", 10)


@pytest.mark.parametrize(
    "text", ["<b>&\"'</b> ]]>", "\u202eabc\u05d0", "\U0001f4e7", "é\u00a0ü", "a\tb\r\nc\nd"]
)
def test_all_other_text_is_kept_as_it_is(text: str) -> None:
    assert free_text(text, 100) == text


def test_outer_white_space_goes() -> None:
    assert free_text(" \n a b \t", 100) == "a b"
    assert single_line("  a b ", 100) == "a b"


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_nothing_is_no_text(text: str) -> None:
    with pytest.raises(InvalidInput, match="must not be empty"):
        free_text(text, 10)


def test_a_text_is_as_long_as_its_limit_at_most() -> None:
    assert free_text("a" * 10, 10) == "a" * 10
    with pytest.raises(InvalidInput, match="at most 10 characters"):
        free_text("a" * 11, 10)


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\rb"])
def test_a_line_has_no_end_in_it(text: str) -> None:
    with pytest.raises(InvalidInput, match="single line"):
        single_line(text, 10)


@pytest.mark.parametrize(
    "url",
    [
        "https://host.example",
        "http://host.example:8080/a/b?c=d&e=%C3%BC#f",
        "HTTPS://HOST.example/",
        "https://192.0.2.1/",
        "https://host.example/'\"<>",
    ],
)
def test_a_url_is_kept_as_it_is(url: str) -> None:
    assert web_url(url) == url


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("", "printable ASCII"),
        ("https://host.example/a b", "printable ASCII"),
        ("https://host.example/ü", "printable ASCII"),
        ("https://host.example/\n", "printable ASCII"),
        ("https://host.example/\x00", "printable ASCII"),
        ("ftp://host.example/", "must start with https:// or http://"),
        ("javascript:alert(1)", "must start with"),
        ("//host.example/", "must start with"),
        ("host.example", "must start with"),
        ("https:///path", "a host name"),
        ("https://", "a host name"),
        ("https://jane:secret@host.example/", "user name or password"),
        ("https://jane@host.example/", "user name or password"),
        ("https://host_1.example/", "valid host name"),
        ("https://[2001:db8::1]/", "valid host name"),
        ("https://[2001:db8::1", "must be a URL"),
        ("https://host.example:99999/", "must be a URL"),
        ("https://host.example:port/", "must be a URL"),
        (f"https://host.example/{'a' * 2048}", "at most 2048"),
    ],
    ids=ascii,
)
def test_what_is_no_web_url_is_refused_with_the_rule(url: str, rule: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        web_url(url)
    assert rule in refused.value.issues[0].rule


def test_a_url_is_of_the_schemes_that_are_asked_for() -> None:
    with pytest.raises(InvalidInput, match=r"must start with https://$"):
        web_url("http://host.example/", ("https",))


@pytest.mark.parametrize("tag", ["de", "pt-BR", "pt_BR", "zh-Hant-TW", "fil"])
def test_a_language_tag_is_kept_as_it_is(tag: str) -> None:
    assert language_tag(tag) == tag


@pytest.mark.parametrize("tag", ["", "d", "german", "de-", "de DE", '"', "de\n", "de-x"])
def test_what_is_no_language_tag_is_refused(tag: str) -> None:
    with pytest.raises(InvalidInput, match="language tag"):
        language_tag(tag)
