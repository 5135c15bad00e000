"""Many changes in one request: each line as a single write would have been, in the order of the lines."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from app.store.rows import TOKEN
from sqlalchemy import update

from bulk import BULK, NDJSON, answered, done, exported, lines_of, post_lines
from management import A_SERVER, is_problem, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from management import ApiClient


def a_put(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "provider": "a", **changes}


async def audited(api: ApiClient, action: str) -> list[str]:
    found = (await api.get(f"/api/v1/audit?limit=500&action={action}")).json()["items"]
    return [entry["resource"] for entry in reversed(found)]


async def test_each_line_has_a_result_with_its_number_and_the_status_of_a_single_write(
    hosted: ApiClient,
) -> None:
    found = await done(
        hosted,
        a_put("new.example", reference="K-1"),
        a_put("a.example", reference="K-2"),
        {"op": "patch", "name": "b.example", "variables": {"NODE": "srv1"}},
        {"op": "put", **a_put("new2.example")},
        {"op": "delete", "name": "new2.example"},
        {"op": "delete", "name": "none.example"},
    )
    assert found.results[:5] == [
        {"line": 1, "name": "new.example", "result": "created", "status": 201, "version": 1},
        {"line": 2, "name": "a.example", "result": "updated", "status": 200, "version": 2},
        {"line": 3, "name": "b.example", "result": "updated", "status": 200, "version": 2},
        {"line": 4, "name": "new2.example", "result": "created", "status": 201, "version": 1},
        {"line": 5, "name": "new2.example", "result": "deleted", "status": 204},
    ]
    failed = found.results[5]
    assert (failed["line"], failed["result"], failed["status"]) == (6, "failed", 404)
    assert failed["problem"]["type"].endswith("/problems/domain-not-found")
    counts = {"created": 2, "updated": 2, "unchanged": 0, "deleted": 1, "failed": 1}
    assert found.summary == {"summary": True, "complete": True, "lines": 6, **counts}
    assert (await hosted.get("/api/v1/domains/b.example")).json()["variables"] == {"NODE": "srv1"}


async def test_what_stays_as_it_is_is_told_and_not_audited(hosted: ApiClient) -> None:
    lines = [a_put("new.example", reference="K-1"), a_put("alias.example", alias_of="new.example")]
    await done(hosted, *lines)
    before = await audited(hosted, "domain.put")
    again = await done(hosted, *lines, {"op": "patch", "name": "new.example", "reference": "K-1"})
    assert [result["result"] for result in again.results] == ["unchanged"] * 3
    assert [result["version"] for result in again.results] == [1, 1, 1]
    assert await audited(hosted, "domain.put") == before
    assert await audited(hosted, "domain.patch") == []


async def test_policies_and_reports_that_stay_are_no_change(hosted: ApiClient) -> None:
    policy = {"mode": "testing", "mx": ["mx.a.example"], "max_age_seconds": 86400}
    line = a_put("new.example", mta_sts=policy, tls_reporting={"uris": ["mailto:tls@a.example"]})
    await done(hosted, line)
    again = await done(hosted, line)
    assert [(one["result"], one["version"]) for one in again.results] == [("unchanged", 1)]
    changes: list[dict[str, Any]] = [
        {"mta_sts": {**policy, "mx": ["mx.b.example"]}},
        {"tls_reporting": {"uris": []}},
    ]
    for change in changes:
        other = await done(hosted, {**line, **change})
        assert other.results[0]["result"] == "updated"


async def test_each_changed_domain_is_in_the_audit_with_token_and_request(hosted: ApiClient) -> None:
    response = await post_lines(
        hosted,
        lines_of(
            a_put("new.example"),
            {"op": "patch", "name": "new.example", "reference": "K-1"},
            {"op": "delete", "name": "new.example"},
        ),
    )
    entries = (await hosted.get("/api/v1/audit?resource=new.example")).json()["items"]
    assert [entry["action"] for entry in entries] == ["domain.delete", "domain.patch", "domain.put"]
    assert {entry["request_id"] for entry in entries} == {response.headers["x-request-id"]}
    assert entries[1]["before"]["reference"] is None
    assert entries[1]["after"]["reference"] == "K-1"
    assert [entry["after"] is None for entry in entries] == [True, False, False]


@pytest.mark.parametrize(
    ("line", "status", "slug", "pointer"),
    [
        (b"{", 400, "unreadable-line", None),
        (b"[]", 400, "unreadable-line", None),
        (b'"a.example"', 400, "unreadable-line", None),
        (b'{"name": "\xff.example"}', 400, "unreadable-line", None),
        (b"[" * 100_000, 400, "unreadable-line", None),
        (b'{"name": "' + b"x" * 1100 + b'"}', 400, "unreadable-line", None),
        ({"provider": "a"}, 422, "invalid-input", "/name"),
        (a_put("no_name.example"), 422, "invalid-input", "/name"),
        (a_put("x.example", unknown=1), 422, "invalid-input", "/unknown"),
        (a_put("x.example", op="upsert"), 422, "invalid-input", "/op"),
        (a_put("x.example", if_match="1"), 422, "invalid-input", "/if_match"),
        (a_put("x.example", servers=[{**A_SERVER, "key": "k", "port": "x"}]), 422, "invalid-input",
         "/servers/0/port"),
        (a_put("x.example", servers=[{**A_SERVER, "key": "k", "hostname": "%MISSING%.example"}]), 422,
         "invalid-input", "/variables"),
        (a_put("x.example", servers=[{**A_SERVER, "key": "k", "username": "%EMAILADDRESS"}]), 422,
         "invalid-input", "/servers/0/username"),
        (a_put("x.example", alias_of="none.example"), 422, "invalid-input", "/alias_of"),
        (a_put("x.example", mailboxes=[{"local_part": "a"}, {"local_part": "A"}]), 422, "invalid-input",
         "/mailboxes/1/local_part"),
        ({"name": "x.example", "provider": "none"}, 404, "provider-not-found", None),
        ({"op": "patch", "name": "x.example"}, 404, "domain-not-found", None),
        ({"op": "patch", "name": "a.example", "serves_mx": "yes"}, 422, "invalid-input", "/serves_mx"),
        ({"op": "delete", "name": "a.example", "provider": "a"}, 422, "invalid-input", "/provider"),
        ({"op": "delete", "name": "a.example", "if_match": 7}, 412, "stale-version", None),
        (a_put("x.example", if_match="*"), 412, "stale-version", None),
    ],
)  # fmt: skip
async def test_a_faulty_line_is_told_and_keeps_no_other_from_being_done(
    database_url: str, line: dict[str, Any] | bytes, status: int, slug: str, pointer: str | None
) -> None:
    async with served(database_url, bulk_max_line_bytes=1000) as api:
        await api.put("/api/v1/providers/a", json={**A_PROVIDER})
        await api.put("/api/v1/domains/a.example", json={"provider": "a"})
        found = await done(api, a_put("before.example"), line, a_put("after.example"))
        assert found.statuses == [201, status, 201]
        told = found.results[1]["problem"]
        assert told["type"] == f"http://127.0.0.1:8080/problems/{slug}"
        assert set(told) <= {"type", "title", "status", "detail", "errors"}
        assert [one["pointer"] for one in told.get("errors", ())] == ([pointer] if pointer else [])
        assert found.summary["failed"] == 1


A_PROVIDER = {"display_name": "Host", "short_name": "Host", "servers": [{**A_SERVER, "key": "imap"}]}


async def test_empty_lines_count_and_the_last_line_needs_no_end(hosted: ApiClient) -> None:
    response = await post_lines(
        hosted, b'\n\r\n{"op":"delete","name":"a.example"}\r\n \n{"op":"delete","name":"b.example"}'
    )
    found = answered(response.text)
    assert [(result["line"], result["status"]) for result in found.results] == [(3, 204), (5, 204)]


async def test_aliases_work_in_the_order_of_the_lines(hosted: ApiClient) -> None:
    found = await done(
        hosted,
        a_put("early.example", alias_of="target.example"),
        a_put("target.example"),
        a_put("alias.example", alias_of="target.example"),
        a_put("second.example", alias_of="alias.example"),
        {"op": "delete", "name": "target.example"},
        {"op": "patch", "name": "b.example", "alias_of": "target.example"},
        {"op": "delete", "name": "alias.example"},
        {"op": "delete", "name": "target.example"},
    )
    assert found.statuses == [422, 201, 201, 422, 409, 422, 204, 204]
    assert found.results[4]["problem"]["type"].endswith("domain-in-use")
    again = await done(
        hosted, a_put("target.example"), a_put("a.example", alias_of="target.example"),
        {"op": "delete", "name": "target.example"}, {"op": "patch", "name": "a.example", "alias_of": None},
        {"op": "delete", "name": "target.example"},
    )  # fmt: skip
    assert again.statuses == [201, 200, 409, 200, 204]


async def test_a_domain_with_aliases_stays_with_its_provider(hosted: ApiClient) -> None:
    found = await done(
        hosted,
        a_put("alias.example", alias_of="a.example"),
        {"name": "a.example", "provider": "b"},
        {"op": "patch", "name": "a.example", "provider": "b"},
        {"op": "delete", "name": "alias.example"},
        {"name": "a.example", "provider": "b"},
    )
    assert found.statuses == [201, 422, 422, 204, 200]
    entries = (await hosted.get("/api/v1/audit?resource=a.example&limit=2")).json()["items"]
    # It left the one and came to the other.
    assert [(entry["provider"], entry["after"] is None) for entry in entries] == [("b", False), ("a", True)]


async def test_a_name_that_comes_again_is_done_again(hosted: ApiClient) -> None:
    found = await done(
        hosted,
        a_put("x.example", reference="1"),
        a_put("x.example", reference="1"),
        a_put("x.example", reference="2"),
        {"op": "delete", "name": "x.example"},
        a_put("x.example", reference="3"),
    )
    assert [result["result"] for result in found.results] == [
        "created", "unchanged", "updated", "deleted", "created",
    ]  # fmt: skip
    assert (await hosted.get("/api/v1/domains/x.example")).json()["reference"] == "3"


async def test_mailboxes_become_those_of_the_line_or_stay_where_it_has_none(hosted: ApiClient) -> None:
    jane, john = {"local_part": "Jane", "login": "c1"}, {"local_part": "john", "variables": {"NODE": "x"}}
    first = await done(
        hosted, a_put("x.example", mailboxes=[jane, john]), a_put("a.example", mailboxes=[jane])
    )
    assert first.statuses == [201, 200]
    path = "/api/v1/domains/x.example/mailboxes"
    changed = await done(hosted, a_put("x.example", mailboxes=[{**jane, "login": "c2"}]))
    assert changed.results[0]["result"] == "updated"
    found = (await hosted.get(path)).json()["items"]
    assert [(one["local_part"], one["login"], one["version"]) for one in found] == [("Jane", "c2", 2)]
    stays = await done(hosted, a_put("x.example", reference="K-1"))
    assert stays.statuses == [200]
    assert len((await hosted.get(path)).json()["items"]) == 1
    same = await done(hosted, a_put("x.example", reference="K-1", mailboxes=[{**jane, "login": "c2"}]))
    assert same.results[0]["result"] == "unchanged"
    alias = await done(
        hosted,
        a_put("x.example", alias_of="a.example"),
        a_put("x.example", alias_of="a.example", mailboxes=[jane]),
        a_put("x.example", alias_of="a.example", mailboxes=[]),
    )
    assert alias.statuses == [422, 422, 200]
    assert await audited(hosted, "mailbox.put") == [
        "Jane@x.example", "john@x.example", "Jane@a.example", "Jane@x.example",
    ]  # fmt: skip
    assert await audited(hosted, "mailbox.delete") == ["john@x.example", "Jane@x.example"]


async def test_deleted_domains_can_be_restored_with_their_mailboxes(hosted: ApiClient) -> None:
    servers = [{**A_SERVER, "key": "imap"}]
    await done(hosted, a_put("x.example", servers=servers, mailboxes=[{"local_part": "jane", "login": "c"}]))
    before = await exported(hosted)
    gone = await done(hosted, {"op": "delete", "name": "x.example"})
    assert gone.statuses == [204]
    restored = await hosted.post("/api/v1/domains/x.example/restore")
    assert restored.status_code == 200, restored.text
    assert await exported(hosted) == before


async def test_atomic_does_all_or_says_which_line_undid_it(hosted: ApiClient) -> None:
    before = await exported(hosted)
    audit = (await hosted.get("/api/v1/audit?total=true")).json()["total"]
    many = [a_put(f"d{number}.example") for number in range(1500)]
    refused = await post_lines(
        hosted, lines_of(*many, a_put("x.example", reference=""), b"{"), "?atomic=true"
    )
    assert is_problem(refused, 422, "invalid-input")
    assert refused.json()["line"] == 1501
    assert refused.json()["errors"] == [{"pointer": "/reference", "detail": "must not be empty"}]
    assert await exported(hosted) == before
    assert (await hosted.get("/api/v1/audit?total=true")).json()["total"] == audit
    found = await done(hosted, *many, query="?atomic=true")
    assert found.statuses == [201] * 1500
    assert len(await exported(hosted)) == 1502


async def test_a_dry_run_tells_what_would_happen_over_all_lines(hosted: ApiClient) -> None:
    lines = [
        *(a_put(f"d{number}.example") for number in range(1200)),
        a_put("x.example", alias_of="d0.example"),
        a_put("y.example", alias_of="z.example"),
        {"op": "delete", "name": "a.example"},
        {"op": "delete", "name": "a.example"},
    ]
    before = await exported(hosted)
    audit = (await hosted.get("/api/v1/audit?total=true")).json()["total"]
    dry = await post_lines(hosted, lines_of(*lines), "?dry_run=true")
    assert dry.headers["signpost-dry-run"] == "true"
    assert answered(dry.text).statuses == [201] * 1201 + [422, 204, 404]
    assert await exported(hosted) == before
    assert (await hosted.get("/api/v1/audit?total=true")).json()["total"] == audit
    assert (await done(hosted, *lines)).results == answered(dry.text).results


async def test_lines_are_counted_and_those_over_the_limit_are_not_read(database_url: str) -> None:
    async with served(database_url, bulk_max_lines=3, bulk_max_whole_bytes=2000) as api:
        await api.put("/api/v1/providers/a", json=A_PROVIDER)
        lines = [a_put(f"d{number}.example") for number in range(5)]
        found = await done(api, *lines)
        assert found.statuses == [201, 201, 201]
        assert found.summary["complete"] is False
        assert found.summary["problem"]["type"].endswith("/problems/too-much-input")
        assert found.summary["problem"]["status"] == 413
        whole = await post_lines(api, lines_of(*lines), "?atomic=true")
        assert is_problem(whole, 413, "too-much-input")
        long = await post_lines(api, lines_of(a_put("x.example", reference="x" * 3000)), "?atomic=true")
        assert is_problem(long, 413, "too-much-input")
        assert "bytes" in long.json()["detail"]
        assert len(await exported(api)) == 3


async def test_the_body_may_be_longer_than_that_of_other_requests(hosted: ApiClient) -> None:
    lines = [a_put(f"d{number}.example", reference="x" * 100) for number in range(7000)]
    body = lines_of(*lines)
    assert len(body) > 1_000_000
    found = answered((await post_lines(hosted, body)).text)
    assert found.summary["created"] == 7000


async def test_where_if_match_is_needed_a_line_has_it_too(database_url: str) -> None:
    async with served(database_url, require_if_match=True) as api:
        await api.put("/api/v1/providers/a", json=A_PROVIDER)
        found = await done(
            api,
            a_put("x.example"),
            a_put("x.example", reference="1"),
            a_put("x.example", reference="1", if_match=2),
            a_put("x.example", reference="1", if_match=1),
            {"op": "delete", "name": "x.example"},
            {"op": "delete", "name": "x.example", "if_match": "*"},
        )
        assert found.statuses == [201, 428, 412, 200, 428, 204]


async def test_lines_need_a_token_that_may_write_and_their_own_media_type(hosted: ApiClient) -> None:
    reader = await hosted.as_token("domains:read")
    line = lines_of(a_put("x.example"))
    assert is_problem(await post_lines(reader, line), 403, "not-permitted")
    assert (await hosted.post("/api/v1/domains/bulk", json=a_put("x.example"))).status_code == 415
    writer = await hosted.as_token("domains:write")
    assert is_problem(await writer.get("/api/v1/domains/export"), 403, "not-permitted")
    assert (await done(writer, a_put("x.example"))).statuses == [201]


async def test_a_token_of_one_provider_touches_nothing_of_another_line_by_line(hosted: ApiClient) -> None:
    limited = await hosted.as_token(provider="a")
    before = await exported(hosted)
    found = await done(
        limited,
        {"name": "b.example", "provider": "a"},
        {"name": "x.example", "provider": "b"},
        {"op": "patch", "name": "b.example", "reference": "x"},
        {"op": "patch", "name": "a.example", "provider": "b"},
        {"op": "patch", "name": "a.example", "alias_of": "b.example"},
        {"op": "delete", "name": "b.example"},
        {"name": "y.example", "provider": "a", "alias_of": "b.example"},
    )
    assert found.statuses == [409, 404, 404, 404, 422, 404, 422]
    assert await exported(hosted) == before
    assert [record["name"] for record in await exported(limited)] == ["a.example"]
    other = await limited.get("/api/v1/domains/export?provider=b")
    assert (other.status_code, other.text) == (200, "")


async def test_an_export_has_aliases_last_and_changes_nothing_when_it_is_sent_back(hosted: ApiClient) -> None:
    await done(
        hosted,
        a_put(
            "z.example", servers=[{**A_SERVER, "key": "imap"}], mailboxes=[{"local_part": "j", "login": "x"}]
        ),
        a_put("0.example", alias_of="z.example"),
    )
    records = await exported(hosted)
    assert [record["name"] for record in records] == ["a.example", "b.example", "z.example", "0.example"]
    only = (await hosted.get("/api/v1/domains/export?provider=b")).text
    assert only.count("\n") == 1
    again = await done(hosted, *records)
    assert [result["result"] for result in again.results] == ["unchanged"] * 4


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def is_stored(api: ApiClient, name: str) -> bool:
    return (await api.get(f"/api/v1/domains/{name}")).status_code == 200


async def ended(api: ApiClient, token: str, way: str) -> None:
    """Let a token hold no longer."""
    token_id = token.split("_")[1]
    if way == "revoked":
        assert (await api.delete(f"/api/v1/tokens/{token_id}")).status_code == 204
    elif way == "rotated":
        path = f"/api/v1/tokens/{token_id}/rotate"
        assert (await api.post(path, json={"overlap_seconds": 0})).status_code == 200
    else:
        async with api.services.store.engine.begin() as connection:
            found = update(TOKEN).where(TOKEN.c.public_id == token_id)
            await connection.execute(found.values(expires_at=LONG_AGO))


@pytest.mark.parametrize("way", ["revoked", "rotated", "expired"])
async def test_a_token_that_ends_while_lines_come_writes_no_further_batch(
    hosted: ApiClient, way: str
) -> None:
    writer = await hosted.as_token("domains:write")

    async def sent() -> AsyncIterator[bytes]:
        yield lines_of(a_put("early.example"))
        async with asyncio.timeout(10):
            while not await is_stored(hosted, "early.example"):  # noqa: ASYNC110 - as a client finds it out
                await asyncio.sleep(0.02)
        await ended(hosted, writer.token, way)
        yield lines_of(a_put("late.example"), {"op": "delete", "name": "b.example"})

    response = await writer.post(BULK, content=sent(), headers=NDJSON)
    found = answered(response.text)
    assert [(result["name"], result["status"]) for result in found.results] == [("early.example", 201)]
    assert (found.summary["complete"], found.summary["created"], found.summary["failed"]) == (False, 1, 0)
    assert found.summary["problem"]["status"] == 401
    assert found.summary["problem"]["type"].endswith("/problems/not-authenticated")
    assert await is_stored(hosted, "early.example")
    assert await is_stored(hosted, "b.example")
    assert not await is_stored(hosted, "late.example")


@pytest.mark.parametrize("query", ["", "?atomic=true", "?dry_run=true"])
async def test_a_token_that_ends_before_the_first_batch_writes_none(hosted: ApiClient, query: str) -> None:
    writer = await hosted.as_token("domains:write")

    async def sent() -> AsyncIterator[bytes]:
        line = lines_of(a_put("late.example"))
        yield line[:10]
        await ended(hosted, writer.token, "revoked")
        yield line[10:]

    response = await writer.post(f"{BULK}{query}", content=sent(), headers=NDJSON)
    assert is_problem(response, 401, "not-authenticated")
    assert not await is_stored(hosted, "late.example")
