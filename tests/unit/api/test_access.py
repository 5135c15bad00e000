"""Who may do what, on every route of the management API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from app.services.callers import Scope

from api_client import problem

if TYPE_CHECKING:
    from api_client import ApiClient

READ, WRITE = Scope.DOMAINS_READ.value, Scope.DOMAINS_WRITE.value
PROVIDERS_WRITE, TOKENS, AUDIT = Scope.PROVIDERS_WRITE.value, Scope.TOKENS_WRITE.value, Scope.AUDIT_READ.value
WEBHOOKS = Scope.WEBHOOKS_WRITE.value
VERIFY, INSTRUCTIONS = Scope.VERIFY.value, Scope.INSTRUCTIONS_READ.value
API = "/api/v1"
WEBHOOK = {"name": "w", "url": "https://a.example/", "event_types": ["domain.changed"]}
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
    ("GET", "/domains/{name}/dns-doctor"): (VERIFY, None),
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
    ("PATCH", "/domains/{name}"): (WRITE, {"reference": "K"}),
    ("POST", "/domains/{name}/suspend"): (WRITE, None),
    ("POST", "/domains/{name}/resume"): (WRITE, None),
    ("POST", "/domains/{name}/move"): (WRITE, {"variables": {"NODE": "srv2"}}),
    ("GET", "/domains/{name}/aliases"): (READ, None),
    ("POST", "/domains/{name}/restore"): (WRITE, None),
    ("GET", "/deleted-domains"): (READ, None),
    ("PATCH", "/domains/{name}/mailboxes/{local_part}"): (WRITE, {"login": "c3"}),
    ("PATCH", "/providers/{slug}"): (PROVIDERS_WRITE, {"short_name": "P"}),
    ("PATCH", "/providers/{slug}/servers/{key}"): (PROVIDERS_WRITE, {"port": 994}),
    ("GET", "/domains/export"): (READ, None),
    ("POST", "/domains/bulk"): (WRITE, {"name": "customer.example", "provider": "provider"}),
    ("GET", "/tokens"): (TOKENS, None),
    ("POST", "/tokens"): (TOKENS, {"name": "t", "scopes": [TOKENS]}),
    ("GET", "/tokens/{token_id}"): (TOKENS, None),
    ("POST", "/tokens/{token_id}/rotate"): (TOKENS, {}),
    ("DELETE", "/tokens/{token_id}"): (TOKENS, None),
    ("GET", "/audit"): (AUDIT, None),
    ("GET", "/audit/export"): (AUDIT, None),
    ("GET", "/domains/{name}/verification"): (VERIFY, None),
    ("POST", "/domains/{name}/verifications"): (VERIFY, None),
    ("GET", "/domains/{name}/verifications"): (VERIFY, None),
    ("GET", "/domains/{name}/verifications/{verification_id}"): (VERIFY, None),
    ("GET", "/domains/{name}/verifications/{verification_id}/events"): (VERIFY, None),
    ("GET", "/endpoints"): (VERIFY, None),
    ("GET", "/endpoints/{endpoint_id}"): (VERIFY, None),
    ("GET", "/endpoints/{endpoint_id}/history"): (VERIFY, None),
    ("GET", "/findings"): (VERIFY, None),
    ("GET", "/verification/metrics"): (VERIFY, None),
    ("POST", "/discoveries"): (VERIFY, {"address": "customer.example"}),
    ("POST", "/adoptions"): (WRITE, {"address": "customer.example", "provider": "provider"}),
    ("POST", "/discoveries/events"): (VERIFY, {"address": "customer.example"}),
    ("GET", "/instructions/{address}"): (INSTRUCTIONS, None),
    ("GET", "/instruction-clients"): (None, None),
    ("GET", "/webhooks"): (WEBHOOKS, None),
    ("POST", "/webhooks"): (WEBHOOKS, WEBHOOK),
    ("GET", "/webhooks/{webhook_id}"): (WEBHOOKS, None),
    ("PATCH", "/webhooks/{webhook_id}"): (WEBHOOKS, {"name": "x"}),
    ("DELETE", "/webhooks/{webhook_id}"): (WEBHOOKS, None),
    ("POST", "/webhooks/{webhook_id}/rotate"): (WEBHOOKS, {}),
    ("POST", "/webhooks/{webhook_id}/ping"): (WEBHOOKS, None),
    ("POST", "/webhooks/{webhook_id}/replay"): (WEBHOOKS, None),
    ("GET", "/webhook-deliveries"): (WEBHOOKS, None),
    ("GET", "/webhook-deliveries/{delivery_id}"): (WEBHOOKS, None),
    ("POST", "/webhook-deliveries/{delivery_id}/replay"): (WEBHOOKS, None),
}
# One line of JSON is a line.
LINES = {"content_type": "application/x-ndjson"}
MERGE = {"content_type": "application/merge-patch+json"}
PLACES = {
    "{name}": "customer.example",
    "{local_part}": "jane",
    "{slug}": "provider",
    "{key}": "imap",
    "{format_name}": "autoconfig",
    "{address}": "jane@customer.example",
}
# These go on until somebody has looked at the servers, need servers that are found, or ask the DNS: not here.
WITHOUT_SUCCESS = {
    "/domains/{name}/verifications/{verification_id}/events",
    "/adoptions",
    "/domains/{name}/dns-doctor",
}


# Where the customer's domain and the provider that has it would not do.
INSTEAD = {
    ("DELETE", "/providers/{slug}"): "/providers/empty",
    ("POST", "/domains/{name}/restore"): "/domains/deleted.example/restore",
}


async def path_of(api: ApiClient, method: str, route: str) -> str:
    webhook = (await api.ok("GET", f"{API}/webhooks"))["items"][0]["id"]
    if "verification_id" in route or "endpoint_id" in route:
        verifications = f"{API}/domains/customer.example/verifications"
        started = await api.ok("POST", verifications)
        endpoints = (await api.ok("GET", f"{API}/endpoints"))["items"]
        route = route.replace("{verification_id}", str(started["id"]))
        route = route.replace("{endpoint_id}", str(endpoints[0]["id"]))
    ids = {
        "{token_id}": (await api.token_with(TOKENS)).split("_")[1],
        "{webhook_id}": webhook,
        "{delivery_id}": str((await api.ok("GET", f"{API}/webhook-deliveries"))["items"][0]["id"]),
    }
    path = INSTEAD.get((method, route), route)
    for place, value in {**PLACES, **ids}.items():
        path = path.replace(place, value)
    return API + path


@pytest.fixture
async def api(api: ApiClient) -> ApiClient:
    await api.ok("PUT", f"{API}/domains/customer.example", {"provider": "provider"})
    await api.ok("PUT", f"{API}/domains/customer.example/mailboxes/jane", {"login": "c1"})
    await api.ok("POST", f"{API}/webhooks", WEBHOOK)
    await api.ok("PATCH", f"{API}/domains/customer.example", {"reference": "W"}, **MERGE)
    await api.ok("PUT", f"{API}/providers/empty", PROVIDER)
    await api.ok("PUT", f"{API}/domains/deleted.example", {"provider": "provider"})
    await api.ok("DELETE", f"{API}/domains/deleted.example")
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
    path = await path_of(api, method, route)
    headers = MERGE if method == "PATCH" else LINES if route == "/domains/bulk" else {}
    refused = await api.send(method, path, body, token=None, **headers)
    found = problem(refused, 401, "not-authenticated")
    assert refused.headers["www-authenticate"] == "Bearer"
    for wrong in ("x", f"{api.token}x", f"sp_000000000000_{'A' * 43}"):
        again = problem(await api.send(method, path, body, token=wrong, **headers), 401, "not-authenticated")
        # Whatever is wrong with a token, the answer is one.
        assert {**again, "instance": ""} == {**found, "instance": ""}
    if scope is None:
        return
    others = [other.value for other in Scope if other.value not in (scope, Scope.ADMIN.value)]
    lacking = await api.token_with(*others)
    missing = await api.send(method, path, body, token=lacking, **headers)
    assert scope in problem(missing, 403, "not-permitted")["detail"]
    if route in WITHOUT_SUCCESS:
        return
    enough = await api.token_with(scope)
    response = await api.send(method, path, body, token=enough, **headers)
    assert response.is_success, response.text


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
