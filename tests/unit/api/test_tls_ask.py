from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from app.core.domains import DomainStatus
from app.core.mail_transport import MtaSts, StsMode
from app.core.names import DomainName

from builders import a_domain, a_provider
from databases import ON_SQLITE, opened, stored_domain, stored_provider
from in_process import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

pytestmark = ON_SQLITE

POLICY = MtaSts(mode=StsMode.NONE)


@pytest.fixture
async def stored(database_url: str) -> str:
    """Domains with and without a policy, suspended ones, and aliases."""
    async with opened(database_url) as store:
        await stored_provider(store)
        await stored_provider(store, a_provider(slug="strict", mta_sts=POLICY))
        await stored_domain(store)
        await stored_domain(store, a_domain("own.example", mta_sts=POLICY))
        await stored_domain(store, a_domain("strict.example", provider="strict"))
        await stored_domain(store, a_domain("away.example", status=DomainStatus.SUSPENDED))
        await stored_domain(store, a_domain("alias.example", alias_of=DomainName("own.example")))
        await stored_domain(store, a_domain("gone.example", alias_of=DomainName("away.example")))
        await stored_domain(store, a_domain("hoster.example", serves_mx=True))
        await stored_domain(
            store, a_domain("mx1.hoster.example", alias_of=DomainName("hoster.example"), serves_mx=True)
        )
        await stored_domain(store, a_domain("autoconfig.nested.example"))
        await stored_domain(store, a_domain("bücher.example"))
    return database_url


@pytest.fixture
async def client(stored: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(stored) as found:
        yield found


async def ask(client: httpx.AsyncClient, **query: str) -> int:
    response = await client.get("/tls/ask", params=query)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"].startswith("text/plain")
    return response.status_code


@pytest.mark.parametrize(
    "name",
    [
        "customer.example",
        "autoconfig.customer.example",
        "autodiscover.customer.example",
        "ua-auto-config.customer.example",
        "AutoConfig.CUSTOMER.example.",
        "mta-sts.own.example",
        "mta-sts.strict.example",
        "mta-sts.alias.example",
        "autoconfig.alias.example",
        "autoconfig.mx1.hoster.example",
        "autoconfig.nested.example",
        "autodiscover.autoconfig.nested.example",
        "autoconfig.xn--bcher-kva.example",
        "autoconfig.bücher.example",
        "signpost.host.example",
    ],
)
async def test_a_name_of_this_service_may_have_a_certificate(client: httpx.AsyncClient, name: str) -> None:
    assert await ask(client, domain=name) == 200


@pytest.mark.parametrize(
    "name",
    [
        "unknown.example",
        "www.customer.example",
        "autoconfig.unknown.example",
        "autoconfig.autoconfig.customer.example",
        # Below a stored domain there is no end of names.
        "autoconfig.mx2.hoster.example",
        "mta-sts.customer.example",
        "mta-sts.unknown.example",
        "away.example",
        "autoconfig.away.example",
        "autoconfig.gone.example",
        "gone.example",
        "nested.example",
        "other.host.example",
        "autoconfig.example",
    ],
)
async def test_no_other_name_may(client: httpx.AsyncClient, name: str) -> None:
    assert await ask(client, domain=name) == 404


@pytest.mark.parametrize(
    "name",
    [
        "",
        "localhost",
        "192.0.2.1",
        "::1",
        "*.customer.example",
        "a b.example",
        "-.example",
        "customer..example",
        "customer.example/x",
        "x" * 300 + ".example",
        "x." * 150 + "example",
        "\x00.example",
        "%00",
    ],
)
async def test_what_is_no_host_name_is_refused(client: httpx.AsyncClient, name: str) -> None:
    assert await ask(client, domain=name) == 400


async def test_a_question_without_a_name_is_refused(client: httpx.AsyncClient) -> None:
    assert await ask(client) == 400


async def test_heads_are_answered_too(client: httpx.AsyncClient) -> None:
    assert (await client.head("/tls/ask", params={"domain": "customer.example"})).status_code == 200
    assert (await client.head("/tls/ask", params={"domain": "unknown.example"})).status_code == 404


@pytest.mark.parametrize(
    ("peer", "settings", "status"),
    [
        ("127.0.0.9", {}, 200),
        ("::1", {}, 200),
        ("10.1.2.3", {}, 200),
        ("172.18.0.2", {}, 200),
        ("192.168.0.1", {}, 200),
        ("fd00::1", {}, 200),
        ("::ffff:10.0.0.1", {}, 200),
        ("198.51.100.7", {}, 403),
        ("2001:db8::1", {}, 403),
        ("172.32.0.1", {}, 403),
        ("not-an-address", {}, 403),
        ("198.51.100.7", {"tls_ask_networks": "198.51.100.0/24"}, 200),
        ("198.51.100.7", {"trusted_proxies": "198.51.100.7"}, 200),
        ("127.0.0.1", {"tls_ask_networks": "198.51.100.0/24"}, 403),
    ],
)
async def test_only_the_proxy_may_ask(stored: str, peer: str, settings: dict[str, Any], status: int) -> None:
    async with serving(stored, peer=peer, **settings) as client:
        assert await ask(client, domain="customer.example") == status
        assert await ask(client, domain="unknown.example") == (404 if status == 200 else status)


async def test_what_the_proxy_passes_on_from_outside_is_refused(stored: str) -> None:
    async with serving(stored, trusted_proxies="127.0.0.1") as client:
        headers = {"x-forwarded-for": "198.51.100.7"}
        response = await client.get("/tls/ask", params={"domain": "customer.example"}, headers=headers)
        assert response.status_code == 403
