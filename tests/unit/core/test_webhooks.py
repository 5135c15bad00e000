from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from app.core.errors import InvalidInput
from app.core.events import EventType
from app.core.webhooks import Health, Webhook

from fakes.clock import NOW


def a_webhook(**changes: Any) -> Webhook:
    values: dict[str, Any] = {
        "public_id": "0123456789ab",
        "name": "Billing",
        "url": "https://billing.example/hook?x=1",
        "event_types": frozenset({EventType.DOMAIN_CHANGED}),
        "secret": "plain:whsec_AAAA",
        **changes,
    }
    return Webhook(**values)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"name": " x"}, "name: must not start or end"),
        ({"name": ""}, "name: must not be empty"),
        ({"name": "x" * 101}, "name: must be at most 100"),
        ({"url": "ftp://a.example/"}, "url: must start with https:// or http://"),
        ({"url": "https://user:secret@a.example/"}, "url: must not hold a user name"),
        ({"url": "https://a.example/#x"}, "url: must not have a fragment"),
        ({"url": "https:///x"}, "url: must have a host name"),
        ({"event_types": frozenset()}, "event_types: must be one or more of"),
        ({"event_types": frozenset({EventType.PING})}, "event_types: must be one or more of"),
    ],
)
def test_what_cannot_be_sent_to_or_heard_is_refused(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        a_webhook(**changes)
    assert rule in str(refused.value)


def test_no_secret_is_in_what_is_shown_or_told_of_it() -> None:
    webhook = a_webhook(secret="plain:hidden-one", previous_secret="plain:hidden-two", previous_ends_at=NOW)
    assert "hidden" not in repr(webhook)
    assert "hidden" not in str(webhook.record())
    assert webhook.record()["previous_secret_ends_at"] == NOW.isoformat()


def test_plain_http_is_known() -> None:
    assert a_webhook(url="http://a.example/").is_plain
    assert a_webhook(url="HTTP://a.example/").is_plain
    assert not a_webhook().is_plain


@pytest.mark.parametrize(
    ("failures", "days", "expected"), [(10, 5, True), (9, 5, False), (10, 4.9, False), (500, 6, True)]
)
def test_a_receiver_is_given_up_after_many_failures_over_days(
    failures: int, days: float, *, expected: bool
) -> None:
    health = Health(failures=failures, failing_since=NOW - timedelta(days=days))
    assert health.is_given_up(NOW) is expected


def test_a_receiver_that_never_failed_is_not_given_up() -> None:
    assert not Health().is_given_up(NOW)
