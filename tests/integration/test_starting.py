"""How the service starts and stops, as whoever supervises it sees it."""

from __future__ import annotations

import json
import signal
import sys
import urllib.request
from typing import TYPE_CHECKING, Final

import pytest

from service_process import Service, free_port, signpost

if TYPE_CHECKING:
    from pathlib import Path

    from postgres import PostgresCluster

pytestmark = pytest.mark.integration

SERVE: Final = (sys.executable, "-m", "app", "serve")
FAILURE: Final = 3


@pytest.fixture
def bare_database_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/bare.db"


def is_ready(service: Service) -> bool:
    with urllib.request.urlopen(f"{service.url}/health/ready", timeout=5) as response:  # noqa: S310 - loopback
        return bool(json.load(response)["schema_current"])


def test_serve_refuses_a_database_without_the_schema_and_names_the_remedy(bare_database_url: str) -> None:
    found = signpost("serve", "--port", str(free_port()), database_url=bare_database_url)
    assert found.returncode == FAILURE
    assert "signpost migrate" in found.stderr
    assert "Traceback" not in found.stderr


def check_refusal(database_url: str, reason: str) -> None:
    for command in (("serve", "--port", str(free_port())), ("migrate",)):
        found = signpost(*command, database_url=database_url)
        assert found.returncode == FAILURE, found.stderr
        assert reason in found.stderr
        assert "Traceback" not in found.stderr
        assert "secret" not in found.stderr


def test_a_file_that_cannot_be_opened_is_told_in_a_sentence(tmp_path: Path) -> None:
    # A folder in the file's place is refused to root too.
    for _ in range(5):
        check_refusal(f"sqlite+aiosqlite:///{tmp_path}", "unable to open database file")


def test_a_server_that_does_not_answer_is_told_in_a_sentence() -> None:
    check_refusal(f"postgresql+asyncpg://app@127.0.0.1:{free_port()}/signpost", "Connect call failed")


def test_a_database_that_does_not_exist_is_told_in_a_sentence(postgres: PostgresCluster) -> None:
    check_refusal(postgres.url("nothing"), 'database "nothing" does not exist')


def test_a_user_that_does_not_exist_is_told_in_a_sentence(postgres: PostgresCluster) -> None:
    url = postgres.url("template").replace("//app@", "//nobody:secret@")
    check_refusal(url, 'role "nobody" does not exist')


def test_serve_migrates_first_when_it_is_told_to(bare_database_url: str) -> None:
    for _ in range(2):
        with Service(bare_database_url, command=(*SERVE, "--migrate")) as service:
            assert is_ready(service)


def test_serve_shows_the_demo_domain_when_it_is_told_to(bare_database_url: str) -> None:
    question = "/mail/config-v1.1.xml?emailaddress=jane@demo.example"
    for _ in range(2):
        with (
            Service(bare_database_url, command=(*SERVE, "--demo")) as service,
            urllib.request.urlopen(service.url + question, timeout=5) as response,  # noqa: S310 - loopback
        ):
            assert b"<domain>demo.example</domain>" in response.read()


def test_serve_ends_with_success_when_it_is_told_to_stop(bare_database_url: str) -> None:
    for stop, workers in ((signal.SIGTERM, "1"), (signal.SIGINT, "1"), (signal.SIGTERM, "2")):
        with Service(bare_database_url, command=(*SERVE, "--migrate", "--workers", workers)) as service:
            service.process.send_signal(stop)
            assert service.process.wait(25) == 0, service.process.communicate()[1]
