"""Signatures that hold for nothing else, and waits that stay within their bounds."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from app.core.retrying import MAX_ATTEMPTS, MAX_WAIT, parse_retry_after, rest_after, retry_wait
from app.core.webhook_signing import signing_headers, write_secret
from hypothesis import given
from hypothesis import strategies as st

KEYS = st.binary(min_size=24, max_size=64)
IDS = st.text("abcdef0123456789", min_size=1, max_size=32).map("evt_{}".format)
MOMENTS = st.integers(0, 2**40)
SPANS = st.none() | st.timedeltas(timedelta(0), timedelta(days=4000))


def signatures(key: bytes, webhook_id: str, timestamp: int, body: bytes) -> set[str]:
    headers = signing_headers([write_secret(key)], webhook_id, timestamp, body)
    return set(headers["webhook-signature"].split(" "))


@given(KEYS, IDS, MOMENTS, st.binary(max_size=200))
def test_a_signature_is_what_a_receiver_computes(
    key: bytes, webhook_id: str, timestamp: int, body: bytes
) -> None:
    headers = signing_headers([write_secret(key)], webhook_id, timestamp, body)
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    version, signature = headers["webhook-signature"].split(",")
    assert version == "v1"
    assert base64.b64decode(signature) == hmac.new(key, signed, hashlib.sha256).digest()


SIGNED = st.tuples(st.binary(min_size=32, max_size=32), IDS, MOMENTS, st.binary(max_size=50))


@given(SIGNED, SIGNED, st.integers(0, 3))
def test_a_signature_holds_for_nothing_else(
    one: tuple[bytes, str, int, bytes], other: tuple[bytes, str, int, bytes], which: int
) -> None:
    key, webhook_id, timestamp, body = (
        (other[0], *one[1:]),
        (one[0], other[1], *one[2:]),
        (*one[:2], other[2], one[3]),
        (*one[:3], other[3]),
    )[which]
    is_same = (key, webhook_id, timestamp, body) == one
    assert bool(signatures(*one) & signatures(key, webhook_id, timestamp, body)) == is_same


@given(st.integers(1, 1000), st.floats(0, 1), SPANS)
def test_a_wait_is_between_five_seconds_and_a_day_or_there_is_none(
    attempts: int, jitter: float, asked: timedelta | None
) -> None:
    wait = retry_wait(attempts, jitter, asked)
    assert (wait is None) == (attempts >= MAX_ATTEMPTS)
    if wait is not None:
        assert timedelta(seconds=5) <= wait <= MAX_WAIT
        assert asked is None or wait >= min(asked, MAX_WAIT)


@given(st.integers(1, MAX_ATTEMPTS - 2), st.floats(0, 1), st.floats(0, 1))
def test_waits_grow_from_attempt_to_attempt_whatever_the_jitter(
    attempts: int, one: float, other: float
) -> None:
    sooner, later = retry_wait(attempts, one), retry_wait(attempts + 1, other)
    assert sooner is not None
    assert later is not None
    assert sooner <= later


@given(st.integers(1, 10**9), SPANS)
def test_a_rest_is_between_a_second_and_a_day(failures: int, asked: timedelta | None) -> None:
    rest = rest_after(failures, asked)
    assert timedelta(seconds=1) <= rest <= MAX_WAIT
    assert rest_after(failures + 1, asked) >= rest


@given(st.text() | st.from_regex(r"[0-9]{1,40}") | st.datetimes().map(str))
def test_any_retry_after_is_read_or_ignored(text: str) -> None:
    found = parse_retry_after(text, datetime(2026, 3, 29, tzinfo=UTC))
    assert found is None or found >= timedelta(0)
