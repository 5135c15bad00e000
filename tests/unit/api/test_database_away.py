"""What is answered outside the management API while the database is away."""

from __future__ import annotations

import pytest

from databases import UNREACHABLE_URL
from in_process import serving


@pytest.mark.parametrize("path", ["caldav", "mta-sts.txt"])
async def test_clients_of_well_known_paths_are_asked_to_come_back(path: str) -> None:
    async with serving(UNREACHABLE_URL) as client:
        headers = {"host": "mta-sts.customer.example"}
        response = await client.get(f"/.well-known/{path}", headers=headers)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert response.headers["content-type"].startswith("text/plain")


async def test_of_certificates_only_the_services_own_name_is_known() -> None:
    async with serving(UNREACHABLE_URL) as client:
        own = await client.get("/tls/ask", params={"domain": "signpost.host.example"})
        other = await client.get("/tls/ask", params={"domain": "customer.example"})
    assert own.status_code == 200
    assert other.status_code == 503
    assert other.headers["retry-after"] == "5"
