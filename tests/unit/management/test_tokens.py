from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from app.services.access import Access
from app.services.callers import CONSOLE, Scope
from app.services.tokens import TokenService

from management import ApiClient, is_problem, served

if TYPE_CHECKING:
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

TOKENS = "/api/v1/tokens"
READ = {"name": "Billing", "scopes": ["domains:read"]}


def bearing(api: ApiClient, token: str) -> ApiClient:
    other = ApiClient(api.http, api.services)
    other.token = token
    return other


def id_of(token: str) -> str:
    return token.split("_")[1]


async def works(api: ApiClient, token: str) -> bool:
    response = await bearing(api, token).get("/api/v1/providers")
    assert response.status_code in (200, 401), response.text
    return response.status_code == 200


async def test_a_token_is_shown_once_and_then_known_by_its_id(api: ApiClient) -> None:
    created = await api.post(TOKENS, json={**READ, "expires_days": 30})
    assert created.status_code == 201, created.text
    body = created.json()
    token = body.pop("token")
    assert await works(api, token)
    assert body["id"] == id_of(token)
    assert (body["name"], body["scopes"], body["provider"]) == ("Billing", ["domains:read"], None)
    read = await api.get(created.headers["location"])
    assert read.json() == body
    assert token.split("_", 2)[2] not in (await api.get(TOKENS)).text
    assert token.split("_", 2)[2] not in (await api.get("/api/v1/audit")).text


async def test_a_retry_makes_no_second_token_and_does_not_show_the_secret_again(api: ApiClient) -> None:
    key = {"Idempotency-Key": "k"}
    first = (await api.post(TOKENS, json=READ, headers=key)).json()
    second = await api.post(TOKENS, json=READ, headers=key)
    assert second.headers["idempotency-replayed"] == "true"
    assert second.json() == {**first, "token": None}
    async with api.services.store.reading() as unit:
        kept = await unit.idempotency.find(id_of(api.token), "k")
    assert kept is not None
    assert first["token"].split("_", 2)[2] not in kept.body
    rotated = await api.post(f"{TOKENS}/{first['id']}/rotate", json={"overlap_seconds": 0})
    assert await works(api, rotated.json()["token"])


async def test_a_trial_makes_no_token(api: ApiClient) -> None:
    tried = await api.post(f"{TOKENS}?dry_run=true", json=READ)
    assert (tried.status_code, tried.json()["token"]) == (201, None)
    assert (await api.get(TOKENS, params={"total": "true"})).json()["total"] == 1


async def test_a_revoked_token_holds_in_no_process_from_then_on(database_url: str) -> None:
    async with served(database_url) as one, served(database_url) as other:
        token = (await one.post(TOKENS, json=READ)).json()["token"]
        assert await works(other, token)
        path = f"{TOKENS}/{id_of(token)}"
        assert is_problem(await one.delete(path, headers={"If-Match": '"2"'}), 412, "stale-version")
        assert (await one.delete(path, headers={"If-Match": '"1"'})).status_code == 204
        for process in (one, other):
            assert not await works(process, token)
        assert is_problem(await one.get(path), 404, "token-not-found")


async def test_a_rotated_token_has_both_secrets_for_a_while(store: Store, clock: FixedClock) -> None:
    tokens, access = TokenService(store, clock), Access(store, clock)
    first = await access.create_token("t", frozenset({"admin"}))
    stored, second = await tokens.rotate(CONSOLE, id_of(first), 60)
    assert (id_of(second), stored.version) == (id_of(first), 2)
    for token in (first, second):
        assert (await access.authenticate(token)).token_id == id_of(first)
    clock.advance(seconds=60)
    with pytest.raises(Exception, match="valid bearer token"):
        await access.authenticate(first)
    assert (await access.authenticate(second)).token_id == id_of(first)
    # The one before the last never holds.
    await tokens.rotate(CONSOLE, id_of(first), 60)
    _, fourth = await tokens.rotate(CONSOLE, id_of(first), 60)
    with pytest.raises(Exception, match="valid bearer token"):
        await access.authenticate(second)
    await tokens.rotate(CONSOLE, id_of(first), 0)
    with pytest.raises(Exception, match="valid bearer token"):
        await access.authenticate(fourth)


