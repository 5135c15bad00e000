"""What one more client format costs: one module and one line, tried on a copy of the program."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from service_process import ROOT

if TYPE_CHECKING:
    from pathlib import Path

MODULE = '''"""A toy: the domain's name in JSON."""

import json

from app.core.documents import ClientFormat, Document, Endpoint
from app.core.questions import ADDRESS_PARAMETERS, question_for_request
from app.core.replies import document_inquiry


def render(account, _presentation):
    """Write the name."""
    return Document(body=json.dumps({"domain": account.domain.ascii}).encode(), media_type="application/json")


FORMATS = (
    ClientFormat(
        name="toy",
        title="A toy",
        media_type="application/json",
        file_extension="json",
        endpoints=(Endpoint(path="/.well-known/toy.json", summary="Toy", parameters=ADDRESS_PARAMETERS),),
        inquire=document_inquiry(question_for_request, render),
        render=render,
    ),
)
'''
ASK = """
import asyncio, httpx, json
from app.api.application import create_api
from app.main import wrap
from app.settings import Settings

async def ask():
    settings = Settings()
    api = create_api(settings)
    transport = httpx.ASGITransport(app=wrap(api, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://demo.example") as client:
        document = await client.get("/.well-known/toy.json")
    print(json.dumps({"document": document.json(), "paths": list(api.openapi()["paths"])}))
    await api.state.services.close()

asyncio.run(ask())
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program with the toy in it, and a database with the demo domain."""
    folder = tmp_path_factory.mktemp("tree")
    for name in ("app", "migrations"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "app/renderers/toy.py").write_text(MODULE)
    registry = folder / "app/renderers/__init__.py"
    before = registry.read_text()
    after = before.replace('    "autoconfig",\n', '    "autoconfig",\n    "toy",\n')
    assert len(after.splitlines()) == len(before.splitlines()) + 1
    registry.write_text(after)
    (folder / "data").mkdir()
    for command in ("migrate", "demo"):
        run(folder, "-m", "app", command)
    return folder


def run(tree: Path, *arguments: str) -> str:
    finished = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *arguments],
        cwd=tree,
        env={"PYTHONPATH": str(tree), "SIGNPOST_DATABASE_URL": f"sqlite+aiosqlite:///{tree}/data/toy.db"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_a_new_format_is_served_documented_and_listed(tree: Path) -> None:
    found: dict[str, Any] = json.loads(run(tree, "-c", ASK))
    assert found["document"] == {"domain": "demo.example"}
    assert "/.well-known/toy.json" in found["paths"]
    rendered = json.loads(run(tree, "-m", "app", "render", "toy", "jane@demo.example"))
    assert rendered == {"domain": "demo.example"}
    listed = run(tree, "-c", "from app.api.routes import formats; print(formats.format_reads())")
    assert "name='toy'" in listed
