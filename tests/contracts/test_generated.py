"""Generated files are current, and what they promise holds."""

from __future__ import annotations

import inspect
from typing import Any

import jsonschema
import pytest
from app.api.application import create_api
from app.api.export import ROOT, generated_files
from app.api.problem_types import PROBLEMS
from app.core import errors
from app.settings import Settings

GENERATED = generated_files()


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_generated_file_is_current(path: Any) -> None:
    assert path.read_text() == GENERATED[path], "run make generated"


def test_no_problem_page_is_left_over() -> None:
    pages = {path.stem for path in (ROOT / "docs/problems").glob("*.md")}
    assert pages == {problem.slug for problem in PROBLEMS.values()}


def test_every_error_has_one_problem_type_of_its_own() -> None:
    concrete = {
        error
        for _, error in inspect.getmembers(errors, inspect.isclass)
        if issubclass(error, errors.AppError) and not error.__subclasses__()
    }
    assert set(PROBLEMS) == concrete
    slugs = [problem.slug for problem in PROBLEMS.values()]
    assert len(set(slugs)) == len(slugs)


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return create_api(Settings(database_url="sqlite+aiosqlite:///:memory:")).openapi()


def test_the_openapi_document_is_one(openapi: dict[str, Any]) -> None:
    assert openapi["openapi"].startswith("3.1")
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            assert operation["operationId"], (method, path)
            assert operation["tags"], (method, path)


def test_every_reference_in_the_openapi_document_leads_somewhere(openapi: dict[str, Any]) -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for value in node.values() for found in references(value)]
        if isinstance(node, list):
            return [found for value in node for found in references(value)]
        return []

    found = references(openapi)
    assert found
    for reference in found:
        root, kind, name = reference.removeprefix("#/").split("/")
        assert name in openapi[root][kind], reference


def test_every_schema_is_valid_json_schema(openapi: dict[str, Any]) -> None:
    for schema in openapi["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_management_operation_asks_for_a_token(openapi: dict[str, Any]) -> None:
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            is_management = path.startswith("/api/")
            assert bool(operation.get("security")) == is_management, (method, path)


def test_every_management_operation_has_examples_that_hold(openapi: dict[str, Any]) -> None:
    found = 0
    for path, operations in openapi["paths"].items():
        for operation in operations.values() if path.startswith("/api/") else ():
            bodies = [operation.get("requestBody", {})]
            bodies += [answer for status, answer in operation["responses"].items() if status[0] == "2"]
            contents = [one for body in bodies for one in body.get("content", {}).items()]
            for content in (content for media_type, content in contents if "json" in media_type):
                schema = {**content["schema"], "components": openapi["components"]}
                assert "example" in content, operation["operationId"]
                jsonschema.Draft202012Validator(schema).validate(content["example"])
                found += 1
    assert found
