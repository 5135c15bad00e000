"""A small OpenAPI document, and what can be done to one."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[dict[str, Any]], object]

THINGS: Final = "/paths/~1things"
MADE: Final = f"{THINGS}/post"
THING: Final = "/components/schemas/Thing"
WISH: Final = "/components/schemas/Wish"

DOCUMENT: Final[dict[str, Any]] = {
    "openapi": "3.1.0",
    "info": {"title": "T", "version": "1"},
    "security": [{"token": []}],
    "x-problem-types": {"taken": {"status": 409, "title": "Taken"}, "gone": {"status": 404, "title": "Gone"}},
    "paths": {
        "/things": {
            "parameters": [{"$ref": "#/components/parameters/Trace"}],
            "get": {
                "operationId": "list_things",
                "parameters": [
                    {
                        "name": "kind",
                        "in": "query",
                        "schema": {"type": "string", "enum": ["a", "b"], "default": "a"},
                    },
                    {
                        "name": "limit",
                        "in": "query",
                        "schema": {"type": "integer", "minimum": 1, "maximum": 100},
                    },
                    {"name": "If-Match", "in": "header", "schema": {"type": ["string", "null"]}},
                ],
                "responses": {
                    "200": {
                        "description": "All",
                        "headers": {"ETag": {"required": True, "schema": {"type": "string"}}},
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
                            },
                            "text/csv": {"schema": {"type": "string"}},
                        },
                    },
                    "404": {"description": "None"},
                },
            },
            "post": {
                "operationId": "create_thing",
                "security": [{"token": ["write"]}, {"cookie": []}],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Wish"}},
                        "application/merge-patch+json": {"schema": {"type": "object"}},
                    }
                },
                "responses": {
                    "201": {
                        "description": "Made",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                    }
                },
            },
        },
        "/things/{id}": {
            "delete": {
                "operationId": "delete_thing",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {"204": {"description": "Gone"}},
            }
        },
    },
    "webhooks": {
        "thing.made": {
            "post": {
                "operationId": "on_thing_made",
                "parameters": [
                    {"name": "webhook-id", "in": "header", "required": True, "schema": {"type": "string"}}
                ],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
                },
                "responses": {"200": {"description": "Taken"}},
            }
        }
    },
    "components": {
        "parameters": {"Trace": {"name": "trace", "in": "query", "schema": {"type": "boolean"}}},
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
        },
        "schemas": {
            "Thing": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "kind", "size"],
                "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    "kind": {"type": "string", "enum": ["a", "b"]},
                    "size": {"type": "integer", "minimum": 0, "maximum": 9},
                    "note": {"anyOf": [{"type": "string", "maxLength": 9}, {"type": "null"}]},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "owner": {
                        "allOf": [
                            {"$ref": "#/components/schemas/Person"},
                            {
                                "type": "object",
                                "required": ["mail"],
                                "properties": {"mail": {"type": "string"}},
                            },
                        ]
                    },
                },
            },
            "Person": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
            "Wish": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "pattern": "^[a-z]*$", "minLength": 1, "maxLength": 20},
                    "kind": {"type": "string", "enum": ["a", "b"], "default": "a"},
                    "count": {"type": "number", "minimum": 0, "maximum": 10},
                    "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
                    "place": {"anyOf": [{"$ref": "#/components/schemas/Person"}, {"type": "null"}]},
                    "variables": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
            "DomainLine": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "op": {"enum": ["put", "delete"]}},
            },
            "LineResult": {"type": "object", "properties": {"line": {"type": "integer"}}},
        },
    },
}


def at(document: dict[str, Any], pointer: str) -> Any:
    """Follow a JSON Pointer."""
    node: Any = document
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        node = node[int(name)] if isinstance(node, list) else node[name]
    return node


def put(pointer: str, value: object) -> Change:
    """Set what a pointer leads to."""
    parent, _, name = pointer.rpartition("/")

    def change(document: dict[str, Any]) -> None:
        node = at(document, parent)
        node[int(name) if isinstance(node, list) else name.replace("~1", "/")] = value

    return change


def drop(pointer: str) -> Change:
    """Take away what a pointer leads to."""
    parent, _, name = pointer.rpartition("/")

    def change(document: dict[str, Any]) -> None:
        node = at(document, parent)
        del node[int(name) if isinstance(node, list) else name.replace("~1", "/")]

    return change


def changed(document: dict[str, Any], change: Change) -> dict[str, Any]:
    result = copy.deepcopy(document)
    change(result)
    return result
