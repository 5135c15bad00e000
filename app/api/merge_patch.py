"""JSON Merge Patch (RFC 7396): the members that are sent replace those that are stored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from app.api.schemas.shapes import Shape
from app.core.errors import refuse

MEDIA_TYPE: Final = "application/merge-patch+json"

ShapeT = TypeVar("ShapeT", bound=Shape)


@dataclass(frozen=True, slots=True)
class MergePatch:
    """Members to be merged into a resource."""

    members: dict[str, Any]

    def applied(self, body: type[ShapeT], present: Shape) -> ShapeT:
        """Return the writable part of a resource with the patch merged into it.

        Members that are null go back to their default; lists are replaced as a whole.

        Raises:
            RequestValidationError: When what comes out is no such body.
        """
        writable = present.model_dump(mode="json", include=set(body.model_fields))
        try:
            return body.model_validate(_merged(writable, self.members))
        except ValidationError as error:
            issues = error.errors(include_url=False, include_context=False, include_input=False)
            located = [{**issue, "loc": ("body", *issue["loc"])} for issue in issues]
            raise RequestValidationError(located) from None


def _merged(target: Any, patch: Any) -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), value)
    return result


async def _merge_patch(request: Request) -> MergePatch:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPE:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, headers={"Accept-Patch": MEDIA_TYPE})
    try:
        members = json.loads(await request.body())
        depth = _depth(members)
    except (ValueError, RecursionError):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The body is not JSON.") from None
    if not isinstance(members, dict) or depth > _MAX_DEPTH:
        raise refuse(f"must be a JSON object, nested at most {_MAX_DEPTH} deep")
    return MergePatch(members)


_MAX_DEPTH: Final = 20


def _depth(value: Any) -> int:  # noqa: ANN401 - any JSON
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, parts), default=0)


MergePatchDependency = Annotated[MergePatch, Depends(_merge_patch)]


def patch_body(body: type[Shape]) -> dict[str, Any]:
    """Document the body of a route that takes a patch of such a resource."""
    schema = {"$ref": f"#/components/schemas/{patch_name(body)}"}
    return {"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": schema}}}}


def patch_name(body: type[Shape]) -> str:
    """Return the name of the schema of a patch."""
    return f"{body.__name__.removesuffix('Body')}Patch"


def patch_schema(body: type[Shape]) -> dict[str, Any]:
    """Return the schema of a patch: each member of the body, or null, and none is needed."""
    whole = body.model_json_schema(ref_template="#/components/schemas/{model}")
    members = {name: _patched(schema, whole.get("$defs", {})) for name, schema in whole["properties"].items()}
    return {
        "type": "object",
        "title": patch_name(body),
        "description": "What is sent replaces what is stored; null goes back to the default.",
        "additionalProperties": False,
        "properties": members,
    }


def _patched(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    names = ("title", "description", "examples")
    kept: dict[str, Any] = {name: schema[name] for name in names if name in schema}
    alternatives = schema.get("anyOf", [schema])
    targets = [definitions.get(part.get("$ref", "").rpartition("/")[2], part) for part in alternatives]
    if any(target.get("type") == "object" for target in targets):
        # Merged member by member, so that any of its members may be missing or null.
        return {**kept, "type": ["object", "null"]}
    bare = [
        {name: value for name, value in part.items() if name not in {*kept, "default"}}
        for part in alternatives
    ]
    return {**kept, "anyOf": [*(part for part in bare if part != {"type": "null"}), {"type": "null"}]}
