"""Changes of a domain that its mailboxes rely on: none takes one of them offline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from app.store.rows import DOMAIN as DOMAINS
from sqlalchemy import update

from bulk import done
from management import A_SERVER, is_problem

if TYPE_CHECKING:
    import httpx

    from management import ApiClient

DOMAIN = "/api/v1/domains/a.example"
JANE = f"{DOMAIN}/mailboxes/jane"
OWN = {"provider": "a", "variables": {"BOX": "b1"}}
IN_BOX = {**A_SERVER, "key": "box", "hostname": "%BOX%.host.example"}
ON_NODE = {**A_SERVER, "key": "node", "hostname": "%NODE%.host.example"}


@pytest.fixture
async def boxed(hosted: ApiClient) -> ApiClient:
    """A client of a service with a mailbox whose own server names a variable of its domain."""
    assert (await hosted.put(DOMAIN, json=OWN)).status_code == 200
    assert (await hosted.put(JANE, json={"servers": [IN_BOX]})).status_code == 201
    return hosted


def is_refused(response: httpx.Response, pointer: str) -> bool:
    assert is_problem(response, 422, "invalid-input")
    assert {error["pointer"] for error in response.json()["errors"]} == {pointer}
    assert "a mailbox of a.example" in response.json()["detail"]
    assert "jane" not in response.text
    return True


async def withheld(api: ApiClient) -> list[str]:
    found = (await api.get(f"{DOMAIN}/settings", params={"local_part": "jane"})).json()
    return [omission["server"] for omission in found["withheld"]]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", DOMAIN, {"provider": "a"}),
        ("PUT", DOMAIN, {"provider": "a", "variables": {"BOX": "b_1"}}),
        ("PATCH", DOMAIN, {"variables": None}),
        ("POST", f"{DOMAIN}/move", {"variables": {"BOX": None}}),
        ("POST", f"{DOMAIN}/move", {"provider": "b", "variables": {"BOX": None}}),
    ],
)
async def test_a_variable_that_a_mailbox_relies_on_stays(
    boxed: ApiClient, method: str, path: str, body: dict[str, Any]
) -> None:
    before = (await boxed.get(DOMAIN)).json()
    headers = {"Content-Type": "application/merge-patch+json"} if method == "PATCH" else {}
    refused = await boxed.request(method, path, json=body, headers=headers)
    assert is_refused(refused, "/variables")
    assert (await boxed.get(DOMAIN)).json() == before
    assert await withheld(boxed) == []


async def test_a_login_relies_on_variables_too(boxed: ApiClient) -> None:
    assert (await boxed.put(JANE, json={"login": "%BOX%-jane"})).status_code == 200
    assert is_refused(await boxed.patch(DOMAIN, json={"variables": None}), "/variables")


async def test_a_domain_stays_where_its_provider_has_what_a_mailbox_relies_on(hosted: ApiClient) -> None:
    await hosted.patch("/api/v1/providers/a", json={"variables": {"BOX": "b1"}})
    await hosted.put(JANE, json={"servers": [IN_BOX]})
    assert is_refused(await hosted.post(f"{DOMAIN}/move", json={"provider": "b"}), "/provider")
    assert is_refused(await hosted.put(DOMAIN, json={"provider": "b"}), "/provider")
    there = {"provider": "b", "variables": {"BOX": "b9"}}
    assert (await hosted.post(f"{DOMAIN}/move", json=there)).status_code == 200
    assert await withheld(hosted) == []


async def test_a_domains_servers_fit_the_values_of_its_mailboxes(hosted: ApiClient) -> None:
    await hosted.patch("/api/v1/providers/a", json={"variables": {"NODE": "srv1"}})
    assert (await hosted.put(JANE, json={"variables": {"NODE": "srv_1"}})).status_code == 201
    assert is_refused(await hosted.patch(DOMAIN, json={"servers": [ON_NODE]}), "/servers")
    await hosted.put(JANE, json={"variables": {"NODE": "srv2"}})
    assert (await hosted.patch(DOMAIN, json={"servers": [ON_NODE]})).status_code == 200


async def test_what_all_mailboxes_survive_is_taken(boxed: ApiClient) -> None:
    await boxed.put(f"{DOMAIN}/mailboxes/joe", json={"variables": {"BOX": "b7"}, "servers": [IN_BOX]})
    await boxed.put(f"{DOMAIN}/mailboxes/jim", json={"login": "jim"})
    for changes in ({"variables": {"BOX": "b2"}}, {"variables": {"MORE": "1"}}, {"reference": "K-1"}):
        assert (await boxed.patch(DOMAIN, json=changes)).status_code == 200, changes
    await boxed.put(JANE, json={"variables": {"BOX": "b3"}, "servers": [IN_BOX]})
    assert (await boxed.put(DOMAIN, json={"provider": "b"})).status_code == 200
    assert await withheld(boxed) == []


async def test_what_could_not_be_published_before_is_no_reason(boxed: ApiClient) -> None:
    async with boxed.services.store.engine.begin() as connection:
        found = update(DOMAINS).where(DOMAINS.c.name == "a.example")
        await connection.execute(found.values(variables={}))
    assert await withheld(boxed) == ["box"]
    assert (await boxed.patch(DOMAIN, json={"variables": {"NODE": "srv1"}})).status_code == 200
    assert (await boxed.post(f"{DOMAIN}/move", json={"provider": "b"})).status_code == 200


async def test_a_line_takes_no_mailbox_offline_either(boxed: ApiClient) -> None:
    jane = {"local_part": "jane", "servers": [IN_BOX]}
    found = await done(
        boxed,
        {"name": "a.example", "provider": "a"},
        {"name": "a.example", "provider": "b"},
        {"name": "a.example", "provider": "a", "mailboxes": [jane]},
        {"op": "patch", "name": "a.example", "variables": None},
        {"op": "patch", "name": "a.example", "reference": "K-1"},
        {"op": "patch", "name": "a.example", "variables": {"BOX": "b2"}},
        {"name": "a.example", "provider": "a", "mailboxes": [{**jane, "variables": {"BOX": "b3"}}]},
    )
    assert found.statuses == [422, 422, 422, 422, 200, 200, 200]
    for result in found.results[:4]:
        assert [error["pointer"] for error in result["problem"]["errors"]] == ["/variables"]
        assert "a mailbox of a.example" in result["problem"]["detail"]
    assert await withheld(boxed) == []


async def test_a_line_moves_no_domain_from_the_values_of_its_provider(hosted: ApiClient) -> None:
    await hosted.patch("/api/v1/providers/a", json={"variables": {"BOX": "b1"}})
    await hosted.put(JANE, json={"servers": [IN_BOX]})
    found = await done(
        hosted,
        {"name": "a.example", "provider": "b"},
        {"op": "patch", "name": "a.example", "provider": "b"},
    )
    assert found.statuses == [422, 422]
    for result in found.results:
        assert [error["pointer"] for error in result["problem"]["errors"]] == ["/provider"]


async def test_a_domain_does_not_come_back_to_where_a_mailbox_could_not_be_published(
    hosted: ApiClient,
) -> None:
    provider = "/api/v1/providers/a"
    await hosted.patch(provider, json={"variables": {"BOX": "b1"}})
    await hosted.put(JANE, json={"servers": [IN_BOX]})
    await hosted.delete(DOMAIN)
    assert (await hosted.patch(provider, json={"variables": None})).status_code == 200
    refused = await hosted.post(f"{DOMAIN}/restore")
    assert is_problem(refused, 409, "not-restorable")
    assert "must define BOX" in refused.json()["detail"]
    assert "a mailbox of a.example" in refused.json()["detail"]
    assert "jane" not in refused.text
    await hosted.patch(provider, json={"variables": {"BOX": "b1"}})
    assert (await hosted.post(f"{DOMAIN}/restore")).status_code == 200
    assert await withheld(hosted) == []
