"""PACC as clients meet it: the bytes, their digest, and the same settings as everywhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest
from app.api.application import create_api
from app.core.documents import Presentation
from app.core.names import EmailAddress
from app.core.pacc_digest import pacc_txt_value
from app.main import wrap
from app.renderers import autoconfig
from app.renderers.pacc import render_pacc
from app.settings import Settings

from builders import a_domain, a_provider
from contracts.accounts import ACCOUNTS
from contracts.clients import pacc, thunderbird
from contracts.clients.settings import Configured, Refused, Server
from databases import stored_domain, stored_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

DRAFTS = (pacc.SUBMISSION_02, pacc.SUBMISSION_03)
USABLE = [name for name, account in ACCOUNTS.items() if render_pacc(account, Presentation()).is_usable]
JSON_PATH = "/.well-known/user-agent-configuration.json"


def test_half_of_the_accounts_can_be_described() -> None:
    assert len(USABLE) * 2 >= len(ACCOUNTS)


def place(server: Server) -> Server:
    """How the methods are called is the format's own affair."""
    return replace(server, authentication=())


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("name", USABLE)
def test_a_client_gets_what_thunderbird_gets_or_the_omission_says_why(name: str, draft: str) -> None:
    account = ACCOUNTS[name]
    address = str(account.address or EmailAddress("jane", account.domain))
    document = render_pacc(account, Presentation())
    result = pacc.read(document.body, (pacc_txt_value(document.body),), address, draft)
    assert isinstance(result, Configured)
    full = autoconfig.render_full(account, Presentation()).body
    # Thunderbird knows OAuth 2 of a few hosts; the places are what is compared.
    other = thunderbird.read(full.replace(b"OAuth2", b"password-cleartext"), address)
    theirs = (*other.incoming, *other.outgoing) if isinstance(other, Configured) else ()
    omitted = {omission.server for omission in document.omissions}
    stored = {server.key: server for server in account.servers}
    for server in (*result.incoming, *result.outgoing):
        assert place(server) in [place(one) for one in theirs]
        earlier = [one for one in theirs if one.type == server.type]
        skipped = [place(one) for one in earlier].index(place(server))
        explained = [key for key in omitted if key and stored[key].type.value == server.type]
        assert len(explained) >= skipped


def test_a_client_discards_a_document_without_its_digest() -> None:
    body = render_pacc(ACCOUNTS["minimal"], Presentation()).body
    value = pacc_txt_value(body)
    stale = (
        pacc_txt_value(body + b"\n"),
        "v=spf1 -all",
        "v=UAAC1; a=sha512; d=AAAA",
        "v=UAAC1; a=sha256; d=AAAA",
    )
    assert pacc.read(body, stale, "a@b.example", "smtp") == Refused("no TXT record has the digest")
    for variant in (value, value.replace("; ", ";"), f"D={value.partition('d=')[2]};V=uaac1 ; A=SHA256"):
        assert isinstance(pacc.read(body, (*stale, variant), "a@b.example", "smtp"), Configured)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    url = f"sqlite+aiosqlite:///{tmp_path}/pacc.db"
    settings = Settings(database_url=url, public_url="https://signpost.example")
    api = create_api(settings)
    await api.state.services.health.migrate()
    store = api.state.services.publishing._store
    await stored_provider(store, a_provider())
    await stored_domain(store, a_domain())
    transport = httpx.ASGITransport(app=wrap(api, settings))
    async with httpx.AsyncClient(
        transport=transport, base_url="https://ua-auto-config.customer.example"
    ) as found:
        yield found
    await api.state.services.close()


ASKED = [
    (JSON_PATH, {}),
    (JSON_PATH.removesuffix(".json"), {}),
    (f"{JSON_PATH}?emailaddress=jane%40customer.example", {"Accept-Language": "de"}),
    (f"{JSON_PATH}?emailaddress=nonsense&domain=other.example", {"Accept": "text/html"}),
    (f"https://customer.example{JSON_PATH}", {"Accept-Encoding": "gzip, br, zstd"}),
    (f"http://UA-AUTO-CONFIG.Customer.example:8080{JSON_PATH}", {"Authorization": "Basic YTpi"}),
    (f"https://signpost.example{JSON_PATH}?domain=customer.example", {"User-Agent": "x"}),
]


async def test_everybody_gets_the_same_bytes(client: httpx.AsyncClient) -> None:
    answers = [await client.get(url, headers=headers) for url, headers in ASKED]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    for answer in answers:
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "public, max-age=300, no-transform"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert not {"content-encoding", "vary", "set-cookie"} & set(answer.headers)
    assert len({answer.headers["etag"] for answer in answers}) == 1


async def test_a_document_that_is_known_is_not_sent_again(client: httpx.AsyncClient) -> None:
    etag = (await client.head(JSON_PATH)).headers["etag"]
    again = await client.get(JSON_PATH, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("host", ["ua-auto-config.unknown.example", "unknown.example", "signpost.example"])
async def test_an_unknown_domain_has_no_document(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get(f"https://{host}{JSON_PATH}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")
