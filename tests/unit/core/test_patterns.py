from __future__ import annotations

import pytest
from app.core.errors import InvalidInput
from app.core.patterns import autodiscover_pattern, hostname_pattern, url_pattern, username_pattern

HOSTNAMES = {
    "Mail.Example.com.": "mail.example.com",
    "mail.%EMAILDOMAIN%": "mail.%EMAILDOMAIN%",
    "%NODE%.Host.example": "%NODE%.host.example",
    "MAIL-%NODE%.bücher.example": "mail-%NODE%.xn--bcher-kva.example",
    "%A%%B_2%.%EMAILDOMAIN%.": "%A%%B_2%.%EMAILDOMAIN%",
    "%EMAILLOCALPART%.host.example": "%EMAILLOCALPART%.host.example",
    "%NODE%": "%NODE%",
    # Like what stands in for a placeholder while the rest is checked.
    "zzp.%NODE%.zzzp%NODE%.example": "zzp.%NODE%.zzzp%NODE%.example",
    "\uff3a\uff3a\uff30.%NODE%.example": "zzp.%NODE%.example",
    "zz%NODE%.example": "zz%NODE%.example",
    ".".join(f"%N{number}%" for number in range(12)): ".".join(f"%N{number}%" for number in range(12)),
}


@pytest.mark.parametrize("text", HOSTNAMES)
def test_a_host_name_pattern_has_one_form(text: str) -> None:
    found = hostname_pattern(text)
    assert found == HOSTNAMES[text]
    assert hostname_pattern(found) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "%EMAILADDRESS%",
        "%EMAILADDRESS%.host.example",
        "%NODE%..example",
        "-%NODE%",
        "%NODE%-",
        "%NODE%_1.example",
        "%node%.example",
        "%1%.example",
        "50%.example",
        "ü%NODE%.example",
        "%NODE%ü。example",
        "%NODE.example",
        "%NODE%.1",
        "%NODE%:993",
        f"%NODE%{'a' * 61}.example",
        # Short enough with its values, and too long for the place where it is kept.
        ".".join(["%EMAILLOCALPART%"] * 16),
    ],
)
def test_what_could_not_become_a_host_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        hostname_pattern(text)


@pytest.mark.parametrize(
    "url",
    ["https://%NODE%.host.example/", "https://host.example/?user=%EMAILADDRESS%", "https://a.example/%20"],
)
def test_a_url_pattern_is_kept_as_it_is(url: str) -> None:
    assert url_pattern(url) == url


@pytest.mark.parametrize("url", ["%NODE%", "https:// %NODE%/", "https://%EMAILADDRESS/", "ftp://%NODE%/"])
def test_what_could_not_become_a_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        url_pattern(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://autodiscover-s.outlook.com/autodiscover/autodiscover.xml",
        "https://discover.%EMAILDOMAIN%/Autodiscover/Autodiscover.XML",
        "https://%NODE%.host.example:8443/%EMAILADDRESS%/autodiscover.xml",
    ],
)
def test_an_autodiscover_is_a_file_over_https(url: str) -> None:
    assert autodiscover_pattern(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://host.example/autodiscover/autodiscover.xml",
        "https://host.example/autodiscover/autodiscover.svc",
        "https://host.example/autodiscover/autodiscover.xml/",
        "https://host.example/myautodiscover.xml",
        "https://host.example/?/autodiscover.xml",
        "https://host.example/autodiscover.xml?x",
        "https://host.example/autodiscover.xml#x",
        "https://host.example",
        "https://jane@host.example/autodiscover.xml",
        "autodiscover.xml",
    ],
)
def test_what_could_not_become_an_autodiscover_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        autodiscover_pattern(url)


def test_a_user_name_is_a_line() -> None:
    assert username_pattern(" %EMAILLOCALPART%%%EMAILDOMAIN% ") == "%EMAILLOCALPART%%%EMAILDOMAIN%"
    with pytest.raises(InvalidInput, match="at most 254"):
        username_pattern("a" * 255)
    with pytest.raises(InvalidInput, match="single line"):
        username_pattern("a\nb")
