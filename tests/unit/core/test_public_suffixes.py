"""The examples of publicsuffix.org, and what is no name."""

from __future__ import annotations

import pytest
from app.core.public_suffixes import PublicSuffixes

LIST = """
// ===BEGIN ICANN DOMAINS===
com
uk
co.uk   // the rest of a line is a comment
*.ck
!www.ck
// one with other letters
公司.cn
not a name!
_x.example
"""
SUFFIXES = PublicSuffixes.parse(LIST)


@pytest.mark.parametrize(
    ("name", "registrable"),
    [
        ("example.com", "example.com"),
        ("mx.a.example.com", "example.com"),
        ("com", None),
        ("co.uk", None),
        ("firm.co.uk", "firm.co.uk"),
        ("mx.firm.co.uk", "firm.co.uk"),
        ("firm.uk", "firm.uk"),
        ("ck", None),
        ("b.ck", None),
        ("a.b.ck", "a.b.ck"),
        ("www.ck", "www.ck"),
        ("mx.www.ck", "www.ck"),
        ("firm.xn--55qx5d.cn", "firm.xn--55qx5d.cn"),
        ("xn--55qx5d.cn", None),
        ("mx.firm.unlisted", "firm.unlisted"),
        ("unlisted", None),
    ],
)
def test_the_registered_name_is_one_label_more_than_the_suffix(name: str, registrable: str | None) -> None:
    assert SUFFIXES.find_registrable(name) == registrable
