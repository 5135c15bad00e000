"""JSON Merge Patch and preconditions, on every resource that changes."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from app.api.schemas.domains import domain_to_read
from app.core.merging import merged
from app.core.stored import Stored

from fakes.clock import NOW
from full_values import FULL_DOMAIN
from management import A_SERVER, a_provider_body, is_problem, served

if TYPE_CHECKING:
    from management import ApiClient

DOMAIN = "/api/v1/domains/a.example"
MAILBOX = f"{DOMAIN}/mailboxes/Jane"
PROVIDER = "/api/v1/providers/a"
SERVER = f"{PROVIDER}/servers/imap"
RESOURCES = [DOMAIN, MAILBOX, PROVIDER, SERVER]


@pytest.fixture
async def stocked(hosted: ApiClient) -> ApiClient:
    await hosted.put(MAILBOX, json={"login": "jane", "variables": {"NODE": "srv1"}})
    return hosted


# The table of RFC 7396's appendix A.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merging_is_that_of_the_rfc(target: Any, patch: Any, result: Any) -> None:
    assert merged(target, patch) == result


async def test_what_is_sent_replaces_and_all_else_stays(stocked: ApiClient) -> None:
    own = {**A_SERVER, "key": "own"}
    body = {"provider": "a", "reference": "K-1", "variables": {"NODE": "srv1", "X": "y"}, "servers": [own]}
    before = (await stocked.put(DOMAIN, json=body)).json()
    patched = await stocked.patch(DOMAIN, json={"variables": {"NODE": "srv2", "X": None}, "serves_mx": True})
    assert patched.status_code == 200, patched.text
    changed = ("variables", "serves_mx", "version", "updated_at")
    assert {name: patched.json()[name] for name in changed[:2]} == {
        "variables": {"NODE": "srv2"},
        "serves_mx": True,
    }
    assert all(patched.json()[name] == before[name] for name in before if name not in changed)
    assert patched.headers["etag"] == f'"{before["version"] + 1}"'
    assert (await stocked.get(DOMAIN)).json() == patched.json()


async def test_null_goes_back_to_the_default_and_a_list_is_replaced(stocked: ApiClient) -> None:
    await stocked.put(DOMAIN, json={"provider": "a", "reference": "K", "published_name": "own"})
    servers = [{**A_SERVER, "key": "own"}]
    body = (await stocked.patch(DOMAIN, json={"published_name": None, "servers": servers})).json()
    assert (body["published_name"], body["reference"]) == ("automatic", "K")
    assert [server["key"] for server in body["servers"]] == ["own"]
    body = (await stocked.patch(DOMAIN, json={"servers": None, "reference": None})).json()
    assert (body["servers"], body["reference"]) == ([], None)


async def test_nested_objects_are_merged_member_by_member(stocked: ApiClient) -> None:
    await stocked.patch(PROVIDER, json={"support": {"email": "a@b.example", "phone": "1"}})
    body = (
        await stocked.patch(PROVIDER, json={"support": {"phone": None, "url": "https://h.example/"}})
    ).json()
    assert body["support"] == {"email": "a@b.example", "phone": None, "url": "https://h.example/"}


async def test_a_server_keeps_its_place(stocked: ApiClient) -> None:
    patched = await stocked.patch(SERVER, json={"port": 994, "imap": {"path_prefix": "INBOX."}})
    assert patched.status_code == 200, patched.text
    assert (patched.json()["port"], patched.json()["hostname"]) == (994, A_SERVER["hostname"])
    provider = (await stocked.get(PROVIDER)).json()
    assert [server["key"] for server in provider["servers"]] == ["imap", "smtp"]
    assert patched.headers["etag"] == f'"{provider["version"]}"'


async def test_a_mailbox_is_patched(stocked: ApiClient) -> None:
    body = (await stocked.patch(MAILBOX, json={"login": None})).json()
    assert (body["login"], body["variables"]) == (None, {"NODE": "srv1"})


async def test_a_patch_that_changes_nothing_leaves_the_version(stocked: ApiClient) -> None:
    for path in RESOURCES:
        before = await stocked.get(path)
        assert (await stocked.patch(path, json={})).headers["etag"] == before.headers["etag"]


@pytest.mark.parametrize(
    ("path", "patch", "pointer"),
    [
        (DOMAIN, {"name": "other.example"}, "/name"),
        (DOMAIN, {"unknown": 1}, "/unknown"),
        (DOMAIN, {"version": 7}, "/version"),
        (DOMAIN, {"provider": None}, "/provider"),
        (DOMAIN, {"status": "gone"}, "/status"),
        (DOMAIN, {"variables": {"bad name": "x"}}, "/variables"),
        (DOMAIN, {"servers": [{"key": "x"}]}, "/servers/0/type"),
        (DOMAIN, ["provider"], ""),
        (DOMAIN, "text", ""),
        (PROVIDER, {"slug": "other"}, "/slug"),
        (PROVIDER, {"short_name": "x" * 21}, "/short_name"),
        (SERVER, {"port": 0}, "/port"),
        (SERVER, {"key": "other"}, "/key"),
        (SERVER, {"pop3": {}}, "/pop3"),
        (MAILBOX, {"local_part": "x"}, "/local_part"),
    ],
)
async def test_what_comes_out_is_checked_like_any_other(
    stocked: ApiClient, path: str, patch: Any, pointer: str
) -> None:
    before = (await stocked.get(path)).json()
    refused = await stocked.patch(path, json=patch)
    assert is_problem(refused, 422, "invalid-input")
    assert refused.json()["errors"][0]["pointer"].startswith(pointer)
    assert (await stocked.get(path)).json() == before


async def test_only_a_merge_patch_is_taken(stocked: ApiClient) -> None:
    for media_type in ("application/json", "application/json-patch+json", "text/plain", ""):
        refused = await stocked.patch(DOMAIN, content=b"{}", headers={"Content-Type": media_type})
        assert refused.status_code == 415
        assert refused.headers["accept-patch"] == "application/merge-patch+json"
    taken = {"Content-Type": "Application/Merge-Patch+JSON; charset=utf-8"}
    assert (await stocked.patch(DOMAIN, content=b"{}", headers=taken)).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a":' * 100_000])
async def test_a_body_that_is_no_json_is_refused(stocked: ApiClient, body: bytes) -> None:
    refused = await stocked.patch(DOMAIN, content=body)
    assert refused.status_code == 400
    assert refused.json()["detail"] == "The body is not JSON."


async def test_a_body_that_is_nested_without_end_is_refused(stocked: ApiClient) -> None:
    nested = b'{"a":' * 400 + b"1" + b"}" * 400
    assert is_problem(await stocked.patch(DOMAIN, content=nested), 422, "invalid-input")


async def test_what_is_not_stored_is_not_patched(stocked: ApiClient) -> None:
    for path, slug in (
        ("/api/v1/domains/none.example", "domain-not-found"),
        (f"{DOMAIN}/mailboxes/nobody", "mailbox-not-found"),
        ("/api/v1/providers/none", "provider-not-found"),
        (f"{PROVIDER}/servers/none", "server-not-found"),
    ):
        assert is_problem(await stocked.patch(path, json={}), 404, slug)


A_PATCH: dict[str, dict[str, Any]] = {
    DOMAIN: {"reference": "new"},
    MAILBOX: {"login": "new"},
    PROVIDER: {"display_name": "New"},
    SERVER: {"port": 994},
}
A_BODY: dict[str, dict[str, Any]] = {
    DOMAIN: {"provider": "a", "reference": "put"},
    MAILBOX: {"login": "put"},
    PROVIDER: a_provider_body(display_name="Put"),
    SERVER: {**A_SERVER, "port": 995},
}


@pytest.mark.parametrize("path", RESOURCES)
async def test_every_change_honours_if_match(stocked: ApiClient, path: str) -> None:
    etag = (await stocked.get(path)).headers["etag"]
    stale = {"If-Match": '"77"'}
    for refused in (
        await stocked.patch(path, json=A_PATCH[path], headers=stale),
        await stocked.put(path, json=A_BODY[path], headers=stale),
        await stocked.put(path, json=A_BODY[path], headers={"If-None-Match": "*"}),
        await stocked.delete(path, headers=stale),
    ):
        assert is_problem(refused, 412, "stale-version")
    patched = await stocked.patch(path, json=A_PATCH[path], headers={"If-Match": f'"0", {etag}'})
    assert patched.status_code == 200
    again = await stocked.patch(path, json={}, headers={"If-Match": etag})
    assert is_problem(again, 412, "stale-version")
    assert (await stocked.patch(path, json={}, headers={"If-Match": "*"})).status_code == 200


async def test_a_new_server_may_be_put_on_condition_that_it_is_new(stocked: ApiClient) -> None:
    etag = (await stocked.get(PROVIDER)).headers["etag"]
    headers = {"If-Match": etag, "If-None-Match": "*"}
    created = await stocked.put(f"{PROVIDER}/servers/second", json=A_SERVER, headers=headers)
    assert created.status_code == 201, created.text


async def test_of_patches_at_the_same_moment_none_is_lost(stocked: ApiClient) -> None:
    async def add(name: str) -> None:
        while True:
            response = await stocked.patch(DOMAIN, json={"variables": {name: "x"}})
            if response.status_code != 409:
                break
            assert is_problem(response, 409, "concurrent-change")
        assert response.status_code == 200, response.text

    names = [f"V{number}" for number in range(8)]
    await asyncio.gather(*map(add, names))
    assert (await stocked.get(DOMAIN)).json()["variables"] == dict.fromkeys(names, "x")


async def test_a_service_may_insist_on_if_match(database_url: str) -> None:
    async with served(database_url, require_if_match=True) as api:
        for path in RESOURCES[::-1]:
            # What is not there yet needs none.
            if path is SERVER:
                await api.put(PROVIDER, json=a_provider_body())
            elif path is not PROVIDER:
                assert (await api.put(path, json=A_BODY[path])).status_code in (201, 404)
        await api.put(DOMAIN, json=A_BODY[DOMAIN])
        await api.put(MAILBOX, json=A_BODY[MAILBOX])
        for path in RESOURCES:
            etag = (await api.get(path)).headers["etag"]
            for refused in (
                await api.patch(path, json=A_PATCH[path]),
                await api.put(path, json=A_BODY[path]),
                await api.delete(path),
            ):
                assert is_problem(refused, 428, "precondition-required")
            patched = await api.patch(path, json=A_PATCH[path], headers={"If-Match": etag})
            assert patched.status_code == 200


async def test_a_patchs_schema_takes_what_the_service_takes(api: ApiClient) -> None:
    document = (await api.http.get("/openapi.json")).json()

    def valid(name: str, patch: Any) -> bool:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        return bool(jsonschema.Draft202012Validator(schema).is_valid(patch))

    assert valid("DomainPatch", {})
    assert valid("DomainPatch", {"reference": None, "variables": {"NODE": None}, "status": "suspended"})
    whole = domain_to_read(Stored(id=1, value=FULL_DOMAIN, version=1, created_at=NOW, updated_at=NOW))
    members = set(document["components"]["schemas"]["DomainPatch"]["properties"])
    assert valid("DomainPatch", json.loads(whole.model_dump_json(include=members)))
    assert valid("ProviderPatch", {"support": {"email": None}, "oauth2": None, "list_domains": True})
    assert valid("ServerPatch", {"port": None, "imap": {"path_prefix": "x"}})
    refused: tuple[Any, ...] = ({"unknown": 1}, {"reference": 1}, {"status": "gone"}, {"servers": {}}, [])
    for wrong in refused:
        assert not valid("DomainPatch", wrong), wrong
