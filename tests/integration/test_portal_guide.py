"""docs/integrations/portal.md, word for word: its commands in one shell, its answers as they are shown."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from contracts.html_reading import read_fragment
from databases import ON_SQLITE
from guide import check, run, steps_of
from service_process import ROOT, Service, signpost

pytestmark = [pytest.mark.integration, ON_SQLITE]

GUIDE = ROOT / "docs/integrations/portal.md"


def test_the_guide_does_and_shows_what_is(database_url: str, tmp_path: Path) -> None:
    assert signpost("demo", database_url=database_url).returncode == 0
    steps = steps_of(GUIDE.read_text())
    assert len(steps) >= 7
    with Service(database_url) as service:
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SIGNPOST_DATABASE_URL": database_url,
            "SIGNPOST": service.url,
        }
        outputs = run(steps, tmp_path, environment)
    for step, output in zip(steps, outputs, strict=True):
        check(step, output)
    page = (tmp_path / "page.html").read_text()
    start, end = page.index("<article"), page.index("</article>") + len("</article>")
    assert "srv12.hosting.example" in read_fragment(page[start:end]).text
