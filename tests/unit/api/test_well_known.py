from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.core.domains import DomainStatus
from app.core.mail_transport import MtaSts, StsMode
from app.core.names import DomainName
from app.core.servers import ServerType

from builders import a_domain, a_provider, a_url_server, an_imap_server
from databases import ON_SQLITE, opened, stored_domain, stored_provider
from in_process import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

pytestmark = ON_SQLITE

POLICY = MtaSts(mode=StsMode.ENFORCE, mx=("mx.host.example",))
TESTING = MtaSts(mode=StsMode.TESTING, mx=("mx.host.example",))
METHODS = ["GET", "HEAD", "PROPFIND", "OPTIONS", "POST", "PUT", "DELETE", "REPORT", "MKCALENDAR", "LOCK"]


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with opened(database_url) as store:
        servers = (
            an_imap_server(),
            a_url_server(ServerType.CALDAV, url="https://dav.host.example/cal/%EMAILDOMAIN%/?a=b"),
            a_url_server(ServerType.CARDDAV, key="c1", url="http://dav.host.example/%EMAILLOCALPART%/"),
            a_url_server(ServerType.CARDDAV, key="c2", url="http://dav.host.example/cards"),
            a_url_server(ServerType.JMAP, url="https://%EMAILDOMAIN%/.well-known/jmap"),
        )
        await stored_provider(store, a_provider(servers=servers, mta_sts=POLICY))
        await stored_provider(store, a_provider(slug="bare"))
        await stored_domain(store)
        await stored_domain(store, a_domain("alias.example", alias_of=DomainName("customer.example")))
        await stored_domain(store, a_domain("own.example", mta_sts=TESTING))
        await stored_domain(store, a_domain("away.example", status=DomainStatus.SUSPENDED))
        await stored_domain(store, a_domain("bare.example", provider="bare"))
        await stored_domain(store, a_domain("bücher.example"))
    async with serving(database_url) as found:
        yield found


@pytest.mark.parametrize("method", ["QUERY", "TRACE", "BREW"])
async def test_methods_of_no_such_client_are_refused(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/.well-known/caldav", headers={"host": "customer.example"})
    assert response.status_code == 405
    assert {"GET", "PROPFIND", "REPORT"} <= set(response.headers["allow"].split(", "))


@pytest.mark.parametrize("method", METHODS)
async def test_every_method_is_sent_on_to_the_stored_url(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(
        method, "/.well-known/caldav", headers={"host": "customer.example"}, content=b"<propfind/>"
    )
    # 307 keeps the method; a lifetime of its own, for servers move.
    assert response.status_code == 307
    assert response.headers["location"] == "https://dav.host.example/cal/customer.example/?a=b"
    assert response.headers["cache-control"] == "public, max-age=300"
    assert response.content == b""


@pytest.mark.parametrize(
    ("host", "location"),
    [
        ("customer.example:8443", "https://dav.host.example/cal/customer.example/?a=b"),
        ("CUSTOMER.example.", "https://dav.host.example/cal/customer.example/?a=b"),
        ("autoconfig.customer.example", "https://dav.host.example/cal/customer.example/?a=b"),
        ("alias.example", "https://dav.host.example/cal/alias.example/?a=b"),
        ("xn--bcher-kva.example", "https://dav.host.example/cal/xn--bcher-kva.example/?a=b"),
    ],
)
async def test_the_host_says_which_domain(client: httpx.AsyncClient, host: str, location: str) -> None:
    response = await client.request("PROPFIND", "/.well-known/caldav", headers={"host": host})
    assert response.headers["location"] == location


@pytest.mark.parametrize("host", ["signpost.host.example", "bare.example", "127.0.0.1"])
async def test_the_domain_may_be_named(client: httpx.AsyncClient, host: str) -> None:
    path = "/.well-known/caldav?domain=Alias.example"
    response = await client.request("PROPFIND", path, headers={"host": host})
    assert response.headers["location"] == "https://dav.host.example/cal/alias.example/?a=b"
    for name in ("unknown.example", "away.example", "bare.example", "a..b"):
        response = await client.get(f"/.well-known/caldav?domain={name}", headers={"host": host})
        assert response.status_code == 404


async def test_http_is_where_a_request_ends_only_where_it_is_stored_so(client: httpx.AsyncClient) -> None:
    """Also: of two servers the one that is the same for all mailboxes."""
    response = await client.request("PROPFIND", "/.well-known/carddav", headers={"host": "customer.example"})
    assert response.headers["location"] == "http://dav.host.example/cards"
    plain = await client.request(
        "PROPFIND", "http://customer.example/.well-known/caldav", headers={"host": "customer.example"}
    )
    assert plain.headers["location"].startswith("https://")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
async def test_methods_about_the_connection_are_refused(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/.well-known/caldav", headers={"host": "customer.example"})
    assert response.status_code == 405
    assert "PROPFIND" in response.headers["allow"]


@pytest.mark.parametrize("host", ["bare.example", "away.example", "unknown.example", "[::1]", "localhost"])
@pytest.mark.parametrize("method", ["GET", "PROPFIND"])
@pytest.mark.parametrize("name", ["caldav", "carddav", "jmap"])
async def test_what_is_not_there_is_not_found(
    client: httpx.AsyncClient, host: str, method: str, name: str
) -> None:
    response = await client.request(method, f"/.well-known/{name}", headers={"host": host})
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/plain")


async def test_nobody_is_sent_round_in_circles(client: httpx.AsyncClient) -> None:
    headers = {"host": "customer.example"}
    assert (await client.get("/.well-known/jmap", headers=headers)).status_code == 404
    # A web server there would send the client on to here again.
    named = await client.get("/.well-known/jmap?domain=customer.example", headers={"host": "s.example"})
    assert named.status_code == 404
    # Another host of the domain is no circle.
    away = await client.get("/.well-known/jmap", headers={"host": "autoconfig.customer.example"})
    assert away.headers["location"] == "https://customer.example/.well-known/jmap"


@pytest.mark.parametrize(
    ("host", "policy"),
    [
        ("mta-sts.customer.example", POLICY),
        ("MTA-STS.Customer.Example.:443", POLICY),
        ("mta-sts.alias.example", POLICY),
        ("mta-sts.own.example", TESTING),
        ("mta-sts.xn--bcher-kva.example", POLICY),
    ],
)
async def test_a_policy_is_found_at_its_own_host(
    client: httpx.AsyncClient, host: str, policy: MtaSts
) -> None:
    response = await client.get("/.well-known/mta-sts.txt", headers={"host": host})
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain"
    assert response.headers["cache-control"] == "no-store"
    assert response.content == policy.policy
    head = await client.head("/.well-known/mta-sts.txt", headers={"host": host})
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(policy.policy)))


@pytest.mark.parametrize(
    "host",
    [
        "customer.example",
        "autoconfig.customer.example",
        "mta-sts.bare.example",
        "mta-sts.away.example",
        "mta-sts.unknown.example",
        "mta-sts.example",
        "mta-sts.",
    ],
)
async def test_a_policy_is_found_nowhere_else(client: httpx.AsyncClient, host: str) -> None:
    response = await client.get("/.well-known/mta-sts.txt", headers={"host": host})
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/plain")


async def test_a_policy_is_only_read(client: httpx.AsyncClient) -> None:
    headers = {"host": "mta-sts.customer.example"}
    response = await client.post("/.well-known/mta-sts.txt", headers=headers)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"
