"""Every operation says what it answers to what is too much, too large or too slow."""

from __future__ import annotations

from typing import Any

import pytest
from app.api.application import create_api
from app.settings import Settings


def operations() -> dict[str, Any]:
    api = create_api(Settings(database_url="sqlite+aiosqlite:///:memory:"))
    return {
        operation["operationId"]: {**operation, "is_management": path.startswith("/api/")}
        for path, methods in api.openapi()["paths"].items()
        for operation in methods.values()
    }


OPERATIONS = operations()
LIMITED = {name: found for name, found in OPERATIONS.items() if "health" not in found["tags"]}


def test_health_has_no_limits() -> None:
    assert set(OPERATIONS) - set(LIMITED) == {"get_liveness", "get_readiness", "get_serving"}
    assert all("429" not in OPERATIONS[name]["responses"] for name in set(OPERATIONS) - set(LIMITED))


@pytest.mark.parametrize("name", LIMITED)
def test_refusals_are_documented_in_the_form_in_which_they_come(name: str) -> None:
    operation = LIMITED[name]
    responses = operation["responses"]
    form = "application/problem+json" if operation["is_management"] else "text/plain"
    has_body = "requestBody" in operation or "413" in responses
    for status in ("429", *(("408", "413") if has_body else ())):
        assert set(responses[status]["content"]) == {form}, status
    assert set(responses["429"]["headers"]) == {"Retry-After", "RateLimit-Policy", "RateLimit"}
    assert "Retry-After" in responses["503"]["headers"]
    for status, response in responses.items():
        if operation["is_management"] and status.startswith("2"):
            assert {"RateLimit-Policy", "RateLimit"} <= set(response["headers"]), status
