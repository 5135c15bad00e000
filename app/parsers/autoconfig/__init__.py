"""Thunderbird autoconfig files, as the ISPDB has them."""

from __future__ import annotations

from app.core.notices import Notice
from app.parsers.autoconfig.file import MAX_BYTES, AutoconfigFile, parse_autoconfig
from app.parsers.autoconfig.sections import Section, WrittenFile, read_sections

__all__ = [
    "MAX_BYTES",
    "AutoconfigFile",
    "Notice",
    "Section",
    "WrittenFile",
    "parse_autoconfig",
    "read_sections",
]
