from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api_client import problem
from full_values import FULL_DOMAIN, FULL_PROVIDER

if TYPE_CHECKING:
    from api_client import ApiClient

DOMAINS = "/api/v1/domains"
CUSTOMER = f"{DOMAINS}/customer.example"
IMAP = {
    "key": "imap",
    "type": "imap",
    "hostname": "IMAP.customer.example.",
    "port": 993,
    "socket_type": "tls",
    "authentication": ["oauth2", "password-cleartext"],
    "username": "%EMAILADDRESS%",
}


async def test_a_domain_is_created_read_replaced_and_deleted(api: ApiClient) -> None:
    body = {"name": "Customer.EXAMPLE.", "provider": "provider", "reference": "K-1"}
    created = await api.send("POST", DOMAINS, body)
    assert created.status_code == 201
    assert created.headers["location"] == CUSTOMER
    assert created.headers["etag"] == '"1"'
    read = await api.send("GET", CUSTOMER)
    assert (read.status_code, read.headers["etag"]) == (200, '"1"')
    assert read.json() == created.json()
    assert (
        read.json().items()
        >= {
            "name": "customer.example",
            "unicode_name": "customer.example",
            "provider": "provider",
            "alias_of": None,
            "variables": {},
            "status": "active",
            "published_name": "automatic",
            "reference": "K-1",
            "serves_mx": False,
            "servers": [],
            "version": 1,
        }.items()
    )
    replaced = await api.send("PUT", CUSTOMER, {"provider": "provider", "servers": [IMAP]})
    assert (replaced.status_code, replaced.headers["etag"]) == (200, '"2"')
    assert replaced.json()["servers"][0]["hostname"] == "imap.customer.example"
    assert replaced.json()["reference"] is None
    deleted = await api.send("DELETE", CUSTOMER)
    assert (deleted.status_code, deleted.content) == (204, b"")
    # There is nothing that could be of a type.
    assert "content-type" not in deleted.headers
    problem(await api.send("GET", CUSTOMER), 404, "domain-not-found")


async def test_a_domain_is_put_where_there_is_none(api: ApiClient) -> None:
    put = await api.send("PUT", f"{DOMAINS}/bücher.example", {"provider": "provider"})
    assert (put.status_code, put.headers["etag"]) == (201, '"1"')
    assert put.json()["name"] == "xn--bcher-kva.example"
    assert put.json()["unicode_name"] == "bücher.example"
    assert (await api.send("GET", f"{DOMAINS}/XN--BCHER-KVA.example")).status_code == 200


async def test_a_domain_with_everything_comes_back(api: ApiClient) -> None:
    await api.services.providers.create(await caller(api), FULL_PROVIDER)
    await api.services.domains.put(await caller(api), FULL_DOMAIN)
    path = f"{DOMAINS}/{FULL_DOMAIN.name}"
    read = await api.ok("GET", path)
    body = {name: read[name] for name in read if name not in UNWRITTEN}
    again = await api.send("PUT", path, body)
    assert (again.status_code, again.headers["etag"]) == (200, '"1"'), again.text
    assert again.json() == read


UNWRITTEN = {"name", "unicode_name", "version", "created_at", "updated_at"}


