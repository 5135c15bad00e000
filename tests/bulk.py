"""Bulk requests: lines to be sent, and what comes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

    from management import ApiClient

BULK = "/api/v1/domains/bulk"
EXPORT = "/api/v1/domains/export"
NDJSON = {"Content-Type": "application/x-ndjson"}


def lines_of(*records: dict[str, Any] | bytes) -> bytes:
    written = (one if isinstance(one, bytes) else json.dumps(one).encode() for one in records)
    return b"".join(line + b"\n" for line in written)


class Answered(NamedTuple):
    results: list[dict[str, Any]]
    summary: dict[str, Any]

    @property
    def statuses(self) -> list[int]:
        return [result["status"] for result in self.results]


def answered(text: str) -> Answered:
    *results, summary = map(json.loads, text.splitlines())
    assert summary["summary"] is True
    assert summary["lines"] == len(results)
    return Answered(results, summary)


async def post_lines(api: ApiClient, content: bytes | Iterable[bytes], query: str = "") -> httpx.Response:
    return await api.post(f"{BULK}{query}", content=content, headers=NDJSON)


async def done(api: ApiClient, *records: dict[str, Any] | bytes, query: str = "") -> Answered:
    """Send lines that are answered line by line."""
    response = await post_lines(api, lines_of(*records), query)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return answered(response.text)


async def exported(api: ApiClient) -> list[dict[str, Any]]:
    response = await api.get(EXPORT)
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]
