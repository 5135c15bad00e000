"""JSON Merge Patch (RFC 7396) on plain JSON data."""

from __future__ import annotations

from typing import Any, Final

MAX_DEPTH: Final = 20


def merged(target: Any, patch: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the target with the patch's members in place of its own; null takes one away."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def depth_of(value: Any) -> int:  # noqa: ANN401 - any JSON
    """Return how deep JSON data is nested.

    Raises:
        RecursionError: When that is very deep.
    """
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth_of, parts), default=0)
