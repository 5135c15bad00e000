"""The OpenAPI document against the running service: generated requests, all checks, calls in sequence.

``SIGNPOST_API_EXAMPLES`` is how many examples each operation gets; with more than a few, the phase that walks
every boundary of every parameter runs too. Lines of bulk requests, which the tool cannot write by itself, and
checks of our own are in schemathesis_hooks.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakes.dns import FakeDns
from service_process import Service, signpost

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = int(os.environ.get("SIGNPOST_API_EXAMPLES", "1"))
PHASES = "examples,fuzzing,stateful" if EXAMPLES < 10 else "examples,coverage,fuzzing,stateful"
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
TOKENS = "^/api/v1/tokens"
NO_TOKENS = ("domains:read", "domains:write", "providers:write", "verify", "instructions:read", "audit:read")


@pytest.fixture(scope="module")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('conformance')}/signpost.db"
    for command in ("migrate", "demo"):
        assert signpost(command, database_url=url).returncode == 0
    return url


@pytest.fixture(scope="module")
def service(database_url: str) -> Iterator[Service]:
    # Wrong tokens are among what is generated, and waiting would leave the rest unjudged.
    limits = ("FREE_ATTEMPTS", "REQUESTS_PER_MINUTE_PER_ADDRESS", "REQUESTS_PER_MINUTE_PER_TOKEN")
    environment = {f"SIGNPOST_{name}": "0" for name in limits}
    # Nothing is to be posted to URLs that were made up.
    environment["SIGNPOST_DELIVER_WEBHOOKS"] = "false"
    environment["SIGNPOST_DISCOVERIES_PER_MINUTE_PER_TOKEN"] = "0"
    # Nor does anybody know names that were.
    with FakeDns() as names:
        environment["SIGNPOST_RESOLVER"] = f"127.0.0.1:{names.port}"
        with Service(database_url, environment=environment) as running:
            yield running


def a_token(database_url: str, *scopes: str) -> str:
    options = [option for scope in scopes for option in ("--scope", scope)]
    made = signpost("token", "create", "--name", "conformance", *options, database_url=database_url)
    found = re.search(r"\bsp_\S+", made.stdout)
    assert found, made.stderr
    return found.group()


def run(service: Service, folder: Path, *options: str) -> int:
    """Have requests generated and judged; return how many there were."""
    program = Path(sys.executable).with_name("schemathesis")
    fixed = (
        f"--phases={PHASES}",
        f"--max-examples={EXAMPLES}",
        "--generation-database=none",
        "--continue-on-failure",
        "--no-color",
        "--warnings=off",
    )
    ended = subprocess.run(  # noqa: S603 - a tool of ours
        [program, "--config-file", CONFIGURATION, "run", f"{service.url}/openapi.json", *fixed, *options],
        cwd=folder,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS)},
        capture_output=True,
        text=True,
        timeout=60 + 60 * EXAMPLES,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    counted = re.search(r"^\s*(\d+) generated", ended.stdout, re.MULTILINE)
    assert counted, ended.stdout
    cases = int(counted.group(1))
    print(f"\n{cases} cases ({' '.join(option for option in options if 'Bearer' not in option)})")
    return cases


def status_with(service: Service, token: str) -> int:
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{service.url}/api/v1/domains", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            status: int = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
    return status


def test_the_service_does_what_its_document_says(service: Service, database_url: str, tmp_path: Path) -> None:
    token = a_token(database_url, *NO_TOKENS)
    bearer = f"Authorization: Bearer {token}"
    cases = run(service, tmp_path, "-H", bearer, "--exclude-path-regex", TOKENS)
    assert cases > len(NO_TOKENS)
    # Nothing that was generated took the right away, so that all of it was judged.
    assert status_with(service, token) == 200


def test_tokens_are_managed_as_documented(service: Service, database_url: str, tmp_path: Path) -> None:
    bearer = f"Authorization: Bearer {a_token(database_url, 'tokens:write', 'domains:read')}"
    assert run(service, tmp_path, "-H", bearer, "--include-path-regex", TOKENS) > 0


def test_webhooks_are_managed_as_documented(service: Service, database_url: str, tmp_path: Path) -> None:
    bearer = f"Authorization: Bearer {a_token(database_url, 'admin')}"
    assert run(service, tmp_path, "-H", bearer, "--include-path-regex", "^/api/v1/webhook") > 0


def test_callers_without_a_token_get_what_is_documented(service: Service, tmp_path: Path) -> None:
    assert run(service, tmp_path) > 0


def test_the_service_still_lives(service: Service) -> None:
    assert service.process.poll() is None
    assert status_with(service, "sp_000000000000_none") == 401
