"""Whatever a file of automx2 holds, it is taken or refused, and nothing else happens."""

from __future__ import annotations

import json
from typing import Any

from app.core.errors import InvalidInput
from app.parsers.automx2 import parse_seed
from hypothesis import given
from hypothesis import strategies as st

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)


ANYTHING = st.recursive(SCALARS, nested)
SERVERS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["imap", "pop", "smtp", "caldav", "INVALID"]) | ANYTHING,
        "name": st.sampled_from(["mail.example", "https://x", ""]) | ANYTHING,
        "url": st.sampled_from(["https://dav.example/", "http://[", "dav.example"]) | ANYTHING,
        "port": st.sampled_from([0, 443, 993, -1, 70_000]) | ANYTHING,
        "prio": ANYTHING,
        "user_name": st.sampled_from(["%EMAILADDRESS%", "", "%EMAILADDRESS"]) | ANYTHING,
        "authentication": ANYTHING,
    },
)
NAMES = st.sampled_from(["a.example", "A.example", "not a name", "bücher.example"])
DOMAINS = st.fixed_dictionaries({"name": NAMES})
SEEDS = st.fixed_dictionaries(
    {
        "provider": st.sampled_from(["Example Inc.", "-", " x ", "ü" * 300]) | ANYTHING,
        "domains": st.lists(DOMAINS | ANYTHING, max_size=4) | ANYTHING,
        "servers": st.lists(SERVERS | ANYTHING, max_size=4) | ANYTHING,
    },
    optional={"version": st.sampled_from([1, 2, 3]) | ANYTHING},
)


@given(SEEDS)
def test_a_seed_is_taken_or_refused(seed: dict[str, Any]) -> None:
    try:
        found = parse_seed(json.dumps(seed).encode())
    except InvalidInput:
        return
    slugs = {provider.slug for provider in found.providers}
    assert {domain.provider for domain in found.domains} <= slugs
    assert len({domain.name for domain in found.domains}) == len(found.domains)
