"""Changes of a provider that its domains rely on, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from management import A_SERVER, a_provider_body, is_problem

if TYPE_CHECKING:
    from management import ApiClient

PROVIDER = "/api/v1/providers/host"
ON_NODE = {**A_SERVER, "key": "imap", "hostname": "%NODE%.host.example"}


@pytest.fixture
async def relying(api: ApiClient) -> ApiClient:
    """A client of a service with a domain that relies on its provider's default."""
    body = a_provider_body(servers=[ON_NODE], variables={"NODE": "srv1", "LOGIN": "x"})
    assert (await api.put(PROVIDER, json=body)).status_code == 201
    assert (await api.put("/api/v1/domains/a.example", json={"provider": "host"})).status_code == 201
    return api


@pytest.mark.parametrize(
    ("path", "patch", "pointer"),
    [
        (PROVIDER, {"variables": {"NODE": "srv_2"}}, "/variables"),
        (PROVIDER, {"variables": {"NODE": None}}, "/variables"),
        (PROVIDER, {"variables": None}, "/variables"),
        (PROVIDER, {"servers": [{**ON_NODE, "hostname": "%OTHER%.host.example"}]}, "/servers/0"),
        (f"{PROVIDER}/servers/imap", {"hostname": "%OTHER%.host.example"}, "/servers/0"),
    ],
)
async def test_a_patch_that_takes_a_domain_offline_is_refused(
    relying: ApiClient, path: str, patch: dict[str, Any], pointer: str
) -> None:
    before = (await relying.get(PROVIDER)).json()
    refused = await relying.patch(path, json=patch)
    assert is_problem(refused, 422, "invalid-input")
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert "a.example" in refused.json()["detail"]
    assert (await relying.get(PROVIDER)).json() == before


async def test_a_patch_that_all_domains_survive_is_taken(relying: ApiClient) -> None:
    for patch in ({"variables": {"NODE": "srv2"}}, {"variables": {"LOGIN": None}}, {"display_name": "New"}):
        assert (await relying.patch(PROVIDER, json=patch)).status_code == 200
    domain = {"variables": {"NODE": "srv7"}}
    assert (await relying.patch("/api/v1/domains/a.example", json=domain)).status_code == 200
    assert (await relying.patch(PROVIDER, json={"variables": None})).status_code == 200
