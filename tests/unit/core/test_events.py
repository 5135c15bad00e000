from __future__ import annotations

import json
from typing import Any

import pytest
from app.core.events import SUBSCRIBABLE, EventType, News, domain_news, provider_news

from fakes.clock import NOW


def a_record(**changes: Any) -> dict[str, Any]:
    return {"name": "a.example", "provider": "a", "status": "active", "version": 1, **changes}


@pytest.mark.parametrize(
    ("action", "before", "after", "expected"),
    [
        ("domain.put", None, a_record(), "domain.created"),
        ("domain.import", None, a_record(), "domain.created"),
        ("domain.restore", None, a_record(), "domain.restored"),
        ("domain.delete", a_record(), None, "domain.deleted"),
        ("domain.patch", a_record(), a_record(reference="x"), "domain.changed"),
        ("domain.suspend", a_record(), a_record(status="suspended"), "domain.suspended"),
        ("domain.put", a_record(), a_record(status="suspended"), "domain.suspended"),
        ("domain.resume", a_record(status="suspended"), a_record(), "domain.resumed"),
        ("domain.move", a_record(), a_record(variables={"NODE": "2"}), "domain.moved"),
        ("domain.put", a_record(), a_record(provider="b"), "domain.moved"),
        ("domain.put", a_record(), a_record(provider="b", status="suspended"), "domain.moved"),
    ],
)
def test_a_change_of_a_domain_is_named_for_what_it_does(
    action: str, before: Any, after: Any, expected: str
) -> None:
    for news in domain_news(action, before, after):
        assert (news.type, news.kind, news.subject) == (expected, "domain", "a.example")


def test_a_domain_that_changes_hands_is_told_to_each_without_what_is_the_others() -> None:
    before, after = a_record(), a_record(provider="b")
    news = domain_news("domain.move", before, after)

    def told(provider: str | None) -> list[Any]:
        return [dict(one.data) for one in news if one.reaches(provider)]

    assert told(None) == [{"before": before, "after": after}]
    assert told("a") == [{"before": before, "after": None}]
    assert told("b") == [{"before": None, "after": after}]
    assert told("c") == []


def test_a_change_within_a_provider_is_told_to_it_and_to_all() -> None:
    (news,) = domain_news("domain.patch", a_record(), a_record(reference="x"))
    assert [news.reaches(provider) for provider in (None, "a", "b")] == [True, True, False]


def test_a_provider_comes_changes_and_goes_by_one_name() -> None:
    record = {"slug": "a"}
    for before, after in ((None, record), (record, record), (record, None)):
        (news,) = provider_news(before, after)
        assert (news.type, news.subject) == ("provider.changed", "a")
        assert [news.reaches(provider) for provider in (None, "a", "b")] == [True, True, False]


def test_a_document_is_the_standards_members_without_white_space() -> None:
    news = News(type=EventType.HOST_BAD, kind="host", subject="ü.example", data={"findings": ["x y"]})
    text = news.document(NOW)
    assert text == (
        '{"type":"host.bad","timestamp":"2026-03-29T01:30:15.250001Z","subject":"ü.example",'
        '"data":{"findings":["x y"]}}'
    )
    assert json.loads(text)["data"] == {"findings": ["x y"]}


def test_tests_cannot_be_subscribed_to() -> None:
    assert EventType.PING not in SUBSCRIBABLE
    assert len(SUBSCRIBABLE) == len(EventType) - 1
