from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from api_client import problem

if TYPE_CHECKING:
    from api_client import ApiClient

CUSTOMER = "/api/v1/domains/customer.example"
MAILBOXES = f"{CUSTOMER}/mailboxes"
JANE = f"{MAILBOXES}/Jane"


@pytest.fixture
async def api(api: ApiClient) -> ApiClient:
    await api.ok("PUT", CUSTOMER, {"provider": "provider"})
    return api


async def test_a_mailbox_is_put_read_replaced_and_deleted(api: ApiClient) -> None:
    put = await api.send("PUT", JANE, {"login": "c1"})
    assert (put.status_code, put.headers["etag"]) == (201, '"1"')
    assert put.json().items() >= {
        "local_part": "Jane", "address": "Jane@customer.example", "login": "c1", "variables": {},
        "servers": [],
    }.items()  # fmt: skip
    read = await api.send("GET", f"{MAILBOXES}/jane")
    assert (read.json(), read.headers["etag"]) == (put.json(), '"1"')
    replaced = await api.send("PUT", JANE, {"login": "c2"})
    assert (replaced.status_code, replaced.headers["etag"]) == (200, '"2"')
    assert (await api.send("DELETE", JANE)).status_code == 204
    for method in ("GET", "DELETE"):
        problem(await api.send(method, JANE), 404, "mailbox-not-found")


@pytest.mark.parametrize(
    ("encoded", "local_part"),
    [
        ("jane%2Bnews", "jane+news"),
        ("a%2Fb", "a/b"),
        ("j%C3%B6rg", "jörg"),
        ("%22jane%20doe%22", '"jane doe"'),
        ("%22jane%22", "jane"),
        ("%2525", "%25"),
        ("o'brien", "o'brien"),
    ],
)
async def test_any_local_part_has_a_place(api: ApiClient, encoded: str, local_part: str) -> None:
    put = await api.send("PUT", f"{MAILBOXES}/{encoded}", {"login": "c1"})
    assert put.status_code == 201, put.text
    assert put.json()["local_part"] == local_part
    assert await api.ok("GET", f"{MAILBOXES}/{encoded}") == put.json()
    headers = {"content_type": "application/merge-patch+json"}
    patched = await api.ok("PATCH", f"{MAILBOXES}/{encoded}", {"login": "c2"}, **headers)
    assert (patched["local_part"], patched["login"]) == (local_part, "c2")


async def test_a_local_part_that_is_none_is_refused(api: ApiClient) -> None:
    for encoded in ("a%20b", "a..b", "%00", "a" * 65):
        found = problem(await api.send("PUT", f"{MAILBOXES}/{encoded}", {}), 422, "invalid-input")
        assert found["detail"].startswith("local_part: ")


async def test_broken_rules_are_pointed_at(api: ApiClient) -> None:
    found = problem(await api.send("PUT", JANE, {"login": " ", "variables": {"a": ""}}), 422, "invalid-input")
    assert [error["pointer"] for error in found["errors"]] == ["/login", "/variables/a"]
    found = problem(
        await api.send("PUT", JANE, {"servers": [{"key": "a", "type": "imap"}]}), 422, "invalid-input"
    )
    pointers = [error["pointer"] for error in found["errors"]]
    assert pointers[0] == "/servers/0/hostname"
    found = problem(await api.send("PUT", JANE, {"login": "%NODE%"}), 422, "invalid-input")
    assert [error["pointer"] for error in found["errors"]] == ["/variables"] * 3


async def test_an_alias_has_no_mailboxes_of_its_own(api: ApiClient) -> None:
    alias = "/api/v1/domains/alias.example"
    await api.ok("PUT", alias, {"provider": "provider", "alias_of": "customer.example"})
    found = problem(await api.send("PUT", f"{alias}/mailboxes/jane", {"login": "c1"}), 422, "invalid-input")
    assert "its mailboxes are those of customer.example" in found["detail"]


async def test_a_write_may_be_for_one_version_only(api: ApiClient) -> None:
    problem(await api.send("PUT", JANE, {}, if_match="*"), 412, "stale-version")
    assert (await api.send("PUT", JANE, {}, if_none_match="*")).status_code == 201
    problem(await api.send("PUT", JANE, {}, if_none_match="*"), 412, "stale-version")
    problem(await api.send("DELETE", JANE, if_match='"2"'), 412, "stale-version")


async def test_mailboxes_are_listed_in_pages(api: ApiClient) -> None:
    for name in ("C", "a", "B"):
        await api.ok("PUT", f"{MAILBOXES}/{name}", {"login": "x"})
    first = await api.ok("GET", f"{MAILBOXES}?limit=2")
    assert [item["local_part"] for item in first["items"]] == ["a", "B"]
    second = await api.ok("GET", f"{MAILBOXES}?after={first['next']}")
    assert ([item["local_part"] for item in second["items"]], second["next"]) == (["C"], None)


async def test_an_unknown_domain_has_no_mailboxes(api: ApiClient) -> None:
    unknown = "/api/v1/domains/unknown.example/mailboxes"
    for method, path in (
        ("GET", unknown),
        ("GET", f"{unknown}/a"),
        ("PUT", f"{unknown}/a"),
        ("DELETE", f"{unknown}/a"),
    ):
        problem(
            await api.send(method, path, {"login": "x"} if method == "PUT" else None), 404, "domain-not-found"
        )
