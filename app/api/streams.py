"""Server-sent events, as the HTML standard has them (§9.2)."""

from __future__ import annotations

import json
from typing import Any, Final

EVENT_STREAM: Final = "text/event-stream"

EVENT_SCHEMA: Final = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "description": "What happened."},
        "data": {"type": "string", "description": "JSON."},
    },
    "required": ["event", "data"],
}
"""Of each event in a stream."""

# Proxies that collect answers before they pass them on are told not to.
STREAM_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def event_text(name: str, data: Any) -> str:  # noqa: ANN401 - JSON
    """Write an event; without data it is a comment, which shows that the connection lives."""
    return ": waiting\n\n" if data is None else f"event: {name}\ndata: {json.dumps(data)}\n\n"
