"""How pages look like a provider's, within what is safe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from app.core.provider import Page, Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """A provider on a page."""

    name: str
    logo: str | None
    """Where on this host it is; None where there is none, or it is another's."""
    colour: str | None
    """Six hexadecimal digits, for the path of its style sheet."""


def brand_of(provider: Provider, service_url: str) -> Brand:
    """Return how a provider is shown.

    A logo at another host is left out: whoever runs that host would learn who sets up mail, and the page's
    policy names no other host. A reverse proxy can serve it under the service's own address.
    """
    return Brand(
        name=provider.display_name,
        logo=_own_path(provider.logo_url, service_url),
        colour=None if provider.colour is None else provider.colour.removeprefix("#").lower(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpPage:
    """A page of the provider's own."""

    url: str
    text: str
    """What it is about; the address where nothing is said."""
    language: str | None


def help_pages(provider: Provider, language: str) -> tuple[HelpPage, ...]:
    """Return a provider's pages, described in a language where that is possible."""
    return tuple(_help_page(page, language) for page in provider.documentation)


def _help_page(page: Page, language: str) -> HelpPage:
    described = sorted(page.descriptions, key=lambda one: one.language != language)
    if not described:
        return HelpPage(url=page.url, text=page.url, language=None)
    return HelpPage(url=page.url, text=described[0].text, language=described[0].language)


def _own_path(url: str | None, service_url: str) -> str | None:
    if url is None:
        return None
    asked, own = urlsplit(url), urlsplit(service_url)
    if (asked.scheme, asked.netloc.lower()) != (own.scheme, own.netloc.lower()):
        return None
    return asked.path + (f"?{asked.query}" if asked.query else "")
