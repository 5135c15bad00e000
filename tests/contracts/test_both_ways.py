"""The hot path answers as the ordinary routes do: the same status, header fields and bytes."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any, cast

import pytest
from app.core.domains import DomainStatus
from app.core.names import DomainName
from app.services.signing import MAX_WAITING

from asgi import Answer
from builders import a_domain, a_mailbox, a_provider
from certificates import a_chain
from contracts.accounts import ACCOUNTS
from databases import ON_SQLITE, stored_domain, stored_mailbox
from fakes.clock import NOW
from serving import Sent, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.core.provider import Provider
    from app.services.known_domains import KnownDomains
    from app.store.unit_of_work import Store

    from serving import Serving

JSON = "/autodiscover/autodiscover.json"
SCHEMAS = b"http://schemas.microsoft.com/exchange/autodiscover"
OWN = "customer.example"
"""Named in some of the accounts' own servers."""
DOMAINS = (
    OWN,
    "other.example",
    "a-1.xn--bcher-kva.example",
    "alias.example",
    "suspended.example",
    "un.example",
)
LOCALS = (
    "jane", "Jane.Doe", "jane+tag", "EVOLUTIONUSER", "00123", "special", "a.b-c_d", "x" * 64, "x" * 65,
    ".jane", "jane..doe", "j\u00f6rg", "o'hara", "a/b", "",
)  # fmt: skip
# What is another with each request.
MOVING = re.compile(rb'Time="[0-9:.]+"|urn:uuid:[0-9a-f-]{36}')
REQUEST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def pox(address: str, schema: bytes = b"outlook", suffix: bytes = b"a", *, first: bool = True) -> bytes:
    mail = b"<EMailAddress>" + address.encode().replace(b"&", b"&amp;") + b"</EMailAddress>"
    accepted = b"<AcceptableResponseSchema>%b/%b/responseschema/2006%b</AcceptableResponseSchema>" % (
        SCHEMAS,
        schema,
        suffix,
    )
    inner = mail + b"\r\n  " + accepted if first else accepted + mail
    return (
        b'<?xml version="1.0" encoding="utf-8"?>\n<Autodiscover xmlns="%b/%b/requestschema/2006">\n'
        b"<Request>%b</Request></Autodiscover>" % (SCHEMAS, schema, inner)
    )


def requests_for(address: str, domain: str) -> Iterator[Sent]:
    sent, encoded = address.encode(), address.replace("@", "%40").encode()
    for path, query in product(
        ("/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml"),
        (b"emailaddress=" + sent, b"emailaddress=" + encoded, b"EmailAddress=" + sent),
    ):
        yield Sent(path=path, query=query, host=b"autoconfig." + domain.encode())
    yield Sent(path="/mail/config-v1.1.xml", query=b"emailaddress=%b&emailmd5=%b" % (encoded, b"0" * 32))
    for path in (
        "/autodiscover/autodiscover.json",
        "/Autodiscover/Autodiscover.json",
        "/AUTODISCOVER/autodiscover.json",
    ):
        yield Sent(path=path, query=b"Email=%b&Protocol=Autodiscoverv1&RedirectCount=1" % sent)
    for protocol in (b"ActiveSync", b"ews", b"nonsense", b""):
        yield Sent(path=JSON, query=b"Email=%b&Protocol=%b" % (encoded, protocol))
    yield Sent(path=f"/autodiscover/autodiscover.json/v1.0/{address}", query=b"Protocol=AutodiscoverV1")
    for path in ("/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"):
        yield Sent(method="POST", path=path, body=(pox(address),))
    yield Sent(method="POST", path="/autodiscover/autodiscover.xml", body=(pox(address, b"mobilesync", b""),))
    capable = ((b"x-mapihttpcapability", b"1"), (b"x-clientcanhandle", b"Negotiate,ExHttpInfo"))
    yield Sent(
        method="POST",
        path="/autodiscover/autodiscover.xml",
        body=(pox(address, first=False),),
        headers=capable,
    )
    for languages in (
        (),
        ((b"accept-language", b"de-CH,de;q=0.9,en;q=0.5"),),
        ((b"accept-language", b"xx"),),
    ):
        yield Sent(path="/mobileconfig", query=b"emailaddress=" + encoded, headers=languages)
    yield Sent(path="/email.mobileconfig", query=b"email=" + sent)
    yield Sent(path=f"/apple/{address}.mobileconfig")


