"""exchangelib's own discovery against the running service: over TLS, with names looked up in DNS.

Its resolver is told the name server's address by its own attributes; what urllib3 connects to is the
front's port on loopback instead of 443 or 80. Nothing of ours is touched.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import exchangelib
import exchangelib.autodiscover.cache
import pytest
import urllib3.util.connection
from app.core.servers import ExchangeOptions, ServerType
from exchangelib import DELEGATE, Account, Credentials
from exchangelib.autodiscover import Autodiscovery, autodiscover_cache
from exchangelib.errors import AutoDiscoverFailed, ErrorNonExistentMailbox

from builders import a_domain, a_provider, a_url_server, an_imap_server
from certificates import write_web_certificate
from conftest import migrated
from databases import opened, stored_domain, stored_provider
from fakes.dns import FakeDns
from fakes.web_front import CREDENTIALS, DISCOVER_HOST, EWS_HOST, WebFront
from service_process import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

SERVICE_HOST = "autodiscover.provider.example"
EWS_URL = f"https://{EWS_HOST}/EWS/Exchange.asmx"
NAMES = (
    "customer.example", "autodiscover.customer.example", "mail.example", "unknown.example",
    SERVICE_HOST, EWS_HOST, "moved.example", DISCOVER_HOST,
)  # fmt: skip


@dataclass
class Internet:
    """What exchangelib sees of the world."""

    secure: WebFront
    plain: WebFront
    dns: FakeDns
    with_tls: set[str]
    """Hosts that have a certificate; others refuse the connection to port 443."""

    @property
    def path(self) -> list[str]:
        """The requests for autodiscover, in short."""
        seen = [*self.secure.seen, *self.plain.seen]
        return [
            f"{one.method} {one.url} {one.status}" for one in seen if "autodiscover.svc" in one.url.lower()
        ]

    def publish(self, *hosts: str, tls: bool = True) -> None:
        """Give hosts an address, and most of them a certificate."""
        for host in hosts:
            self.dns.records[host, "A"] = "127.0.0.1"
        if tls:
            self.with_tls.update(hosts)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with a customer who has EWS, one who has not, and one whose Exchange is elsewhere."""
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('database')}/test.db"

    async def fill() -> None:
        await migrated(url)
        async with opened(url) as store:
            ews = a_url_server(ServerType.EWS, url=EWS_URL)
            await stored_provider(store, a_provider(servers=(an_imap_server(), ews)))
            await stored_domain(store)
            await stored_provider(store, a_provider(slug="plain"))
            await stored_domain(store, a_domain("mail.example", provider="plain"))
            options = ExchangeOptions(
                autodiscover_url=f"https://{DISCOVER_HOST}/Autodiscover/Autodiscover.xml"
            )
            exchange = an_imap_server(
                key="exchange", type=ServerType.EXCHANGE, hostname=EWS_HOST, port=443, options=options
            )
            await stored_provider(store, a_provider(slug="hosted", servers=(exchange,)))
            await stored_domain(store, a_domain("moved.example", provider="hosted"))

    asyncio.run(fill())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGNPOST_PUBLIC_URL", f"https://{SERVICE_HOST}")
        patch.setenv("SIGNPOST_TRUSTED_PROXIES", "127.0.0.1")
        with Service(url) as running:
            yield running


@pytest.fixture
def internet(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Internet]:
    root, certificate = write_web_certificate(tmp_path, NAMES)
    with WebFront(service.port, certificate) as secure, WebFront(service.port) as plain, FakeDns() as dns:
        found = Internet(secure=secure, plain=plain, dns=dns, with_tls=set())
        found.publish(EWS_HOST, SERVICE_HOST)

        def connect(address: tuple[str, int], *_arguments: Any, **_options: Any) -> socket.socket:
            host, port = address
            if (host, "A") not in dns.records or (port == 443 and host not in found.with_tls):
                raise ConnectionRefusedError
            front = {443: secure, 80: plain}[port]
            return socket.create_connection(("127.0.0.1", front.port), timeout=20)

        monkeypatch.setattr(urllib3.util.connection, "create_connection", connect)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(root))
        storage = tmp_path / "exchangelib-cache"
        monkeypatch.setattr(exchangelib.autodiscover.cache, "AUTODISCOVER_PERSISTENT_STORAGE", storage)
        monkeypatch.setattr(Autodiscovery, "DNS_RESOLVER_KWARGS", {"configure": False})
        resolver = {"nameservers": ["127.0.0.1"], "port": dns.port, "timeout": 5}
        monkeypatch.setattr(Autodiscovery, "DNS_RESOLVER_ATTRS", resolver)
        yield found
        exchangelib.close_connections()
        autodiscover_cache.close()


