"""Files as they are written, for clients with rules of their own."""

from __future__ import annotations

import time

import pytest
from app.core.errors import InvalidInput
from app.parsers.autoconfig import read_sections

from contracts.clients.samples import IMAP, SMTP, config


def test_a_declaration_of_the_document_type_is_passed_over() -> None:
    written = read_sections(b"<!DOCTYPE clientConfig>" + config(IMAP, SMTP))
    assert written is not None
    assert [section.type for section in written.sections] == ["imap", "smtp"]


def test_declarations_without_an_end_do_not_take_long() -> None:
    began = time.process_time()
    with pytest.raises(InvalidInput, match="well-formed"):
        read_sections(b"<!DOCTYPE " * 6400)
    assert time.process_time() - began < 0.5
