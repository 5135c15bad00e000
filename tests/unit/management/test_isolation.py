"""A token of one provider can neither read, infer nor touch anything of another.

The cases come from the OpenAPI document: every operation is sent with what belongs to the other
provider, and with what nobody has, and both must be answered alike. A route with a parameter or a body
that this file has no value for fails. What needs no token is answered alike with every token and none.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from app.api.application import create_api
from app.core.events import SUBSCRIBABLE
from app.settings import Settings

from databases import ON_SQLITE, copy_and_fill
from management import a_provider_body, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from management import ApiClient

MINE, THEIRS = "mine", "theirs"


class Operation(NamedTuple):
    id: str
    method: str
    path: str
    media_type: str | None
    example: Any
    filters: tuple[str, ...]


DOCUMENT = create_api(Settings(database_url="sqlite+aiosqlite:///:memory:")).openapi()


def operations(*, public: bool) -> list[Operation]:
    found = []
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items() if path.startswith("/api/") is not public else ():
            body = operation.get("requestBody", {"content": {}})["content"]
            media_type = next(iter(body), None)
            queries = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
            found.append(
                Operation(
                    operation["operationId"],
                    method.upper(),
                    path,
                    media_type,
                    body[media_type]["example"] if media_type and not public else None,
                    tuple(name for name in queries if name not in PLAIN_QUERIES),
                )
            )
    return found


# Parameters that say how to answer, and name nothing.
PLAIN_QUERIES = {
    "after", "limit", "total", "fields", "sort", "dry_run", "status", "updated_since", "since", "until",
    "action", "kind", "local_part", "format", "atomic", "state", "type", "verified", "alarmed", "severity",
    "code", "client", "locale", "given",
}  # fmt: skip
NAMES = {
    "name": (f"{THEIRS}.example", "nobodys.example"),
    "slug": (THEIRS, "nobodys"),
    "key": ("imap", "imap"),
    "local_part": ("jane", "jane"),
    "address": (f"jane@{THEIRS}.example", "jane@nobodys.example"),
    "format_name": ("autoconfig", "autoconfig"),
    # Filters.
    "provider": (THEIRS, "nobodys"),
    "alias_of": (f"{THEIRS}.example", "nobodys.example"),
    "reference": ("reference-of-theirs", "reference-of-nobody"),
    "node": ("node-of-theirs", "node-of-nobody"),
    "resource": (f"{THEIRS}.example", "nobodys.example"),
    "hostname": ("imap.theirs.example", "imap.nobodys.example"),
}
# A name can be given to one only, so whoever wants one that is taken has to be told so. That the domain
# is served here is public anyway: this service answers every mail client for it.
# Adopting finds nothing where nobody is asked; test_discoveries.py has it find something.
CLAIMS = {"put_domain": (409, 201), "create_domain": (409, 201), "adopt": (422, 422)}
OPERATIONS, PUBLIC_OPERATIONS = operations(public=False), operations(public=True)


@pytest.fixture(scope="session")
def filled_database(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database to copy with what ``fill`` puts in."""

    async def run(url: str) -> None:
        async with served(url) as client:
            await fill(client)

    return copy_and_fill(sqlite_template, tmp_path_factory.mktemp("filled"), run)


@pytest.fixture
async def both(filled_url: str) -> AsyncIterator[ApiClient]:
    """An admin's client of a filled service that takes it for the reverse proxy as well."""
    async with served(filled_url, tls_ask_networks=["127.0.0.1/32"]) as client:
        if filled_url.startswith("postgresql"):
            await fill(client)
        yield client


