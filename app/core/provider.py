"""A provider: who runs the servers, what they are called, and what their users should read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from app.core.errors import IssueCollector, refuse
from app.core.names import EmailAddress
from app.core.placeholders import checked_variables
from app.core.servers import Server, check_servers
from app.core.text import free_text, language_tag, single_line, web_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.mail_transport import MtaSts, TlsReporting

MAX_DISPLAY_NAME: Final = 60
MAX_SHORT_NAME: Final = 20
"""The draft's limit, kept for what is written here; imported files may break it (ADR 0008)."""
MAX_TEXT: Final = 2000
MAX_ENTRIES: Final = 50

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
SUBADDRESS_SEPARATORS: Final = "+-=_.#"
SLUG_RULE: Final = "must be 1 to 63 lower-case letters, digits, inner hyphens and dots"
NAMING_RULE: Final = "must be a provider's slug"
"""What is wrong with what names no provider; an empty text is not as if none were named."""


def is_slug(text: str) -> bool:
    """Tell whether a provider could be called so."""
    return _SLUG.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalisedText:
    """A text in one language, or in none that is named."""

    text: str
    language: str | None = None

    def __post_init__(self) -> None:
        """Refuse texts that cannot be shown and languages that are none."""
        issues = IssueCollector()
        with issues.at("text"):
            if free_text(self.text, MAX_TEXT) != self.text:
                raise refuse("must not start or end with white space")
        with issues.at("language"):
            if self.language is not None:
                language_tag(self.language)
        issues.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A web page for users, with what it is about in several languages."""

    url: str
    descriptions: tuple[LocalisedText, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is no URL."""
        issues = IssueCollector()
        with issues.at("url"):
            web_url(self.url)
        if len(self.descriptions) > MAX_ENTRIES:
            issues.add(f"must be at most {MAX_ENTRIES} descriptions", "descriptions")
        issues.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Where users find help from people."""

    email: str | None = None
    phone: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no address, no number or no URL."""
        issues = IssueCollector()
        with issues.at("email"):
            if self.email is not None:
                EmailAddress.parse(self.email)
        with issues.at("phone"):
            if self.phone is not None:
                single_line(self.phone, 40)
        with issues.at("url"):
            if self.url is not None:
                web_url(self.url)
        issues.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2:
    """Where tokens come from (autoconfig draft, "OAuth2"). A client secret is not stored."""

    issuer: str
    """The issuer's bare host name, as the draft and the ISPDB write it."""
    scope: str
    authorization_url: str
    token_url: str
    client_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no URL or no single line."""
        issues = IssueCollector()
        for name, length in (("issuer", 253), ("scope", 2000)):
            with issues.at(name):
                single_line(getattr(self, name), length)
        for name in ("authorization_url", "token_url"):
            with issues.at(name):
                web_url(getattr(self, name))
        with issues.at("client_id"):
            if self.client_id is not None:
                single_line(self.client_id, 500)
        issues.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class InputField:
    """Something that a client asks its user for, usable as a placeholder (autoconfig 1.1)."""

    key: str
    label: str
    example: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be shown."""
        issues = IssueCollector()
        for name, length in (("key", 40), ("label", 200), ("example", 200)):
            value: str | None = getattr(self, name)
            with issues.at(name):
                if value is not None:
                    single_line(value, length)
        issues.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A mail provider with its servers, in the order of preference. Also the tenant of the API."""

    slug: str
    """Names the provider in the API; never changes."""
    display_name: str
    short_name: str
    identifier: str | None = None
    """The ``id`` of the provider in autoconfig documents where it is set; see the renderer."""
    documentation: tuple[Page, ...] = ()
    instructions: tuple[Page, ...] = ()
    enable: tuple[Page, ...] = ()
    """Pages on which a user must switch access on before a mail program can be used."""
    support: Support = field(default_factory=Support)
    logo_url: str | None = None
    colour: str | None = None
    """As ``#RRGGBB``; pages make it darker or lighter until it can be read."""
    oauth2: OAuth2 | None = None
    input_fields: tuple[InputField, ...] = ()
    servers: tuple[Server, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    """Values for domains that have none of their own."""
    list_domains: bool = False
    """Whether the full autoconfig document names the provider's other domains."""
    subaddress_separator: str | None = None
    """Where set, ``user+tag`` logs in as ``user``."""
    lowercase_login: bool = False
    """Whether login names are the address in lower case."""
    mta_sts: MtaSts | None = None
    """The policy of domains that have none of their own."""
    tls_reporting: TlsReporting | None = None

    def __post_init__(self) -> None:
        """Refuse every broken rule at once."""
        issues = IssueCollector()
        if not is_slug(self.slug):
            issues.add(SLUG_RULE, "slug")
        self._check_names(issues)
        self._check_pages(issues)
        with issues.at("variables"):
            checked_variables(self.variables)
        with issues.at():
            check_servers(self.servers)
        separator = self.subaddress_separator
        if separator is not None and (len(separator) != 1 or separator not in SUBADDRESS_SEPARATORS):
            issues.add("must be one of + - = _ . #", "subaddress_separator")
        issues.close()

    def _check_names(self, issues: IssueCollector) -> None:
        for name in ("display_name", "short_name"):
            value = getattr(self, name)
            with issues.at(name):
                if single_line(value, MAX_DISPLAY_NAME) != value:
                    raise refuse("must not start or end with a space")
        if self.identifier is not None and not _IDENTIFIER.fullmatch(self.identifier):
            # Thunderbird and K-9 drop the document over an id that is no host name.
            issues.add("must be letters, digits, hyphens and dots", "identifier")

    def _check_pages(self, issues: IssueCollector) -> None:
        for name in ("documentation", "instructions", "enable", "input_fields"):
            if len(getattr(self, name)) > MAX_ENTRIES:
                issues.add(f"must be at most {MAX_ENTRIES} entries", name)
        with issues.at("logo_url"):
            if self.logo_url is not None:
                web_url(self.logo_url, ("https",))
        if self.colour is not None and not _COLOUR.fullmatch(self.colour):
            issues.add("must be # and six hexadecimal digits", "colour")
