"""What is called compatible is: no value that was valid is refused, whatever the schemas."""

from __future__ import annotations

from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from compatibility.schemas import Place, SchemaComparison, Way

NAMES = ("a", "b")
Schema = dict[str, Any]

_small = st.integers(-1, 3)
_texts = st.text("xy", max_size=3)
_numbers = st.fixed_dictionaries(
    {"type": st.sampled_from(["integer", "number"])},
    optional=dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _small),
)
_strings = st.fixed_dictionaries(
    {"type": st.just("string")},
    optional={"minLength": st.integers(0, 2), "maxLength": st.integers(0, 3), "pattern": st.just("^x")},
)
_listed = st.lists(_texts | _small | st.none(), min_size=1, max_size=3).map(lambda values: {"enum": values})
_leaves: st.SearchStrategy[Schema] = st.one_of(
    _numbers,
    _strings,
    _listed,
    st.sampled_from(
        [{}, {"type": "null"}, {"type": "boolean"}, {"const": "x"}, {"type": ["string", "null"]}]
    ),
)


def _objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    # Closed: in an open one, a member that is described for the first time could have been anything before.
    return st.fixed_dictionaries(
        {
            "type": st.just("object"),
            "additionalProperties": st.just(False),  # noqa: FBT003 - as JSON Schema has it
            "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
        },
        optional={"required": st.lists(st.sampled_from(NAMES), unique=True)},
    )


def _composed(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    several = st.lists(inner, min_size=1, max_size=2)
    return st.one_of(
        _objects(inner),
        st.fixed_dictionaries({"type": st.just("object"), "additionalProperties": inner}),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}, optional={"maxItems": _small}),
        several.map(lambda parts: {"anyOf": parts}),
        several.map(lambda parts: {"allOf": parts}),
    )


SCHEMAS: st.SearchStrategy[Schema] = st.recursive(_leaves, _composed, max_leaves=4)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | _small | st.just(0.5) | _texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
    max_leaves=3,
)


def breaks(way: Way, released: Schema, present: Schema) -> list[str]:
    comparison = SchemaComparison(released, present)
    return list(map(str, comparison.breaks(way, Place(released, "", released), Place(present, "", present))))


@given(SCHEMAS, SCHEMAS, st.lists(VALUES, min_size=5, max_size=20))
def test_what_clients_sent_is_still_valid(released: Schema, present: Schema, values: list[Any]) -> None:
    if breaks(Way.REQUEST, released, present):
        return
    before, after = jsonschema.Draft202012Validator(released), jsonschema.Draft202012Validator(present)
    for value in values:
        assert after.is_valid(value) or not before.is_valid(value), value


@given(SCHEMAS)
def test_a_schema_does_not_break_itself(schema: Schema) -> None:
    for way in Way:
        # Written otherwise, so that equality is no shortcut.
        assert breaks(way, schema, {"allOf": [schema]}) == []
        assert breaks(way, {"anyOf": [schema]}, schema) == []


@given(SCHEMAS, SCHEMAS)
def test_one_more_alternative_breaks_requests_never(schema: Schema, other: Schema) -> None:
    assert breaks(Way.REQUEST, schema, {"anyOf": [other, schema]}) == []
    assert breaks(Way.RESPONSE, {"anyOf": [other, schema]}, schema) == []