def requests_of(domain: str) -> Iterator[Sent]:
    for host in (
        domain,
        f"autoconfig.{domain}",
        f"AutoConfig.{domain}:8443",
        f"ua-auto-config.{domain}",
        f"{domain}.",
    ):
        for path in (
            "/mail/config-v1.1.xml",
            "/.well-known/mail-v1.xml",
            "/.well-known/user-agent-configuration.json",
            "/.well-known/user-agent-configuration",
        ):
            yield Sent(path=path, host=host.encode())
    yield Sent(path="/v1.1/" + domain)
    yield Sent(path="/autoconfig/v1.1/" + domain.upper())
    yield Sent(path="/mail/config-v1.1.xml", query=b"domain=" + domain.encode())
    yield Sent(path="/.well-known/user-agent-configuration.json", query=b"domain=" + domain.encode())
    yield Sent(method="HEAD", path="/v1.1/" + domain)


def odd_requests() -> Iterator[Sent]:
    address = f"jane@{OWN}"
    for body in (
        b"", b"<", pox(address)[:-5], pox(address) + b"<x/>", pox(address) + b" \n",
        b"\xef\xbb\xbf" + pox(address),
        pox(address).decode().encode("utf-16"), b"<!DOCTYPE x>" + pox(address),
        pox(address).replace(b"Request>", b"request>"), pox(address).replace(b"</EMail", b"<b/></EMail"),
        pox(address).replace(b"utf-8", b"utf-16"), pox(address).replace(b"<Request", b"<!-- c --><Request"),
        pox(address).replace(b"<Request>", b"<Request><LegacyDN>/o=x</LegacyDN>"), pox(f"  {address}\n"),
        pox(address).replace(b"\n<Request>", b"\x0c<Request>"), pox(address) + b"\x0b",
        pox(address).replace(b"utf-8", b"\xff"), pox(address).replace(b"utf-8", b"nonsense"),
        pox(address, b"sharing"), pox(address) + b" " * 3000, b" " * 20_000, pox("nobody"), pox("a@b@" + OWN),
    ):  # fmt: skip
        yield Sent(method="POST", path="/autodiscover/autodiscover.xml", body=(body,))
    yield Sent(
        method="POST", path="/autodiscover/autodiscover.xml", body=(pox(address)[:40], pox(address)[40:], b"")
    )
    for method in ("GET", "HEAD", "PUT", "OPTIONS"):
        yield Sent(method=method, path="/autodiscover/autodiscover.xml")
        yield Sent(method=method, path="/mail/config-v1.1.xml", query=f"emailaddress={address}".encode())
    for query in (
        b"emailaddress", b"emailaddress=", b"emailaddress=%ff@customer.example",
        b"x=1&emailaddress=a@customer.example",
        b"emailaddress=a@customer.example&emailaddress=b@other.example", b"emailaddress=a@customer.example#x",
        b"emailaddress=a%2540customer.example", b"emailaddress=a@customer.example.",
        b"emailaddress=a@Customer.Example",
        b"emailaddress=a b@customer.example", b"emailaddress=a@customer.example&emailmd5=zz", b"a=1;b=2",
        b"&" * 40,
        b"emailaddress=a@-customer.example", b"emailaddress=a@b..example", b"emailaddress=" + b"a" * 5000,
        b"emailaddress=a@customer.example%20",
    ):  # fmt: skip
        for path in ("/mail/config-v1.1.xml", "/mobileconfig", "/.well-known/user-agent-configuration.json"):
            yield Sent(path=path, query=query, host=OWN.encode())
    for etag in (b'"0"', b"*"):
        yield Sent(path="/v1.1/other.example", headers=((b"if-none-match", etag),))
        yield Sent(path="/mail/config-v1.1.xml", host=b"other.example", headers=((b"if-none-match", etag),))
    yield Sent(path="/mobileconfig", query=b"emailaddress=jane@other.example&name=Jane")
    yield Sent(path="/mobileconfig", query=b"emailaddress=jane@other.example&password=x")
    yield Sent(path="/mail/config-v1.1.xml", host=b"")
    yield Sent(path="/v1.1/other.example", query=b"x=1")
    yield Sent(path="/apple/jane@other.example.mobileconfig", query=b"name=Jane")
    yield Sent(path="/health/live")


