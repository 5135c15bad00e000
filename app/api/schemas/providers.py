"""Providers in JSON, and to and from the core."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ConfigDict, Field

from app.api.schemas.mail_transport import (
    MtaStsShape,
    TlsReportingShape,
    mta_sts_to_shape,
    tls_reporting_to_shape,
    transport_to_core,
)
from app.api.schemas.rules import (
    Address,
    Colour,
    DisplayName,
    FreeText,
    Identifier,
    Language,
    Line40,
    Line200,
    Line253,
    Line500,
    Line2000,
    LogoUrl,
    Separator,
    Slug,
    WebUrl,
)  # fmt: skip
from app.api.schemas.servers import ServerShape, server_to_shape, servers_to_core
from app.api.schemas.shapes import Boolean, Listing, Shape, StoredShape, Variables, without_required
from app.core.errors import IssueCollector
from app.core.provider import MAX_ENTRIES, InputField, LocalisedText, OAuth2, Page, Provider, Support
from app.core.servers import MAX_SERVERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.core.stored import Stored

_Shape = TypeVar("_Shape")
_Value = TypeVar("_Value")
Entries: Any = Field(default=[], json_schema_extra={"maxItems": MAX_ENTRIES})


class TextShape(Shape):
    """A text in one language."""

    text: FreeText
    language: Language | None = None


class PageShape(Shape):
    """A web page for users."""

    url: WebUrl
    descriptions: list[TextShape] = Entries


class SupportShape(Shape):
    """Where users find help."""

    email: Address | None = None
    phone: Line40 | None = None
    url: WebUrl | None = None


class OAuth2Shape(Shape):
    """Where tokens come from."""

    issuer: Line253 = Field(description="The issuer's bare host name.", examples=["login.host.example"])
    scope: Line2000
    authorization_url: WebUrl
    token_url: WebUrl
    client_id: Line500 | None = None


class InputFieldShape(Shape):
    """Something that a client asks its user for."""

    key: Line40
    label: Line200
    example: Line200 | None = None


class ProviderBody(Shape):
    """A provider without its slug."""

    display_name: DisplayName = Field(description="At most 60 characters.", examples=["Demo Hosting"])
    short_name: DisplayName = Field(
        description="At most 20 characters, if clients are to show all of it.", examples=["Demo"]
    )
    identifier: Identifier | None = Field(
        default=None, description="The `id` in autoconfig documents; the domain where it is not set."
    )
    documentation: list[PageShape] = Entries
    instructions: list[PageShape] = Entries
    enable: list[PageShape] = Field(
        default=[],
        json_schema_extra={"maxItems": MAX_ENTRIES},
        description="Pages on which access must be switched on before a program can be used.",
    )
    support: SupportShape = SupportShape()
    logo_url: LogoUrl | None = Field(
        default=None, description="Shown on the setup pages if it is at the service's own address."
    )
    colour: Colour | None = Field(
        default=None, description="Of the setup pages; made darker or lighter until it can be read."
    )
    oauth2: OAuth2Shape | None = None
    input_fields: list[InputFieldShape] = Entries
    servers: list[ServerShape] = Field(
        default=[], json_schema_extra={"maxItems": MAX_SERVERS}, description="In the order of preference."
    )
    variables: Variables = {}
    list_domains: Boolean = Field(
        default=False,
        description="Whether the full autoconfig document names the provider's other domains.",
    )
    subaddress_separator: Separator | None = Field(
        default=None, description="Where set, `user+tag` logs in as `user`."
    )
    lowercase_login: Boolean = Field(
        default=False, description="Whether login names are the address in lower case."
    )
    mta_sts: MtaStsShape | None = Field(
        default=None, description="The policy of domains that have none of their own."
    )
    tls_reporting: TlsReportingShape | None = Field(
        default=None, description="Where reports about domains go that say nothing of their own."
    )


class ProviderCreate(ProviderBody):
    """A provider to be stored."""

    slug: Slug = Field(description="Names the provider in the API.")


class ProviderRead(StoredShape, ProviderCreate):
    """A provider as it is stored."""


class ProviderItem(ProviderRead):
    """A provider, or those fields of it that were asked for."""

    model_config = ConfigDict(json_schema_extra=without_required)


class ProviderPage(Listing[ProviderItem]):
    """Some of the providers."""


def provider_to_core(body: ProviderBody, slug: str) -> Provider:
    """Build the core's provider.

    Raises:
        InvalidInput: With the issues of all fields.
    """
    issues = IssueCollector()
    built = _Parts(issues)
    documentation = built.pages("documentation", body.documentation)
    instructions = built.pages("instructions", body.instructions)
    enable = built.pages("enable", body.enable)
    support, oauth2 = built.support(body.support), built.oauth2(body.oauth2)
    input_fields = built.each(
        "input_fields", body.input_fields, lambda field: InputField(**field.model_dump())
    )
    servers = None
    with issues.at():
        servers = servers_to_core(body.servers)
    mta_sts, tls_reporting = transport_to_core(body, issues)
    with issues.at():
        provider = Provider(
            slug=slug,
            identifier=body.identifier,
            display_name=body.display_name,
            short_name=body.short_name,
            documentation=documentation,
            instructions=instructions,
            enable=enable,
            support=support,
            logo_url=body.logo_url,
            colour=body.colour,
            oauth2=oauth2,
            input_fields=input_fields,
            servers=servers or (),
            variables=body.variables,
            list_domains=body.list_domains,
            subaddress_separator=body.subaddress_separator,
            lowercase_login=body.lowercase_login,
            mta_sts=mta_sts,
            tls_reporting=tls_reporting,
        )
    issues.close()
    return provider


class _Parts:
    """Builds parts one by one and gathers their issues."""

    def __init__(self, issues: IssueCollector) -> None:
        self._issues = issues

    def each(
        self, name: str, shapes: Sequence[_Shape], build: Callable[[_Shape], _Value]
    ) -> tuple[_Value, ...]:
        values: list[_Value] = []
        for position, shape in enumerate(shapes):
            with self._issues.at(name, position):
                values.append(build(shape))
        return tuple(values)

    def support(self, shape: SupportShape) -> Support:
        with self._issues.at("support"):
            return Support(**shape.model_dump())
        return Support()

    def oauth2(self, shape: OAuth2Shape | None) -> OAuth2 | None:
        with self._issues.at("oauth2"):
            return None if shape is None else OAuth2(**shape.model_dump())
        return None

    def pages(self, name: str, shapes: Sequence[PageShape]) -> tuple[Page, ...]:
        return self.each(name, shapes, _page)


def _page(shape: PageShape) -> Page:
    issues = IssueCollector()
    texts: list[LocalisedText] = []
    for position, text in enumerate(shape.descriptions):
        with issues.at("descriptions", position):
            texts.append(LocalisedText(text=text.text, language=text.language))
    issues.close()
    return Page(url=shape.url, descriptions=tuple(texts))


def provider_to_read(stored: Stored[Provider]) -> ProviderRead:
    """Write a provider as JSON has it."""
    provider = stored.value
    return ProviderRead(
        slug=provider.slug,
        display_name=provider.display_name,
        short_name=provider.short_name,
        identifier=provider.identifier,
        documentation=[_page_shape(page) for page in provider.documentation],
        instructions=[_page_shape(page) for page in provider.instructions],
        enable=[_page_shape(page) for page in provider.enable],
        support=SupportShape(**asdict(provider.support)),
        logo_url=provider.logo_url,
        colour=provider.colour,
        oauth2=None if provider.oauth2 is None else OAuth2Shape(**asdict(provider.oauth2)),
        input_fields=[InputFieldShape(**asdict(field)) for field in provider.input_fields],
        servers=[server_to_shape(server) for server in provider.servers],
        variables=dict(provider.variables),
        list_domains=provider.list_domains,
        subaddress_separator=provider.subaddress_separator,
        lowercase_login=provider.lowercase_login,
        mta_sts=mta_sts_to_shape(provider.mta_sts),
        tls_reporting=tls_reporting_to_shape(provider.tls_reporting),
        version=stored.version,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )


def _page_shape(page: Page) -> PageShape:
    return PageShape(url=page.url, descriptions=[TextShape(**asdict(text)) for text in page.descriptions])