async def fill(api: ApiClient) -> None:
    """Make two providers, each with a webhook, a domain, an alias, a mailbox and a deleted domain."""
    for slug in (MINE, THEIRS):
        body = a_provider_body(display_name=f"Host {slug}")
        for server in body["servers"]:
            server["hostname"] = f"{server['key']}.{slug}.example"
        await api.put(f"/api/v1/providers/{slug}", json=body)
        webhook = {
            "name": f"Webhook of {slug}",
            "url": f"https://{slug}.example/",
            "event_types": list(SUBSCRIBABLE),
            "provider": slug,
        }
        assert (await api.post("/api/v1/webhooks", json=webhook)).status_code == 201
        bodies: dict[str, dict[str, Any]] = {
            slug: {"reference": f"reference-of-{slug}", "variables": {"NODE": f"node-of-{slug}"}},
            f"alias-{slug}": {"alias_of": f"{slug}.example"},
            f"deleted-{slug}": {},
        }
        for name, body in bodies.items():
            put = await api.put(f"/api/v1/domains/{name}.example", json={"provider": slug, **body})
            assert put.status_code == 201, put.text
        await api.put(f"/api/v1/domains/{slug}.example/mailboxes/jane", json={"login": f"login-{slug}"})
        await api.delete(f"/api/v1/domains/deleted-{slug}.example")
        started = await api.post(f"/api/v1/domains/{slug}.example/verifications")
        assert started.status_code == 202, started.text


class Ids(NamedTuple):
    """What only the service names: theirs, and nobody's."""

    token: tuple[str, str]
    webhook: tuple[str, str]
    delivery: tuple[str, str]
    event: tuple[str, str]
    endpoint: tuple[str, str]
    verification: tuple[str, str]


NOBODYS_IDS = Ids(
    ("f" * 12,) * 2, ("e" * 12,) * 2, ("999999999",) * 2, ("evt_0",) * 2, ("888888888",) * 2, ("d" * 16,) * 2
)


async def their_ids(api: ApiClient) -> Ids:
    """Return the ids of what is theirs, and of what nobody has."""
    token = (await api.as_token(provider=THEIRS)).token.split("_")[1]
    webhooks = (await api.get("/api/v1/webhooks")).json()["items"]
    (webhook,) = [one["id"] for one in webhooks if one["provider"] == THEIRS]
    deliveries = (await api.get("/api/v1/webhook-deliveries", params={"webhook": webhook})).json()["items"]
    endpoints = (await api.get(f"/api/v1/endpoints?provider={THEIRS}")).json()["items"]
    verifications = (await api.get(f"/api/v1/domains/{THEIRS}.example/verifications")).json()["items"]
    theirs = (
        token,
        webhook,
        str(deliveries[0]["id"]),
        deliveries[0]["event"],
        str(endpoints[0]["id"]),
        verifications[0]["id"],
    )
    return Ids(*((one, nobodys[0]) for one, nobodys in zip(theirs, NOBODYS_IDS, strict=True)))


async def requested(
    client: ApiClient, operation: Operation, *, which: int, ids: Ids, **query: str
) -> httpx.Response:
    """Send an operation with their names (0) or nobody's (1) in the path; the body is the caller's own."""
    names: dict[str, tuple[str, str]] = {
        **NAMES,
        "token_id": ids.token,
        "webhook_id": ids.webhook,
        "delivery_id": ids.delivery,
        "endpoint_id": ids.endpoint,
        "verification_id": ids.verification,
    }
    if operation.id == "restore_domain":
        names["name"] = (f"deleted-{THEIRS}.example", "nobodys.example")
    path = re.sub(r"{(\w+)}", lambda found: names[found[1]][which], operation.path)
    options: dict[str, Any] = {}
    if operation.media_type:
        # Lines are text already.
        written = operation.example if isinstance(operation.example, str) else json.dumps(operation.example)
        text = written.replace('"demo"', f'"{MINE}"')
        if operation.id == "change_domains":
            text = bulk_lines(names["name"][which], names["slug"][which])
        if operation.id in CLAIMS:
            text = text.replace("customer.example", names["name"][which])
        options = {"content": text, "headers": {"Content-Type": operation.media_type}}
    return await client.request(operation.method, path, params=query, **options)


