"""Names normalise once, and nothing but a name comes out."""

from __future__ import annotations

import re

from app.core.errors import InvalidInput
from app.core.names import DomainName, EmailAddress, Hostname
from app.core.patterns import hostname_pattern, username_pattern
from app.core.placeholders import placeholders_in
from app.core.questions import domains_of_host, question_for_address
from app.core.text import FORBIDDEN_CHARACTERS
from hypothesis import assume, example, given
from hypothesis import strategies as st

from properties.strategies import domain_names

_HOST = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*")

unicode_labels = st.text(
    st.sampled_from("aZ0-_.üßİıé\u05d0\u0628\u0627日本語。\uff0e｡\u0308\u200c\u200d\xad\uff21"),
    min_size=1,
    max_size=12,
)
typed_names = st.one_of(
    st.text(max_size=40),
    st.lists(unicode_labels, min_size=1, max_size=4).map(".".join),
    domain_names,
    domain_names.map(str.upper),
    st.builds("{}.{}".format, unicode_labels, domain_names),
    st.integers(60, 320).map(lambda length: f"{'a' * length}.example"),
    st.text("abc-x", min_size=1, max_size=12).map(lambda text: f"xn--{text}.example"),
)


@given(typed_names)
@example("İ.example")
@example("xn--.example")
@example("a\u3002example")
@example("faß.example")
@example("\u202ea.example")
def test_a_domain_is_refused_or_has_one_form(text: str) -> None:
    try:
        domain = DomainName.parse(text)
    except InvalidInput:
        return
    assert _HOST.fullmatch(domain.ascii)
    assert len(domain.ascii) <= 253
    assert DomainName(domain.ascii) == DomainName.parse(domain.ascii) == domain
    assert DomainName.parse(domain.unicode) == domain
    assert DomainName.parse(f"{domain.ascii.upper()}.") == domain


@given(typed_names | st.ip_addresses().map(str))
def test_a_host_name_is_refused_or_has_one_form(text: str) -> None:
    try:
        hostname = Hostname.parse(text)
    except InvalidInput:
        return
    assert _HOST.fullmatch(hostname.ascii)
    assert Hostname.parse(hostname.ascii) == Hostname.parse(hostname.unicode) == hostname


@given(
    st.lists(
        st.sampled_from(["%A%", "%EMAILDOMAIN%", ".", "a", "Z", "-", "zzp", "ü", "%"]), min_size=1, max_size=8
    )
)
def test_a_host_name_pattern_is_refused_or_has_one_form(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        pattern = hostname_pattern(text)
    except InvalidInput:
        return
    assert hostname_pattern(pattern) == pattern
    assert placeholders_in(pattern) == placeholders_in(text)


local_parts = st.one_of(
    st.text(max_size=20),
    st.text('ab."\\ @+<>&\u00fc\u0130\x85\ufffe', max_size=12),
    st.text(max_size=12).map(lambda text: f'"{text}"'),
    st.integers(60, 70).map(lambda length: "a" * length),
)


@given(local_parts, domain_names)
@example('"\\""', "a.example")
@example('"a\\\\"', "a.example")
def test_an_address_is_refused_or_has_one_form(local_part: str, domain: str) -> None:
    try:
        address = EmailAddress.parse(f"{local_part}@{domain}")
    except InvalidInput:
        return
    assert EmailAddress.parse(str(address)) == address
    assert EmailAddress.parse(f"{address.local_part}@{domain.upper()}.") == address
    assert not FORBIDDEN_CHARACTERS.search(str(address))
    assert len(address.local_part.encode()) <= 64
    # What is made of it is an address again.
    for made in (address.lowered(), *(address.without_tag(separator) for separator in "+-=_.#")):
        assert EmailAddress.parse(str(made)) == made
        assert made.domain == address.domain


@given(local_parts, typed_names)
def test_whose_settings_an_address_asks_for_depends_on_its_domain_alone(local_part: str, typed: str) -> None:
    assume("@" not in typed)
    try:
        domain = DomainName.parse(typed.strip())
    except InvalidInput:
        domain = None
    try:
        question = question_for_address(f"{local_part}@{typed}")
    except InvalidInput:
        assert domain is None
        return
    assert question.domains == (domain,)
    assert question.address is None or question.address.domain == domain


@given(st.text(max_size=40) | typed_names | typed_names.map(lambda name: f"AutoConfig.{name}:443"))
def test_any_host_header_stands_for_domains_or_for_none(host: str) -> None:
    for domain in domains_of_host(host):
        assert DomainName.parse(domain.ascii) == domain


@given(st.text(max_size=300))
def test_a_user_name_is_refused_or_has_one_form(text: str) -> None:
    try:
        name = username_pattern(text)
    except InvalidInput:
        return
    assert username_pattern(name) == name
    assert not FORBIDDEN_CHARACTERS.search(name)
