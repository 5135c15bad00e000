"""Rules for what is written here, which documents from elsewhere may break and stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.errors import IssueCollector
from app.core.placeholders import has_truncated_placeholder
from app.core.provider import MAX_SHORT_NAME, Provider
from app.core.servers import ExchangeOptions

if TYPE_CHECKING:
    from app.core.servers import Server

_TRUNCATED: Final = "must not have a placeholder without its percent sign"


def check_authored_provider(provider: Provider) -> None:
    """Check a provider that somebody writes through the API.

    Raises:
        InvalidInput: For a short name over the draft's limit, and for mistyped placeholders.
    """
    issues = IssueCollector()
    if len(provider.short_name) > MAX_SHORT_NAME:
        issues.add(f"must be at most {MAX_SHORT_NAME} characters long", "short_name")
    with issues.at():
        check_authored_servers(provider.servers)
    issues.close()


def check_authored_servers(servers: tuple[Server, ...]) -> None:
    """Check servers that somebody writes through the API.

    Raises:
        InvalidInput: For a standard placeholder that lacks a percent sign.
    """
    issues = IssueCollector()
    for position, server in enumerate(servers):
        for field in ("hostname", "url", "username", "shared_hostname"):
            if has_truncated_placeholder(getattr(server, field) or ""):
                issues.add(_TRUNCATED, "servers", position, field)
        if isinstance(server.options, ExchangeOptions):
            url = server.options.autodiscover_url
            if has_truncated_placeholder(url or ""):
                issues.add(_TRUNCATED, "servers", position, "exchange", "autodiscover_url")
    issues.close()
