"""Thunderbird autoconfig: ``clientConfig`` documents (draft-ietf-mailmaint-autoconfig).

Two profiles. The *safe* one is for the URLs that mail clients ask: one server of each type, nothing
that makes any known client drop the whole file. The *full* one is for ``/v1.1/{domain}``: all that is
stored. Both have version 1.1 unless there is something in them that came with 1.2. What each client
insists on is in docs/formats/autoconfig.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app.core.account import Omission
from app.core.documents import (
    NAME_RULES,
    ClientFormat,
    ClientRequest,
    Document,
    Endpoint,
    Parameter,
    Presentation,
    Question,
)
from app.core.errors import InvalidInput
from app.core.mail_choice import imap_missing, misleads
from app.core.markup import Element, element, leaf, to_document
from app.core.names import DomainName
from app.core.questions import ADDRESS_PARAMETERS, question_for_request
from app.core.replies import document_inquiry
from app.core.safe_selection import SafeSelection, select_safely
from app.core.servers import ExchangeOptions, ServerType
from app.renderers.autoconfig.elements import (
    enable_element,
    input_field_element,
    oauth2_element,
    page_element,
    server_element,
    webmail_element,
)
from app.renderers.autoconfig.spelling import (
    INCOMING_TYPES,
    SECTIONS,
    has_place,
    section_type,
    version_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.account import AccountSettings
    from app.core.servers import Server

MEDIA_TYPE: Final = "text/xml; charset=utf-8"
AUTODISCOVER_NOT_IN_FORMAT: Final = "autodiscover-not-in-format"
_NO_AUTODISCOVER: Final = (
    "The server is published, but the format has no place for where its own Autodiscover is."
)
_NO_MAIL: Final = Omission(
    server=None,
    reason="mail-missing",
    detail="Mail programs take a file without a server to receive from for the end of their search.",
)


def render_full(account: AccountSettings, _presentation: Presentation) -> Document:
    """Render all that is stored, in the stored order.

    Args:
        account: Resolved settings; the three standard placeholders stay as they are.

    Returns:
        The document, and which servers the format has no place for.
    """
    webmails = [s for s in account.servers if s.type is ServerType.WEBMAIL]
    incoming = tuple(s for s in account.servers if s.type in INCOMING_TYPES)
    misleading = tuple(s for s in incoming if misleads(account, s))
    selection = SafeSelection(
        incoming=tuple(s for s in incoming if s not in misleading),
        outgoing=tuple(s for s in account.servers if s.type is ServerType.SMTP),
        webmail=next(iter(webmails), None),
        services=account.servers,
        omissions=(
            *account.withheld,
            *map(imap_missing, misleading),
            *_without_place(account, webmails[1:]),
            *_without_autodiscover(account.servers),
        ),
    )
    identifier = account.provider.identifier or account.domain.ascii
    return _document(account, selection, identifier, tuple(_all_domains(account)))


def render_safe(account: AccountSettings, _presentation: Presentation) -> Document:
    """Render what every known client survives.

    Args:
        account: Resolved settings.

    Returns:
        A document that names the asked domain alone, and what was left out and why.
    """
    selection = select_safely(account)
    unsaid = tuple(_without_autodiscover(selection.incoming))
    selection = replace(selection, omissions=(*selection.omissions, *unsaid))
    domains = (leaf("domain", account.domain.ascii),)
    return _document(account, selection, _safe_identifier(account), domains)


def _document(
    account: AccountSettings,
    selection: SafeSelection,
    identifier: str,
    domains: tuple[Element, ...],
) -> Document:
    provider = account.provider
    root = element(
        "clientConfig",
        element(
            "emailProvider",
            *domains,
            leaf("displayName", provider.display_name),
            leaf("displayShortName", provider.short_name),
            *(server_element("incomingServer", INCOMING_TYPES[s.type], s) for s in selection.incoming),
            *(server_element("outgoingServer", "smtp", s) for s in selection.outgoing),
            *(page_element("documentation", "descr", page) for page in provider.documentation),
            *(page_element("instruction", "descr", page) for page in provider.instructions),
            *(enable_element(page) for page in provider.enable),
            *(input_field_element(field) for field in provider.input_fields),
            id=identifier,
        ),
        webmail_element(selection.webmail),
        *_sections(selection),
        oauth2_element(provider.oauth2),
        version=version_for((*selection.incoming, *selection.services)),
    )
    # Thunderbird takes the first 2xx of several URLs, and stops when it is of no use, which it is without
    # a server to receive from.
    is_usable = bool(selection.incoming)
    return Document(
        body=to_document(root),
        media_type=MEDIA_TYPE,
        omissions=selection.omissions if is_usable else (*selection.omissions, _NO_MAIL),
        is_usable=is_usable,
    )


def _sections(selection: SafeSelection) -> Iterator[Element]:
    """Write what is beside the mail, by kind; behind the mail for those who read from the top."""
    for name, server_types in SECTIONS.items():
        for server in selection.services:
            if server.type in server_types:
                yield server_element(name, section_type(server), server)


def _without_place(account: AccountSettings, further_webmails: list[Server]) -> Iterator[Omission]:
    for server in account.servers:
        if not has_place(server):
            detail = "The format has no place for servers of this type."
            yield Omission(server=server.key, reason="not-in-format", detail=detail)
        elif server in further_webmails:
            detail = "The format has room for one web mail."
            yield Omission(server=server.key, reason="further-server", detail=detail)


def _without_autodiscover(servers: tuple[Server, ...]) -> Iterator[Omission]:
    for server in servers:
        if isinstance(server.options, ExchangeOptions) and server.options.autodiscover_url is not None:
            yield Omission(server=server.key, reason=AUTODISCOVER_NOT_IN_FORMAT, detail=_NO_AUTODISCOVER)


def _all_domains(account: AccountSettings) -> Iterator[Element]:
    # The asked domain first: Thunderbird and others read the list from the top.
    yield leaf("domain", account.domain.ascii)
    if account.serves_mx:
        yield leaf("domain", account.domain.ascii, purpose="mx")
    for listed in account.listed_domains:
        if listed.name != account.domain:
            yield leaf("domain", listed.name.ascii)
            if listed.serves_mx:
                yield leaf("domain", listed.name.ascii, purpose="mx")


def _safe_identifier(account: AccountSettings) -> str:
    try:
        return DomainName.parse(account.provider.identifier or "").ascii
    except InvalidInput:
        return account.domain.ascii


def _question_for_path(request: ClientRequest) -> Question:
    try:
        return Question(domains=(DomainName.parse(request.path_parameters["domain"]),))
    except InvalidInput as error:
        raise error.inside("domain") from None


_DOMAIN_IN_PATH: Final = Parameter(
    name="domain", description="The mail domain", example="demo.example", in_path=True, rules=NAME_RULES
)

SAFE: Final = ClientFormat(
    name="autoconfig",
    title="Thunderbird autoconfig, for mail clients",
    media_type=MEDIA_TYPE,
    file_extension="xml",
    endpoints=(
        Endpoint(
            path="/mail/config-v1.1.xml",
            summary="Autoconfig at the host autoconfig.DOMAIN",
            parameters=ADDRESS_PARAMETERS,
            # As mailcow answers.
            is_any_case=True,
        ),
        Endpoint(
            path="/v1.1/mail/config-v1.1.xml",
            summary="Autoconfig where wdes' mail-autodiscover-autoconfig has it",
            parameters=ADDRESS_PARAMETERS,
        ),
        Endpoint(
            path="/.well-known/autoconfig/mail/config-v1.1.xml",
            summary="Autoconfig at the domain itself",
            parameters=ADDRESS_PARAMETERS,
        ),
        Endpoint(
            path="/.well-known/mail-v1.xml",
            summary="Autoconfig as GNOME asks for it",
            parameters=ADDRESS_PARAMETERS,
        ),
    ),
    inquire=document_inquiry(question_for_request, render_safe),
    render=render_safe,
)
FULL: Final = ClientFormat(
    name="autoconfig-full",
    title="Thunderbird autoconfig with all that is stored, as the ISPDB serves it",
    media_type=MEDIA_TYPE,
    file_extension="xml",
    endpoints=(
        Endpoint(
            path="/v1.1/{domain}",
            summary="Autoconfig by domain, as in the ISPDB",
            parameters=(_DOMAIN_IN_PATH,),
        ),
        Endpoint(
            path="/autoconfig/v1.1/{domain}",
            summary="Autoconfig by domain, at the path of Thunderbird's own ISPDB",
            parameters=(_DOMAIN_IN_PATH,),
        ),
    ),
    inquire=document_inquiry(_question_for_path, render_full),
    render=render_full,
    lists_domains=True,
)
FORMATS: Final = (SAFE, FULL)
