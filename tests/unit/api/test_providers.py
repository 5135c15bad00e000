from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api_client import problem
from full_values import FULL_PROVIDER

if TYPE_CHECKING:
    from api_client import ApiClient

PROVIDERS = "/api/v1/providers"
HOST = f"{PROVIDERS}/host"
BODY = {"display_name": "The Host", "short_name": "Host"}
SMTP = {
    "type": "smtp",
    "hostname": "%NODE%.host.example",
    "port": 465,
    "socket_type": "tls",
    "authentication": ["password-cleartext"],
    "username": "%EMAILADDRESS%",
}
UNWRITTEN = {"slug", "version", "created_at", "updated_at"}


async def test_a_provider_is_created_read_replaced_and_deleted(api: ApiClient) -> None:
    created = await api.send("POST", PROVIDERS, {"slug": "host", **BODY})
    assert created.status_code == 201
    assert (created.headers["location"], created.headers["etag"]) == (HOST, '"1"')
    read = await api.send("GET", HOST)
    assert (read.json(), read.headers["etag"]) == (created.json(), '"1"')
    assert read.json().items() >= {"slug": "host", **BODY, "servers": [], "list_domains": False}.items()
    replaced = await api.send("PUT", HOST, {**BODY, "short_name": "New"})
    assert (replaced.status_code, replaced.headers["etag"]) == (200, '"2"')
    unchanged = await api.send("PUT", HOST, {**BODY, "short_name": "New"})
    assert (unchanged.status_code, unchanged.headers["etag"]) == (200, '"2"')
    assert (await api.send("DELETE", HOST)).status_code == 204
    problem(await api.send("GET", HOST), 404, "provider-not-found")


async def test_a_provider_is_put_where_there_is_none(api: ApiClient) -> None:
    put = await api.send("PUT", HOST, BODY)
    assert (put.status_code, put.headers["etag"]) == (201, '"1"')


async def test_a_provider_with_everything_comes_back(api: ApiClient) -> None:
    caller = await api.services.access.authenticate(api.token)
    await api.services.providers.create(caller, FULL_PROVIDER)
    path = f"{PROVIDERS}/{FULL_PROVIDER.slug}"
    read = await api.ok("GET", path)
    body = {name: read[name] for name in read if name not in UNWRITTEN}
    again = await api.send("PUT", path, body)
    assert (again.status_code, again.headers["etag"]) == (200, '"1"'), again.text
    stored = await api.services.providers.get(caller, FULL_PROVIDER.slug)
    assert stored.value == FULL_PROVIDER


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"display_name": None}, ["/display_name"]),
        ({"display_name": ""}, ["/display_name"]),
        ({"short_name": "a" * 21}, ["/short_name"]),
        ({"x": 1, "y": 2}, ["/x", "/y"]),
        ({"documentation": [{"url": "x"}, {"url": "https://a.example/", "descriptions": [{"text": ""}]}]},
         ["/documentation/0/url", "/documentation/1/descriptions/0/text"]),
        ({"instructions": [{"url": ""}]}, ["/instructions/0/url"]),
        ({"enable": [{"url": "https://a.example/", "descriptions": [{"text": "a", "language": "x y"}]}]},
         ["/enable/0/descriptions/0/language"]),
        ({"support": {"email": "x", "phone": ""}}, ["/support/email", "/support/phone"]),
        ({"oauth2": {"issuer": "", "scope": "a", "authorization_url": "x", "token_url": "https://a.example/"}},
         ["/oauth2/issuer", "/oauth2/authorization_url"]),
        ({"oauth2": {"issuer": "a"}}, ["/oauth2/scope", "/oauth2/authorization_url", "/oauth2/token_url"]),
        ({"input_fields": [{"key": "A", "label": ""}]}, ["/input_fields/0/label"]),
        ({"logo_url": "http://a.example/"}, ["/logo_url"]),
        ({"subaddress_separator": "@"}, ["/subaddress_separator"]),
        ({"servers": [{"key": "a", **SMTP, "type": "gopher"}]}, ["/servers/0/type"]),
        ({"servers": [{"key": "a", **SMTP, "pop3": {}}]}, ["/servers/0/pop3"]),
        ({"servers": [{"key": "a", **SMTP, "smtp": {"restriction": ""}}]}, ["/servers/0/smtp"]),
        ({"servers": [{"key": "a", **SMTP}, {"key": "a", **SMTP}]}, ["/servers/1/key"]),
        ({"servers": [{"key": "a", **SMTP, "username": "%EMAILADDRESS"}]}, ["/servers/0/username"]),
        ({"servers": [{"key": f"a{number}", **SMTP} for number in range(65)]}, ["/servers"]),
        (
            {"servers": [{
                "key": "a", "type": "webmail", "url": "https://a.example/",
                "webmail": {"login_form": {"url": "x", "username": ""}},
            }]},
            ["/servers/0/webmail/login_form/url", "/servers/0/webmail/login_form/username"],
        ),
    ],
)  # fmt: skip
async def test_every_broken_rule_is_pointed_at(
    api: ApiClient, changes: dict[str, Any], pointers: list[str]
) -> None:
    found = problem(await api.send("PUT", HOST, {**BODY, **changes}), 422, "invalid-input")
    assert [error["pointer"] for error in found["errors"]] == pointers
    problem(await api.send("GET", HOST), 404, "provider-not-found")


