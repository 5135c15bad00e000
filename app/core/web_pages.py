"""Web pages, which many servers send in place of the document that was asked for."""

from __future__ import annotations

import re
from typing import Final

_START_BYTES: Final = 2048
# Nothing is given back once it matched: there are more ways to cut a row of comments than time to try them.
_PAGE: Final = re.compile(
    rb"\s*+(?:\xef\xbb\xbf\s*+)?(?:<\?xml[^>]*+>)?(?>\s*+<!--.*?-->)*+\s*+<(?:!doctype\s++html|html)\b",
    re.IGNORECASE | re.DOTALL,
)


def is_page(document: bytes) -> bool:
    """Tell whether a document, or its start, is HTML to all appearances."""
    return _PAGE.match(document[:_START_BYTES]) is not None
