from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from app.core.audit import AuditEntry
from app.services.callers import Scope
from app.services.upkeep import Upkeep
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from fakes.clock import NOW, FixedClock
from management import A_SERVER, a_provider_body, is_problem

if TYPE_CHECKING:
    from app.store.unit_of_work import Store

    from management import ApiClient

AUDIT = "/api/v1/audit"


async def entries(api: ApiClient, **filters: Any) -> list[dict[str, Any]]:
    """Return entries, the oldest first."""
    response = await api.get(AUDIT, params=filters)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found[::-1]


def without_store_fields(body: dict[str, Any]) -> dict[str, Any]:
    """Return a resource as the audit has it: no times, no second spelling, no absent options."""
    options = ("imap", "pop3", "smtp", "ldap", "exchange", "webmail")
    servers = [
        {name: value for name, value in server.items() if name not in options or value is not None}
        for server in body["servers"]
    ]
    hidden = ("created_at", "updated_at", "unicode_name", "address")
    return {**{name: value for name, value in body.items() if name not in hidden}, "servers": servers}


async def test_a_change_is_told_with_who_did_it_and_what_was_and_is(hosted: ApiClient) -> None:
    before = (await hosted.get("/api/v1/domains/a.example")).json()
    changed = await hosted.put("/api/v1/domains/a.example", json={"provider": "a", "reference": "K-1"})
    (entry,) = await entries(hosted, request_id=changed.headers["x-request-id"])
    assert entry["action"] == "domain.put"
    assert (entry["kind"], entry["resource"], entry["provider"]) == ("domain", "a.example", "a")
    assert entry["token_id"] == hosted.token.split("_")[1]
    assert entry["token_name"] == "test"
    assert entry["before"] == without_store_fields(before)
    assert entry["after"] == without_store_fields(changed.json())


async def test_the_audit_holds_what_mail_servers_are_told_of_transport(hosted: ApiClient) -> None:
    transport = {
        "mta_sts": {"mode": "enforce", "mx": ["mx.host.example"], "max_age_seconds": 86400},
        "tls_reporting": {"uris": ["mailto:tls@host.example"]},
    }
    for path in ("/api/v1/providers/a", "/api/v1/domains/a.example"):
        changed = await hosted.patch(path, json=transport)
        assert changed.status_code == 200, changed.text
        (entry,) = await entries(hosted, request_id=changed.headers["x-request-id"])
        assert {name: entry["before"][name] for name in transport} == dict.fromkeys(transport)
        assert {name: entry["after"][name] for name in transport} == transport


async def test_every_kind_of_change_is_told_once(hosted: ApiClient) -> None:
    first = (await entries(hosted))[-1]["id"]
    provider, domain, mailbox = (
        "/api/v1/providers/c",
        "/api/v1/domains/c.example",
        "/api/v1/domains/c.example/mailboxes/Jane",
    )
    await hosted.post("/api/v1/providers", json=a_provider_body(slug="c"))
    await hosted.put(provider, json=a_provider_body(short_name="C"))
    await hosted.put(f"{provider}/servers/imap", json={**A_SERVER, "port": 994})
    await hosted.delete(f"{provider}/servers/smtp")
    await hosted.post("/api/v1/domains", json={"name": "c.example", "provider": "c"})
    await hosted.put(domain, json={"provider": "c", "reference": "1"})
    await hosted.put(mailbox, json={"login": "x"})
    await hosted.put(mailbox, json={"login": "y"})
    await hosted.delete(mailbox)
    await hosted.delete(domain)
    await hosted.delete(provider)
    found = [entry for entry in await entries(hosted) if entry["id"] > first]
    seen = [(entry["action"], entry["resource"]) for entry in found]
    assert seen == [
        ("provider.create", "c"),
        ("provider.put", "c"),
        ("server.put", "c"),
        ("server.delete", "c"),
        ("domain.create", "c.example"),
        ("domain.put", "c.example"),
        ("mailbox.put", "Jane@c.example"),
        ("mailbox.put", "Jane@c.example"),
        ("mailbox.delete", "Jane@c.example"),
        ("domain.delete", "c.example"),
        ("provider.delete", "c"),
    ]
    assert {entry["provider"] for entry in found} == {"c"}
    for earlier, later in pairwise(found):
        if earlier["resource"] == later["resource"]:
            assert later["before"] == earlier["after"], later["action"]
    assert [entry["before"] is None for entry in found] == [
        True, False, False, False, True, False, True, False, False, False, False,
    ]  # fmt: skip
    assert [entry["after"] is None for entry in found] == [False] * 8 + [True] * 3