async def caller(api: ApiClient) -> Any:
    return await api.services.access.authenticate(api.token)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/provider", "/name"]),
        ({"name": "a.example", "provider": "provider", "x": 1}, ["/x"]),
        ({"name": "localhost", "provider": "provider"}, ["/name"]),
        ({"name": "a.example", "provider": "A B"}, ["/provider"]),
        ({"name": "a.example", "provider": 1}, ["/provider"]),
        ({"name": "a.example", "provider": "provider", "status": "gone"}, ["/status"]),
        ({"name": "a.example", "provider": "provider", "serves_mx": "true"}, ["/serves_mx"]),
        ({"name": "a.example", "provider": "provider", "variables": {"a/b~c": "x"}}, ["/variables/a~1b~0c"]),
        ({"name": "a.example", "provider": "provider", "alias_of": "localhost"}, ["/alias_of"]),
        ({"name": "a.example", "provider": "provider", "alias_of": "unknown.example"}, ["/alias_of"]),
        ({"name": "a.example", "provider": "provider", "reference": "a\x00"}, ["/reference"]),
        (
            {
                "name": "a.example",
                "provider": "",
                "alias_of": "-",
                "reference": "",
                "servers": [{**IMAP, "port": 0}],
            },
            ["/alias_of", "/servers/0/port", "/provider", "/reference"],
        ),
        (
            {
                "name": "a.example",
                "provider": "provider",
                "servers": [{**IMAP, "port": "993"}, {**IMAP, "key": "b", "hostname": "_"}],
            },
            ["/servers/0/port"],
        ),
        (
            {
                "name": "a.example",
                "provider": "provider",
                "servers": [{**IMAP, "username": "%EMAILADDRESS"}, {**IMAP, "key": "b", "hostname": "_"}],
            },
            ["/servers/1/hostname"],
        ),
        (
            {
                "name": "a.example",
                "provider": "provider",
                "servers": [{**IMAP, "hostname": "%NODE%.example"}],
            },
            ["/variables"],
        ),
    ],
)
async def test_every_broken_rule_is_pointed_at(
    api: ApiClient, body: dict[str, Any], pointers: list[str]
) -> None:
    found = problem(await api.send("POST", DOMAINS, body), 422, "invalid-input")
    assert [error["pointer"] for error in found["errors"]] == pointers
    assert all(error["detail"] for error in found["errors"])
    problem(await api.send("GET", f"{DOMAINS}/a.example"), 404, "domain-not-found")


async def test_a_name_in_the_path_is_checked(api: ApiClient) -> None:
    for method in ("GET", "PUT", "DELETE"):
        body = {"provider": "provider"} if method == "PUT" else None
        found = problem(await api.send(method, f"{DOMAINS}/localhost", body), 422, "invalid-input")
        assert found["detail"] == "name: must have at least two labels"


async def test_conflicts_have_their_own_problems(api: ApiClient) -> None:
    await api.ok("PUT", CUSTOMER, {"provider": "provider"})
    taken = await api.send("POST", DOMAINS, {"name": "customer.example", "provider": "provider"})
    assert problem(taken, 409, "domain-taken")["detail"] == "The domain customer.example is stored already."
    await api.ok("PUT", f"{DOMAINS}/alias.example", {"provider": "provider", "alias_of": "customer.example"})
    problem(await api.send("DELETE", CUSTOMER), 409, "domain-in-use")
    problem(await api.send("PUT", CUSTOMER, {"provider": "nobody"}), 404, "provider-not-found")
    problem(await api.send("DELETE", f"{DOMAINS}/unknown.example"), 404, "domain-not-found")


async def test_a_write_may_be_for_one_version_only(api: ApiClient) -> None:
    body = {"provider": "provider", "reference": "1"}
    problem(await api.send("PUT", CUSTOMER, body, if_match="*"), 412, "stale-version")
    assert (await api.send("PUT", CUSTOMER, body, if_none_match="*")).status_code == 201
    problem(await api.send("PUT", CUSTOMER, body, if_none_match="*"), 412, "stale-version")
    for stale in ('"2"', 'W/"2"', '"x"', "1", '""', '"2", "3"'):
        problem(await api.send("PUT", CUSTOMER, body, if_match=stale), 412, "stale-version")
        problem(await api.send("DELETE", CUSTOMER, if_match=stale), 412, "stale-version")
    for number, present in enumerate(('"1"', 'W/"2"', '"9", "3"', "*"), 2):
        changed = {**body, "reference": str(number)}
        response = await api.send("PUT", CUSTOMER, changed, if_match=present)
        assert (response.status_code, response.headers["etag"]) == (200, f'"{number}"')
    wrong = problem(await api.send("PUT", CUSTOMER, body, if_none_match='"1"'), 422, "invalid-input")
    assert "If-None-Match" in wrong["detail"]
    assert (await api.send("DELETE", CUSTOMER, if_match='"5"')).status_code == 204


