"""Two real processes on one database: what is changed through one is served by the other within a second."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from service_process import Service, fill_with_demo

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.integration

NOTICED_SECONDS = 1.0
ENVIRONMENT = {"SIGNPOST_REQUESTS_PER_MINUTE_PER_ADDRESS": "0"}
NAME = "two.example"


def answer(service: Service) -> httpx.Response:
    return httpx.get(f"{service.url}/mail/config-v1.1.xml?emailaddress=jane@{NAME}")


def says(word: str) -> Callable[[httpx.Response], bool]:
    return lambda answer: answer.status_code == 200 and word in answer.text


def is_gone(answer: httpx.Response) -> bool:
    return answer.status_code == 404


def test_a_change_through_one_process_is_served_by_the_other(database_url: str) -> None:
    token = fill_with_demo(database_url)
    with (
        Service(database_url, environment=ENVIRONMENT) as here,
        Service(database_url, environment=ENVIRONMENT) as there,
        httpx.Client(base_url=f"{here.url}/api/v1", headers={"Authorization": f"Bearer {token}"}) as client,
    ):

        def write(method: str, path: str, content: str, media_type: str = "application/json") -> None:
            headers = {"Content-Type": media_type}
            done = client.request(method, path, content=content, headers=headers)
            assert done.is_success, done.text
            assert '"failed":1' not in done.text

        def rename(name: str) -> Callable[[], None]:
            body = json.dumps({"display_name": name})
            return lambda: write("PATCH", "/providers/demo", body, "application/merge-patch+json")

        def write_many(reference: str) -> None:
            names = (NAME, *(f"d{number}.example" for number in range(300)))
            lines = [json.dumps({"name": name, "provider": "demo", "reference": reference}) for name in names]
            write("POST", "/domains/bulk", "\n".join(lines), "application/x-ndjson")

        put = f"/domains/{NAME}"
        steps: tuple[tuple[Callable[[], None], Callable[[httpx.Response], bool]], ...] = (
            (lambda: write("PUT", put, '{"provider": "demo"}'), says(NAME)),
            (rename("One"), says("One")),
            (rename("Two"), says("Two")),
            (lambda: write("POST", f"{put}/suspend", "{}"), is_gone),
            (lambda: write("POST", f"{put}/resume", "{}"), says("Two")),
            (lambda: write("DELETE", put, ""), is_gone),
            (lambda: write_many("a"), says("Two")),
        )
        for change, expected in steps:
            for service in (here, there) * 4:
                assert not expected(answer(service))
            change()
            began = time.monotonic()
            assert expected(answer(here))
            while not expected(answer(there)):
                assert time.monotonic() - began < NOTICED_SECONDS
                time.sleep(0.01)
