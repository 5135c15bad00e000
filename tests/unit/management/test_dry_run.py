"""A dry run answers as the real request would, and nothing of it stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from management import A_SERVER, a_provider_body

if TYPE_CHECKING:
    import httpx

    from management import ApiClient

DOMAIN = "/api/v1/domains/a.example"

CASES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "/api/v1/providers", a_provider_body(slug="new")),
    ("POST", "/api/v1/providers", a_provider_body(slug="a")),
    ("PUT", "/api/v1/providers/new", a_provider_body()),
    ("PUT", "/api/v1/providers/a", a_provider_body(short_name="Other")),
    ("PUT", "/api/v1/providers/a/servers/imap", {**A_SERVER, "port": 994}),
    ("PUT", "/api/v1/providers/a/servers/second", {**A_SERVER, "hostname": "%MISSING%.host.example"}),
    ("DELETE", "/api/v1/providers/a/servers/imap", None),
    ("PATCH", "/api/v1/providers/a", {"short_name": "Other"}),
    ("PATCH", "/api/v1/providers/a/servers/imap", {"port": 994}),
    ("PATCH", DOMAIN, {"reference": "K-1"}),
    ("PATCH", DOMAIN, {"unknown": 1}),
    ("DELETE", "/api/v1/providers/a", None),
    ("POST", "/api/v1/domains", {"name": "new.example", "provider": "a"}),
    ("POST", "/api/v1/domains", {"name": "new.example", "provider": "none"}),
    ("PUT", "/api/v1/domains/new.example", {"provider": "a"}),
    ("PUT", DOMAIN, {"provider": "a", "reference": "K-1", "variables": {"NODE": "srv1"}}),
    ("PUT", DOMAIN, {"provider": "a", "reference": "\n"}),
    ("PUT", f"{DOMAIN}/mailboxes/jane", {"login": "jane"}),
    ("DELETE", f"{DOMAIN}/mailboxes/nobody", None),
    ("DELETE", DOMAIN, None),
    ("DELETE", "/api/v1/domains/none.example", None),
]


async def state(api: ApiClient) -> list[Any]:
    return [
        (await api.get(path)).json()
        for path in (
            "/api/v1/providers",
            "/api/v1/domains",
            f"{DOMAIN}/mailboxes",
            "/api/v1/audit?limit=500",
        )
    ]


def essence(response: httpx.Response) -> tuple[int, str | None, Any]:
    """Return what has to be equal: all but the moments and the number of the request."""
    body = response.json() if response.content else None
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if not name.endswith("_at")}
        body.pop("instance", None)
    return response.status_code, response.headers.get("etag"), body


@pytest.mark.parametrize(("method", "path", "body"), CASES)
async def test_a_dry_run_answers_the_same_and_changes_nothing(
    hosted: ApiClient, method: str, path: str, body: dict[str, Any] | None
) -> None:
    before = await state(hosted)
    options: dict[str, Any] = {"json": body}
    if method == "PATCH":
        options["headers"] = {"Content-Type": "application/merge-patch+json"}
    tried = await hosted.request(method, path, **options, params={"dry_run": "true"})
    assert tried.headers["signpost-dry-run"] == "true"
    assert await state(hosted) == before
    meant = await hosted.request(method, path, **options)
    assert "signpost-dry-run" not in meant.headers
    assert essence(tried) == essence(meant)
    assert (await state(hosted) != before) == meant.is_success


async def test_a_dry_run_honours_preconditions(hosted: ApiClient) -> None:
    response = await hosted.delete(f"{DOMAIN}?dry_run=true", headers={"If-Match": '"9"'})
    assert response.status_code == 412
    assert response.headers["signpost-dry-run"] == "true"


# Asks others, and stores nothing.
WRITES_NOTHING = {"/api/v1/discoveries", "/api/v1/discoveries/events"}


async def test_every_operation_that_writes_can_be_tried(api: ApiClient) -> None:
    document = (await api.http.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path.startswith("/api/") and method != "get":
                names = {parameter["name"] for parameter in operation.get("parameters", ())}
                assert ("dry_run" in names) == (path not in WRITES_NOTHING), (method, path)
