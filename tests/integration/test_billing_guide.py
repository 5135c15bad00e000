"""docs/integrations/billing.md, word for word: its commands in one shell, its answers as they are shown."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from guide import Answer, NotAsShown, Step, check, run, steps_of
from receivers import Receiver
from service_process import ROOT, Service, signpost

if TYPE_CHECKING:
    from receivers import Received

pytestmark = pytest.mark.integration

GUIDE = ROOT / "docs/integrations/billing.md"
MANY_STEPS = 30


def shell_environment(database_url: str, service: Service, receiver: Receiver) -> dict[str, str]:
    """What the guide tells to set, and what the operator's shell has."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "SIGNPOST_DATABASE_URL": database_url,
        "SIGNPOST": service.url,
        "HOOK": receiver.url(),
    }


def test_the_guide_does_and_shows_what_is(database_url: str, tmp_path: Path) -> None:
    assert signpost("demo", database_url=database_url).returncode == 0
    steps = steps_of(GUIDE.read_text())
    assert len(steps) >= MANY_STEPS
    to_loopback = {"SIGNPOST_ALLOW_NETWORKS": "127.0.0.0/8", "SIGNPOST_WEBHOOK_ALLOW_HTTP": "true"}
    with Receiver() as receiver, Service(database_url, environment=to_loopback) as service:
        outputs = run(steps, tmp_path, shell_environment(database_url, service, receiver))
        for step, output in zip(steps, outputs, strict=True):
            check(step, output)
        (secret,) = {secret for output in outputs for secret in re.findall(r'"secret":"(\w+_[^"]+)"', output)}
        ping = awaited(receiver)
    assert json.loads(ping.body)["type"] == "webhook.ping"
    (definition,) = [step.command for step in steps if step.command.startswith("is_genuine()")]
    assert is_genuine(definition, secret, ping, ping.body, tmp_path)
    assert not is_genuine(definition, secret, ping, ping.body + b" ", tmp_path)
    assert not is_genuine(definition, f"whsec_{'A' * 43}=", ping, ping.body, tmp_path)


def awaited(receiver: Receiver) -> Received:
    end = time.monotonic() + 60
    while not receiver.received:
        assert time.monotonic() < end, "no ping came"
        time.sleep(0.05)
    return receiver.received[0]


def is_genuine(definition: str, secret: str, request: Received, body: bytes, folder: Path) -> bool:
    """Have the guide's function judge a request."""
    (folder / "body").write_bytes(body)
    headers = [request.headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature")]
    script = f'{definition}\nis_genuine "$@"'
    judged = subprocess.run(  # noqa: S603 - our own guide
        ["/bin/bash", "-c", script, "bash", secret, *headers, "body"], cwd=folder, check=False
    )
    return judged.returncode == 0


def test_each_block_of_the_guide_is_run_or_compared() -> None:
    text = GUIDE.read_text()
    steps = steps_of(text)
    answers = sum(step.answer is not None for step in steps)
    assert (len(steps) + answers) * 2 == sum(line.startswith("```") for line in text.splitlines())
    with pytest.raises(NotAsShown):
        steps_of("```python\nx\n```\n")


CAME = 'HTTP/1.1 200 OK\netag: "2"\ncontent-type: application/json\n\n{"a":1,"b":["x-1"],"c":{"d":null}}'


@pytest.mark.parametrize(
    "shown",
    [
        'HTTP/1.1 200 OK\nETag: "2"\n\n{"a": 1, "b": ["x-1"], "c": {"d": null}}\n',
        'HTTP/1.1 200 OK\nETag: …\n\n{"a": …, "b": ["x-…"], …}\n',
    ],
)
def test_what_is_as_shown_passes(shown: str) -> None:
    check(Step("", Answer("http", shown)), CAME)


@pytest.mark.parametrize(
    "shown",
    [
        'HTTP/1.1 201 Created\n\n{"a": 1, …}',
        'HTTP/1.1 200 OK\nETag: "3"\n\n{"a": 1, …}',
        'HTTP/1.1 200 OK\nX-Other: …x\n\n{"a": 1, …}',
        'HTTP/1.1 200 OK\n\n{"a": 2, …}',
        'HTTP/1.1 200 OK\n\n{"a": 1, "b": ["x-1"]}',
        'HTTP/1.1 200 OK\n\n{"b": ["y-…"], …}',
        'HTTP/1.1 200 OK\n\n{"b": [], …}',
        'HTTP/1.1 200 OK\n\n{"missing": …, "a": 1, …}',
        "HTTP/1.1 200 OK\n",
    ],
)
def test_what_is_not_as_shown_fails(shown: str) -> None:
    with pytest.raises(NotAsShown):
        check(Step("", Answer("http", shown)), CAME)


def test_what_is_not_shown_at_all_fails_and_so_does_a_failing_command(tmp_path: Path) -> None:
    with pytest.raises(NotAsShown):
        check(Step("echo x", None), "x\n")
    with pytest.raises(NotAsShown):
        run([Step("false\n", None)], tmp_path, {})
    first, second = run([Step("X=1\n", None), Step("echo $X\n", None)], tmp_path, {})
    assert (first, second) == ("", "1\n")
