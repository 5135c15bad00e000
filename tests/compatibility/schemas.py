"""Whether a schema still takes, or gives, what it did: JSON Schema as OpenAPI 3.1 documents use it.

One question is asked both ways. What a client sends by the released schema must be valid by the present one;
what the service sends by the present schema must be valid by the released one, but for members that are more:
clients ignore those. Where the answer cannot be known (two patterns), a change counts as a breaking one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import jsonschema
from typing_extensions import override

Schema = dict[str, Any]

_PROSE: Final = frozenset(
    {"title", "description", "examples", "example", "default", "deprecated", "$comment", "externalDocs"}
)
_ALTERNATIVES: Final = ("anyOf", "oneOf")
_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_SAME: Final = (
    "pattern", "format", "contentMediaType", "contentEncoding", "contentSchema", "multipleOf", "uniqueItems",
    "patternProperties", "propertyNames", "prefixItems", "contains", "not", "dependentRequired",
)  # fmt: skip
_MOST_ALTERNATIVES: Final = 64
_REFERENCE: Final = re.compile(r'"\$ref": "([^"]+)"')


class Way(StrEnum):
    """Who sends what a schema describes."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True, order=True)
class Break:
    """A change that clients of the release could fail at."""

    pointer: str
    """Where, in the released document; for what came in addition, in the present one."""
    what: str

    @override
    def __str__(self) -> str:
        return f"{self.pointer}: {self.what}"


@dataclass(frozen=True, slots=True)
class Place:
    """A schema, and where it is."""

    document: dict[str, Any]
    pointer: str
    schema: Any

    def at(self, *path: str | int) -> Place:
        """Return what is below."""
        node = self.schema
        for step in path:
            node = node[step]
        return Place(self.document, self.pointer + "".join(map(_escaped, path)), node)

    def resolved(self) -> Place:
        """Follow a reference, if it is one; the members beside it hold as well."""
        schema = self.schema
        if not isinstance(schema, dict) or "$ref" not in schema:
            return self
        found = Place(self.document, "", self.document).at(*_steps(schema["$ref"])).resolved()
        beside = {name: value for name, value in schema.items() if name not in _PROSE | {"$ref"}}
        if not beside:
            return found
        return Place(self.document, self.pointer, {"allOf": [{"$ref": schema["$ref"]}, beside]})


def _same_references(released: dict[str, Any], present: dict[str, Any]) -> set[str]:
    """Return the references behind which both documents say the same, with all that is referred to there."""
    documents = Place(released, "", released), Place(present, "", present)
    texts = [json.dumps(root.schema) for root in documents]
    shared = set(_REFERENCE.findall(texts[0])).intersection(_REFERENCE.findall(texts[1]))
    behind: dict[str, list[str]] = {}
    for reference in shared:
        before, after = (json.dumps(root.at(*_steps(reference)).schema, sort_keys=True) for root in documents)
        if before == after:
            behind[reference] = _REFERENCE.findall(before)
    while changed := [one for one, others in behind.items() if not behind.keys() >= set(others)]:
        for one in changed:
            del behind[one]
    return set(behind)


def _steps(reference: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in reference.removeprefix("#/").split("/")]


def _escaped(step: str | int) -> str:
    return "/" + str(step).replace("~", "~0").replace("/", "~1")


