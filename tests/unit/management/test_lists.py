"""Every list in one form: filters, order, fields, pages that lose nothing, a total."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from app.api.lists import encode_position
from app.store.rows import DOMAIN
from sqlalchemy import update

from fakes.clock import NOW
from management import A_SERVER, is_problem

if TYPE_CHECKING:
    from management import ApiClient

DOMAINS = "/api/v1/domains"
LISTS = [
    DOMAINS,
    "/api/v1/providers",
    "/api/v1/providers/a/servers",
    f"{DOMAINS}/a.example/mailboxes",
    f"{DOMAINS}/a.example/aliases",
    "/api/v1/deleted-domains",
    "/api/v1/audit",
]


@pytest.fixture
async def filled(hosted: ApiClient) -> ApiClient:
    for name, body in {
        "c.example": {"provider": "a", "reference": "K-1", "variables": {"NODE": "srv1"}},
        "d.example": {"provider": "b", "variables": {"NODE": "srv1"}},
        "e.example": {"provider": "a", "status": "suspended", "variables": {"NODE": "srv2"}},
        "f.example": {"provider": "a", "alias_of": "a.example"},
    }.items():
        created = await hosted.put(f"{DOMAINS}/{name}", json=body)
        assert created.status_code == 201, created.text
    # Changed last, made first.
    await hosted.patch(f"{DOMAINS}/a.example", json={"serves_mx": True})
    for local_part in ("x", "y", "z"):
        await hosted.put(f"{DOMAINS}/a.example/mailboxes/{local_part}", json={"login": local_part})
    return hosted


async def names(api: ApiClient, **query: Any) -> str:
    """Return the first letters of the domains, in the order in which they come."""
    response = await api.get(DOMAINS, params={"fields": "name", **query})
    assert response.status_code == 200, response.text
    return "".join(item["name"][0] for item in response.json()["items"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "abcdef"),
        ({"provider": "a"}, "acef"),
        ({"provider": "none"}, ""),
        ({"status": "suspended"}, "e"),
        ({"reference": "K-1"}, "c"),
        ({"reference": "k-1"}, ""),
        ({"node": "srv1"}, "cd"),
        ({"node": "srv1", "provider": "b"}, "d"),
        ({"alias_of": "A.example"}, "f"),
        ({"alias_of": "b.example"}, ""),
        ({"updated_since": "2100-01-01T00:00:00Z"}, ""),
        ({"updated_since": "2000-01-01T00:00:00Z"}, "abcdef"),
        ({"sort": "name"}, "abcdef"),
        ({"sort": "-name"}, "fedcba"),
        ({"sort": "created_at"}, "abcdef"),
        ({"sort": "-created_at"}, "fedcba"),
        ({"sort": "updated_at"}, "bcdefa"),
        ({"sort": "-updated_at", "provider": "a"}, "afec"),
    ],
)
async def test_domains_are_filtered_and_ordered(filled: ApiClient, query: dict[str, str], found: str) -> None:
    assert await names(filled, **query) == found
    total = (await filled.get(DOMAINS, params={**query, "limit": "1", "total": "true"})).json()["total"]
    assert total == len(found)


async def test_domains_changed_since_a_moment_include_that_moment(filled: ApiClient) -> None:
    changed = (await filled.get(f"{DOMAINS}/a.example")).json()["updated_at"]
    assert await names(filled, updated_since=changed) == "a"


async def test_the_node_follows_the_variable(filled: ApiClient) -> None:
    await filled.patch(f"{DOMAINS}/c.example", json={"variables": {"NODE": "srv9"}})
    await filled.patch(f"{DOMAINS}/d.example", json={"variables": None})
    assert await names(filled, node="srv9") == "c"
    assert await names(filled, node="srv1") == ""


@pytest.mark.parametrize("sort", ["name", "-name", "created_at", "-created_at", "updated_at", "-updated_at"])
async def test_pages_hold_every_domain_once(filled: ApiClient, sort: str) -> None:
    async with filled.services.store.engine.begin() as connection:
        # Some at one moment, so that only the name can tell them apart.
        same = update(DOMAIN).where(DOMAIN.c.name.in_(("b.example", "c.example", "d.example")))
        await connection.execute(same.values(created_at=NOW, updated_at=NOW))
    everything = await names(filled, sort=sort)
    found, after = "", ""
    for _ in range(6):
        page = (await filled.get(DOMAINS, params={"sort": sort, "limit": "2", "after": after})).json()
        found += "".join(item["name"][0] for item in page["items"])
        if page["next"] is None:
            break
        after = page["next"]
    assert found == everything


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_has_one_form(filled: ApiClient, path: str) -> None:
    await filled.delete(f"{DOMAINS}/d.example")
    whole = (await filled.get(path)).json()
    assert set(whole) == {"items", "next", "total"}
    assert (whole["next"], whole["total"]) == (None, None)
    assert whole["items"]
    counted = (await filled.get(path, params={"total": "true", "limit": "1"})).json()
    assert counted["total"] == len(whole["items"])
    field = next(iter(whole["items"][0]))
    some = (await filled.get(path, params={"fields": f" {field} "})).json()
    assert some["items"] == [{field: item[field]} for item in whole["items"]]
    for wrong in ({"fields": "secret"}, {"after": "x"}, {"limit": "501"}):
        if not path.endswith("/servers") or "after" not in wrong:
            assert is_problem(await filled.get(path, params=wrong), 422, "invalid-input")


@pytest.mark.parametrize("path", [path for path in LISTS if not path.endswith("/servers")])
async def test_pages_of_every_list_hold_every_item_once(filled: ApiClient, path: str) -> None:
    for name in ("b", "c", "d"):
        await filled.delete(f"{DOMAINS}/{name}.example")
    whole = (await filled.get(path)).json()["items"]
    found: list[Any] = []
    after: str | None = ""
    while after is not None:
        page = (await filled.get(path, params={"limit": "2", "after": after})).json()
        found += page["items"]
        after = page["next"]
    assert found == whole


async def test_a_place_in_one_order_is_none_in_another(filled: ApiClient) -> None:
    after = (await filled.get(DOMAINS, params={"limit": "1"})).json()["next"]
    for query in ({"sort": "-name"}, {"sort": "updated_at"}):
        refused = await filled.get(DOMAINS, params={**query, "after": after})
        assert is_problem(refused, 422, "invalid-input")
    # Base64 of ["updated_at","a.example","yesterday"].
    made_up = "WyJ1cGRhdGVkX2F0IiwiYS5leGFtcGxlIiwieWVzdGVyZGF5Il0"
    refused = await filled.get(DOMAINS, params={"sort": "updated_at", "after": made_up})
    assert is_problem(refused, 422, "invalid-input")


@pytest.mark.parametrize("order", ["updated_at", "-created_at"])
@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-03-02T09:30:00", "0001-01-01"]
)
async def test_a_place_at_a_moment_that_is_none_is_refused(api: ApiClient, order: str, moment: str) -> None:
    query = {"sort": order, "after": encode_position(order, "a", moment)}
    refused = await api.get(DOMAINS, params=query)
    assert is_problem(refused, 422, "invalid-input")
    assert [error["parameter"] for error in refused.json()["errors"]] == ["after"]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        (DOMAINS, "updated_since"),
        ("/api/v1/audit", "since"),
        ("/api/v1/audit", "until"),
        ("/api/v1/audit/export", "since"),
        ("/api/v1/audit/export", "until"),
    ],
)
async def test_a_moment_that_does_not_exist_in_utc_is_refused(
    api: ApiClient, path: str, name: str, moment: str
) -> None:
    refused = await api.get(path, params={name: moment})
    assert is_problem(refused, 422, "invalid-input")
    assert [error["parameter"] for error in refused.json()["errors"]] == [name]


@pytest.mark.parametrize(
    "path",
    [
        DOMAINS,
        f"{DOMAINS}/export",
        "/api/v1/deleted-domains",
        "/api/v1/audit",
        "/api/v1/audit/export",
        "/api/v1/endpoints",
        "/api/v1/findings",
    ],
)
async def test_an_empty_provider_is_not_as_if_none_were_named(hosted: ApiClient, path: str) -> None:
    await hosted.delete(f"{DOMAINS}/b.example")
    refused = await hosted.get(path, params={"provider": ""})
    assert is_problem(refused, 422, "invalid-input")
    assert [error["parameter"] for error in refused.json()["errors"]] == ["provider"]


@pytest.mark.parametrize("query", [{"sort": "size"}, {"status": "gone"}, {"alias_of": "-"}])
async def test_a_filter_that_is_none_is_refused(api: ApiClient, query: dict[str, str]) -> None:
    assert is_problem(await api.get(DOMAINS, params=query), 422, "invalid-input")


async def test_servers_come_in_the_order_of_preference(filled: ApiClient) -> None:
    await filled.put("/api/v1/providers/a/servers/aaa", json={**A_SERVER, "port": 143})
    listed = await filled.get("/api/v1/providers/a/servers")
    assert [server["key"] for server in listed.json()["items"]] == ["imap", "smtp", "aaa"]
    assert listed.headers["etag"] == (await filled.get("/api/v1/providers/a")).headers["etag"]


@pytest.mark.parametrize(
    "moment", ["0.5", "1700000000", "2026-03-02", "2026-03-02 09:30:00Z", "2026-03-02T09:30:00"]
)
async def test_a_moment_is_of_one_spelling(hosted: ApiClient, moment: str) -> None:
    response = await hosted.get(DOMAINS, params={"updated_since": moment})
    assert is_problem(response, 422, "invalid-input")
    assert response.json()["errors"][0]["parameter"] == "updated_since"
