"""Changes of the small document, that clients fail at: a name, what is done, and where it must be found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from compatibility.document import MADE, THING, THINGS, WISH, at, drop, put

if TYPE_CHECKING:
    from compatibility.document import Change


def rename_operation(document: dict[str, Any]) -> None:
    document["paths"]["/objects"] = document["paths"].pop("/things")


BREAKING: Final[list[tuple[str, Change, str]]] = [
    ("a path is removed", drop("/paths/~1things~1{id}"), "/paths/~1things~1{id}/delete"),
    ("a path is renamed", rename_operation, f"{THINGS}/get"),
    ("a method is removed", drop(f"{THINGS}/post"), f"{THINGS}/post"),
    ("an operation has another id", put(f"{THINGS}/get/operationId", "find"), f"{THINGS}/get/operationId"),
    ("a parameter is removed", drop(f"{THINGS}/get/parameters/0"), f"{THINGS}/get/parameters/0"),
    ("a header parameter is removed", drop(f"{THINGS}/get/parameters/2"), f"{THINGS}/get/parameters/2"),
    ("a path's parameter is removed", drop(f"{THINGS}/parameters"), "/components/parameters/Trace"),
    ("a parameter becomes required", put(f"{THINGS}/get/parameters/1/required", value=True), f"{THINGS}/get"),
    (
        "a required parameter is added",
        lambda doc: at(doc, f"{THINGS}/get/parameters").append(
            {"name": "x", "in": "query", "required": True, "schema": {"type": "string"}}
        ),
        f"{THINGS}/get/parameters/3",
    ),
    (
        "a parameter is elsewhere",
        put(f"{THINGS}/get/parameters/1/in", "header"),
        f"{THINGS}/get/parameters/1",
    ),
    (
        "a parameter loses a value",
        put(f"{THINGS}/get/parameters/0/schema/enum", ["a"]),
        f"{THINGS}/get/parameters/0/schema",
    ),
    (
        "a parameter has another default",
        put(f"{THINGS}/get/parameters/0/schema/default", "b"),
        f"{THINGS}/get/parameters/0/schema",
    ),
    (
        "a parameter's upper bound sinks",
        put(f"{THINGS}/get/parameters/1/schema/maximum", 50),
        f"{THINGS}/get/parameters/1/schema",
    ),
    (
        "a parameter's lower bound rises",
        put(f"{THINGS}/get/parameters/1/schema/minimum", 2),
        f"{THINGS}/get/parameters/1/schema",
    ),
    (
        "a parameter takes no null any more",
        put(f"{THINGS}/get/parameters/2/schema/type", "string"),
        f"{THINGS}/get/parameters/2/schema",
    ),
    (
        "a shared parameter has another type",
        put("/components/parameters/Trace/schema/type", "integer"),
        "/components/parameters/Trace/schema",
    ),
    (
        "a parameter is written in another way",
        put(f"{THINGS}/get/parameters/0/explode", value=False),
        f"{THINGS}/get/parameters/0",
    ),
    ("a body is no longer taken", drop(f"{MADE}/requestBody"), f"{MADE}/requestBody"),
    ("a body becomes required", put(f"{MADE}/requestBody/required", value=True), f"{MADE}/requestBody"),
    (
        "a body appears and is required",
        put("/paths/~1things~1{id}/delete/requestBody", {"required": True, "content": {}}),
        "/paths/~1things~1{id}/delete/requestBody",
    ),
    (
        "a body's media type is removed",
        drop(f"{MADE}/requestBody/content/application~1merge-patch+json"),
        f"{MADE}/requestBody/content/application~1merge-patch+json",
    ),
    ("a request's field is removed", drop(f"{WISH}/properties/count"), f"{WISH}/properties/count"),
    (
        "a request's field becomes required",
        put(f"{WISH}/required", ["name", "kind"]),
        f"{WISH}/properties/kind",
    ),
    (
        "a required field is added",
        lambda doc: at(doc, WISH).update(
            required=["name", "x"], properties={**at(doc, WISH)["properties"], "x": {"type": "string"}}
        ),
        f"{WISH}/properties/x",
    ),
    (
        "a request's field has another type",
        put(f"{WISH}/properties/count/type", "integer"),
        f"{WISH}/properties/count",
    ),
    (
        "a request's field loses a value",
        put(f"{WISH}/properties/kind/enum", ["b"]),
        f"{WISH}/properties/kind",
    ),
    (
        "a request's field has another default",
        put(f"{WISH}/properties/kind/default", "b"),
        f"{WISH}/properties/kind",
    ),
    (
        "a request's pattern is another",
        put(f"{WISH}/properties/name/pattern", "^[a-y]*$"),
        f"{WISH}/properties/name",
    ),
    (
        "a request gains a pattern",
        put(f"{WISH}/properties/tags/items/pattern", "^x"),
        f"{WISH}/properties/tags/items",
    ),
    (
        "a request gains a format",
        put(f"{WISH}/properties/name/format", "hostname"),
        f"{WISH}/properties/name",
    ),
    (
        "a request's text must be longer",
        put(f"{WISH}/properties/name/minLength", 2),
        f"{WISH}/properties/name",
    ),
    (
        "a request's text must be shorter",
        put(f"{WISH}/properties/name/maxLength", 19),
        f"{WISH}/properties/name",
    ),
    (
        "a request's list must be shorter",
        put(f"{WISH}/properties/tags/maxItems", 4),
        f"{WISH}/properties/tags",
    ),
    (
        "a request's list must hold something",
        put(f"{WISH}/properties/tags/minItems", 1),
        f"{WISH}/properties/tags",
    ),
    (
        "a request's bound excludes itself",
        put(f"{WISH}/properties/count/exclusiveMinimum", 0),
        f"{WISH}/properties/count",
    ),
    (
        "a request's field takes no null any more",
        put(f"{WISH}/properties/place/anyOf", [{"$ref": "#/components/schemas/Person"}]),
        f"{WISH}/properties/place",
    ),
    (
        "a request's member is stricter behind a reference",
        put("/components/schemas/Person/properties/name/maxLength", 5),
        "/components/schemas/Person",
    ),
    (
        "a request's map takes other values",
        put(f"{WISH}/properties/variables/additionalProperties", {"type": "integer"}),
        f"{WISH}/properties/variables/additionalProperties",
    ),
    (
        "a request's map is closed",
        put(f"{WISH}/properties/variables/additionalProperties", value=False),
        f"{WISH}/properties/variables",
    ),
    (
        "a request's open object is closed",
        put(
            f"{MADE}/requestBody/content/application~1merge-patch+json/schema/additionalProperties",
            value=False,
        ),
        f"{MADE}/requestBody",
    ),
    ("a success is no longer answered", drop(f"{MADE}/responses/201"), f"{MADE}/responses/201"),
    (
        "a success that is not known is answered",
        put(f"{MADE}/responses/202", {"description": "Later"}),
        f"{MADE}/responses/202",
    ),
    (
        "an answer's media type is removed",
        drop(f"{THINGS}/get/responses/200/content/text~1csv"),
        f"{THINGS}/get/responses/200/content/text~1csv",
    ),
    (
        "an answer's header is removed",
        drop(f"{THINGS}/get/responses/200/headers"),
        f"{THINGS}/get/responses/200/headers/ETag",
    ),
    (
        "an answer's header may be missing",
        put(f"{THINGS}/get/responses/200/headers/ETag/required", value=False),
        f"{THINGS}/get/responses/200/headers/ETag",
    ),
    (
        "an answer's header has another type",
        put(f"{THINGS}/get/responses/200/headers/ETag/schema/type", "integer"),
        f"{THINGS}/get/responses/200/headers/ETag/schema",
    ),
    (
        "an answer is no list any more",
        put(
            f"{THINGS}/get/responses/200/content/application~1json/schema",
            {"$ref": "#/components/schemas/Thing"},
        ),
        f"{THINGS}/get/responses/200/content",
    ),
    (
        "an answer's field is removed",
        lambda doc: (at(doc, f"{THING}/properties").pop("size"), at(doc, f"{THING}/required").remove("size")),
        f"{THING}/properties/size",
    ),
    ("an answer's optional field is removed", drop(f"{THING}/properties/note"), f"{THING}/properties/note"),
    (
        "an answer's field may be missing",
        put(f"{THING}/required", ["id", "kind"]),
        f"{THING}/properties/size",
    ),
    (
        "an answer's field may be null",
        put(f"{THING}/properties/size/type", ["integer", "null"]),
        f"{THING}/properties/size",
    ),
    (
        "an answer's field has another type",
        put(f"{THING}/properties/size/type", "number"),
        f"{THING}/properties/size",
    ),
    (
        "an answer has another value",
        put(f"{THING}/properties/kind/enum", ["a", "b", "c"]),
        f"{THING}/properties/kind",
    ),
    (
        "an answer's values are no longer listed",
        drop(f"{THING}/properties/kind/enum"),
        f"{THING}/properties/kind",
    ),
    ("an answer's bound rises", put(f"{THING}/properties/size/maximum", 10), f"{THING}/properties/size"),
    ("an answer's format is removed", drop(f"{THING}/properties/id/format"), f"{THING}/properties/id"),
    (
        "an answer's text may be longer",
        put(f"{THING}/properties/note/anyOf/0/maxLength", 10),
        f"{THING}/properties/note",
    ),
    (
        "an answer's part of two loses a field",
        put(f"{THING}/properties/owner/allOf/1", {"type": "object"}),
        f"{THING}/properties/owner",
    ),
    (
        "an answer's referred part loses a field",
        lambda doc: at(doc, "/components/schemas/Person").update(required=[], properties={}),
        "/components/schemas/Person",
    ),
    (
        "an answer's map has other values",
        put(f"{THING}/properties/labels/additionalProperties", {"type": ["string", "null"]}),
        f"{THING}/properties/labels/additionalProperties",
    ),
    (
        "a scope is added",
        put(f"{MADE}/security", [{"token": ["write", "admin"]}, {"cookie": []}]),
        f"{MADE}/security",
    ),
    ("a way to authenticate is removed", drop(f"{MADE}/security/1"), f"{MADE}/security"),
    (
        "two ways are needed at once",
        put(f"{MADE}/security", [{"token": ["write"], "cookie": []}]),
        f"{MADE}/security",
    ),
    ("all operations need a scope", put("/security", [{"token": ["read"]}]), f"{THINGS}/get/security"),
    (
        "a security scheme is another",
        put("/components/securitySchemes/token/scheme", "basic"),
        "/components/securitySchemes/token/scheme",
    ),
    (
        "a security scheme is removed",
        drop("/components/securitySchemes/cookie"),
        "/components/securitySchemes/cookie",
    ),
    ("a problem type is removed", drop("/x-problem-types/gone"), "/x-problem-types/gone"),
    (
        "a problem type has another status",
        put("/x-problem-types/taken/status", 412),
        "/x-problem-types/taken/status",
    ),
    ("an event is no longer sent", drop("/webhooks/thing.made"), "/webhooks/thing.made/post"),
    (
        "an event has no body any more",
        drop("/webhooks/thing.made/post/requestBody"),
        "/webhooks/thing.made/post/requestBody",
    ),
    (
        "an event has no id any more",
        drop("/webhooks/thing.made/post/parameters"),
        "/webhooks/thing.made/post/parameters/0",
    ),
    (
        "a bulk line takes no field any more",
        drop("/components/schemas/DomainLine/properties/op"),
        "/components/schemas/DomainLine/properties/op",
    ),
    (
        "a bulk result has no field any more",
        drop("/components/schemas/LineResult/properties/line"),
        "/components/schemas/LineResult/properties/line",
    ),
    (
        "bulk lines are described no more",
        drop("/components/schemas/DomainLine"),
        "/components/schemas/DomainLine",
    ),
]
