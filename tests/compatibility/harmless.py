"""Changes of the small document, that clients do not notice."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from compatibility.document import MADE, THING, THINGS, WISH, at, drop, put

if TYPE_CHECKING:
    from compatibility.document import Change

COMPATIBLE: Final[list[tuple[str, Change]]] = [
    ("nothing", lambda doc: None),
    ("a path is added", put("/paths/~1new", {"get": {"operationId": "new", "responses": {}}})),
    ("a method is added", put(f"{THINGS}/put", {"operationId": "put_things", "responses": {}})),
    (
        "an optional parameter is added",
        lambda doc: at(doc, f"{THINGS}/get/parameters").append(
            {"name": "x", "in": "query", "schema": {"type": "string"}}
        ),
    ),
    ("a parameter is described", put(f"{THINGS}/get/parameters/0/description", "Which")),
    ("parameters stand in another order", lambda doc: at(doc, f"{THINGS}/get/parameters").reverse()),
    ("a header is spelt otherwise", put(f"{THINGS}/get/parameters/2/name", "if-match")),
    (
        "a path's parameter is that of its methods",
        lambda doc: (
            [
                at(doc, f"{THINGS}/{method}")
                .setdefault("parameters", [])
                .append({"$ref": "#/components/parameters/Trace"})
                for method in ("get", "post")
            ]
            and at(doc, THINGS).pop("parameters")
        ),
    ),
    ("a parameter takes more values", put(f"{THINGS}/get/parameters/0/schema/enum", ["a", "b", "c"])),
    ("a parameter takes any value", drop(f"{THINGS}/get/parameters/0/schema/enum")),
    (
        "a parameter's bounds are wider",
        put(f"{THINGS}/get/parameters/1/schema", {"type": "number", "minimum": 0, "maximum": 500}),
    ),
    ("a parameter has no bound", drop(f"{THINGS}/get/parameters/1/schema/maximum")),
    ("a body takes one more media type", put(f"{MADE}/requestBody/content/text~1plain", {"schema": {}})),
    ("an optional field is added to a request", put(f"{WISH}/properties/x", {"type": "string"})),
    ("a request's field is not needed any more", put(f"{WISH}/required", [])),
    ("a request's field may be null", put(f"{WISH}/properties/name/type", ["string", "null"])),
    (
        "a request's field takes another type",
        put(
            f"{WISH}/properties/count",
            {"anyOf": [{"type": "number", "minimum": 0, "maximum": 10}, {"type": "string"}]},
        ),
    ),
    ("a request's field has no pattern any more", drop(f"{WISH}/properties/name/pattern")),
    ("a request's text may be longer", put(f"{WISH}/properties/name/maxLength", 200)),
    ("a request's text may be empty", drop(f"{WISH}/properties/name/minLength")),
    (
        "a request's listed values are alternatives",
        put(
            f"{WISH}/properties/kind",
            {"default": "a", "anyOf": [{"type": "string", "const": "a"}, {"const": "b"}, {"type": "null"}]},
        ),
    ),
    ("a request's list may be longer", drop(f"{WISH}/properties/tags/maxItems")),
    ("a request is open", drop(f"{WISH}/additionalProperties")),
    (
        "a request's map takes more",
        put(f"{WISH}/properties/variables/additionalProperties", {"type": ["string", "integer"]}),
    ),
    (
        "a schema moves behind a reference",
        lambda doc: (
            put("/components/schemas/Count", at(doc, f"{WISH}/properties/count"))(doc),
            put(f"{WISH}/properties/count", {"$ref": "#/components/schemas/Count"})(doc),
        ),
    ),
    (
        "a reference is written out",
        lambda doc: put(
            f"{WISH}/properties/place/anyOf/0", copy.deepcopy(at(doc, "/components/schemas/Person"))
        )(doc),
    ),
    (
        "a reference has a description beside it",
        put(
            f"{WISH}/properties/place/anyOf/0",
            {"$ref": "#/components/schemas/Person", "description": "Where"},
        ),
    ),
    (
        "a reference is one of all of one",
        put(f"{WISH}/properties/place/anyOf/0", {"allOf": [{"$ref": "#/components/schemas/Person"}]}),
    ),
    (
        "all of two is one",
        put(
            f"{THING}/properties/owner",
            {
                "type": "object",
                "required": ["name", "mail"],
                "properties": {"name": {"type": "string"}, "mail": {"type": "string"}},
            },
        ),
    ),
    ("alternatives stand in another order", lambda doc: at(doc, f"{THING}/properties/note/anyOf").reverse()),
    (
        "alternatives are a list of types",
        put(f"{THING}/properties/note", {"type": ["string", "null"], "maxLength": 9}),
    ),
    ("a field is added to an answer", put(f"{THING}/properties/x", {"type": "string"})),
    (
        "a needed field is added to an answer",
        lambda doc: at(doc, THING).update(
            required=["id", "kind", "size", "x"], properties={**at(doc, THING)["properties"], "x": {}}
        ),
    ),
    ("an answer's field is never missing", lambda doc: at(doc, f"{THING}/required").append("note")),
    ("an answer's field is never null", put(f"{THING}/properties/note", {"type": "string", "maxLength": 5})),
    ("an answer has fewer values", put(f"{THING}/properties/kind/enum", ["a"])),
    ("an answer's bounds are narrower", put(f"{THING}/properties/size/maximum", 5)),
    ("an answer has one more media type", put(f"{MADE}/responses/201/content/text~1plain", {"schema": {}})),
    ("an answer has one more header", put(f"{MADE}/responses/201/headers", {"ETag": {"schema": {}}})),
    ("a failure is added", put(f"{MADE}/responses/418", {"description": "No"})),
    ("a failure is no longer answered", drop(f"{THINGS}/get/responses/404")),
    ("a scope is no longer needed", put(f"{MADE}/security", [{"token": []}, {"cookie": []}])),
    ("another way to authenticate", put(f"{THINGS}/get/security", [{"cookie": []}, {"token": []}])),
    ("nobody need authenticate", put("/security", [])),
    ("a problem type is added", put("/x-problem-types/new", {"status": 400, "title": "New"})),
    ("a problem type has another title", put("/x-problem-types/gone/title", "It is gone")),
    ("an event is added", put("/webhooks/thing.gone", {"post": {"operationId": "on_gone"}})),
    ("an event has one more field", put(f"{THING}/properties/y", {"type": "integer"})),
    ("a schema that nobody refers to is added", put("/components/schemas/Unused", {})),
]
