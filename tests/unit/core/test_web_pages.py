"""What is taken for a web page, in little time whatever comes."""

from __future__ import annotations

import time

import pytest
from app.core.web_pages import is_page


@pytest.mark.parametrize(
    "document",
    [
        b"<html>",
        b"\n\xef\xbb\xbf\n<!DOCTYPE  html>",
        b'<?xml version="1.0"?>\n<!-- one\nof two --> <!-- comments --><HTML lang="en">',
    ],
)
def test_a_page_is_recognised_by_its_start(document: bytes) -> None:
    assert is_page(document)


@pytest.mark.parametrize(
    "document",
    [b"", b"Not found.", b"<htmlx>", b"<!-- <html> -->", b"<!-- a --> --> <html>", b"<clientConfig/>"],
)
def test_other_text_is_no_page(document: bytes) -> None:
    assert not is_page(document)


@pytest.mark.parametrize("part", [b"<!---->", b"<!--", b"\n", b"<!DOCTYPE ", b"<?xml ", b"<!-- --> \n"])
def test_no_start_takes_long_to_judge(part: bytes) -> None:
    began = time.process_time()
    assert not is_page(part * 1000)
    assert not is_page(part * 50 + b"x")
    assert time.process_time() - began < 0.5
