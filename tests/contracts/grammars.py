"""Grammars of autoconfig documents: as they are written here, and of what every client survives."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

FOLDER = Path(__file__).parent / "schemas"


def grammar(name: str) -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(FOLDER / f"{name}.rng"))


FORMAT, SAFE = grammar("autoconfig"), grammar("autoconfig-safe")


def faults(schema: etree.RelaxNG, document: bytes) -> list[str]:
    """Say what is wrong with a document; nothing where it is valid."""
    if schema.validate(etree.fromstring(document)):
        return []
    return [f"line {entry.line}: {entry.message}" for entry in schema.error_log]
