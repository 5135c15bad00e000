"""Every kind of finding has a code of its own, can be found, and is explained."""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING

import pytest
from app.verification.catalogue import KINDS, KINDS_BY_CODE, findings_text
from app.verification.judging import judge, judge_listing
from app.verification.publication import judge_publication
from app.verification.trust import TrustStore

from certificate_cases import CERTIFICATES, DANE
from judging_cases import CASES
from listing_cases import CASES as PROMISES
from pki import NOW, ROOT
from publication_cases import CASES as PUBLISHED

if TYPE_CHECKING:
    from app.core.findings import FindingKind


def test_codes_are_unique_and_have_their_shape() -> None:
    assert len(KINDS_BY_CODE) == len(KINDS)
    for code in KINDS_BY_CODE:
        assert re.fullmatch(r"[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*", code), code


def test_every_kind_is_found_by_some_case() -> None:
    trust = TrustStore.from_pem(ROOT.pem)
    observations = [seen for seen, _ in (*CASES.values(), *CERTIFICATES.values(), *DANE.values())]
    found = {one.code for seen in observations for one in judge(seen, trust, NOW)}
    found |= {one.code for promise, _ in PROMISES.values() for one in judge_listing(*promise)}
    for records, documents, _ in PUBLISHED.values():
        found |= {one.code for one in judge_publication(records, documents, trust, NOW)}
    assert found == set(KINDS_BY_CODE)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_a_kind_is_written_in_whole_sentences(kind: FindingKind) -> None:
    for text in (kind.statement, kind.meaning, kind.advice):
        assert text[0].isupper() or text[0] == "{"
        assert text.endswith((".", "{detail}"))
        assert "  " not in text


def test_the_page_has_every_kind_once() -> None:
    text = findings_text()
    assert [code for code in KINDS_BY_CODE if text.count(f"### `{code}`\n") != 1] == []
    assert sum(1 for _ in re.finditer("^### ", text, re.MULTILINE)) == len(KINDS)


def test_meanings_have_no_facts_in_them() -> None:
    for kind in KINDS:
        assert [name for _, name, _, _ in Formatter().parse(kind.meaning) if name] == []
