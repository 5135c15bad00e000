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
from app.core.merging import MAX_DEPTH, depth_of, merged

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
            return body.model_validate(merged(writable, self.members))
        except ValidationError as error:
            issues = error.errors(include_url=False, include_context=False, include_input=False)
            located = [{**issue, "loc": ("body", *issue["loc"])} for issue in issues]
            raise RequestValidationError(located) from None


async def _merge_patch(request: Request) -> MergePatch:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPE:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, headers={"Accept-Patch": MEDIA_TYPE})
    try:
        members = json.loads(await request.body())
        depth = depth_of(members)
    except (ValueError, RecursionError):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The body is not JSON.") from None
    if not isinstance(members, dict) or depth > MAX_DEPTH:
        raise refuse(f"must be a JSON object, nested at most {MAX_DEPTH} deep")
    return MergePatch(members)


MergePatchDependency = Annotated[MergePatch, Depends(_merge_patch)]


def patch_body(body: type[Shape]) -> dict[str, Any]:
    """Document the body of a route that takes a patch of such a resource."""
    schema = {"$ref": f"#/components/schemas/{patch_name(body)}"}
    return {"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": schema}}}}


def patch_name(body: type[Shape]) -> str:
    """Return the name of the schema of a patch."""
    return f"{body.__name__.removesuffix('Body')}Patch"


def patch_schema(body: type[Shape]) -> dict[str, Any]:
    """Return the schema of a patch: members of the body, null where there is a default; none is needed."""
    whole = body.model_json_schema(ref_template="#/components/schemas/{model}")
    needed = whole.get("required", ())
    members = {
        name: _patched(schema, whole.get("$defs", {}), may_go=name not in needed)
        for name, schema in whole["properties"].items()
    }
    return {
        "type": "object",
        "title": patch_name(body),
        "description": "What is sent replaces what is stored; null goes back to the default.",
        "additionalProperties": False,
        "properties": members,
    }


def _patched(schema: dict[str, Any], definitions: dict[str, Any], *, may_go: bool) -> dict[str, Any]:
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
    parts = [part for part in bare if part != {"type": "null"}]
    return {**kept, "anyOf": [*parts, {"type": "null"}] if may_go else parts}
