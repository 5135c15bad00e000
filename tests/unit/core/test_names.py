from __future__ import annotations

import pytest
from app.core.errors import InvalidInput
from app.core.names import DomainName, EmailAddress, Hostname, is_ipv4_address

LONG_LABEL = "a" * 63
LONGEST = ".".join([LONG_LABEL] * 3 + ["a" * 61])

NORMAL_FORMS = {
    "example.com": "example.com",
    "EXAMPLE.Com": "example.com",
    "example.com.": "example.com",
    "bücher.example": "xn--bcher-kva.example",
    "BÜCHER.EXAMPLE": "xn--bcher-kva.example",
    "bu\u0308cher.example": "xn--bcher-kva.example",
    "XN--BCHER-KVA.example": "xn--bcher-kva.example",
    "straße.example": "xn--strae-oqa.example",
    "faß.de": "xn--fa-hia.de",
    "日本語。example": "xn--wgv71a119e.example",
    "\uff45\uff58\uff41\uff4dple.com": "example.com",
    "a.xn--p1ai": "a.xn--p1ai",
    "1.example": "1.example",
    "a-b.c-d.example": "a-b.c-d.example",
    LONGEST: LONGEST,
    f"{LONGEST}.": LONGEST,
}


@pytest.mark.parametrize("text", NORMAL_FORMS)
def test_a_domain_has_one_form(text: str) -> None:
    domain = DomainName.parse(text)
    assert domain.ascii == NORMAL_FORMS[text]
    assert DomainName.parse(domain.ascii) == domain
    assert DomainName.parse(domain.unicode) == domain
    assert str(domain) == domain.ascii


NO_DOMAINS = {
    "": "empty",
    ".": "empty",
    "..": "empty labels",
    "a..example": "empty labels",
    ".example": "empty labels",
    "example.com..": "empty labels",
    "localhost": "two labels",
    "example": "two labels",
    "192.0.2.1": "end in a number",
    "example.123": "end in a number",
    "under_score.example": "letters, digits and hyphens",
    "-a.example": "letters, digits and hyphens",
    "a-.example": "letters, digits and hyphens",
    "a b.example": "letters, digits and hyphens",
    " example.com": "letters, digits and hyphens",
    "example.com\n": "letters, digits and hyphens",
    "a@example.com": "letters, digits and hyphens",
    "example.com:443": "letters, digits and hyphens",
    "[2001:db8::1]": "letters, digits and hyphens",
    "a\x00b.example": "letters, digits and hyphens",
    "*.example.com": "letters, digits and hyphens",
    f"{'a' * 64}.example": "63 characters",
    f"{'a' * 300}.example": "at most 253",
    f"{'a' * 64}.{'b' * 63}.example": "63 characters",
    f"{LONGEST}.aa": "at most 253",
    "a." * 700 + "example": "at most 253",
    "xn--a.example": "invalid xn-- labels",
    "xn--bcher-kvb.example": "invalid xn-- labels",
    "xn--.example": "letters, digits and hyphens",
    "xn--99999999999.example": "invalid xn-- labels",
    "bü_cher.example": "IDNA 2008",
    "☃.example": "IDNA 2008",
    "\u202ebücher.example": "IDNA 2008",
    "a\u200db.example": "IDNA 2008",
    "-ü.example": "IDNA 2008",
    "ü\ud800.example": "IDNA 2008",
    "ü" * 2000: "at most 253",
    f"{'ü' * 70}.example": "IDNA 2008",
}