async def test_domains_are_listed_in_pages(api: ApiClient) -> None:
    for name in ("c", "a", "b"):
        await api.ok("PUT", f"{DOMAINS}/{name}.example", {"provider": "provider"})
    await api.ok("PUT", f"{DOMAINS}/d.example", {"provider": "other"})
    first = await api.ok("GET", f"{DOMAINS}?limit=2")
    assert [item["name"] for item in first["items"]] == ["a.example", "b.example"]
    second = await api.ok("GET", f"{DOMAINS}?limit=2&after={first['next']}")
    assert ([item["name"] for item in second["items"]], second["next"]) == (["c.example", "d.example"], None)
    only = await api.ok("GET", f"{DOMAINS}?provider=other")
    assert [item["name"] for item in only["items"]] == ["d.example"]
    nobodys = await api.ok("GET", f"{DOMAINS}?provider=nobody")
    assert nobodys == {"items": [], "next": None, "total": None}


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=x", "limit"),
        ("after=" + "a" * 256, "after"),
        ("after=%00", "after"),
        ("provider=%00", "provider"),
        ("provider=" + "a" * 64, "provider"),
    ],
)
async def test_a_bad_parameter_is_named(api: ApiClient, query: str, parameter: str) -> None:
    found = problem(await api.send("GET", f"{DOMAINS}?{query}"), 422, "invalid-input")
    assert [error["parameter"] for error in found["errors"]] == [parameter]


async def test_settings_say_what_each_format_leaves_out_and_why(api: ApiClient) -> None:
    servers = [IMAP, {**IMAP, "key": "plain", "port": 143, "socket_type": "plain"}]
    await api.ok("PUT", CUSTOMER, {"provider": "provider", "servers": servers, "status": "suspended"})
    found = await api.ok("GET", f"{CUSTOMER}/settings")
    assert (found["domain"], found["status"], found["withheld"]) == ("customer.example", "suspended", [])
    assert [server["key"] for server in found["servers"]] == ["imap", "plain", "pop3", "smtp"]
    omissions = {item["name"]: item["omissions"] for item in found["formats"]}
    assert [(item["server"], item["reason"]) for item in omissions["autoconfig"]] == [
        ("plain", "plain-socket")
    ]
    assert omissions["autoconfig-full"] == []


async def test_settings_are_for_one_address_where_asked(api: ApiClient) -> None:
    await api.ok("PUT", CUSTOMER, {"provider": "provider"})
    await api.ok("PUT", f"{CUSTOMER}/mailboxes/jane", {"login": "c1"})
    found = await api.ok("GET", f"{CUSTOMER}/settings?local_part=Jane")
    assert {server["username"] for server in found["servers"]} == {"c1"}
    wrong = problem(await api.send("GET", f"{CUSTOMER}/settings?local_part=a b"), 422, "invalid-input")
    assert wrong["detail"].startswith("local_part: ")
    problem(await api.send("GET", f"{DOMAINS}/unknown.example/settings"), 404, "domain-not-found")


async def test_a_document_is_shown_as_clients_get_it(api: ApiClient) -> None:
    await api.ok("PUT", CUSTOMER, {"provider": "provider"})
    shown = await api.ok("GET", f"{CUSTOMER}/documents/autoconfig?local_part=jane")
    assert (shown["format"], shown["media_type"]) == ("autoconfig", "text/xml; charset=utf-8")
    got = await api.http.get("/mail/config-v1.1.xml?emailaddress=jane@customer.example")
    assert shown["body"] == got.text
    found = problem(await api.send("GET", f"{CUSTOMER}/documents/nothing"), 404, "format-not-found")
    assert "autoconfig" in found["detail"]
    problem(await api.send("GET", f"{DOMAINS}/unknown.example/documents/autoconfig"), 404, "domain-not-found")
