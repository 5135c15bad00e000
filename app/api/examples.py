"""Examples for each operation of the management API, written as the service itself writes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.api.discovery_examples import discovery_examples
from app.api.routes.formats import format_reads
from app.api.routes.instructions import client_reads
from app.api.schemas.audit import audit_to_read
from app.api.schemas.bulk import Tally, written_outcome
from app.api.schemas.dns_records import DnsRecordShape, DnsRecordsRead
from app.api.schemas.domains import (
    DocumentRead,
    DomainBody,
    DomainCreate,
    FormatShape,
    MailboxBody,
    deleted_to_read,
    domain_to_read,
    mailbox_to_read,
    settings_to_read,
)
from app.api.schemas.providers import ProviderBody, ProviderCreate, provider_to_read
from app.api.schemas.servers import ServerBody, server_to_shape
from app.api.schemas.shapes import Shape
from app.api.schemas.tokens import TokenCreated, token_to_read
from app.api.schemas.webhooks import (
    ReplayRead,
    WebhookBody,
    WebhookCreated,
    delivery_to_detail,
    delivery_to_read,
    webhook_to_read,
)
from app.api.verification_examples import host_news, verification_examples
from app.core.audit import AuditEntry
from app.core.deleted import DeletedDomain
from app.core.documents import Presentation
from app.core.domain_lines import read_line
from app.core.domains import Domain, DomainStatus, Mailbox
from app.core.errors import DomainNotFound
from app.core.events import EventType, News, domain_news, provider_news
from app.core.names import DomainName, EmailAddress
from app.core.records import domain_record, mailbox_record, provider_record
from app.core.resolving import resolve
from app.core.stored import Stored
from app.core.tokens import StoredToken
from app.core.webhooks import Delivery, DeliveryState, Webhook
from app.instructions.clients import CLIENTS_BY_SLUG
from app.instructions.forms.json_document import guide_members
from app.instructions.languages import load_language
from app.instructions.writing import write_guide
from app.services.bulk_planning import Outcome, Result
from app.services.demo import DEMO_PROVIDER

_MADE: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_CHANGED: Final = datetime(2026, 3, 9, 14, 5, tzinfo=UTC)
_SERVICE_URL: Final = "https://signpost.host.example"
_TOKEN_ID: Final = "0123456789ab"  # noqa: S105 - the public half


def _stored(value: Any, version: int = 2) -> Stored[Any]:  # noqa: ANN401 - any resource
    return Stored(id=1, value=value, version=version, created_at=_MADE, updated_at=_CHANGED)


_DOMAIN: Final = Domain(
    name=DomainName("customer.example"),
    provider=DEMO_PROVIDER.slug,
    variables={"NODE": "srv12"},
    reference="K-1047",
)
_ALIAS: Final = Domain(
    name=DomainName("customer-shop.example"), provider=DEMO_PROVIDER.slug, alias_of=_DOMAIN.name
)
_MAILBOX: Final = Mailbox(address=EmailAddress.parse("jane@customer.example"), login="c1047-jane")
_TOKEN: Final = StoredToken(
    public_id=_TOKEN_ID,
    digest="",
    name="Billing",
    scopes=frozenset({"domains:read", "domains:write"}),
    provider=DEMO_PROVIDER.slug,
    expires_at=None,
    last_used_at=_CHANGED,
)
_ENTRY: Final = AuditEntry(
    id=4711,
    at=_CHANGED,
    token_id=_TOKEN_ID,
    token_name="Billing",  # noqa: S106 - a name
    request_id="8e03978e-40d5-43dd-bc93-6894a57f9324",
    action="domain.patch",
    kind="domain",
    resource=_DOMAIN.name.ascii,
    provider=DEMO_PROVIDER.slug,
    before={**domain_record(_DOMAIN), "version": 1},
    after={**domain_record(replace(_DOMAIN, variables={"NODE": "srv13"})), "version": 2},
)


_WEBHOOK: Final = Webhook(
    public_id=_TOKEN_ID,
    name="Billing",
    url="https://billing.example/hooks/signpost",
    event_types=frozenset({EventType.DOMAIN_CHANGED, EventType.DOMAIN_SUSPENDED}),
    provider=DEMO_PROVIDER.slug,
    secret="",
)


def _shown(shape: Shape, only: type[Shape] | None = None) -> dict[str, Any]:
    include = None if only is None else set(only.model_fields)
    return shape.model_dump(mode="json", include=include)


def _page(*shapes: Shape) -> dict[str, Any]:
    return {"items": [_shown(shape) for shape in shapes], "next": None, "total": None}


def _domain_examples() -> dict[str, tuple[Any, Any]]:
    domain, alias = domain_to_read(_stored(_DOMAIN)), domain_to_read(_stored(_ALIAS, 1))
    suspended = domain_to_read(_stored(replace(_DOMAIN, status=DomainStatus.SUSPENDED), 3))
    moved = domain_to_read(_stored(replace(_DOMAIN, variables={"NODE": "srv13"}), 3))
    kept = DeletedDomain(
        id=815,
        domain=_stored(_DOMAIN),
        provider_id=1,
        mailbox_count=1,
        deleted_at=_CHANGED,
        deleted_by=_TOKEN_ID,
    )
    return {
        "list_domains": (None, _page(alias, domain)),
        "create_domain": (_shown(domain, DomainCreate), _shown(domain)),
        "get_domain": (None, _shown(domain)),
        "put_domain": (_shown(domain, DomainBody), _shown(domain)),
        "patch_domain": ({"variables": {"NODE": "srv13"}}, _shown(moved)),
        "suspend_domain": (None, _shown(suspended)),
        "resume_domain": (None, _shown(domain)),
        "move_domain": ({"provider": "demo", "variables": {"NODE": "srv13"}}, _shown(moved)),
        "restore_domain": (None, _shown(domain)),
        "list_aliases": (None, _page(alias)),
        "list_deleted_domains": (None, _page(deleted_to_read(kept, timedelta(days=30)))),
    }


def _bulk_examples() -> dict[str, tuple[Any, Any]]:
    domain, alias = domain_record(_DOMAIN), domain_record(_ALIAS)
    lines: list[dict[str, Any]] = [
        {"name": "customer.example", "provider": "demo", "variables": {"NODE": "srv12"}},
        {"op": "patch", "name": "moved.example", "variables": {"NODE": "srv13"}},
        {"op": "delete", "name": "gone.example", "if_match": 4},
    ]
    put, patched, deleted = (read_line(number, _line(one).encode()) for number, one in enumerate(lines, 1))
    outcomes = [
        Outcome(put, Result.CREATED, 1),
        Outcome(patched, Result.UPDATED, 8),
        Outcome(deleted, Result.FAILED, error=DomainNotFound("gone.example")),
    ]
    tally = Tally()
    tally.add(outcomes)
    url = _SERVICE_URL
    answer = "".join(written_outcome(one, url) for one in outcomes) + tally.written(None, url)
    exported = [{**domain, "mailboxes": [mailbox_record(_MAILBOX)]}, {**alias, "mailboxes": []}]
    return {
        "change_domains": ("".join(map(_line, lines)), answer),
        "export_domains": (None, "".join(map(_line, exported))),
    }


def _line(members: dict[str, Any]) -> str:
    return f"{json.dumps(members, separators=(',', ':'))}\n"


def _settings_examples() -> dict[str, tuple[Any, Any]]:
    settings = resolve(DEMO_PROVIDER, _DOMAIN)
    autoconfig = FormatShape(name="autoconfig", title="Thunderbird autoconfig", omissions=[])
    document = DocumentRead(
        format="autoconfig", media_type="text/xml", body='<clientConfig version="1.1">…', omissions=[]
    )
    record = DnsRecordShape(
        name="_imaps._tcp.customer.example",
        type="SRV",
        ttl_seconds=3600,
        fields={"priority": 0, "weight": 1, "port": 993, "target": "srv12.hosting.example"},
        value="0 1 993 srv12.hosting.example.",
        why="IMAP over TLS",
    )
    records = DnsRecordsRead(domain=_DOMAIN.name.ascii, records=[record], omissions=[])
    return {
        "get_dns_records": (None, _shown(records)),
        "get_settings": (None, _shown(settings_to_read(settings, DomainStatus.ACTIVE, [autoconfig]))),
        "get_document": (None, _shown(document)),
        "list_formats": (None, _page(*format_reads())),
    }


def _instruction_examples() -> dict[str, tuple[Any, Any]]:
    account = resolve(DEMO_PROVIDER, _DOMAIN, address=_MAILBOX.address)
    english = load_language("en")
    guide = write_guide(CLIENTS_BY_SLUG["thunderbird"], account, Presentation(service_url=_SERVICE_URL))
    return {
        "get_instructions": (None, guide_members(replace(guide, ways=guide.ways[:1]), english)),
        "list_instruction_clients": (None, _page(*client_reads(english)[:2])),
    }


def _mailbox_examples() -> dict[str, tuple[Any, Any]]:
    mailbox = mailbox_to_read(_stored(_MAILBOX))
    return {
        "list_mailboxes": (None, _page(mailbox)),
        "get_mailbox": (None, _shown(mailbox)),
        "put_mailbox": (_shown(mailbox, MailboxBody), _shown(mailbox)),
        "patch_mailbox": ({"login": "c1047-jane"}, _shown(mailbox)),
    }


def _provider_examples() -> dict[str, tuple[Any, Any]]:
    provider = provider_to_read(_stored(DEMO_PROVIDER))
    server = server_to_shape(DEMO_PROVIDER.servers[0])
    return {
        "list_providers": (None, _page(provider)),
        "create_provider": (_shown(provider, ProviderCreate), _shown(provider)),
        "get_provider": (None, _shown(provider)),
        "put_provider": (_shown(provider, ProviderBody), _shown(provider)),
        "patch_provider": ({"support": {"phone": None}}, _shown(provider)),
        "list_servers": (None, _page(*map(server_to_shape, DEMO_PROVIDER.servers))),
        "get_server": (None, _shown(server)),
        "put_server": (_shown(server, ServerBody), _shown(server)),
        "patch_server": ({"port": 993}, _shown(server)),
    }


def _operator_examples() -> dict[str, tuple[Any, Any]]:
    token, entry = token_to_read(_stored(_TOKEN)), audit_to_read(_ENTRY)
    created = TokenCreated(**token.model_dump(), token=f"sp_{_TOKEN_ID}_{'x' * 43}")
    wish = {"name": "Billing", "scopes": ["domains:read", "domains:write"], "provider": "demo"}
    return {
        "list_audit": (None, _page(entry)),
        "export_audit": (None, f"{entry.model_dump_json()}\n"),
        "list_tokens": (None, _page(token)),
        "get_token": (None, _shown(token)),
        "create_token": (wish, _shown(created)),
        "rotate_token": ({"overlap_seconds": 3600}, _shown(created)),
    }


def event_example(event_type: EventType) -> dict[str, Any] | None:
    """Return an example of what is sent; None for what nothing announces yet."""
    before, after = _ENTRY.before, _ENTRY.after
    assert before is not None  # noqa: S101 - as above
    assert after is not None  # noqa: S101
    suspended = {**before, "status": "suspended"}
    moved = {**after, "provider": "other"}
    changes: dict[EventType, tuple[str, dict[str, Any] | None, dict[str, Any] | None]] = {
        EventType.DOMAIN_CREATED: ("domain.put", None, {**before}),
        EventType.DOMAIN_CHANGED: ("domain.patch", {**before}, {**after}),
        EventType.DOMAIN_SUSPENDED: ("domain.suspend", {**before}, {**suspended, "version": 2}),
        EventType.DOMAIN_RESUMED: ("domain.resume", suspended, {**before, "version": 2}),
        EventType.DOMAIN_MOVED: ("domain.move", {**before}, moved),
        EventType.DOMAIN_DELETED: ("domain.delete", {**before}, None),
        EventType.DOMAIN_RESTORED: ("domain.restore", None, {**after}),
    }
    news: News | None = None
    if event_type in changes:
        news = domain_news(*changes[event_type])[0]
    elif event_type is EventType.PROVIDER_CHANGED:
        news = provider_news(None, {**provider_record(DEMO_PROVIDER), "version": 1})[0]
    elif event_type is EventType.PING:
        news = News(type=event_type, kind="webhook", subject=_WEBHOOK.public_id)
    if news is None:
        news = host_news(event_type)
    if news is None:
        return None
    document: dict[str, Any] = json.loads(news.document(_CHANGED))
    return document


def _delivery() -> Delivery:
    return Delivery(
        id=2304,
        webhook=_WEBHOOK.public_id,
        event_id="evt_5f2b7d3c9e1a4b6d8f0a2c4e6b8d0f1a",
        type=EventType.DOMAIN_CHANGED,
        subject=_DOMAIN.name.ascii,
        at=_CHANGED,
        state=DeliveryState.PENDING,
        attempts=1,
        next_attempt_at=_CHANGED + timedelta(seconds=6),
        last_attempt_at=_CHANGED + timedelta(seconds=1),
        last_status=503,
        last_error="answered 503",
        delivered_at=None,
        document=json.dumps(event_example(EventType.DOMAIN_CHANGED)),
    )


def _webhook_examples() -> dict[str, tuple[Any, Any]]:
    webhook, delivery = webhook_to_read(_stored(_WEBHOOK)), _delivery()
    created = WebhookCreated(**webhook.model_dump(), secret=f"whsec_{'x' * 43}=")
    again = replace(delivery, attempts=0, next_attempt_at=_CHANGED)
    ping = replace(
        again,
        type=EventType.PING,
        subject=_WEBHOOK.public_id,
        last_attempt_at=None,
        last_status=None,
        last_error=None,
    )
    return {
        "list_webhooks": (None, _page(webhook)),
        "create_webhook": ({**_shown(webhook, WebhookBody), "provider": "demo"}, _shown(created)),
        "get_webhook": (None, _shown(webhook)),
        "patch_webhook": ({"event_types": ["domain.changed", "domain.suspended"]}, _shown(webhook)),
        "rotate_webhook": ({"overlap_seconds": 3600}, _shown(created)),
        "ping_webhook": (None, _shown(delivery_to_read(ping))),
        "replay_webhook": (None, _shown(ReplayRead(replayed=12))),
        "list_webhook_deliveries": (None, _page(delivery_to_read(delivery))),
        "get_webhook_delivery": (None, _shown(delivery_to_detail(delivery))),
        "replay_webhook_delivery": (None, _shown(delivery_to_read(again))),
    }


def add_examples(document: dict[str, Any]) -> None:
    """Put a request's and an answer's example into each operation that has one here."""
    examples = {
        **_domain_examples(),
        **_bulk_examples(),
        **_settings_examples(),
        **_instruction_examples(),
        **_mailbox_examples(),
        **_provider_examples(),
        **_operator_examples(),
        **_webhook_examples(),
        **verification_examples(),
        **discovery_examples(),
    }
    for path, operations in document["paths"].items():
        if path.startswith("/api/"):
            for operation in operations.values():
                request, answer = examples.get(operation["operationId"], (None, None))
                _add(operation.get("requestBody", {}), request)
                for status, response in operation["responses"].items():
                    if status.startswith("2"):
                        _add(response, answer)


def _add(holder: dict[str, Any], example: Any) -> None:  # noqa: ANN401 - any JSON
    for media_type, content in holder.get("content", {}).items():
        # Texts of other kinds, such as zone files, are not what the example shows.
        if example is not None and "json" in media_type:
            content["example"] = example