async def test_what_changes_nothing_or_fails_is_not_told(hosted: ApiClient) -> None:
    count = len(await entries(hosted))
    same = await hosted.put("/api/v1/domains/a.example", json={"provider": "a"})
    assert same.status_code == 200
    assert (await hosted.put("/api/v1/domains/x.example", json={"provider": "none"})).status_code == 404
    stale = await hosted.delete("/api/v1/domains/a.example", headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    assert len(await entries(hosted)) == count


async def test_a_domain_that_goes_to_another_provider_leaves_the_one_and_comes_to_the_other(
    hosted: ApiClient,
) -> None:
    await hosted.put("/api/v1/domains/a.example", json={"provider": "b"})
    left, came = (await entries(hosted, resource="a.example"))[-2:]
    assert left["provider"] == "a"
    assert left["before"]["provider"] == "a"
    assert left["after"] is None
    assert came["provider"] == "b"
    assert came["before"] is None
    assert came["after"]["provider"] == "b"


async def test_a_tokens_making_is_told_without_its_secret(api: ApiClient) -> None:
    (entry,) = await entries(api, kind="token")
    assert (entry["action"], entry["token_id"]) == ("token.create", "console")
    assert entry["after"] == {
        "name": "test", "scopes": ["admin"], "provider": None, "expires_at": None,
        "previous_ends_at": None, "version": 1,
    }  # fmt: skip
    assert api.token.split("_", 2)[2] not in json.dumps(entry)


async def test_a_limited_token_reads_what_is_its_providers_only(hosted: ApiClient) -> None:
    await hosted.put("/api/v1/domains/a.example", json={"provider": "b"})
    limited = await hosted.as_token(Scope.AUDIT_READ.value, provider="a")
    found = await entries(limited)
    assert {entry["provider"] for entry in found} == {"a"}
    assert '"b"' not in json.dumps(found)
    assert await entries(limited, provider="b") == []
    assert await entries(limited, provider="none") == []
    total = await limited.get(AUDIT, params={"total": "true", "limit": "1"})
    assert total.json()["total"] == len(found)


async def test_what_an_earlier_provider_of_the_same_name_did_is_not_its_heirs_to_read(
    hosted: ApiClient,
) -> None:
    await hosted.delete("/api/v1/domains/a.example")
    await hosted.delete("/api/v1/providers/a")
    again = await hosted.put("/api/v1/providers/a", json=a_provider_body(display_name="Heir"))
    assert again.status_code == 201
    limited = await hosted.as_token(Scope.AUDIT_READ.value, provider="a")
    found = await entries(limited)
    assert [entry["action"] for entry in found if entry["kind"] == "provider"] == ["provider.put"]
    assert len(await entries(hosted, provider="a")) > len(found)


@pytest.mark.parametrize("scope", [Scope.DOMAINS_READ, Scope.DOMAINS_WRITE, Scope.TOKENS_WRITE])
async def test_the_audit_has_a_scope_of_its_own(api: ApiClient, scope: Scope) -> None:
    other = await api.as_token(scope.value)
    for path in (AUDIT, f"{AUDIT}/export"):
        assert is_problem(await other.get(path), 403, "not-permitted")


async def test_filters_narrow_together(hosted: ApiClient) -> None:
    other = await hosted.as_token()
    await other.put("/api/v1/domains/a.example", json={"provider": "a", "reference": "K"})
    mine = {"token": other.token.split("_")[1]}
    (entry,) = await entries(hosted, **mine)
    for wanted in (
        {"kind": "domain"},
        {"resource": "a.example"},
        {"provider": "a"},
        {"action": "domain.put"},
        {"request_id": entry["request_id"]},
        {"since": entry["at"]},
    ):
        assert await entries(hosted, **mine, **wanted) == [entry], wanted
    for unwanted in (
        {"kind": "mailbox"},
        {"resource": "b.example"},
        {"provider": "b"},
        {"action": "domain.delete"},
        {"request_id": "none"},
        {"until": entry["at"]},
    ):
        assert await entries(hosted, **mine, **unwanted) == [], unwanted


@pytest.mark.parametrize(
    "wrong",
    [
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"since": "0001-01-01T00:00:00+10:00"},
        {"after": "x"},
        {"after": "WyItaWQiLCJ4Il0"},
        {"limit": "0"},
        {"fields": "id,secret"},
        {"fields": ""},
        {"resource": "\0"},
    ],
)
async def test_a_filter_that_is_none_is_refused(api: ApiClient, wrong: dict[str, str]) -> None:
    assert is_problem(await api.get(AUDIT, params=wrong), 422, "invalid-input")


