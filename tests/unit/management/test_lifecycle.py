"""Domains suspended, moved, deleted and brought back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from app.core.domains import DomainStatus
from app.services.callers import Scope
from app.services.upkeep import Upkeep

from fakes.clock import FixedClock
from management import A_SERVER, a_provider_body, is_problem

if TYPE_CHECKING:
    from management import ApiClient

DOMAIN = "/api/v1/domains/a.example"
ALIAS = "/api/v1/domains/alias.example"
DELETED = "/api/v1/deleted-domains"


async def audited(api: ApiClient, action: str) -> list[dict[str, Any]]:
    found = await api.get("/api/v1/audit", params={"action": action})
    entries: list[dict[str, Any]] = found.json()["items"]
    return entries[::-1]


async def test_a_suspended_domain_is_not_answered_for_until_it_is_resumed(hosted: ApiClient) -> None:
    document = "/mail/config-v1.1.xml?emailaddress=jane@a.example"
    assert (await hosted.http.get(document)).status_code == 200
    suspended = await hosted.post(f"{DOMAIN}/suspend")
    assert suspended.status_code == 200, suspended.text
    assert suspended.json()["status"] == DomainStatus.SUSPENDED
    assert suspended.headers["etag"] == '"2"'
    assert (await hosted.http.get(document)).status_code == 404
    again = await hosted.post(f"{DOMAIN}/suspend", headers={"If-Match": '"2"'})
    assert again.headers["etag"] == '"2"'
    resumed = await hosted.post(f"{DOMAIN}/resume", headers={"If-Match": '"2"'})
    assert (resumed.json()["status"], resumed.headers["etag"]) == (DomainStatus.ACTIVE, '"3"')
    assert (await hosted.http.get(document)).status_code == 200
    assert len(await audited(hosted, "domain.suspend")) == len(await audited(hosted, "domain.resume")) == 1


@pytest.mark.parametrize("verb", ["suspend", "resume", "move"])
async def test_a_change_of_state_honours_preconditions_keys_and_trials(hosted: ApiClient, verb: str) -> None:
    body = {"variables": {"NODE": "srv2"}} if verb == "move" else None
    stale = await hosted.post(f"{DOMAIN}/{verb}", json=body, headers={"If-Match": '"9"'})
    assert is_problem(stale, 412, "stale-version")
    if verb == "resume":
        await hosted.post(f"{DOMAIN}/suspend")
    before = (await hosted.get(DOMAIN)).json()
    tried = await hosted.post(f"{DOMAIN}/{verb}?dry_run=true", json=body)
    assert (await hosted.get(DOMAIN)).json() == before
    key = {"Idempotency-Key": "k"}
    first = await hosted.post(f"{DOMAIN}/{verb}", json=body, headers=key)
    assert first.json()["version"] == tried.json()["version"] == before["version"] + 1
    second = await hosted.post(f"{DOMAIN}/{verb}", json=body, headers=key)
    assert second.content == first.content
    assert second.headers["idempotency-replayed"] == "true"


async def test_a_domain_moves_to_another_node(hosted: ApiClient) -> None:
    await hosted.patch(DOMAIN, json={"variables": {"NODE": "srv1", "OLD": "x", "KEPT": "y"}})
    moved = await hosted.post(f"{DOMAIN}/move", json={"variables": {"NODE": "srv2", "OLD": None}})
    assert moved.json()["variables"] == {"NODE": "srv2", "KEPT": "y"}
    assert moved.json()["provider"] == "a"


async def test_a_domain_moves_to_another_provider_with_its_aliases(hosted: ApiClient) -> None:
    await hosted.put(ALIAS, json={"provider": "a", "alias_of": "a.example"})
    moved = await hosted.post(f"{DOMAIN}/move", json={"provider": "b"})
    assert moved.status_code == 200, moved.text
    for path in (DOMAIN, ALIAS):
        assert (await hosted.get(path)).json()["provider"] == "b"
    told = [(entry["resource"], entry["provider"]) for entry in await audited(hosted, "domain.move")]
    assert told == [("a.example", "a"), ("a.example", "b"), ("alias.example", "a"), ("alias.example", "b")]


async def test_a_domain_does_not_move_to_where_it_could_not_be_published(hosted: ApiClient) -> None:
    server = {**A_SERVER, "key": "imap", "hostname": "%NODE%.host.example"}
    await hosted.put("/api/v1/providers/b", json=a_provider_body(servers=[server]))
    await hosted.delete("/api/v1/domains/b.example")
    await hosted.put("/api/v1/providers/b", json=a_provider_body(servers=[server]))
    assert is_problem(await hosted.post(f"{DOMAIN}/move", json={"provider": "b"}), 422, "invalid-input")
    moved = await hosted.post(f"{DOMAIN}/move", json={"provider": "b", "variables": {"NODE": "srv7"}})
    assert moved.status_code == 200, moved.text


async def test_a_move_has_to_say_where(hosted: ApiClient) -> None:
    assert is_problem(await hosted.post(f"{DOMAIN}/move", json={}), 422, "invalid-input")
    refused = await hosted.post(f"{DOMAIN}/move", json={"provider": "none"})
    assert is_problem(refused, 404, "provider-not-found")
    nowhere = await hosted.post(f"{DOMAIN}/move", json={"provider": ""})
    assert is_problem(nowhere, 422, "invalid-input")
    assert [error["pointer"] for error in nowhere.json()["errors"]] == ["/provider"]


async def test_an_alias_does_not_part_from_its_domain_nor_the_domain_from_it(hosted: ApiClient) -> None:
    await hosted.put(ALIAS, json={"provider": "a", "alias_of": "a.example"})
    assert is_problem(await hosted.post(f"{ALIAS}/move", json={"provider": "b"}), 422, "invalid-input")
    for refused in (
        await hosted.put(DOMAIN, json={"provider": "b"}),
        await hosted.patch(DOMAIN, json={"provider": "b"}),
    ):
        assert is_problem(refused, 422, "invalid-input")


async def test_a_limited_token_moves_domains_within_its_provider_only(hosted: ApiClient) -> None:
    limited = await hosted.as_token(Scope.DOMAINS_WRITE.value, provider="a")
    moved = await limited.post(f"{DOMAIN}/move", json={"variables": {"NODE": "srv2"}})
    assert moved.status_code == 200
    assert is_problem(await limited.post(f"{DOMAIN}/move", json={"provider": "b"}), 404, "provider-not-found")


async def test_the_aliases_of_a_domain_are_listed(hosted: ApiClient) -> None:
    for name in ("z", "y"):
        await hosted.put(f"/api/v1/domains/{name}.example", json={"provider": "a", "alias_of": "a.example"})
    listed = (await hosted.get(f"{DOMAIN}/aliases", params={"fields": "name", "total": "true"})).json()
    assert listed == {"items": [{"name": "y.example"}, {"name": "z.example"}], "next": None, "total": 2}
    assert is_problem(await hosted.get("/api/v1/domains/none.example/aliases"), 404, "domain-not-found")


async def a_full_domain(api: ApiClient) -> dict[str, Any]:
    own = {**A_SERVER, "key": "own", "hostname": "%NODE%.a.example", "imap": {"path_prefix": "INBOX."}}
    body = {"provider": "a", "reference": "K-1", "variables": {"NODE": "srv1"}, "servers": [own]}
    await api.put(DOMAIN, json=body)
    await api.put(f"{DOMAIN}/mailboxes/Jane", json={"login": "jane", "servers": [own]})
    await api.put(f"{DOMAIN}/mailboxes/joe", json={"login": "joe"})
    return await everything(api)


async def everything(api: ApiClient) -> dict[str, Any]:
    return {
        "domain": (await api.get(DOMAIN)).json(),
        "mailboxes": (await api.get(f"{DOMAIN}/mailboxes")).json(),
    }


async def test_a_deleted_domain_comes_back_whole(hosted: ApiClient) -> None:
    before = await a_full_domain(hosted)
    assert (await hosted.delete(DOMAIN)).status_code == 204
    assert is_problem(await hosted.get(DOMAIN), 404, "domain-not-found")
    (kept,) = (await hosted.get(DELETED, params={"total": "true"})).json()["items"]
    assert (kept["name"], kept["reference"], kept["mailboxes"]) == ("a.example", "K-1", 2)
    assert kept["deleted_by"] == hosted.token.split("_")[1]
    tried = await hosted.post(f"{DOMAIN}/restore?dry_run=true")
    assert tried.status_code == 200
    restored = await hosted.post(f"{DOMAIN}/restore")
    assert restored.status_code == 200, restored.text
    after = await everything(hosted)
    assert restored.json() == after["domain"]
    assert restored.headers["etag"] == f'"{before["domain"]["version"] + 1}"'
    for name in ("version", "updated_at"):
        before["domain"].pop(name)
        after["domain"].pop(name)
    assert after == before
    assert (await hosted.get(DELETED)).json()["items"] == []
    assert is_problem(await hosted.post(f"{DOMAIN}/restore"), 404, "deleted-domain-not-found")
    gone, back = await audited(hosted, "domain.delete"), await audited(hosted, "domain.restore")
    kinds = sorted(entry["kind"] for entry in gone)
    assert kinds == sorted(entry["kind"] for entry in back) == ["domain", "mailbox", "mailbox"]
    assert {entry["after"] is None for entry in gone} == {entry["before"] is None for entry in back} == {True}


async def test_of_several_the_one_deleted_last_comes_back(hosted: ApiClient) -> None:
    for reference in ("first", "second"):
        await hosted.put(DOMAIN, json={"provider": "a", "reference": reference})
        await hosted.delete(DOMAIN)
    listed = (await hosted.get(DELETED, params={"name": "a.example", "limit": "1"})).json()
    assert listed["items"][0]["reference"] == "second"
    rest = (await hosted.get(DELETED, params={"name": "a.example", "after": listed["next"]})).json()
    assert [item["reference"] for item in rest["items"]] == ["first"]
    assert (await hosted.post(f"{DOMAIN}/restore")).json()["reference"] == "second"


async def test_a_name_that_is_taken_meanwhile_stays_who_has_it(hosted: ApiClient) -> None:
    await hosted.delete(DOMAIN)
    await hosted.put(DOMAIN, json={"provider": "b"})
    assert is_problem(await hosted.post(f"{DOMAIN}/restore"), 409, "domain-taken")
    assert (await hosted.get(DOMAIN)).json()["provider"] == "b"


async def test_what_a_deleted_domain_refers_to_must_still_be_there(hosted: ApiClient) -> None:
    await hosted.put(ALIAS, json={"provider": "a", "alias_of": "a.example"})
    await hosted.delete(ALIAS)
    await hosted.delete(DOMAIN)
    assert is_problem(await hosted.post(f"{ALIAS}/restore"), 409, "not-restorable")
    await hosted.post(f"{DOMAIN}/restore")
    assert (await hosted.post(f"{ALIAS}/restore")).json()["alias_of"] == "a.example"


async def test_a_deleted_domain_is_seen_and_restored_by_its_provider_only(hosted: ApiClient) -> None:
    for slug in ("a", "b"):
        await hosted.delete(f"/api/v1/domains/{slug}.example")
    limited = await hosted.as_token(Scope.DOMAINS_READ.value, Scope.DOMAINS_WRITE.value, provider="a")
    listed = (await limited.get(DELETED, params={"total": "true"})).json()
    assert ([item["name"] for item in listed["items"]], listed["total"]) == (["a.example"], 1)
    for provider in ("b", "none"):
        other = (await limited.get(DELETED, params={"provider": provider, "total": "true"})).json()
        assert other == {"items": [], "next": None, "total": 0}
    for name in ("b.example", "none.example"):
        refused = await limited.post(f"/api/v1/domains/{name}/restore")
        assert is_problem(refused, 404, "deleted-domain-not-found")
    assert (await limited.post(f"{DOMAIN}/restore")).status_code == 200


async def test_deleted_domains_go_with_their_provider(hosted: ApiClient) -> None:
    await hosted.delete(DOMAIN)
    assert (await hosted.delete("/api/v1/providers/a")).status_code == 204
    assert (await hosted.get(DELETED)).json()["items"] == []


async def test_a_deleted_domain_is_kept_for_its_time(hosted: ApiClient) -> None:
    await hosted.delete(DOMAIN)
    (kept,) = (await hosted.get(DELETED)).json()["items"]
    clock = FixedClock()
    clock.moment = clock.moment.fromisoformat(kept["deleted_at"]) + timedelta(days=30)
    assert clock.moment.isoformat() == kept["kept_until"].replace("Z", "+00:00")
    upkeep = Upkeep(hosted.services.store, clock)
    assert await upkeep.forget_deleted_domains() == 0
    clock.advance(microseconds=1)
    assert await upkeep.forget_deleted_domains() == 1