async def test_conflicts_have_their_own_problems(api: ApiClient) -> None:
    problem(await api.send("POST", PROVIDERS, {"slug": "provider", **BODY}), 409, "provider-taken")
    wrong = problem(await api.send("POST", PROVIDERS, {"slug": "A B", **BODY}), 422, "invalid-input")
    assert [error["pointer"] for error in wrong["errors"]] == ["/slug"]
    await api.ok("PUT", "/api/v1/domains/a.example", {"provider": "provider"})
    problem(await api.send("DELETE", f"{PROVIDERS}/provider"), 409, "provider-in-use")
    problem(await api.send("DELETE", HOST), 404, "provider-not-found")


async def test_a_write_may_be_for_one_version_only(api: ApiClient) -> None:
    problem(await api.send("PUT", HOST, BODY, if_match='"1"'), 412, "stale-version")
    await api.ok("PUT", HOST, BODY, if_none_match="*")
    for method, path, body in (
        ("PUT", HOST, BODY),
        ("PUT", f"{HOST}/servers/smtp", SMTP),
        ("DELETE", f"{HOST}/servers/smtp", None),
        ("DELETE", HOST, None),
    ):
        problem(await api.send(method, path, body, if_match='"2"'), 412, "stale-version")


async def test_servers_are_managed_one_by_one(api: ApiClient) -> None:
    await api.ok("PUT", HOST, BODY)
    put = await api.send("PUT", f"{HOST}/servers/smtp", SMTP)
    assert (put.status_code, put.headers["etag"]) == (201, '"2"')
    assert put.json().items() >= {"key": "smtp", **SMTP}.items()
    put = await api.send("PUT", f"{HOST}/servers/smtp", {**SMTP, "port": 587, "socket_type": "starttls"})
    assert (put.status_code, put.headers["etag"]) == (200, '"3"')
    read = await api.send("GET", f"{HOST}/servers/smtp")
    assert (read.json(), read.headers["etag"]) == (put.json(), '"3"')
    await api.ok("PUT", f"{HOST}/servers/smtp-2", SMTP)
    listed = await api.send("GET", f"{HOST}/servers")
    assert [server["key"] for server in listed.json()["items"]] == ["smtp", "smtp-2"]
    assert listed.headers["etag"] == '"4"'
    assert (await api.send("DELETE", f"{HOST}/servers/smtp", if_match='"4"')).status_code == 204
    for method in ("GET", "DELETE"):
        problem(await api.send(method, f"{HOST}/servers/smtp"), 404, "server-not-found")
        problem(await api.send(method, f"{PROVIDERS}/nobody/servers/smtp"), 404, "provider-not-found")
    problem(await api.send("PUT", f"{PROVIDERS}/nobody/servers/smtp", SMTP), 404, "provider-not-found")
    problem(await api.send("GET", f"{PROVIDERS}/nobody/servers"), 404, "provider-not-found")


@pytest.mark.parametrize(
    ("key", "changes", "pointers"),
    [
        ("SMTP", {}, ["/key"]),
        ("smtp", {"port": 0, "username": ""}, ["/port", "/username"]),
        ("smtp", {"hostname": "_"}, ["/hostname"]),
        ("smtp", {"key": "smtp"}, ["/key"]),
        ("smtp", {"authentication": ["password-cleartext"] * 21}, ["/authentication"]),
        ("smtp", {"authentication": ["magic"]}, ["/authentication/0"]),
    ],
)
async def test_a_servers_broken_rules_are_pointed_at(
    api: ApiClient, key: str, changes: dict[str, Any], pointers: list[str]
) -> None:
    await api.ok("PUT", HOST, BODY)
    found = problem(await api.send("PUT", f"{HOST}/servers/{key}", {**SMTP, **changes}), 422, "invalid-input")
    assert [error["pointer"] for error in found["errors"]] == pointers


async def test_a_change_that_would_leave_a_domain_unpublished_is_refused(api: ApiClient) -> None:
    await api.ok("PUT", HOST, BODY)
    await api.ok("PUT", "/api/v1/domains/a.example", {"provider": "host"})
    found = problem(await api.send("PUT", f"{HOST}/servers/smtp", SMTP), 422, "invalid-input")
    assert "needs the variable NODE" in found["detail"]


async def test_providers_are_listed_in_pages(api: ApiClient) -> None:
    await api.ok("PUT", HOST, BODY)
    first = await api.ok("GET", f"{PROVIDERS}?limit=2")
    assert [item["slug"] for item in first["items"]] == ["host", "other"]
    second = await api.ok("GET", f"{PROVIDERS}?limit=2&after={first['next']}")
    assert ([item["slug"] for item in second["items"]], second["next"]) == (["provider"], None)


async def test_texts_that_postgresql_cannot_be_asked_for_are_found_nowhere(api_on_each: ApiClient) -> None:
    for path in (f"{PROVIDERS}/%00", f"{PROVIDERS}/%00/servers", f"{PROVIDERS}/a%00b/servers/x"):
        problem(await api_on_each.send("GET", path), 404, "provider-not-found")
    problem(await api_on_each.send("GET", f"{PROVIDERS}/provider/servers/%00"), 404, "server-not-found")
    problem(await api_on_each.send("PUT", f"{PROVIDERS}/%00", BODY), 422, "invalid-input")
    problem(await api_on_each.send("DELETE", f"{PROVIDERS}/%00"), 404, "provider-not-found")
    problem(await api_on_each.send("GET", f"{PROVIDERS}?after=%00"), 422, "invalid-input")
