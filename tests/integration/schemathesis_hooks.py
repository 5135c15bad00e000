"""What the generator of requests cannot know by itself: how lines of bulk requests look, and their answers.

Loaded by the tool (``hooks`` in schemathesis.toml); the schemas are those of the document.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import schemathesis
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import ensure_resource_availability

if TYPE_CHECKING:
    from schemathesis import Case, CheckContext, HookContext, Response, SerializationContext

NDJSON = "application/x-ndjson"
BULK_PATH = "/api/v1/domains/bulk"
PROVIDERS = ("demo", "other", "")

_labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
_names = st.one_of(
    # Few, so that lines meet what other lines stored.
    st.sampled_from([f"bulk{number}.example" for number in range(5)]),
    st.builds("{}.example".format, _labels),
    st.text(max_size=12),
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
_members: dict[str, st.SearchStrategy[Any]] = {
    "op": st.sampled_from(["put", "patch", "delete", "gone"]),
    "provider": st.sampled_from(PROVIDERS) | st.none(),
    "alias_of": _names | st.none(),
    "variables": st.dictionaries(st.sampled_from(["NODE", "node", "X"]), st.text(max_size=8), max_size=2),
    "status": st.sampled_from(["active", "suspended", "x"]),
    "published_name": st.sampled_from(["own", "shared", "automatic", "x"]),
    "reference": st.text(max_size=12) | st.none(),
    "serves_mx": st.booleans() | st.none(),
    "servers": st.just([]) | st.none() | _json,
    "mailboxes": st.lists(
        st.fixed_dictionaries({"local_part": st.text(max_size=5)}, optional={"login": st.text(max_size=5)}),
        max_size=2,
    ),
    "if_match": st.integers(-1, 3) | st.just("*") | st.none(),
}
_objects = st.fixed_dictionaries({"name": _names}, optional=_members)
_lines = st.one_of(
    _objects.map(lambda line: json.dumps(line).encode()),
    _objects.map(lambda line: json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass")),
    _json.map(lambda line: json.dumps(line).encode()),
    st.binary(max_size=20),
)


def _written(lines: list[bytes], end: bytes) -> bytes:
    return b"".join(line + end for line in lines)


_bodies = st.builds(_written, st.lists(_lines, max_size=8), st.sampled_from([b"\n", b"\r\n"]))


@schemathesis.serializer(NDJSON)
def write_lines(ctx: SerializationContext, value: Any) -> bytes:
    """Send examples, which are texts, and what is generated here as they are."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@schemathesis.hook
def before_generate_body(ctx: HookContext, strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Generate lines beside the texts that the document speaks of."""
    is_bulk = ctx.operation is not None and ctx.operation.path == BULK_PATH
    return _bodies | strategy if is_bulk else strategy


@schemathesis.check
def bulk_answers_conform(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Hold each line of a bulk answer to the schema that its description names."""
    if case.operation.path != BULK_PATH or case.method != "POST" or response.status_code != 200:
        return
    components = case.operation.schema.raw_schema["components"]
    *results, summary = [json.loads(line) for line in response.content.decode().split("\n")[:-1]]
    for name, answers in (("LineResult", results), ("BulkSummary", [summary])):
        schema = {**components["schemas"][name], "components": components}
        validator = jsonschema.Draft202012Validator(schema)
        for answer in answers:
            validator.validate(answer)
    assert summary["lines"] == len(results)


@schemathesis.check
def created_resources_are_there(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """Look for what a POST created, as the tool does, but not after a dry run, which creates none."""
    parent = ctx.internals.find_parent(case_id=case.id)
    answer = None if parent is None else ctx.internals.find_response(case_id=parent.id)
    if answer is not None and "signpost-dry-run" in answer.headers:
        return None
    return ensure_resource_availability(ctx, response, case)
