"""SQLite on a file system without room: a small one of its own, which only root may mount."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from service_process import Service, fill_with_demo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.integration, pytest.mark.slow]

DISK_BYTES: Final = 6 * 1024 * 1024
NO_TOKEN: Final = {"Authorization": ""}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "signpost-test", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the system's
    if mounted.returncode:
        reason = f"no file system can be mounted here: {mounted.stderr.strip()}"
        if os.environ.get("CI") == "true" and os.geteuid() == 0:
            pytest.fail(reason)
        pytest.skip(reason)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607 - the system's


def fill(folder: Path) -> Path:
    """Leave no byte."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        size = 65536
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2
    return ballast


def send_many(client: httpx.Client) -> httpx.Response:
    """Ask for what is done as a whole, of which all that comes is kept in a file first."""
    lines = "".join(f'{{"name":"b{number}.example","provider":"demo"}}\n' for number in range(60_000))
    headers = {"Content-Type": "application/x-ndjson"}
    return client.post("/api/v1/domains/bulk?atomic=true", content=lines, headers=headers)


def check_refusals(answers: list[httpx.Response]) -> None:
    for answer in answers:
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["type"].endswith("/problems/not-available")
    assert all("has no room left" in answer.text for answer in answers[-2:])


def test_a_full_disk_is_told_of_and_all_is_well_when_there_is_room_again(
    disk: Path, sqlite_template: Path
) -> None:
    shutil.copy(sqlite_template, disk / "test.db")
    url = f"sqlite+aiosqlite:///{disk}/test.db"
    token = fill_with_demo(url)
    with (
        Service(url, environment={"TMPDIR": str(disk)}) as service,
        httpx.Client(
            base_url=service.url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        ) as client,
    ):

        def write(name: str) -> httpx.Response:
            return client.put(f"/api/v1/domains/{name}", json={"provider": "demo", "reference": "x" * 60})

        def served(domain: str) -> int:
            return client.get(f"/v1.1/{domain}", headers=NO_TOKEN).status_code

        stored = [f"d{number}.example" for number in range(5)]
        for name in stored:
            assert write(name).status_code == 201
        assert served("demo.example") == 200
        ballast = fill(disk)
        # What is left of pages that are allocated may still take some.
        refused: list[httpx.Response] = []
        for number in range(3000):
            answer = write(f"more{number}.example")
            if answer.status_code == 201:
                stored.append(f"more{number}.example")
                continue
            refused.append(answer)
            if len(refused) == 5:
                break
        assert refused, "the disk was never full"
        check_refusals([*refused, send_many(client)])
        # What reads goes on: what was taken is there, and what was refused is not.
        assert served("demo.example") == 200
        assert {served(name) for name in stored} == {200}
        assert served("nobody.example") == 404
        assert client.get("/api/v1/domains").status_code == 200
        assert client.get("/health/ready").status_code == 200
        ballast.unlink()
        deadline = time.monotonic() + 15
        while write("after.example").status_code not in {200, 201}:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert {served(name) for name in (*stored, "after.example")} == {200}
    with Service(url) as again:
        found = httpx.get(f"{again.url}/v1.1/after.example")
        assert found.status_code == 200
