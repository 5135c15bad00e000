"""What of an OpenAPI document clients of a release rely on, and no longer find in the present one."""

from __future__ import annotations

from typing import Any, Final

from compatibility.schemas import Break, Place, SchemaComparison, Way, parameter_default_breaks

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_LINES: Final = {
    "DomainLine": Way.REQUEST,
    "LineResult": Way.RESPONSE,
    "BulkSummary": Way.RESPONSE,
}
"""What lines of NDJSON are: a document has no means to say it of a line, so no operation refers to these."""
PROBLEM_TYPES: Final = "x-problem-types"


def breaking_changes(released: dict[str, Any], present: dict[str, Any]) -> list[Break]:
    """Compare two OpenAPI documents; return what clients of the released one could fail at."""
    return sorted(_Comparison(released, present).found())


class _Comparison:
    def __init__(self, released: dict[str, Any], present: dict[str, Any]) -> None:
        self._schemas = SchemaComparison(released, present)
        self._before, self._after = Place(released, "", released), Place(present, "", present)

    def found(self) -> set[Break]:
        found: set[Break] = set()
        for section in ("paths", "webhooks"):
            if section in self._before.schema:
                found |= self._section_breaks(section)
        found |= self._scheme_breaks() | self._problem_breaks()
        for name, way in _LINES.items():
            found |= self._line_breaks(name, way)
        return found

    def _section_breaks(self, section: str) -> set[Break]:
        # What we send to a webhook is an answer by another way.
        found: set[Break] = set()
        after = self._after.schema.get(section, {})
        for path, item in self._before.schema[section].items():
            for method in (method for method in _METHODS if method in item):
                place = self._before.at(section, path, method)
                if method not in after.get(path, {}):
                    found.add(Break(place.pointer, "removed"))
                    continue
                present = self._after.at(section, path, method)
                if section == "webhooks":
                    found |= self._webhook_breaks(place, present)
                else:
                    found |= self._operation_breaks(place, present, item, after[path])
        return found

    def _operation_breaks(
        self, before: Place, after: Place, old_item: dict[str, Any], new_item: dict[str, Any]
    ) -> set[Break]:
        found: set[Break] = set()
        if before.schema.get("operationId") != after.schema.get("operationId"):
            found.add(Break(f"{before.pointer}/operationId", f"is now {after.schema.get('operationId')!r}"))
        found |= self._parameter_breaks(
            _parameters(before, old_item.get("parameters")),
            _parameters(after, new_item.get("parameters")),
            Way.REQUEST,
        )
        found |= self._body_breaks(before, after)
        found |= self._response_breaks(before, after)
        return found | self._security_breaks(before, after)

    def _webhook_breaks(self, before: Place, after: Place) -> set[Break]:
        found = self._parameter_breaks(_parameters(before), _parameters(after), Way.RESPONSE)
        if "requestBody" in before.schema:
            if "requestBody" not in after.schema:
                return found | {Break(f"{before.pointer}/requestBody", "no longer sent")}
            bodies = before.at("requestBody").resolved(), after.at("requestBody").resolved()
            found |= self._content_breaks(Way.RESPONSE, *bodies)
        return found

    def _parameter_breaks(
        self, before: dict[tuple[str, str], Place], after: dict[tuple[str, str], Place], way: Way
    ) -> set[Break]:
        found: set[Break] = set()
        for key, place in before.items():
            if key not in after:
                found.add(Break(place.pointer, f"the {key[0]} parameter {key[1]!r} is removed"))
                continue
            present = after[key]
            found |= self._serialized_breaks(way, place, present)
            is_weaker = place.schema.get("required", False) and not present.schema.get("required", False)
            if way is Way.RESPONSE and is_weaker:
                found.add(Break(place.pointer, f"the {key[0]} parameter {key[1]!r} may now be missing"))
            for name in ("style", "explode"):
                if place.schema.get(name) != present.schema.get(name):
                    found.add(Break(place.pointer, f"{name} is now {present.schema.get(name)!r}"))
        if way is Way.REQUEST:
            for key, place in after.items():
                was_required = key in before and before[key].schema.get("required", False)
                if place.schema.get("required", False) and not was_required:
                    found.add(Break(place.pointer, f"the {key[0]} parameter {key[1]!r} is newly required"))
        return found

    def _serialized_breaks(self, way: Way, before: Place, after: Place) -> set[Break]:
        """Compare a parameter or a header: a schema, or a content of one media type."""
        if "content" in before.schema or "content" in after.schema:
            return self._content_breaks(way, before, after)
        found = set(self._schemas.breaks(way, *(_schema_of(place) for place in (before, after))))
        if way is Way.REQUEST:
            found |= parameter_default_breaks(_schema_of(before), _schema_of(after))
        return found

    def _content_breaks(self, way: Way, before: Place, after: Place) -> set[Break]:
        found: set[Break] = set()
        for media_type in before.schema.get("content", {}):
            place = before.at("content", media_type)
            if media_type not in after.schema.get("content", {}):
                found.add(Break(place.pointer, f"the media type is removed from the {way}"))
                continue
            schemas = _schema_of(place), _schema_of(after.at("content", media_type))
            found |= self._schemas.breaks(way, *schemas)
        return found

    def _body_breaks(self, before: Place, after: Place) -> set[Break]:
        name = "requestBody"
        old = before.at(name).resolved() if name in before.schema else None
        new = after.at(name).resolved() if name in after.schema else None
        if old is not None and new is None:
            return {Break(old.pointer, "a body is no longer taken")}
        found: set[Break] = set()
        if new is not None:
            was_required = old is not None and old.schema.get("required", False)
            if new.schema.get("required", False) and not was_required:
                found.add(Break(new.pointer, "a body is newly required"))
        if old is not None and new is not None:
            found |= self._content_breaks(Way.REQUEST, old, new)
        return found

    def _response_breaks(self, before: Place, after: Place) -> set[Break]:
        found: set[Break] = set()
        responses = after.schema.get("responses", {})
        for status in before.schema.get("responses", {}):
            place = before.at("responses", status).resolved()
            if status not in responses:
                # Fewer ways to fail break nobody.
                if _is_success(status):
                    found.add(Break(place.pointer, "no longer answered"))
                continue
            present = after.at("responses", status).resolved()
            found |= self._content_breaks(Way.RESPONSE, place, present)
            found |= self._header_breaks(place, present)
        for status in responses:
            if _is_success(status) and status not in before.schema.get("responses", {}):
                found.add(Break(after.at("responses", status).pointer, "a success that clients do not know"))
        return found

    def _header_breaks(self, before: Place, after: Place) -> set[Break]:
        found: set[Break] = set()
        present = {name.lower(): name for name in after.schema.get("headers", {})}
        for name in before.schema.get("headers", {}):
            place = before.at("headers", name)
            if name.lower() not in present:
                found.add(Break(place.pointer, "the header is removed from the response"))
                continue
            old, new = place.resolved(), after.at("headers", present[name.lower()]).resolved()
            found |= self._serialized_breaks(Way.RESPONSE, old, new)
            if old.schema.get("required", False) and not new.schema.get("required", False):
                found.add(Break(place.pointer, "the header may now be missing"))
        return found

    def _security_breaks(self, before: Place, after: Place) -> set[Break]:
        old, new = (
            place.schema.get("security", root.schema.get("security")) or [{}]
            for place, root in ((before, self._before), (after, self._after))
        )
        return {
            Break(f"{before.pointer}/security", f"{_named(needed)} is no longer enough")
            for needed in old
            if not any(_is_enough(needed, wanted) for wanted in new)
        }

    def _scheme_breaks(self) -> set[Break]:
        found: set[Break] = set()
        before, after = (
            place.schema.get("components", {}).get("securitySchemes", {})
            for place in (self._before, self._after)
        )
        for name, scheme in before.items():
            pointer = self._before.at("components", "securitySchemes", name).pointer
            if name not in after:
                found.add(Break(pointer, "removed"))
                continue
            for member in ("type", "scheme", "in", "name", "openIdConnectUrl"):
                if scheme.get(member) != after[name].get(member):
                    found.add(Break(f"{pointer}/{member}", f"is now {after[name].get(member)!r}"))
        return found

    def _problem_breaks(self) -> set[Break]:
        before, after = (place.schema.get(PROBLEM_TYPES, {}) for place in (self._before, self._after))
        found: set[Break] = set()
        for slug, known in before.items():
            place = self._before.at(PROBLEM_TYPES, slug)
            if slug not in after:
                found.add(Break(place.pointer, "the problem type is removed"))
            elif after[slug]["status"] != known["status"]:
                found.add(Break(f"{place.pointer}/status", f"is now {after[slug]['status']}"))
        return found

    def _line_breaks(self, name: str, way: Way) -> set[Break]:
        path = ("components", "schemas", name)
        if name not in self._before.schema.get("components", {}).get("schemas", {}):
            return set()
        place = self._before.at(*path)
        if name not in self._after.schema.get("components", {}).get("schemas", {}):
            return {Break(place.pointer, "removed")}
        return set(self._schemas.breaks(way, place, self._after.at(*path)))