class SchemaComparison:
    """Compares schemas of two documents, each pair that is referred to once."""

    def __init__(self, released: dict[str, Any], present: dict[str, Any]) -> None:
        """Take the documents that references lead into."""
        self.released = released
        self.present = present
        self._known: dict[tuple[Way, str, str, str, str], frozenset[Break]] = {}
        self._same = _same_references(released, present)

    def breaks(self, way: Way, released: Place, present: Place) -> frozenset[Break]:
        """Find what breaks where the present schema stands for the released one."""
        released, present = released.resolved(), present.resolved()
        before, after = (json.dumps(place.schema, sort_keys=True) for place in (released, present))
        if before == after and self._same.issuperset(_REFERENCE.findall(before)):
            return frozenset()
        # What is merged of two schemas has the place of one of them.
        key = (way, released.pointer, present.pointer, before, after)
        if key not in self._known:
            # A schema that holds itself breaks nothing by that.
            self._known[key] = frozenset()
            self._known[key] = frozenset(self._compared(way, released, present))
        return self._known[key]

    def _compared(self, way: Way, released: Place, present: Place) -> set[Break]:
        sources, targets = branches(released), branches(present)
        if way is Way.RESPONSE:
            sources, targets = targets, sources
        found: set[Break] = set()
        for source in (one for branch in sources for one in _single_values(branch)):
            candidates = [target for target in targets if _may_hold(source.schema, target.schema)]
            results = [self._branch_breaks(way, source, target) for target in candidates]
            if results:
                found |= min(results, key=len)
            else:
                found.add(_without_place(way, source, released))
        return found

    def _branch_breaks(self, way: Way, source: Place, target: Place) -> set[Break]:
        released = source if way is Way.REQUEST else target
        said = {
            Break(released.pointer, _said(way, keyword, source.schema.get(keyword), target.schema[keyword]))
            for keyword in target.schema
            if not _is_within(keyword, source.schema, target.schema)
        }
        kinds = {source.schema.get("type"), target.schema.get("type")}
        if "array" in kinds:
            said |= self._parts_breaks(way, source, target, "items")
        if "object" in kinds or "properties" in target.schema:
            present = target if way is Way.REQUEST else source
            said |= self._object_breaks(way, released, present)
            said |= self._parts_breaks(way, source, target, "additionalProperties")
        return said

    def _parts_breaks(self, way: Way, source: Place, target: Place, keyword: str) -> set[Break]:
        """Compare what is said of all elements, or of all members without a name of their own."""
        inner = target.schema.get(keyword, True)
        outer = source.schema.get(keyword, True)
        if inner is True or inner == {}:
            return set()
        released = source if way is Way.REQUEST else target
        if inner is False:
            # In answers, clients ignore members that are more than they know.
            is_fine = way is Way.RESPONSE or outer is False
            return set() if is_fine else {Break(released.pointer, f"{keyword} are no longer taken")}
        if outer is False:
            if way is Way.REQUEST:
                return set()
            return {Break(released.pointer, f"{keyword} are no longer given")}
        if outer is True:
            source = Place(source.document, source.pointer, {**source.schema, keyword: {}})
        pair = source.at(keyword), target.at(keyword)
        return set(self.breaks(way, *(pair if way is Way.REQUEST else pair[::-1])))

    def _object_breaks(self, way: Way, released: Place, present: Place) -> set[Break]:
        before, after = (place.schema.get("properties", {}) for place in (released, present))
        needed_before, needed_after = (set(place.schema.get("required", ())) for place in (released, present))
        found: set[Break] = set()
        for name in before:
            place = released.at("properties", name)
            if name in after:
                found |= self.breaks(way, place, present.at("properties", name))
                found |= _default_breaks(way, place, present.at("properties", name))
            else:
                found.add(Break(place.pointer, f"removed from the {way}"))
        if way is Way.REQUEST:
            for name in needed_after - needed_before:
                found.add(Break(f"{present.pointer}/properties{_escaped(name)}", "newly required"))
        else:
            for name in (needed_before - needed_after) & set(after):
                found.add(Break(f"{released.pointer}/properties{_escaped(name)}", "may now be missing"))
        return found


def _default_breaks(way: Way, released: Place, present: Place) -> set[Break]:
    """Find a default that is another one: who sends nothing means something else by it."""
    if way is Way.RESPONSE or "default" not in released.schema:
        return set()
    before, after = released.schema["default"], present.schema.get("default")
    if before == after:
        return set()
    return {Break(released.pointer, f"the default {before!r} is now {after!r}")}


def parameter_default_breaks(released: Place, present: Place) -> set[Break]:
    """Find a parameter's default that is another one."""
    return _default_breaks(Way.REQUEST, released.resolved(), present.resolved())


def branches(place: Place) -> list[Place]:
    """Return the alternatives of a schema, each with one type at most and nothing to be looked up."""
    place = place.resolved()
    if not isinstance(place.schema, dict):
        return [] if place.schema is False else [Place(place.document, place.pointer, {})]
    own = {name: value for name, value in place.schema.items() if name not in _PROSE}
    found = [Place(place.document, place.pointer, own)]
    for keyword in _ALTERNATIVES:
        if keyword in own:
            own.pop(keyword)
            options = [branch for index in range(len(place.schema[keyword]))
                       for branch in branches(place.at(keyword, index))]  # fmt: skip
            found = _crossed(found, options)
    for index in range(len(own.pop("allOf", ()))):
        found = _crossed(found, branches(place.at("allOf", index)))
    return [one for branch in found for one in _single_types(branch)]


def _crossed(left: list[Place], right: list[Place]) -> list[Place]:
    """Return each of the one with each of the other, both holding."""
    crossed = [
        # The place of the part: what is wrong is there.
        Place(b.document, b.pointer, _merged(a.schema, b.schema))
        for a in left
        for b in right
        if _may_hold(a.schema, b.schema) or _may_hold(b.schema, a.schema)
    ]
    return crossed[:_MOST_ALTERNATIVES]


