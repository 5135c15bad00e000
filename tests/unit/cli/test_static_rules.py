"""The rules of a static export leave no question of a client to the web server's own 404."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from app.cli.static_rules import MTA_STS_PATH, Rest, Site, write_rules
from app.renderers import FORMATS
from app.services.static_documents import Layout
from app.services.well_known import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator

UPSTREAM: Final = "127.0.0.1:8080"
LOCATION: Final = re.compile(r"^location (=|~\*?) (\S+) \{$", re.MULTILINE)
PATH_MATCHER: Final = re.compile(r"^\t@\w+ path ([^\n]+)$", re.MULTILINE)
EXPRESSION: Final = re.compile(r'^\t@services path_regexp "([^"]+)"$', re.MULTILINE)


def rules(rest: Rest) -> dict[str, str]:
    return write_rules(
        Site(
            files="/srv/tree",
            layout=Layout.FILES,
            rest=rest,
            upstream=UPSTREAM,
            service_url="https://signpost.hosting.example",
        )
    )


def asked() -> Iterator[str]:
    """All places where clients ask for something of a domain, in letters that they may use."""
    for client_format in FORMATS:
        for endpoint in client_format.endpoints:
            path = re.sub(r"\{\w+\}", "customer.example", endpoint.path)
            yield path
            if endpoint.is_any_case:
                yield path.upper()
                yield path.title()
    yield from (f"/.well-known/{name}" for name in SERVICES)
    yield MTA_STS_PATH


def is_taken_by_nginx(text: str, path: str) -> bool:
    return any(
        path == place
        if kind == "="
        else re.search(place, path, re.IGNORECASE if kind == "~*" else 0) is not None
        for kind, place in LOCATION.findall(text)
    )


def is_taken_by_caddy(text: str, path: str) -> bool:
    # Of `path`, letters count in any case.
    plain = {place.lower() for places in PATH_MATCHER.findall(text) for place in places.split()}
    (expression,) = EXPRESSION.findall(text)
    return path.lower() in plain or re.search(expression, path) is not None


@pytest.mark.parametrize("rest", Rest)
def test_every_place_of_clients_has_a_rule(rest: Rest) -> None:
    written = rules(rest)
    for path in asked():
        assert is_taken_by_nginx(written["nginx-server.conf"], path), path
        assert is_taken_by_caddy(written["Caddyfile"], path), path


@pytest.mark.parametrize(
    "path",
    ["/", "/index.html", "/.well-known/caldavs", "/.well-known/security.txt", "/api/v1/domains", "/admin"],
)
def test_what_is_no_place_of_clients_is_left_alone(path: str) -> None:
    written = rules(Rest.PROXY)
    assert not is_taken_by_nginx(written["nginx-server.conf"], path)
    assert not is_taken_by_caddy(written["Caddyfile"], path)