def bulk_lines(name: str, provider: str) -> str:
    """Write lines that do all that a line can do with somebody's domain, and take nothing that is free."""
    lines: list[dict[str, Any]] = [
        {"op": "patch", "name": name, "reference": "x"},
        {"op": "patch", "name": f"{MINE}.example", "alias_of": name},
        {"op": "patch", "name": name, "provider": MINE},
        {"op": "delete", "name": name},
        {"name": f"new-{MINE}.example", "provider": provider},
        {"name": f"new-{MINE}.example", "provider": MINE, "alias_of": name},
        {"op": "put", "name": name, "provider": MINE},
    ]
    return "".join(f"{json.dumps(line)}\n" for line in lines)


def essence(response: httpx.Response, ids: Ids) -> tuple[int, str]:
    """Return an answer with names and request ids made one."""
    text = response.text
    for theirs, nobodys in ((f"deleted-{THEIRS}.example", "nobodys.example"), *NAMES.values(), *ids):
        # Numbers are parts of others.
        text = re.sub(rf"\b{re.escape(theirs)}\b", nobodys, text)
    return response.status_code, re.sub(r"urn:uuid:[0-9a-f-]+", "urn:uuid", text)


async def their_state(api: ApiClient) -> str:
    webhooks = (await api.get("/api/v1/webhooks")).json()["items"]
    (webhook,) = [one["id"] for one in webhooks if one["provider"] == THEIRS]
    paths = (
        f"/api/v1/providers/{THEIRS}",
        f"/api/v1/domains?provider={THEIRS}",
        f"/api/v1/domains/{THEIRS}.example/mailboxes",
        f"/api/v1/deleted-domains?provider={THEIRS}",
        f"/api/v1/audit?provider={THEIRS}",
        f"/api/v1/webhooks/{webhook}",
        f"/api/v1/webhook-deliveries?webhook={webhook}",
        f"/api/v1/endpoints?provider={THEIRS}",
        f"/api/v1/domains/{THEIRS}.example/verifications",
    )
    tokens = (await api.get("/api/v1/tokens?fields=id,scopes,provider,version")).json()["items"]
    theirs = [str(token) for token in tokens if token["provider"] == THEIRS]
    return "\n".join([*theirs, *[(await api.get(path)).text for path in paths]])


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
async def test_what_is_theirs_is_to_others_as_if_it_were_not_there(
    both: ApiClient, operation: Operation
) -> None:
    limited = await both.as_token(provider=MINE)
    ids = await their_ids(both)
    before = await their_state(both)
    theirs = await requested(limited, operation, which=0, ids=ids)
    nobodys = await requested(limited, operation, which=1, ids=ids)
    assert await their_state(both) == before
    if operation.id == "change_domains":
        told = [[json.loads(line) for line in answer.text.splitlines()] for answer in (theirs, nobodys)]
        # All but the last line, which claims the name, and the sum.
        others = [essence(answer, ids)[1].splitlines()[:-2] for answer in (theirs, nobodys)]
        assert others[0] == others[1]
        assert [line["status"] for line in told[0][:-2]] == [404, 422, 404, 404, 404, 422]
        assert [answer[-2]["status"] for answer in told] == list(CLAIMS["put_domain"])
        assert f"Host {THEIRS}" not in theirs.text
    elif operation.id in CLAIMS:
        assert (theirs.status_code, nobodys.status_code) == CLAIMS[operation.id]
        assert f"Host {THEIRS}" not in theirs.text
    elif "{" in operation.path or operation.id == "create_provider":
        # Making and removing providers is for tokens without a limit, whichever provider it is.
        is_limits = operation.id in ("create_provider", "put_provider", "delete_provider")
        assert theirs.status_code == (403 if is_limits else 404), theirs.text
        assert essence(theirs, ids) == essence(nobodys, ids)
    else:
        assert theirs.is_success, theirs.text
        assert THEIRS not in theirs.text
        assert not [pair[0] for pair in ids if f'"{pair[0]}"' in theirs.text]