def _closed_to(closed: Schema, other: Schema) -> Schema:
    """Return a schema without the members that a closed one beside it refuses."""
    if closed.get("additionalProperties") is not False or "properties" not in other:
        return other
    own = closed.get("properties", {})
    return {**other, "properties": {name: one for name, one in other["properties"].items() if name in own}}


def _merged(left: Schema, right: Schema) -> Schema:
    left, right = _closed_to(right, left), _closed_to(left, right)
    merged = {**left, **right}
    if _wider(left.get("type")) == right.get("type") is not None:
        merged["type"] = left["type"]
    for keyword in ("properties", "patternProperties"):
        if keyword in left and keyword in right:
            shared = left[keyword].keys() & right[keyword].keys()
            both = {name: {"allOf": [left[keyword][name], right[keyword][name]]} for name in shared}
            merged[keyword] = {**left[keyword], **right[keyword], **both}
    if "required" in left and "required" in right:
        merged["required"] = sorted({*left["required"], *right["required"]})
    if "enum" in left and "enum" in right:
        merged["enum"] = [value for value in left["enum"] if value in right["enum"]]
    for keywords, tightest in ((_LOWER, max), (_UPPER, min)):
        for keyword in keywords:
            if keyword in left and keyword in right:
                merged[keyword] = tightest(left[keyword], right[keyword])
    return merged


def _single_types(place: Place) -> list[Place]:
    schema = place.schema
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
        schema.pop("const")
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return [Place(place.document, place.pointer, {**schema, "type": kind}) for kind in kinds]
    return [Place(place.document, place.pointer, schema)]


def _single_values(place: Place) -> list[Place]:
    """Return a place for each value that is listed: each may have another counterpart."""
    values = place.schema.get("enum")
    if values is None:
        return [place]
    return [Place(place.document, place.pointer, {**place.schema, "enum": [value]}) for value in values]


def _may_hold(source: Schema, target: Schema) -> bool:
    """Tell whether the types leave anything in common; the rest is compared one by one."""
    kind, other = source.get("type"), target.get("type")
    if other is None or kind == other:
        return True
    if "enum" in source and kind is None:
        kinds = [_kind_of(value) for value in source["enum"]]
        return all(other in {one, _wider(one)} for one in kinds)
    return bool(_wider(kind) == other)


def _wider(kind: str | None) -> str | None:
    return "number" if kind == "integer" else None


def _kind_of(value: object) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


def _is_within(keyword: str, source: Schema, target: Schema) -> bool:
    limit, own = target[keyword], source.get(keyword)
    if keyword == "enum":
        return own is not None and all(value in limit for value in own)
    if "enum" in source:
        # One value that was valid; whether it matches a pattern needs no guess.
        return keyword not in {*_LOWER, *_UPPER, *_SAME} or own == limit or _is_valid(source, keyword, limit)
    if keyword in _LOWER:
        bounds = [source[name] for name in _kin(keyword) if name in source]
        return any(bound >= limit for bound in bounds)
    if keyword in _UPPER:
        bounds = [source[name] for name in _kin(keyword) if name in source]
        return any(bound <= limit for bound in bounds)
    return keyword not in _SAME or bool(own == limit)


def _is_valid(source: Schema, keyword: str, limit: object) -> bool:
    validator = jsonschema.Draft202012Validator({keyword: limit})
    values: list[Any] = source["enum"]
    return all(bool(validator.is_valid(value)) for value in values)


def _kin(keyword: str) -> tuple[str, ...]:
    """Return the bounds that imply this one when they are as tight."""
    kin = {"minimum": ("minimum", "exclusiveMinimum"), "maximum": ("maximum", "exclusiveMaximum")}
    return kin.get(keyword, (keyword,))


def _said(way: Way, keyword: str, own: Any, limit: object) -> str:
    if keyword == "enum" and way is Way.RESPONSE:
        return f"may now be {'another value' if own is None else repr(own[0])} than {limit!r}"
    if keyword == "enum":
        return f"takes {limit!r} only, no longer {'any value' if own is None else repr(own[0])}"
    before, after = (own, limit) if way is Way.REQUEST else (limit, own)
    return f"{keyword} was {before!r} and is {after!r}"


def _without_place(way: Way, source: Place, released: Place) -> Break:
    kind = source.schema.get("type")
    values = source.schema.get("enum")
    named = repr(values[0]) if values else kind or "any value"
    verb = "no longer takes" if way is Way.REQUEST else "may now be"
    return Break(released.pointer, f"{verb} {named}")