def comparable(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    fields = [(name, value) for name, value in answer.headers.items() if name != "x-request-id"]
    assert REQUEST_ID.fullmatch(answer.headers["x-request-id"])
    assert list(answer.headers)[-1] == "x-request-id"
    return answer.status, fields, MOVING.sub(b"", answer.body)


async def compare(ways: Serving, requests: list[Sent], name: str) -> None:
    for sent in requests:
        expected = comparable(await sent.to(ways.ordinary))
        for _ in range(3):
            assert comparable(await sent.to(ways.hot)) == expected, (name, sent)


async def store(store: Store, provider: Provider, names: dict[str, dict[str, object]]) -> None:
    """Store a provider with these domains, in place of those that were there."""
    async with store.writing() as unit:
        stored = await unit.providers.insert(provider, NOW)
        for name, changes in names.items():
            old = await unit.domains.find(DomainName(name))
            if old is not None:
                await unit.domains.delete(old)
            target = changes.get("alias_of")
            known = None if target is None else await unit.domains.find(DomainName(str(target)))
            domain = a_domain(name, **{**changes, "provider": provider.slug})
            await unit.domains.insert(domain, stored.id, None if known is None else known.id, NOW)


NAMES: dict[str, dict[str, object]] = {
    "alias.example": {"alias_of": DomainName("other.example")},
    OWN: {},
    "other.example": {},
    "a-1.xn--bcher-kva.example": {},
    "suspended.example": {"status": DomainStatus.SUSPENDED},
}


async def place(ways: Serving, provider: Provider) -> None:
    async with ways.services.store.writing() as unit:
        old = await unit.domains.find(DomainName("alias.example"))
        if old is not None:
            await unit.domains.delete(old)
    in_order = dict(sorted(NAMES.items(), key=lambda item: "alias_of" in item[1]))
    await store(ways.services.store, provider, in_order)


@ON_SQLITE
@pytest.mark.parametrize("part", range(4))
async def test_every_account_is_answered_alike_both_ways(database_url: str, part: int) -> None:
    async with serving(database_url) as ways:
        for number, (name, account) in enumerate(ACCOUNTS.items()):
            if number % 4 != part:
                continue
            await place(ways, replace(account.provider, slug=f"p{number}"))
            for domain in (OWN, "other.example", "alias.example"):
                requests = [*requests_for(f"jane@{domain}", domain), *requests_of(domain)]
                await compare(ways, requests, name)
        assert ways.answered_shortly() > 50


@ON_SQLITE
async def test_every_form_is_answered_alike_both_ways(database_url: str) -> None:
    async with serving(database_url) as ways:
        await place(ways, replace(ACCOUNTS["full"].provider, slug="full", subaddress_separator="+"))
        await stored_mailbox(ways.services.store, a_mailbox(f"special@{OWN}", login="somebody"))
        for domain in DOMAINS:
            await compare(ways, [*requests_of(domain)], domain)
            for local in LOCALS if domain == OWN else ("jane", "special"):
                await compare(ways, [*requests_for(f"{local}@{domain}", domain)], local)
        await compare(ways, [*odd_requests()], "odd")


@ON_SQLITE
async def test_a_stored_user_name_is_told_from_an_address(database_url: str) -> None:
    servers = tuple(replace(server, username="special") for server in a_provider().servers)
    async with serving(database_url) as ways:
        await place(ways, a_provider(slug="literal", servers=servers))
        for local in ("jane", "special", "Special", "jane"):
            await compare(ways, [*requests_for(f"{local}@other.example", "other.example")], local)
        assert ways.answered_shortly() > 0


def usual_requests(domain: str) -> Iterator[Sent]:
    address = f"jane@{domain}".encode()
    encoded = address.replace(b"@", b"%40")
    yield Sent(path="/mail/config-v1.1.xml", query=b"emailaddress=" + encoded)
    yield Sent(path="/mail/config-v1.1.xml", host=b"autoconfig." + domain.encode())
    yield Sent(path=f"/v1.1/{domain}")
    yield Sent(path="/.well-known/user-agent-configuration.json", host=b"ua-auto-config." + domain.encode())
    yield Sent(path=JSON, query=b"Email=%b&Protocol=Autodiscoverv1" % address)
    yield Sent(path=f"{JSON}/v1.0/jane@{domain}", query=b"Protocol=AutodiscoverV1")
    yield Sent(method="POST", path="/autodiscover/autodiscover.xml", body=(pox(f"jane@{domain}"),))
    yield Sent(path="/mobileconfig", query=b"emailaddress=" + encoded)
    yield Sent(path=f"/apple/jane@{domain}.mobileconfig")


@ON_SQLITE
@pytest.mark.parametrize(("domain", "status"), [("other.example", 200), ("un.example", 404)])
async def test_what_is_usual_takes_the_short_way(database_url: str, domain: str, status: int) -> None:
    async with serving(database_url) as ways:
        await place(ways, a_provider(slug="usual"))
        known: KnownDomains = ways.services.known
        for sent in usual_requests(domain):
            await ways.warm(sent)
            before, lookups = ways.answered_shortly(), known.lookups
            answer = await sent.to(ways.hot)
            assert answer.status == status
            assert ways.answered_shortly() == before + 1, sent
            assert known.lookups == lookups


# Who may be asked about a domain that is not stored: some answer for it, some are no names.
HOSTS = (
    b"mx.example", b"autoconfig.mx.example:8443", b"other.example", b"autoconfig.other.example",
    b"suspended.example", b"un.example", b"autoconfig.un.example", b"ua-auto-config.un.example",
    b"nobody.example", b"autoconfig.special.example", b"special.example", b"127.0.0.1:8080", b"[::1]",
    b"autoconfig.mx1.mx.example", b"autoconfig.mx2.mx.example",
    b"localhost", b"UN.example", b"", b"autoconfig.com", b"-x.example", b"a..b",
)  # fmt: skip


@ON_SQLITE
async def test_who_is_not_there_is_refused_alike_both_ways(database_url: str) -> None:
    async with serving(database_url) as ways:
        names: dict[str, dict[str, object]] = {
            "mx.example": {"serves_mx": True},
            "mx1.mx.example": {"serves_mx": True, "alias_of": DomainName("mx.example")},
            "other.example": {},
            "suspended.example": {"status": DomainStatus.SUSPENDED},
            "autoconfig.special.example": {},
        }
        await store(ways.services.store, a_provider(slug="usual"), names)
        for host, domain in product(HOSTS, ("un.example", "-x.example", "a.1", "suspended.example")):
            sent = (
                Sent(path="/mail/config-v1.1.xml", query=f"emailaddress=jane@{domain}".encode(), host=host),
                Sent(
                    path="/mail/config-v1.1.xml",
                    query=f"emailaddress=EVOLUTIONUSER@{domain}".encode(),
                    host=host,
                ),
                Sent(path="/mail/config-v1.1.xml", host=host),
                Sent(path="/.well-known/user-agent-configuration.json", host=host),
            )
            await compare(ways, [*sent], f"{host!r} {domain}")
        for domain in ("un.example", "-x.example", "a.1", "suspended.example"):
            await compare(ways, [*usual_requests(domain)], domain)
        assert ways.answered_shortly() > 200


async def test_a_domain_that_was_refused_is_served_as_soon_as_it_is_there(database_url: str) -> None:
    async with serving(database_url) as ways:
        await store(ways.services.store, a_provider(slug="usual"), {})
        for sent in usual_requests("un.example"):
            await ways.warm(sent)
            assert (await sent.to(ways.hot)).status == 404
        await stored_domain(ways.services.store, a_domain("un.example", provider="usual"))
        for sent in usual_requests("un.example"):
            assert (await sent.to(ways.hot)).status == 200


def signing(folder: Path) -> dict[str, Path]:
    certificate, key, chain = a_chain().write(folder)
    return {"signing_certificate": certificate, "signing_key": key, "signing_chain": chain}


@ON_SQLITE
async def test_signed_profiles_are_the_same_both_ways(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, **signing(tmp_path)) as ways:
        await place(ways, a_provider(slug="usual"))
        profiles = [
            sent for sent in requests_for("jane@other.example", "other.example") if "mobile" in sent.path
        ]
        assert len(profiles) > 3
        # The signer remembers what it signed, so that equal bytes are equal content.
        await compare(ways, profiles, "signed")
        await compare(ways, [*usual_requests("other.example")], "beside them")
        before = ways.answered_shortly()
        answer = await profiles[0].to(ways.hot)
        assert ways.answered_shortly() == before + 1
        assert answer.body.startswith(b"\x30\x82")
        assert b"jane@other.example" in answer.body


@ON_SQLITE
async def test_what_a_quick_key_signs_at_once_is_the_same(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, **signing(tmp_path)) as ways:
        await place(ways, a_provider(slug="usual"))
        sent = Sent(path="/mobileconfig", query=b"emailaddress=Jane.Doe@other.example")
        expected = comparable(await sent.to(ways.ordinary))
        await ways.warm(sent)
        # By the clock of a machine that may have much to do.
        signer, hot = ways.services.signer, cast("Any", ways.hot)
        assert signer is not None
        signer.signature_seconds = 0.0
        scope: dict[str, Any] = {
            "type": "http", "method": "GET", "path": sent.path, "query_string": sent.query, "headers": [],
            "client": None,
        }  # fmt: skip
        status, parts = hot.answer_at_once(scope, b"")
        fields, _, body = b"".join(parts).partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in fields.decode().split("\r\n"))
        # The signer remembers what it signed, so that equal bytes are equal content.
        assert comparable(Answer(status, headers, body, 0)) == expected


@ON_SQLITE
async def test_too_many_who_wait_for_a_signature_are_sent_away(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, **signing(tmp_path)) as ways:
        await place(ways, a_provider(slug="usual"))
        await ways.warm(Sent(path="/mobileconfig", query=b"emailaddress=jane@other.example"))
        before = ways.answered_shortly()
        answers = await asyncio.gather(
            *(
                Sent(path="/mobileconfig", query=b"emailaddress=u%d@other.example" % number).to(ways.hot)
                for number in range(MAX_WAITING + 10)
            )
        )
        refused = [answer for answer in answers if answer.status == 503]
        assert len(refused) == 10
        assert [answer.status for answer in answers].count(200) == MAX_WAITING
        assert ways.answered_shortly() == before + len(answers)
        assert {answer.headers["retry-after"] for answer in refused} == {"5"}
        assert {answer.headers["cache-control"] for answer in refused} == {"no-store"}
        assert {answer.body for answer in refused} == {
            b"The signing of profiles does not answer at the moment.\n"
        }
