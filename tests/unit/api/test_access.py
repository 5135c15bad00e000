"""Who may do what, on every route of the management API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from app.services.callers import Scope

from api_client import problem

if TYPE_CHECKING:
    from api_client import ApiClient

READ, WRITE = Scope.DOMAINS_READ.value, Scope.DOMAINS_WRITE.value
PROVIDERS_WRITE = Scope.PROVIDERS_WRITE.value
API = "/api/v1"
PROVIDER = {"display_name": "P", "short_name": "P"}
SERVER = {
    "type": "imap",
    "hostname": "a.example",
    "port": 993,
    "socket_type": "tls",
    "authentication": ["password-cleartext"],
    "username": "%EMAILADDRESS%",
}

ROUTES: dict[tuple[str, str], tuple[str | None, Any]] = {
    ("GET", "/domains"): (READ, None),
    ("POST", "/domains"): (WRITE, {"name": "new.example", "provider": "provider"}),
    ("GET", "/domains/{name}"): (READ, None),
    ("PUT", "/domains/{name}"): (WRITE, {"provider": "provider"}),
    ("DELETE", "/domains/{name}"): (WRITE, None),
    ("GET", "/domains/{name}/settings"): (READ, None),
    ("GET", "/domains/{name}/documents/{format_name}"): (READ, None),
    ("GET", "/domains/{name}/dns-records"): (READ, None),
    ("GET", "/domains/{name}/mailboxes"): (READ, None),
    ("GET", "/domains/{name}/mailboxes/{local_part}"): (READ, None),
    ("PUT", "/domains/{name}/mailboxes/{local_part}"): (WRITE, {"login": "c2"}),
    ("DELETE", "/domains/{name}/mailboxes/{local_part}"): (WRITE, None),
    ("GET", "/providers"): (READ, None),
    ("POST", "/providers"): (PROVIDERS_WRITE, {"slug": "new", **PROVIDER}),
    ("GET", "/providers/{slug}"): (READ, None),
    ("PUT", "/providers/{slug}"): (PROVIDERS_WRITE, PROVIDER),
    ("DELETE", "/providers/{slug}"): (PROVIDERS_WRITE, None),
    ("GET", "/providers/{slug}/servers"): (READ, None),
    ("GET", "/providers/{slug}/servers/{key}"): (READ, None),
    ("PUT", "/providers/{slug}/servers/{key}"): (PROVIDERS_WRITE, SERVER),
    ("DELETE", "/providers/{slug}/servers/{key}"): (PROVIDERS_WRITE, None),
    ("GET", "/formats"): (None, None),
}
PLACES = {
    "{name}": "customer.example",
    "{local_part}": "jane",
    "{slug}": "provider",
    "{key}": "imap",
    "{format_name}": "autoconfig",
}


def path_of(route: str) -> str:
    for place, value in PLACES.items():
        route = route.replace(place, value)
    return API + route


@pytest.fixture
async def api(api: ApiClient) -> ApiClient:
    await api.ok("PUT", f"{API}/domains/customer.example", {"provider": "provider"})
    await api.ok("PUT", f"{API}/domains/customer.example/mailboxes/jane", {"login": "c1"})
    await api.ok("PUT", f"{API}/providers/empty", PROVIDER)
    return api


def test_every_route_of_the_management_api_is_in_the_table(api: ApiClient) -> None:
    found = {
        (method, path.removeprefix(API))
        for path, operations in api.app.openapi()["paths"].items()
        if path.startswith(API)
        for method in map(str.upper, operations)
    }
    assert found == set(ROUTES)


@pytest.mark.parametrize(("method", "route"), ROUTES)
async def test_a_route_needs_a_token_that_holds_and_its_scope(
    api: ApiClient, method: str, route: str
) -> None:
    scope, body = ROUTES[method, route]
    path = path_of(route)
    refused = await api.send(method, path, body, token=None)
    found = problem(refused, 401, "not-authenticated")
    assert refused.headers["www-authenticate"] == "Bearer"
    for wrong in ("x", f"{api.token}x", f"sp_000000000000_{'A' * 43}"):
        again = problem(await api.send(method, path, body, token=wrong), 401, "not-authenticated")
        # Whatever is wrong with a token, the answer is one.
        assert {**again, "instance": ""} == {**found, "instance": ""}
    if scope is None:
        return
    others = [other.value for other in Scope if other.value not in (scope, Scope.ADMIN.value)]
    lacking = await api.token_with(*others)
    assert scope in problem(await api.send(method, path, body, token=lacking), 403, "not-permitted")["detail"]
    if route == "/providers/{slug}" and method == "DELETE":
        path = f"{API}/providers/empty"
    enough = await api.token_with(scope)
    response = await api.send(method, path, body, token=enough)
    assert response.is_success, response.text


SEEN_BY_ALL = {"/domains", "/providers", "/formats"}


@pytest.mark.parametrize(("method", "route"), ROUTES)
async def test_another_tenants_things_are_not_found(api: ApiClient, method: str, route: str) -> None:
    _, body = ROUTES[method, route]
    tenant = await api.token_with(Scope.ADMIN.value, provider="other")
    response = await api.send(method, path_of(route), body, token=tenant)
    if route in SEEN_BY_ALL and method == "GET":
        assert "customer" not in response.text
        assert '"provider"' not in response.text.replace('"provider":', "")
    elif (method, route) == ("PUT", "/domains/{name}"):
        problem(response, 409, "domain-taken")
    elif route.startswith("/domains/"):
        problem(response, 404, "domain-not-found")
    elif (method, route) in {
        ("POST", "/providers"),
        ("PUT", "/providers/{slug}"),
        ("DELETE", "/providers/{slug}"),
    }:
        problem(response, 403, "not-permitted")
    else:
        problem(response, 404, "provider-not-found")


async def test_a_tenant_manages_what_is_its_own(api: ApiClient) -> None:
    tenant = await api.token_with(Scope.ADMIN.value, provider="provider")
    for method, path, body in (
        ("GET", "/providers/provider", None),
        ("PUT", "/providers/provider", PROVIDER),
        ("PUT", "/domains/new.example", {"provider": "provider"}),
        ("DELETE", "/domains/new.example", None),
    ):
        response = await api.send(method, API + path, body, token=tenant)
        assert response.is_success, response.text


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "bearer", "Token x", ""])
async def test_other_kinds_of_authorization_do_not_count(api: ApiClient, header: str) -> None:
    response = await api.http.get(f"{API}/domains", headers={"Authorization": header})
    problem(response, 401, "not-authenticated")


async def test_the_scheme_is_read_in_any_case(api: ApiClient) -> None:
    response = await api.http.get(f"{API}/domains", headers={"Authorization": f"bearer {api.token}"})
    assert response.status_code == 200
