from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from app.core.errors import InvalidInput
from app.services.callers import Scope
from app.services.secret_box import SecretBox

from bulk import done
from management import a_provider_body, is_problem, served

if TYPE_CHECKING:
    from management import ApiClient

WEBHOOKS = "/api/v1/webhooks"
DELIVERIES = "/api/v1/webhook-deliveries"
DOMAIN_EVENTS = [
    "domain.created", "domain.changed", "domain.suspended", "domain.resumed", "domain.moved",
    "domain.deleted", "domain.restored",
]  # fmt: skip


def a_body(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Billing",
        "url": "https://billing.example/hook",
        "event_types": [*DOMAIN_EVENTS, "provider.changed"],
        **changes,
    }


async def subscribed(api: ApiClient, **changes: Any) -> dict[str, Any]:
    response = await api.post(WEBHOOKS, json=a_body(**changes))
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


async def told(api: ApiClient, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the documents on their way to a webhook, the oldest first."""
    listed = await api.get(DELIVERIES, params={"webhook": webhook["id"], "limit": "500"})
    assert listed.status_code == 200, listed.text
    ids = [item["id"] for item in listed.json()["items"]][::-1]
    return [(await api.get(f"{DELIVERIES}/{one}")).json()["document"] for one in ids]


async def test_the_life_of_a_domain_is_told_in_its_stages(hosted: ApiClient) -> None:
    webhook = await subscribed(hosted)
    path = "/api/v1/domains/new.example"
    await hosted.put(path, json={"provider": "a"})
    await hosted.put(path, json={"provider": "a", "reference": "K-1"})
    await hosted.put(path, json={"provider": "a", "reference": "K-1"})
    await hosted.post(f"{path}/suspend")
    await hosted.post(f"{path}/resume")
    await hosted.post(f"{path}/move", json={"variables": {"NODE": "srv2"}})
    await hosted.put(f"{path}/mailboxes/jane", json={"login": "x"})
    await hosted.delete(path)
    await hosted.post(f"{path}/restore")
    await hosted.patch("/api/v1/providers/a", json={"short_name": "A"})
    documents = await told(hosted, webhook)
    assert [document["type"] for document in documents] == [
        "domain.created", "domain.changed", "domain.suspended", "domain.resumed", "domain.moved",
        "domain.deleted", "domain.restored", "provider.changed",
    ]  # fmt: skip
    assert {document["subject"] for document in documents[:-1]} == {"new.example"}
    created, changed = documents[:2]
    assert created["data"]["before"] is None
    assert changed["data"]["before"] == created["data"]["after"]
    assert changed["data"]["after"]["reference"] == "K-1"
    audit = (await hosted.get("/api/v1/audit", params={"resource": "new.example"})).json()["items"]
    told_of = [(document["data"]["before"], document["data"]["after"]) for document in documents[:-1]]
    assert told_of == [(entry["before"], entry["after"]) for entry in audit[::-1]]
    assert [document["timestamp"] for document in documents[:-1]] == [entry["at"] for entry in audit[::-1]]
    assert "jane" not in json.dumps(documents)


async def test_only_what_was_asked_for_is_told(hosted: ApiClient) -> None:
    webhook = await subscribed(hosted, event_types=["domain.suspended"])
    await hosted.post("/api/v1/domains/a.example/suspend")
    await hosted.post("/api/v1/domains/a.example/resume")
    assert [document["type"] for document in await told(hosted, webhook)] == ["domain.suspended"]


async def test_a_limited_webhook_never_hears_of_another_provider(hosted: ApiClient) -> None:
    limited = await hosted.as_token(provider="a")
    mine, everything = await subscribed(limited), await subscribed(hosted)
    assert (mine["provider"], everything["provider"]) == ("a", None)
    await hosted.post("/api/v1/domains/b.example/suspend")
    await hosted.post("/api/v1/domains/a.example/move", json={"provider": "b"})
    await hosted.patch("/api/v1/providers/b", json={"short_name": "B"})
    (left,) = await told(limited, mine)
    assert (left["type"], left["data"]["after"]) == ("domain.moved", None)
    assert '"b"' not in json.dumps(left)
    types = [document["type"] for document in await told(hosted, everything)]
    assert types == ["domain.suspended", "domain.moved", "provider.changed"]
    theirs = await told(hosted, everything)
    assert theirs[1]["data"]["before"]["provider"] == "a"
    assert theirs[1]["data"]["after"]["provider"] == "b"
    hidden = (await hosted.get(DELIVERIES)).json()["items"]
    for item in hidden:
        seen = await limited.get(f"{DELIVERIES}/{item['id']}")
        assert (seen.status_code == 200) == (item["webhook"] == mine["id"])


async def test_what_is_refused_or_only_tried_is_told_to_nobody(hosted: ApiClient) -> None:
    webhook = await subscribed(hosted)
    tried = await hosted.put(
        "/api/v1/domains/a.example?dry_run=true", json={"provider": "a", "reference": "x"}
    )
    refused = await hosted.delete("/api/v1/domains/a.example", headers={"If-Match": '"9"'})
    assert (tried.status_code, refused.status_code) == (200, 412)
    for path in (f"{WEBHOOKS}/{webhook['id']}/ping", f"{WEBHOOKS}/{webhook['id']}/replay"):
        assert (await hosted.post(f"{path}?dry_run=true")).status_code == 202
    assert await told(hosted, webhook) == []
    assert (await hosted.get("/api/v1/audit?kind=webhook&total=true")).json()["total"] == 1


async def test_a_retried_request_is_told_once(hosted: ApiClient) -> None:
    webhook = await subscribed(hosted)
    for _ in range(3):
        body = {"name": "k.example", "provider": "a"}
        await hosted.post("/api/v1/domains", json=body, headers={"Idempotency-Key": "k"})
    assert len(await told(hosted, webhook)) == 1


async def test_each_line_of_bulk_that_changes_something_is_told(hosted: ApiClient) -> None:
    webhook = await subscribed(hosted)
    new = {"name": "new.example", "provider": "a"}
    lines = [
        new,
        {**new, "reference": "K"},
        {**new, "reference": "K"},
        {"op": "delete", "name": "new.example"},
    ]
    found = await done(hosted, *lines, {"op": "delete", "name": "none.example"})
    assert found.summary["failed"] == 1
    documents = await told(hosted, webhook)
    types = ["domain.created", "domain.changed", "domain.deleted"]
    assert [document["type"] for document in documents] == types


async def test_the_secret_is_shown_once_and_nowhere_else(hosted: ApiClient) -> None:
    key = {"Idempotency-Key": "k"}
    created = await hosted.post(WEBHOOKS, json=a_body(), headers=key)
    secret, webhook_id = created.json()["secret"], created.json()["id"]
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert created.headers["location"] == f"{WEBHOOKS}/{webhook_id}"
    replayed = await hosted.post(WEBHOOKS, json=a_body(), headers=key)
    assert (replayed.json()["id"], replayed.json()["secret"]) == (webhook_id, None)
    tried = await hosted.post(f"{WEBHOOKS}?dry_run=true", json=a_body())
    assert tried.json()["secret"] is None
    rotated = await hosted.post(f"{WEBHOOKS}/{webhook_id}/rotate", json={"overlap_seconds": 60})
    assert rotated.json()["secret"] != secret
    assert rotated.json()["previous_secret_ends_at"] is not None
    assert rotated.headers["etag"] == '"2"'
    await hosted.post(f"{WEBHOOKS}/{webhook_id}/ping")
    for path in (WEBHOOKS, f"{WEBHOOKS}/{webhook_id}", DELIVERIES, "/api/v1/audit?kind=webhook"):
        text = (await hosted.get(path)).text
        for shown in (secret, rotated.json()["secret"]):
            assert shown.removeprefix("whsec_") not in text
    actions = [entry["action"] for entry in (await hosted.get("/api/v1/audit?kind=webhook")).json()["items"]]
    assert actions == ["webhook.ping", "webhook.rotate", "webhook.create"]


async def test_a_secret_is_stored_sealed_where_the_operator_has_a_key(database_url: str) -> None:
    key = base64.urlsafe_b64encode(bytes(range(32))).decode()
    async with served(database_url, secret_keys=key) as api:
        webhook = await subscribed(api)
        async with api.services.store.reading() as unit:
            stored = await unit.webhooks.find(webhook["id"])
        assert stored is not None
        assert webhook["secret"] not in stored.value.secret
        assert SecretBox([key]).find(stored.value.secret) == webhook["secret"]


def test_keys_are_changed_by_putting_the_next_before_the_present() -> None:
    first, second = (base64.urlsafe_b64encode(bytes([number]) * 32).decode() for number in (1, 2))
    sealed = SecretBox([first]).seal("s")
    assert SecretBox([second, first]).find(sealed) == "s"
    assert SecretBox([second]).find(sealed) is None
    assert SecretBox([]).find(sealed) is None
    assert SecretBox([first]).find(SecretBox([]).seal("s")) == "s"
    assert SecretBox([first]).find(SecretBox([second, first]).seal("s")) is None
    with pytest.raises(InvalidInput, match="SIGNPOST_SECRET_KEYS: must be 32 random bytes") as refused:
        SecretBox(["hidden"])
    assert "hidden" not in str(refused.value)


async def test_a_webhook_is_changed_under_its_version(hosted: ApiClient) -> None:
    webhook = await subscribed(hosted)
    path = f"{WEBHOOKS}/{webhook['id']}"
    assert (await hosted.get(path)).headers["etag"] == '"1"'
    stale = await hosted.patch(path, json={"active": False}, headers={"If-Match": '"9"'})
    assert is_problem(stale, 412, "stale-version")
    changed = await hosted.patch(path, json={"active": False, "name": "Other"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    body = changed.json()
    assert (body["active"], body["name"], body["url"], body["version"]) == (False, "Other", webhook["url"], 2)
    await hosted.post("/api/v1/domains/a.example/suspend")
    assert await told(hosted, webhook) == []
    same = await hosted.patch(path, json={"name": "Other"})
    assert same.json()["version"] == 2
    assert (await hosted.delete(path)).status_code == 204
    assert is_problem(await hosted.get(path), 404, "webhook-not-found")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"url": "http://billing.example/"}, "/url"),
        ({"url": "https://127.0.0.1/"}, "/url"),
        ({"url": "https://169.254.169.254/latest"}, "/url"),
        ({"url": "https://user:pw@billing.example/"}, "/url"),
        ({"url": "gopher://billing.example/"}, "/url"),
        ({"event_types": []}, "/event_types"),
        ({"event_types": ["webhook.ping"]}, "/event_types/0"),
        ({"event_types": ["domain.exploded"]}, "/event_types/0"),
        ({"name": " "}, "/name"),
        ({"secret": "mine"}, "/secret"),
    ],
)
async def test_what_could_not_be_sent_is_refused(
    api: ApiClient, changes: dict[str, Any], pointer: str
) -> None:
    refused = await api.post(WEBHOOKS, json=a_body(**changes))
    assert is_problem(refused, 422, "invalid-input")
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


async def test_a_change_to_what_could_not_be_sent_is_refused(api: ApiClient) -> None:
    webhook = await subscribed(api)
    wrong: tuple[dict[str, Any], ...] = (
        {"url": "http://billing.example/"},
        {"event_types": []},
        {"provider": "a"},
        {"url": None},
    )
    for changes in wrong:
        refused = await api.patch(f"{WEBHOOKS}/{webhook['id']}", json=changes)
        assert is_problem(refused, 422, "invalid-input")


async def test_plain_http_and_special_addresses_are_the_operators_to_allow(database_url: str) -> None:
    settings = {"webhook_allow_http": True, "allow_networks": "127.0.0.0/8"}
    async with served(database_url, **settings) as api:
        await subscribed(api, url="http://127.0.0.1:8000/hook")
        refused = await api.post(WEBHOOKS, json=a_body(url="http://10.0.0.1/"))
        assert is_problem(refused, 422, "invalid-input")


async def test_a_limited_token_chooses_no_port_but_those_of_the_web(hosted: ApiClient) -> None:
    limited = await hosted.as_token(provider="a")
    for authority in ("billing.example", *(f"billing.example:{port}" for port in (443, 8443, 8080))):
        await subscribed(limited, url=f"https://{authority}/hook")
    for port in (22, 80, 5432):
        refused = await limited.post(WEBHOOKS, json=a_body(url=f"https://billing.example:{port}/hook"))
        assert is_problem(refused, 422, "invalid-input")
        (error,) = refused.json()["errors"]
        assert error["pointer"] == "/url"
        assert error["detail"].startswith("must have one of the ports 443, 8080, 8443")
    # The operator has receivers at whichever port; what is theirs is not in the way of other changes.
    operators = await subscribed(hosted, url="https://billing.example:5000/hook", provider="a")
    path = f"{WEBHOOKS}/{operators['id']}"
    assert (await limited.patch(path, json={"name": "Other"})).status_code == 200
    refused = await limited.patch(path, json={"url": "https://billing.example:22/hook"})
    assert is_problem(refused, 422, "invalid-input")


async def test_port_80_goes_with_plain_http(database_url: str) -> None:
    async with served(database_url, webhook_allow_http=True) as api:
        await api.put("/api/v1/providers/a", json=a_provider_body())
        limited = await api.as_token(provider="a")
        for url in ("http://billing.example/", "http://billing.example:8080/"):
            await subscribed(limited, url=url)
        refused = await limited.post(WEBHOOKS, json=a_body(url="http://billing.example:25/"))
        assert is_problem(refused, 422, "invalid-input")


async def test_webhooks_need_a_scope_of_their_own(hosted: ApiClient) -> None:
    webhook = await subscribed(hosted)
    delivery = (await hosted.post(f"{WEBHOOKS}/{webhook['id']}/ping")).json()
    others = await hosted.as_token(*(set(Scope) - {Scope.ADMIN, Scope.WEBHOOKS_WRITE}))
    fellow = await hosted.as_token(Scope.WEBHOOKS_WRITE)
    assert (await fellow.get(f"{WEBHOOKS}/{webhook['id']}")).status_code == 200
    path, one = f"{WEBHOOKS}/{webhook['id']}", f"{DELIVERIES}/{delivery['id']}"
    for refused in (
        await others.get(WEBHOOKS),
        await others.post(WEBHOOKS, json=a_body()),
        await others.get(path),
        await others.patch(path, json={"name": "x"}),
        await others.delete(path),
        await others.post(f"{path}/rotate", json={}),
        await others.post(f"{path}/ping"),
        await others.post(f"{path}/replay"),
        await others.get(DELIVERIES),
        await others.get(one),
        await others.post(f"{one}/replay"),
    ):
        assert is_problem(refused, 403, "not-permitted")


async def test_a_limited_token_makes_webhooks_of_its_provider_only(hosted: ApiClient) -> None:
    limited = await hosted.as_token(provider="a")
    for provider in ("b", "none", "N\x00"):
        refused = await limited.post(WEBHOOKS, json=a_body(provider=provider))
        assert is_problem(refused, 404, "provider-not-found")
    for maker in (hosted, limited):
        refused = await maker.post(WEBHOOKS, json=a_body(provider=""))
        assert is_problem(refused, 422, "invalid-input")
        assert [error["pointer"] for error in refused.json()["errors"]] == ["/provider"]
    assert (await subscribed(limited, provider="a"))["provider"] == "a"
    operators = await subscribed(hosted, provider="a")
    await subscribed(hosted)
    listed = (await limited.get(WEBHOOKS, params={"total": "true"})).json()
    assert listed["total"] == len(listed["items"]) == 2
    assert operators["id"] in {item["id"] for item in listed["items"]}


async def test_the_webhooks_of_a_provider_go_with_it_and_that_is_told(hosted: ApiClient) -> None:
    await hosted.put("/api/v1/providers/c", json=a_provider_body())
    webhook, everything = await subscribed(hosted, provider="c"), await subscribed(hosted)
    await hosted.post(f"{WEBHOOKS}/{webhook['id']}/ping")
    assert (await hosted.delete("/api/v1/providers/c")).status_code == 204
    assert is_problem(await hosted.get(f"{WEBHOOKS}/{webhook['id']}"), 404, "webhook-not-found")
    entry = (await hosted.get("/api/v1/audit?action=webhook.delete")).json()["items"][0]
    assert entry["resource"] == webhook["id"]
    (gone,) = await told(hosted, everything)
    assert (gone["type"], gone["subject"], gone["data"]["after"]) == ("provider.changed", "c", None)


async def test_a_provider_has_a_hundred_webhooks_at_the_most(hosted: ApiClient) -> None:
    limited = await hosted.as_token(provider="a")
    for _ in range(100):
        await subscribed(limited)
    assert is_problem(await limited.post(WEBHOOKS, json=a_body()), 422, "invalid-input")
    await subscribed(hosted, provider="b")


async def test_deliveries_are_filtered_paged_and_counted(hosted: ApiClient) -> None:
    first, second = await subscribed(hosted), await subscribed(hosted)
    for reference in "123":
        await hosted.put("/api/v1/domains/a.example", json={"provider": "a", "reference": reference})
    await hosted.post(f"{WEBHOOKS}/{first['id']}/ping")
    every = (await hosted.get(DELIVERIES, params={"total": "true"})).json()
    assert every["total"] == len(every["items"]) == 7
    assert [item["id"] for item in every["items"]] == sorted(
        (item["id"] for item in every["items"]), reverse=True
    )
    event = every["items"][-1]["event"]
    for wanted, count in (
        ({"webhook": first["id"]}, 4),
        ({"webhook": second["id"]}, 3),
        ({"type": "webhook.ping"}, 1),
        ({"type": "domain.changed", "webhook": first["id"]}, 3),
        ({"event": event}, 2),
        ({"state": "pending"}, 7),
        ({"state": "dead"}, 0),
        ({"webhook": "none"}, 0),
    ):
        found = (await hosted.get(DELIVERIES, params={**wanted, "total": "true"})).json()
        assert found["total"] == len(found["items"]) == count, wanted
    seen: list[int] = []
    after: str | None = ""
    while after is not None:
        page = (await hosted.get(DELIVERIES, params={"limit": "3", "after": after, "fields": "id"})).json()
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
    assert seen == [item["id"] for item in every["items"]]
    for wrong in ({"state": "lost"}, {"type": "x"}, {"webhook": "\0"}, {"fields": "secret"}, {"after": "x"}):
        assert is_problem(await hosted.get(DELIVERIES, params=wrong), 422, "invalid-input")
    assert is_problem(await hosted.get(f"{DELIVERIES}/{2**63 - 1}"), 404, "delivery-not-found")
    assert is_problem(await hosted.get(f"{DELIVERIES}/{2**63}"), 422, "invalid-input")


async def test_webhooks_are_paged(hosted: ApiClient) -> None:
    wanted = sorted([(await subscribed(hosted))["id"] for _ in range(3)])
    first = (await hosted.get(WEBHOOKS, params={"limit": "2", "fields": "id"})).json()
    rest = (await hosted.get(WEBHOOKS, params={"after": first["next"], "fields": "id"})).json()
    assert [item["id"] for item in (*first["items"], *rest["items"])] == wanted


async def test_what_is_sent_is_what_the_openapi_document_says(hosted: ApiClient) -> None:
    document = (await hosted.http.get("/openapi.json")).json()
    webhook = await subscribed(hosted)
    path = "/api/v1/domains/new.example"
    await hosted.put(path, json={"provider": "a"})
    await hosted.post(f"{path}/suspend")
    await hosted.delete(path)
    await hosted.patch("/api/v1/providers/a", json={"short_name": "A"})
    await hosted.post(f"{WEBHOOKS}/{webhook['id']}/ping")
    documents = await told(hosted, webhook)
    assert len(documents) == 5
    for sent in documents:
        content = document["webhooks"][sent["type"]]["post"]["requestBody"]["content"]["application/json"]
        schema = {**content["schema"], "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(sent)
