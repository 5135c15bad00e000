"""A guide as JSON: the data itself, with all texts in one language."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from app.instructions.headings import protocol_text

if TYPE_CHECKING:
    from app.instructions.guide import Entry, Guide, Note, Step, Way
    from app.instructions.languages import Language
    from app.instructions.program import Program


def render(guide: Guide, language: Language) -> bytes:
    """Write a guide as JSON."""
    return json.dumps(guide_members(guide, language), ensure_ascii=False, indent=2).encode()


def guide_members(guide: Guide, language: Language) -> dict[str, Any]:
    """Return what the JSON document has."""
    return {
        "client": client_members(guide.client, language),
        "domain": guide.domain,
        "address": guide.address,
        "provider": guide.provider,
        "language": language.tag,
        "direction": language.direction,
        "title": language.text(guide.title),
        "checked": language.text(guide.basis),
        "prerequisites": [
            {"text": language.text(item.text), "url": item.url} for item in guide.prerequisites
        ],
        "notes": [_note(note, language) for note in guide.notes],
        "protocols": [
            {
                "service": choice.service,
                "is_preferred": choice.is_preferred,
                "text": protocol_text(choice, guide, language),
            }
            for choice in guide.protocols
        ],
        "ways": [_way(way, language) for way in guide.ways],
    }


def client_members(client: Program, language: Language) -> dict[str, Any]:
    """Return what the JSON document and the list of clients say of a client."""
    basis = client.basis
    return {
        "slug": client.slug,
        "name": language.text(client.name),
        "platforms": list(client.platforms),
        "read": None if basis is None else basis.read,
        "documentation_url": None if basis is None else basis.url,
        "documentation_version": None if basis is None else basis.version,
    }


def _note(note: Note, language: Language) -> dict[str, Any]:
    return {"kind": note.kind.value, "code": note.code, "text": language.text(note.text)}


def _way(way: Way, language: Language) -> dict[str, Any]:
    return {
        "kind": way.kind.value,
        "service": way.service,
        "title": language.text(way.title),
        "steps": [_step(step, language) for step in way.steps],
        "outcome": language.text(way.outcome),
        "notes": [_note(note, language) for note in way.notes],
    }


def _step(step: Step, language: Language) -> dict[str, Any]:
    return {
        "action": step.action.value,
        "text": language.text(step.text),
        "targets": [language.text(target) for target in step.targets],
        "entries": [_entry(entry, language) for entry in step.entries],
        "url": step.url,
        "snippet": step.snippet,
    }


def _entry(entry: Entry, language: Language) -> dict[str, Any]:
    return {
        "label": language.text(entry.label),
        "kind": entry.kind.value,
        "text": language.text(entry.text),
        "value": entry.value,
        "service": entry.service,
        "server": entry.server,
    }
