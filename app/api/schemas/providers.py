"""Providers in JSON, and to and from the core."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from pydantic import ConfigDict, Field

from app.api.schemas.mail_transport import (
    MtaStsShape,
    TlsReportingShape,
    mta_sts_to_shape,
    tls_reporting_to_shape,
    transport_to_core,
)
from app.api.schemas.servers import ServerShape, server_to_shape, servers_to_core
from app.api.schemas.shapes import Boolean, Listing, Shape, StoredShape, Variables, without_required
from app.core.errors import IssueCollector
from app.core.provider import InputField, LocalisedText, OAuth2, Page, Provider, Support

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.core.stored import Stored

_Shape = TypeVar("_Shape")
_Value = TypeVar("_Value")


class TextShape(Shape):
    """A text in one language."""

    text: str
    language: str | None = Field(default=None, examples=["de", "pt-BR"])


class PageShape(Shape):
    """A web page for users."""

    url: str
    descriptions: list[TextShape] = []


class SupportShape(Shape):
    """Where users find help."""

    email: str | None = None
    phone: str | None = None
    url: str | None = None


class OAuth2Shape(Shape):
    """Where tokens come from."""

    issuer: str = Field(description="The issuer's bare host name.", examples=["login.host.example"])
    scope: str
    authorization_url: str
    token_url: str
    client_id: str | None = None


class InputFieldShape(Shape):
    """Something that a client asks its user for."""

    key: str
    label: str
    example: str | None = None


class ProviderBody(Shape):
    """A provider without its slug."""

    display_name: str = Field(description="At most 60 characters.", examples=["Demo Hosting"])
    short_name: str = Field(description="At most 20 characters.", examples=["Demo"])
    identifier: str | None = Field(
        default=None, description="The `id` in autoconfig documents; the domain where it is not set."
    )
    documentation: list[PageShape] = []
    instructions: list[PageShape] = []
    enable: list[PageShape] = Field(
        default=[], description="Pages on which access must be switched on before a program can be used."
    )
    support: SupportShape = SupportShape()
    logo_url: str | None = None
    oauth2: OAuth2Shape | None = None
    input_fields: list[InputFieldShape] = []
    servers: list[ServerShape] = Field(default=[], description="In the order of preference.")
    variables: Variables = {}
    list_domains: Boolean = Field(
        default=False,
        description="Whether the full autoconfig document names the provider's other domains.",
    )
    subaddress_separator: str | None = Field(
        default=None, description="Where set, `user+tag` logs in as `user`.", examples=["+"]
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

    slug: str = Field(description="Names the provider in the API.", examples=["demo"])


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
    support, oauth2 = Support(), None
    with issues.at("support"):
        support = Support(**body.support.model_dump())
    with issues.at("oauth2"):
        oauth2 = None if body.oauth2 is None else OAuth2(**body.oauth2.model_dump())
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
