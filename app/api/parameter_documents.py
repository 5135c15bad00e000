"""Parameters in the OpenAPI document: what can be said of all of them at once."""

from __future__ import annotations

from typing import Any


def add_parameter_rules(document: dict[str, Any]) -> None:
    """Say which fields can be asked for, and that no parameter is ever null: it is there or it is not."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _without_null(parameter["schema"])
                if parameter["name"] == "fields":
                    names = "|".join(_item_fields(document, operation))
                    parameter["schema"]["pattern"] = f"^ *(?:{names}) *(?:, *(?:{names}) *)*$"
                    parameter["schema"]["examples"] = [",".join(names.split("|")[:2])]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    alternatives = [part for part in schema.get("anyOf", ()) if part != {"type": "null"}]
    if len(alternatives) != 1:
        return schema
    (only,) = alternatives
    return {**only, **{name: value for name, value in schema.items() if name != "anyOf"}}


def _item_fields(document: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    page = operation["responses"]["200"]["content"]["application/json"]["schema"]
    items = _resolved(document, page)["properties"]["items"]["items"]
    return list(_resolved(document, items)["properties"])


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found