def discover(address: str = CREDENTIALS[0]) -> Any:
    """Discover as exchangelib does, and return what it learnt."""
    response, protocol = Autodiscovery(email=address, credentials=Credentials(*CREDENTIALS)).discover()
    assert protocol.service_endpoint == response.ews_url
    return response


def test_it_finds_the_service_at_the_domain_itself(internet: Internet) -> None:
    internet.publish("customer.example")
    response = discover()
    assert response.ews_url == EWS_URL
    assert response.autodiscover_smtp_address == "jane@customer.example"
    assert internet.path == ["POST https://customer.example/autodiscover/autodiscover.svc 200"] * 2


def test_it_finds_the_service_at_the_autodiscover_host(internet: Internet) -> None:
    internet.publish("autodiscover.customer.example")
    assert discover().ews_url == EWS_URL
    assert (
        internet.path == ["POST https://autodiscover.customer.example/autodiscover/autodiscover.svc 200"] * 2
    )


def test_it_is_sent_from_a_customer_without_a_certificate_to_the_service(internet: Internet) -> None:
    internet.publish("autodiscover.customer.example", tls=False)
    assert discover().ews_url == EWS_URL
    assert "GET http://autodiscover.customer.example/autodiscover/autodiscover.svc 302" in internet.path
    assert internet.path.count(f"POST https://{SERVICE_HOST}/autodiscover/autodiscover.svc 200") == 2


def test_it_finds_the_service_by_the_srv_record(internet: Internet) -> None:
    internet.dns.records["_autodiscover._tcp.customer.example", "SRV"] = f"0 0 443 {SERVICE_HOST}."
    assert discover().ews_url == EWS_URL
    assert internet.path[-1] == f"POST https://{SERVICE_HOST}/autodiscover/autodiscover.svc 200"


def test_it_is_sent_on_to_an_exchange_that_has_its_own_autodiscover(internet: Internet) -> None:
    internet.publish("moved.example", DISCOVER_HOST)
    assert discover("jane@moved.example").ews_url == EWS_URL
    place = f"https://{DISCOVER_HOST}/Autodiscover/Autodiscover.svc"
    assert [one for one in internet.path if "moved.example" in one] == [
        "POST https://moved.example/autodiscover/autodiscover.svc 200"
    ] * 2
    assert f"POST {place} 200" in internet.path
    # The password is for Exchange, which asks for it.
    assert not [one for one in internet.secure.seen if one.has_password and "moved.example" in one.url]


def test_no_password_is_asked_for_or_sent_before_ews(internet: Internet) -> None:
    internet.publish("customer.example")
    discover()
    assert internet.secure.seen
    assert not [one for one in internet.secure.seen if one.has_password]


def test_an_account_is_set_up_from_address_and_password(internet: Internet) -> None:
    internet.publish("customer.example")
    account = Account(
        "jane@customer.example",
        credentials=Credentials(*CREDENTIALS),
        autodiscover=True,
        access_type=DELEGATE,
    )
    assert account.primary_smtp_address == "jane@customer.example"
    assert account.protocol.service_endpoint == EWS_URL
    # The schemas that EWS speaks are not ours to tell: it says so itself.
    assert account.version.build.minor_version == 2
    assert [one.status for one in internet.secure.seen if EWS_HOST in one.url] == [401, 200]


def test_it_looks_elsewhere_where_the_domain_has_no_exchange(internet: Internet) -> None:
    internet.publish("mail.example")
    with pytest.raises(AutoDiscoverFailed):
        discover("jane@mail.example")


def test_it_says_that_the_user_has_no_exchange(internet: Internet) -> None:
    address = "jane@unknown.example"
    internet.publish("unknown.example")
    with pytest.raises(ErrorNonExistentMailbox, match="no Exchange services"):
        discover(address)
