from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from app.core.dns_lookups import LookupStatus
from app.core.names import DomainName
from app.core.observations import HttpAnswer
from app.core.publications import DocumentCheck, DocumentObservation
from app.core.service_names import PublicService
from app.services.dns_records import DnsRecordService
from app.services.publication_checks import PublicationChecks
from app.services.trust import Trust

from databases import ON_SQLITE
from fakes.clock import FixedClock
from fakes.resolver import ScriptedResolver
from management import a_provider_body, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.core.publications import ExpectedDocument

    from management import ApiClient

CUSTOMER = DomainName("customer.example")
URL = "http://signpost.example"
WHERE = {
    "https://autoconfig.customer.example/mail/config-v1.1.xml",
    "http://autoconfig.customer.example/mail/config-v1.1.xml",
    "https://autodiscover.customer.example/autodiscover/autodiscover.xml",
    "https://ua-auto-config.customer.example/.well-known/user-agent-configuration.json",
}


class ServedFetcher:
    """Asks the service itself under the name in the URL, as if the DNS led there."""

    def __init__(self, api: ApiClient, spoilt: bytes = b"") -> None:
        self._api = api
        self._spoilt = spoilt
        self.asked: list[str] = []

    async def check(self, expected: ExpectedDocument) -> DocumentCheck:
        self.asked.append(expected.url)
        parts = urlsplit(expected.url)
        answer = await self._api.http.request(
            "POST" if expected.posted else "GET",
            parts.path,
            content=expected.posted or None,
            headers={"Host": parts.netloc, "Content-Type": "text/xml"},
        )
        body = self._spoilt or answer.content
        seen = DocumentObservation(
            url=expected.url,
            http=HttpAnswer(status=answer.status_code, url=expected.url),
            media_type=answer.headers["content-type"].partition(";")[0],
            body_sha256=sha256(body).hexdigest(),
            body_start=body[:512],
        )
        return DocumentCheck(expected=expected, seen=seen)


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[ApiClient]:
    async with served(database_url, public_url=URL) as client:
        await client.put("/api/v1/providers/host", json=a_provider_body())
        await client.put("/api/v1/domains/customer.example", json={"provider": "host"})
        yield client


def checks(api: ApiClient, fetcher: ServedFetcher) -> PublicationChecks:
    publishing = api.services.publishing
    resolver = ScriptedResolver(otherwise=LookupStatus.TIMED_OUT)
    records = DnsRecordService(publishing, PublicService(url=URL), resolver)
    return PublicationChecks(records, publishing, fetcher, Trust(), FixedClock())


def of_documents(found: tuple[object, ...]) -> set[str]:
    return {code for one in found if (code := getattr(one, "code", "")).startswith("document.")}


async def test_what_the_service_answers_at_the_domains_names_is_what_is_expected_there(
    api: ApiClient,
) -> None:
    fetcher = ServedFetcher(api)
    found = await checks(api, fetcher).check(CUSTOMER)
    assert of_documents(found) == set()
    assert set(fetcher.asked) == WHERE


@ON_SQLITE
async def test_another_document_in_its_place_is_found(api: ApiClient) -> None:
    found = await checks(api, ServedFetcher(api, b"<clientConfig/>")).check(CUSTOMER)
    assert of_documents(found) == {"document.not-current"}


@ON_SQLITE
async def test_a_web_page_in_its_place_is_found(api: ApiClient) -> None:
    found = await checks(api, ServedFetcher(api, b"<!DOCTYPE html><title>Shop</title>")).check(CUSTOMER)
    assert of_documents(found) == {"document.catch-all"}


@ON_SQLITE
async def test_a_suspended_domain_is_expected_nowhere(api: ApiClient) -> None:
    await api.post("/api/v1/domains/customer.example/suspend")
    fetcher = ServedFetcher(api)
    assert of_documents(await checks(api, fetcher).check(CUSTOMER)) == set()
    assert fetcher.asked == []
