"""The ``webhooks`` of the OpenAPI document: what the service sends, one entry for each type of event."""

from __future__ import annotations

from typing import Any, Final

from app.api.examples import event_example
from app.api.schemas.events import (
    ChangeData,
    ChoiceData,
    ChoiceEvent,
    DomainEvent,
    HostData,
    PingEvent,
    ProviderEvent,
    VerificationEvent,
)
from app.api.schemas.shapes import Shape
from app.core.events import EventType

_SUMMARIES: Final = {
    EventType.DOMAIN_CREATED: "A domain was stored",
    EventType.DOMAIN_CHANGED: "A domain was changed",
    EventType.DOMAIN_SUSPENDED: "A domain was suspended",
    EventType.DOMAIN_RESUMED: "A suspended domain was resumed",
    EventType.DOMAIN_MOVED: "A domain went to another provider or node",
    EventType.DOMAIN_DELETED: "A domain was deleted",
    EventType.DOMAIN_RESTORED: "A deleted domain was brought back",
    EventType.PROVIDER_CHANGED: "A provider or its servers came, changed or went",
    EventType.HOST_BAD: "A host went bad",
    EventType.HOST_GOOD: "A host is good again",
    EventType.HOST_CHOSEN: "Of a server's own and its shared host name, the other one is published",
    EventType.CERTIFICATE_EXPIRING: "A host's certificate ends soon",
    EventType.PING: "A test",
}
_HEADERS: Final = {
    "webhook-id": "The event's id, the same in each attempt: what duplicates are told by.",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970.",
    "webhook-signature": "Signatures of `ID.TIMESTAMP.BODY`, separated by spaces: `v1,` and the HMAC-SHA256 "
    "in Base64 (Standard Webhooks).",
}
_MODELS: Final[tuple[type[Shape], ...]] = (
    ChangeData, DomainEvent, ProviderEvent, HostData, VerificationEvent, ChoiceData, ChoiceEvent, PingEvent,
)  # fmt: skip


def _model_of(event_type: EventType) -> type[Shape]:
    if event_type is EventType.PING:
        return PingEvent
    if event_type is EventType.PROVIDER_CHANGED:
        return ProviderEvent
    if event_type is EventType.HOST_CHOSEN:
        return ChoiceEvent
    return DomainEvent if event_type.startswith("domain.") else VerificationEvent


def add_webhooks(document: dict[str, Any]) -> None:
    """Put what is sent, with the schemas of the bodies, into the document."""
    for model in _MODELS:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schema.pop("$defs", None)
        document["components"]["schemas"][model.__name__] = schema
    document["webhooks"] = {event_type.value: {"post": _operation(event_type)} for event_type in EventType}


def _operation(event_type: EventType) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{_model_of(event_type).__name__}"}
    content: dict[str, Any] = {"schema": schema}
    if (example := event_example(event_type)) is not None:
        content["example"] = example
    return {
        "operationId": f"on_{event_type.value.replace('.', '_')}",
        "summary": _SUMMARIES[event_type],
        "tags": ["webhooks"],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": description,
                "schema": {"type": "string"},
            }
            for name, description in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "2XX": {"description": "It was taken"},
            "410": {"description": "Nothing more is wanted: the webhook is turned off"},
            "default": {"description": "It is sent again later, not before the time in `Retry-After`"},
        },
    }
