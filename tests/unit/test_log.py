from __future__ import annotations

import io
import json
import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from app.log import configure_logging
from app.settings import Settings
from typing_extensions import override

from command import kept_process

if TYPE_CHECKING:
    from collections.abc import Iterator


class Terminal(io.StringIO):
    """A terminal, as far as anybody asks."""

    @override
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _kept() -> Iterator[None]:
    with kept_process():
        yield


def written(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, **settings: Any) -> io.StringIO:
    """Send the logs into a stream."""
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging(Settings(**settings))
    return stream


def test_lines_are_json_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = written(monkeypatch, io.StringIO())
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger("signpost.test").info("done", count=3)
    logging.getLogger("library").warning("told %s", "so")
    ours, theirs = map(json.loads, stream.getvalue().splitlines())
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {
        "event": "done",
        "count": 3,
        "level": "info",
        "logger": "signpost.test",
        "request_id": "r1",
    }
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("told so", "warning", "library")


def test_a_bug_is_one_line_of_json(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = written(monkeypatch, io.StringIO())
    structlog.get_logger("signpost.test").error("bug", exc_info=ZeroDivisionError())
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["exception"][0]["exc_type"] == "ZeroDivisionError"


def fail_with(token: str) -> None:
    raise ZeroDivisionError(len(token))


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_bug_does_not_tell_what_its_variables_held(
    monkeypatch: pytest.MonkeyPatch, log_format: str
) -> None:
    stream = written(monkeypatch, Terminal(), log_format=log_format)
    held = "sp_" + "secret"
    with pytest.raises(ZeroDivisionError) as raised:
        fail_with(held)
    structlog.get_logger("signpost.test").error("bug", exc_info=raised.value)
    try:
        fail_with(held)
    except ZeroDivisionError:
        logging.getLogger("uvicorn.error").exception("failed")
    assert stream.getvalue().count("ZeroDivisionError") >= 2
    assert "fail_with" in stream.getvalue()
    assert "sp_secret" not in stream.getvalue()


@pytest.mark.parametrize(
    ("stream", "log_format", "is_json", "is_coloured"),
    [
        (Terminal(), "auto", False, True),
        (Terminal(), "json", True, False),
        (io.StringIO(), "console", False, False),
    ],
)
def test_lines_are_for_people_where_people_are(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, log_format: str, *, is_json: bool, is_coloured: bool
) -> None:
    written(monkeypatch, stream, log_format=log_format)
    structlog.get_logger("signpost.test").info("done")
    assert stream.getvalue().startswith("{") is is_json
    assert ("\x1b[" in stream.getvalue()) is is_coloured


def test_only_what_is_wanted_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = written(monkeypatch, io.StringIO(), log_level="WARNING")
    log = structlog.get_logger("signpost.test")
    log.info("quiet")
    log.warning("loud")
    logging.getLogger("alembic.runtime").info("quiet")
    logging.getLogger("uvicorn.access").critical(
        "GET /mail/config-v1.1.xml?emailaddress=jane@customer.example"
    )
    logging.getLogger("uvicorn.error").error("loud")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["loud", "loud"]


@pytest.mark.parametrize("name", ["aiosqlite", "httpcore.http11", "httpx"])
def test_libraries_that_tell_all_values_do_not_even_at_debug(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    stream = written(monkeypatch, io.StringIO(), log_level="DEBUG")
    logging.getLogger(name).debug("a secret")
    logging.getLogger(name).info("a secret")
    logging.getLogger("signpost.test").debug("heard")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["heard"]
