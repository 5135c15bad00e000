"""The limits in the OpenAPI document: on every operation that they hold for, so that none is forgotten."""

from __future__ import annotations

from typing import Any, Final

from app.api.rate_limits import RATE_LIMIT, RATE_LIMIT_POLICY
from app.api.schemas.shapes import Problem

_RETRY_AFTER: Final = "Retry-After"
_HEADERS: Final[dict[str, dict[str, Any]]] = {
    _RETRY_AFTER: {
        "description": "In how many seconds to send it again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    RATE_LIMIT_POLICY: {
        "description": "How many requests (`q`) are allowed in so many seconds (`w`); as many may come at "
        "once. Not sent where there is no limit.",
        "schema": {"type": "string", "examples": ['"token";q=6000;w=60']},
    },
    RATE_LIMIT: {
        "description": "How many requests are left (`r`), and in how many seconds there is one more (`t`). "
        "Not sent where there is no limit.",
        "schema": {"type": "string", "examples": ['"token";r=5999;t=1']},
    },
}
_TEXT: Final = {"text/plain": {"schema": {"type": "string"}}}
_PROBLEM: Final = {
    "application/problem+json": {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}
}


def add_limits(document: dict[str, Any]) -> None:
    """Document what is refused for being too much, too large or too slow, and the fields that tell of it."""
    document["components"]["headers"] = _HEADERS
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if "health" not in operation["tags"]:
                _add(operation, is_management=path.startswith("/api/"))


def _add(operation: dict[str, Any], *, is_management: bool) -> None:
    responses: dict[str, Any] = operation["responses"]
    content = _PROBLEM if is_management else _TEXT
    whose = "with this token, or too many wrong ones" if is_management else ""
    responses["429"] = {
        "description": f"Too many requests {whose} from this address".replace("  ", " "),
        "content": content,
        "headers": _references(_RETRY_AFTER, RATE_LIMIT_POLICY, RATE_LIMIT),
    }
    responses.setdefault("503", {"description": "Too much to do at the moment", "content": content})
    if "requestBody" in operation or "413" in responses:
        responses.setdefault("413", {"description": "The body is too large", "content": content})
        responses["408"] = {"description": "The body did not come in time", "content": content}
    for status, response in responses.items():
        if status == "503":
            response.setdefault("headers", {}).update(_references(_RETRY_AFTER))
        if is_management and status.startswith("2"):
            response.setdefault("headers", {}).update(_references(RATE_LIMIT_POLICY, RATE_LIMIT))
    operation["responses"] = dict(sorted(responses.items()))


def _references(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