async def test_rotation_through_the_api_honours_if_match_and_its_limits(api: ApiClient) -> None:
    created = (await api.post(TOKENS, json=READ)).json()
    path = f"{TOKENS}/{created['id']}/rotate"
    stale = await api.post(path, json={}, headers={"If-Match": '"9"'})
    assert is_problem(stale, 412, "stale-version")
    assert is_problem(await api.post(path, json={"overlap_seconds": -1}), 422, "invalid-input")
    rotated = await api.post(path, json={}, headers={"If-Match": '"1"'})
    assert rotated.status_code == 200, rotated.text
    assert rotated.headers["etag"] == '"2"'
    assert rotated.json()["previous_ends_at"] is not None
    assert await works(api, created["token"])
    assert await works(api, rotated.json()["token"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " ", "scopes": ["admin"]},
        {"name": "t", "scopes": []},
        {"name": "t", "scopes": ["root"]},
        {"name": "t", "scopes": ["admin"], "expires_days": 0},
        {"name": "t", "scopes": ["admin"], "secret": "x"},
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused(api: ApiClient, wrong: dict[str, Any]) -> None:
    assert is_problem(await api.post(TOKENS, json=wrong), 422, "invalid-input")


async def test_tokens_have_a_scope_of_their_own(api: ApiClient) -> None:
    others = await api.as_token(*(scope for scope in Scope if scope not in ("admin", "tokens:write")))
    for refused in (
        await others.get(TOKENS),
        await others.post(TOKENS, json=READ),
        await others.get(f"{TOKENS}/{id_of(others.token)}"),
        await others.post(f"{TOKENS}/{id_of(others.token)}/rotate", json={}),
        await others.delete(f"{TOKENS}/{id_of(others.token)}"),
    ):
        assert is_problem(refused, 403, "not-permitted")


async def test_nobody_makes_or_takes_over_a_token_with_more_than_they_have(hosted: ApiClient) -> None:
    maker = await hosted.as_token("tokens:write", "domains:read", provider="a")
    admin = await hosted.as_token(provider="a")
    for scopes in (["admin"], ["domains:write"], ["domains:read", "audit:read"]):
        refused = await maker.post(TOKENS, json={"name": "t", "scopes": scopes})
        assert is_problem(refused, 403, "not-permitted")
    path = f"{TOKENS}/{id_of(admin.token)}"
    assert is_problem(await maker.post(f"{path}/rotate", json={}), 403, "not-permitted")
    assert is_problem(await maker.delete(path), 403, "not-permitted")
    made = await maker.post(TOKENS, json={"name": "t", "scopes": ["domains:read", "tokens:write"]})
    assert made.json()["provider"] == "a"
    assert (await maker.delete(f"{TOKENS}/{made.json()['id']}")).status_code == 204


async def test_an_empty_slug_is_no_token_for_all_providers(hosted: ApiClient) -> None:
    for maker in (hosted, await hosted.as_token(provider="a")):
        refused = await maker.post(TOKENS, json={**READ, "provider": ""})
        assert is_problem(refused, 422, "invalid-input")
        assert [error["pointer"] for error in refused.json()["errors"]] == ["/provider"]
    assert (await hosted.get(TOKENS, params={"total": "true"})).json()["total"] == 2


async def ending_in(api: ApiClient, days: int) -> tuple[ApiClient, str]:
    """Return a client whose token ends, and when it does."""
    scopes = frozenset({"tokens:write", "domains:read"})
    client = bearing(api, await api.services.access.create_token("ends", scopes, expires_days=days))
    return client, (await api.get(f"{TOKENS}/{id_of(client.token)}")).json()["expires_at"]


async def test_what_a_token_makes_ends_with_it_at_the_latest(api: ApiClient) -> None:
    maker, end = await ending_in(api, 2)
    for wish in (READ, {**READ, "expires_days": None}, {**READ, "expires_days": 30}):
        made = await maker.post(TOKENS, json=wish)
        assert made.status_code == 201, made.text
        assert made.json()["expires_at"] == end
        assert (await api.get(f"{TOKENS}/{made.json()['id']}")).json()["expires_at"] == end
    sooner = await maker.post(TOKENS, json={**READ, "expires_days": 1})
    assert sooner.json()["expires_at"] < end
    endless = await api.post(TOKENS, json=READ)
    assert endless.json()["expires_at"] is None


async def test_a_secret_that_a_token_is_given_by_rotation_ends_with_it_at_the_latest(api: ApiClient) -> None:
    maker, end = await ending_in(api, 2)
    endless = (await api.post(TOKENS, json=READ)).json()["id"]
    later = (await api.post(TOKENS, json={**READ, "expires_days": 30})).json()["id"]
    for token_id in (endless, later, id_of(maker.token)):
        rotated = await maker.post(f"{TOKENS}/{token_id}/rotate", json={})
        assert rotated.status_code == 200, rotated.text
        assert rotated.json()["expires_at"] == end
        assert (await api.get(f"{TOKENS}/{token_id}")).json()["expires_at"] == end
    sooner = (await api.post(TOKENS, json={**READ, "expires_days": 1})).json()
    kept = await maker.post(f"{TOKENS}/{sooner['id']}/rotate", json={})
    assert kept.json()["expires_at"] == sooner["expires_at"]


async def test_a_limited_token_sees_and_makes_tokens_of_its_provider_only(hosted: ApiClient) -> None:
    limited, other, unlimited = (
        await hosted.as_token(provider="a"),
        await hosted.as_token(provider="b"),
        await hosted.as_token(),
    )
    listed = (await limited.get(TOKENS, params={"total": "true"})).json()
    assert [item["id"] for item in listed["items"]] == [id_of(limited.token)]
    assert listed["total"] == 1
    for token in (other.token, unlimited.token, "sp_000000000000_x"):
        for refused in (
            await limited.get(f"{TOKENS}/{id_of(token)}"),
            await limited.post(f"{TOKENS}/{id_of(token)}/rotate", json={}),
            await limited.delete(f"{TOKENS}/{id_of(token)}"),
        ):
            assert is_problem(refused, 404, "token-not-found")
    for provider in ("b", "none", "N\x00"):
        refused = await limited.post(TOKENS, json={**READ, "provider": provider})
        assert is_problem(refused, 404, "provider-not-found")
    assert (await limited.post(TOKENS, json={**READ, "provider": "a"})).status_code == 201


async def test_the_last_use_is_written_later_and_never_earlier(store: Store, clock: FixedClock) -> None:
    access = Access(store, clock)
    token = await access.create_token("t", frozenset({"admin"}))
    used = clock()
    await access.authenticate(token)
    clock.advance(seconds=30)
    other = Access(store, clock)
    await other.authenticate(token)
    await other.write_last_used()
    await access.write_last_used()
    async with store.reading() as unit:
        found = await unit.tokens.find_stored(id_of(token))
    assert found is not None
    assert found.value.last_used_at == clock()
    assert (found.version, found.updated_at) == (1, used)
    await access.write_last_used()


async def test_who_sends_wrong_tokens_has_to_wait(database_url: str) -> None:
    async with served(database_url, free_attempts=3) as api:
        wrong = bearing(api, f"sp_{id_of(api.token)}_{'A' * 43}")
        for _ in range(3):
            assert is_problem(await wrong.get("/api/v1/providers"), 401, "not-authenticated")
        refused = await wrong.get("/api/v1/providers")
        assert is_problem(refused, 429, "too-many-requests")
        assert refused.headers["retry-after"] == "1"
        # Whoever has no token at all is told so, as anybody is.
        nobody = await api.http.get("/api/v1/providers")
        assert is_problem(nobody, 401, "not-authenticated")