async def test_pages_hold_every_entry_once_whatever_is_written_meanwhile(hosted: ApiClient) -> None:
    wanted = [entry["id"] for entry in await entries(hosted)]
    found: list[int] = []
    after: str | None = ""
    while after is not None:
        page = (await hosted.get(AUDIT, params={"limit": "2", "after": after, "fields": "id"})).json()
        assert all(set(item) == {"id"} for item in page["items"])
        found += [item["id"] for item in page["items"]]
        after = page["next"]
        await hosted.put("/api/v1/domains/b.example", json={"provider": "b", "reference": f"r{len(found)}"})
    assert found == wanted[::-1]


async def test_the_export_is_every_entry_a_line_the_oldest_first(hosted: ApiClient) -> None:
    await hosted.services.upkeep.run()
    exported = await hosted.get(f"{AUDIT}/export")
    assert exported.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in exported.text.splitlines()] == await entries(hosted)
    assert (await hosted.get(f"{AUDIT}/export", params={"resource": "none"})).text == ""


def an_entry(number: int) -> AuditEntry:
    return AuditEntry(
        at=NOW, token_id="t", token_name="t", request_id=None, action="domain.put", kind="domain",
        resource=f"d{number}.example", provider=None, before=None, after={"name": "ü"},
    )  # fmt: skip


async def test_an_export_of_many_batches_lacks_none(api: ApiClient) -> None:
    async with api.services.store.writing() as unit:
        await unit.audit.append([an_entry(number) for number in range(1234)])
    exported = await api.get(f"{AUDIT}/export", params={"until": "2026-04-01T00:00:00Z"})
    resources = [json.loads(line)["resource"] for line in exported.text.splitlines()]
    assert resources == [f"d{number}.example" for number in range(1234)]


async def test_entries_past_their_time_are_forgotten_and_no_others(api: ApiClient) -> None:
    store: Store = api.services.store
    async with store.writing() as unit:
        await unit.audit.append([an_entry(number) for number in range(2345)])
    clock = FixedClock()
    clock.advance(days=10)
    kept = Upkeep(store, clock, audit_retention=None)
    await kept.run()
    assert await kept.forget_audit() == 0
    ten_days = Upkeep(store, clock, audit_retention=clock() - NOW)
    assert await ten_days.forget_audit() == 0
    clock.advance(microseconds=1)
    assert await ten_days.forget_audit() == 2345
    assert [entry["kind"] for entry in await entries(api)] == ["token"]


async def test_the_database_itself_refuses_to_change_an_entry(api: ApiClient) -> None:
    async def falsify() -> None:
        async with api.services.store.engine.begin() as connection:
            await connection.execute(text("UPDATE audit_entry SET token_name = 'nobody'"))

    with pytest.raises(DBAPIError, match="never changed"):
        await falsify()