def _parameters(operation: Place, shared: list[Any] | None = None) -> dict[tuple[str, str], Place]:
    """Return parameters by place and name; those of an operation go before those of its path."""
    found: dict[tuple[str, str], Place] = {}
    path = operation.pointer.rpartition("/")[0]
    places = [Place(operation.document, f"{path}/parameters/{index}", schema)
              for index, schema in enumerate(shared or ())]  # fmt: skip
    own = operation.schema.get("parameters", ())
    places += [operation.at("parameters", index) for index in range(len(own))]
    for place in (place.resolved() for place in places):
        where, name = place.schema["in"], place.schema["name"]
        found[where, name.lower() if where == "header" else name] = place
    return found


def _schema_of(holder: Place) -> Place:
    if "schema" in holder.schema:
        return holder.at("schema")
    return Place(holder.document, f"{holder.pointer}/schema", {})


def _is_success(status: str) -> bool:
    return status[0] in "23"


def _is_enough(given: dict[str, list[str]], wanted: dict[str, list[str]]) -> bool:
    """Tell whether whoever has what was wanted has what is."""
    return all(name in given and set(scopes) <= set(given[name]) for name, scopes in wanted.items())


def _named(requirement: dict[str, list[str]]) -> str:
    parts = [f"{name} ({', '.join(scopes)})" if scopes else name for name, scopes in requirement.items()]
    return " with ".join(parts) or "no security at all"