@pytest.mark.parametrize("text", NO_DOMAINS, ids=ascii)
def test_what_is_no_domain_is_refused_with_the_rule(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        DomainName.parse(text)
    assert NO_DOMAINS[text] in refused.value.issues[0].rule


@pytest.mark.parametrize("text", ["EXAMPLE.com", "example.com.", "bücher.example"])
def test_a_domain_is_not_made_of_another_form(text: str) -> None:
    with pytest.raises(InvalidInput, match="A-label form"):
        DomainName(text)


def test_a_domain_is_shown_in_u_labels() -> None:
    assert DomainName("xn--bcher-kva.example").unicode == "bücher.example"
    assert DomainName("example.com").unicode == "example.com"
    # Names of machines look like this; IDNA has no U-labels for them.
    assert DomainName("r3---a.xn--bcher-kva.example").unicode == "r3---a.xn--bcher-kva.example"


HOSTNAMES = {
    "localhost": "localhost",
    "MAIL.Example.com.": "mail.example.com",
    "192.0.2.25": "192.0.2.25",
    "mail.bücher.example": "mail.xn--bcher-kva.example",
    "1": None,
    "a.1": None,
    "192.0.2.256": None,
    "192.0.2.025": None,
    "192.0.2": None,
    "mail.example.com:993": None,
    "2001:db8::1": None,
    "[2001:db8::1]": None,
    "": None,
    "a/b": None,
    "mail_1.example.com": None,
}


@pytest.mark.parametrize("text", HOSTNAMES)
def test_a_host_name_may_be_one_label_or_an_ipv4_address(text: str) -> None:
    expected = HOSTNAMES[text]
    if expected is None:
        with pytest.raises(InvalidInput):
            Hostname.parse(text)
    else:
        hostname = Hostname.parse(text)
        assert (hostname.ascii, str(hostname)) == (expected, expected)
        assert Hostname.parse(hostname.unicode) == hostname


def test_a_host_name_is_not_made_of_another_form() -> None:
    with pytest.raises(InvalidInput, match="A-label form"):
        Hostname("Mail.example")


@pytest.mark.parametrize(("text", "is_one"), [("192.0.2.1", True), ("192.0.2", False), ("a", False)])
def test_ipv4_addresses_are_known(text: str, *, is_one: bool) -> None:
    assert is_ipv4_address(text) is is_one


ADDRESSES = {
    "jane@example.com": "jane@example.com",
    "Jane.DOE@EXAMPLE.com.": "Jane.DOE@example.com",
    "jane+news@example.com": "jane+news@example.com",
    "o'brien!#$%&*/=?^_`{|}~-@example.com": "o'brien!#$%&*/=?^_`{|}~-@example.com",
    "jörg@bücher.example": "jörg@xn--bcher-kva.example",
    '"jane"@example.com': "jane@example.com",
    '"jane.doe"@example.com': "jane.doe@example.com",
    '"ja\\ne"@example.com': "jane@example.com",
    '"jane doe"@example.com': '"jane doe"@example.com',
    '"a@b"@example.com': '"a@b"@example.com',
    '"a..b"@example.com': '"a..b"@example.com',
    '".a"@example.com': '".a"@example.com',
    '"a\\"b\\\\c"@example.com': '"a\\"b\\\\c"@example.com',
    '"\\<x>"@example.com': '"<x>"@example.com',
    '""@example.com': '""@example.com',
    f"{'a' * 64}@example.com": f"{'a' * 64}@example.com",
    f"{'ü' * 32}@example.com": f"{'ü' * 32}@example.com",
}


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_has_one_form(text: str) -> None:
    address = EmailAddress.parse(text)
    assert str(address) == ADDRESSES[text]
    assert EmailAddress.parse(str(address)) == address


NO_ADDRESSES = {
    "": "an @",
    "jane": "an @",
    "@example.com": "before the @",
    "jane@": "empty",
    "jane@localhost": "two labels",
    "jane doe@example.com": "dot-atom or a quoted string",
    ".jane@example.com": "dot-atom or a quoted string",
    "jane.@example.com": "dot-atom or a quoted string",
    "jane..doe@example.com": "dot-atom or a quoted string",
    "a@b@example.com": "dot-atom or a quoted string",
    '"jane@example.com': "dot-atom or a quoted string",
    'ja"ne"@example.com': "dot-atom or a quoted string",
    '"a"b"@example.com': "dot-atom or a quoted string",
    '"a\\"@example.com': "dot-atom or a quoted string",
    '"a\nb"@example.com': "dot-atom or a quoted string",
    "<jane>@example.com": "dot-atom or a quoted string",
    "jane\x00@example.com": "dot-atom or a quoted string",
    "jane\x85@example.com": "control characters",
    "jane\ud800@example.com": "control characters",
    '"\x9f"@example.com': "control characters",
    f"{'a' * 65}@example.com": "64 octets",
    f"{'ü' * 33}@example.com": "64 octets",
    f"{'a' * 64}@{LONGEST}": "254 octets",
}


@pytest.mark.parametrize("text", NO_ADDRESSES, ids=ascii)
def test_what_is_no_address_is_refused_with_the_rule(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        EmailAddress.parse(text)
    assert NO_ADDRESSES[text] in refused.value.issues[0].rule


def test_an_address_is_not_made_of_another_form() -> None:
    with pytest.raises(InvalidInput, match="local_part"):
        EmailAddress('"jane"', DomainName("example.com"))


def test_mailboxes_are_told_apart_without_regard_to_case() -> None:
    assert EmailAddress.parse("Jane.DOE@example.com").key == "jane.doe"


@pytest.mark.parametrize(
    ("address", "separator", "base"),
    [
        ("jane+news@example.com", "+", "jane"),
        ("jane+a+b@example.com", "+", "jane"),
        ("jane@example.com", "+", "jane"),
        ("jane-news@example.com", "+", "jane-news"),
        ("jane-news@example.com", "-", "jane"),
        ("jane.doe@example.com", ".", "jane"),
        ("+news@example.com", "+", "+news"),
        # Without its tag it would be no address.
        ("jane.+news@example.com", "+", "jane.+news"),
        ('"jane doe+news"@example.com', "+", '"jane doe+news"'),
    ],
)
def test_a_tag_is_taken_off_where_that_leaves_an_address(address: str, separator: str, base: str) -> None:
    assert EmailAddress.parse(address).without_tag(separator).local_part == base


def test_an_address_in_lower_case_is_itself_where_it_would_be_too_long() -> None:
    assert EmailAddress.parse("JÖRG@example.com").lowered().local_part == "jörg"
    # Each of these letters takes two octets, and three in lower case.
    growing = EmailAddress.parse(f"{'İ' * 32}@example.com")
    assert growing.lowered() == growing
    near_the_limit = EmailAddress.parse(f"{'İ' * 20}@{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 30}")
    assert near_the_limit.lowered() == near_the_limit
