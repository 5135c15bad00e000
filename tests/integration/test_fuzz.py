"""A bounded run of the coverage-guided fuzzer; ``make soak`` runs it for longer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fuzz.seeds import write_seeds

if TYPE_CHECKING:
    from pathlib import Path as PathType

FUZZER = Path(__file__).parents[1] / "fuzz" / "fuzz_requests.py"
SECONDS = int(os.environ.get("SIGNPOST_FUZZ_SECONDS", "10"))


def test_no_request_makes_a_format_fail_hang_or_grow(tmp_path: PathType) -> None:
    if os.environ.get("CI") != "true":
        pytest.importorskip("atheris", reason="atheris has no build for this machine")
    write_seeds(tmp_path)
    finished = subprocess.run(  # noqa: S603 - our own script
        [
            sys.executable,
            str(FUZZER),
            str(tmp_path),
            f"-max_total_time={SECONDS}",
            "-max_len=8192",
            "-timeout=5",
            "-rss_limit_mb=700",
            f"-artifact_prefix={tmp_path}/",
        ],
        capture_output=True,
        text=True,
        timeout=SECONDS + 60,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-2000:] + finished.stderr[-4000:]
    assert "Done " in finished.stderr
    print(next(line for line in reversed(finished.stderr.splitlines()) if line.startswith("Done ")))