@pytest.mark.parametrize(
    ("operation", "name"),
    [(operation, name) for operation in OPERATIONS for name in operation.filters],
    ids=lambda part: part if isinstance(part, str) else part.id,
)
async def test_no_filter_tells_whether_something_of_theirs_is_there(
    both: ApiClient, operation: Operation, name: str
) -> None:
    limited = await both.as_token(provider=MINE)
    ids = await their_ids(both)
    audit = (await both.get(f"/api/v1/audit?provider={THEIRS}")).json()
    request_id = audit["items"][0]["request_id"]
    values: tuple[str, str] = {
        **NAMES,
        "token": ids.token,
        "webhook": ids.webhook,
        "event": ids.event,
        "request_id": (request_id, "0" * 36),
    }[name]
    answers = [
        await requested(limited, operation, which=1, ids=ids, **{name: value, "total": "true"})
        for value in values
    ]
    assert answers[0].content == answers[1].content or answers[0].status_code == 404


# Refused before any database is asked.
@ON_SQLITE
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
async def test_without_a_token_nothing_is_answered(both: ApiClient, operation: Operation) -> None:
    ids = NOBODYS_IDS
    nobody = type(both)(both.http, both.services)
    for which in (0, 1):
        refused = await requested(nobody, operation, which=which, ids=ids)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"


async def asked(client: ApiClient, operation: Operation, domain: str) -> tuple[int, str]:
    """Ask as a mail client, a mail server or the reverse proxy does, for this domain."""
    values = {
        "domain": f"autoconfig.{domain}" if operation.id == "ask_for_certificate" else domain,
        "between": "v1",
        "Protocol": "AutodiscoverV1",
        "name": "Jane",
        **dict.fromkeys(("emailaddress", "email", "Email", "address", "addresses"), f"jane@{domain}"),
    }
    path = re.sub(r"{(\w+)}", lambda found: values[found[1]], operation.path)
    prefix = "mta-sts" if "mta-sts" in path else "autoconfig"
    content = AUTODISCOVER.format(domain) if operation.media_type == "text/xml" else f"email=jane@{domain}"
    options: dict[str, Any] = {"content": content if operation.media_type else None}
    response = await client.request(
        operation.method,
        path,
        params={name: values[name] for name in operation.filters},
        headers={"Host": f"{prefix}.{domain}", "Content-Type": operation.media_type or "text/plain"},
        **options,
    )
    return response.status_code, OF_ONE_ANSWER.sub("", response.text.replace(domain, "DOMAIN"))


# Request ids, those of profiles and SOAP messages, and Autodiscover's time of day.
OF_ONE_ANSWER = re.compile(r'[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|Time="[^"]*"')
AUTODISCOVER = (
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">'
    "<Request><EMailAddress>jane@{}</EMailAddress><AcceptableResponseSchema>"
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
    "</AcceptableResponseSchema></Request></Autodiscover>"
)


def test_what_needs_no_token_says_so() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            assert bool(operation.get("security")) is path.startswith("/api/"), path


@pytest.mark.parametrize("operation", PUBLIC_OPERATIONS, ids=lambda operation: operation.id)
async def test_what_needs_no_token_is_answered_alike_with_every_token_and_none(
    both: ApiClient, operation: Operation
) -> None:
    askers = [type(both)(both.http, both.services), await both.as_token(provider=MINE), both]
    live = {await asked(client, operation, f"{THEIRS}.example") for client in askers}
    deleted = {await asked(client, operation, f"deleted-{THEIRS}.example") for client in askers}
    unknown = {await asked(client, operation, "nobodys.example") for client in askers}
    assert len(live) == 1
    assert deleted == unknown
    assert len(unknown) == 1
