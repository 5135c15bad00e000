"""Autodiscover version 2: one service's URL in JSON.

Mail servers cannot be told; ``AutodiscoverV1`` sends the client on to POX, which has them, or to the POX
of an Exchange that has its own.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.core import placeholders
from app.core.documents import ADDRESS_RULES, ClientFormat, Document, Endpoint, Inquiry, Parameter, Reply
from app.core.errors import InvalidInput
from app.core.exchange import find_redirection, found_services, redirection_omissions
from app.core.names import Hostname
from app.core.questions import query_fields, question_for_address
from app.core.replies import fixed_inquiry, presentation_for
from app.core.service_names import host_of
from app.renderers.autodiscover import pox
from app.renderers.autodiscover.omissions import service_omissions

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.documents import ClientRequest, Presentation
    from app.core.exchange import FoundService

_MEDIA_TYPE: Final = "application/json"
_POX_PROTOCOL: Final = "AutodiscoverV1"
_MAX_ECHO: Final = 40
_NOT_ALPHANUMERIC: Final = re.compile(r"[^A-Za-z0-9]+")


def render(account: AccountSettings, presentation: Presentation) -> Document:
    """Render the answer to ``AutodiscoverV1``: Exchange's own POX where it has one, ours otherwise."""
    services = found_services(account)
    explained = service_omissions(account.servers, services, (*_SERVICES, "autodiscover"))
    redirection = find_redirection(account, presentation)
    loops = () if redirection else redirection_omissions(account, presentation)
    ours = f"{_https(presentation.service_url)}{pox.PATH}"
    return Document(
        body=_answer_for(_POX_PROTOCOL, ours if redirection is None else redirection.url),
        media_type=_MEDIA_TYPE,
        omissions=(*account.withheld, *explained, *loops),
    )


def inquire(request: ClientRequest) -> Inquiry:
    """Read the query or the path; further parameters, ``RedirectCount`` among them, do not count."""
    try:
        fields = query_fields(request.query)
    except InvalidInput:
        return fixed_inquiry(_refusal(400, "InvalidRequest", "The query cannot be read."))
    address = request.path_parameters.get("email") or fields.get("email", "")
    protocol = fields.get("protocol", "")
    for name, value in (("Email", address), ("Protocol", protocol)):
        if not value.strip():
            message = f"The parameter '{name}' is needed."
            return fixed_inquiry(_refusal(400, "MandatoryParameterMissing", message))
    try:
        question = question_for_address(address)
    except InvalidInput:
        return fixed_inquiry(_refusal(400, "InvalidUserId", "The parameter 'Email' is not a mail address."))

    def answer(accounts: tuple[AccountSettings | None, ...]) -> Reply:
        (account,) = accounts
        if account is None:
            return _refusal(404, "UserNotFound", "No settings are published for this domain.")
        return _answer(account, protocol, request)

    return Inquiry(questions=(question,), answer=answer)


def _answer(account: AccountSettings, protocol: str, request: ClientRequest) -> Reply:
    urls = _urls(account, request)
    for name, url in urls.items():
        if name.lower() == protocol.strip().lower():
            return Reply(body=_answer_for(name, url), media_type=_MEDIA_TYPE)
    echo = _NOT_ALPHANUMERIC.sub("", protocol)[:_MAX_ECHO]
    message = f"The given protocol value '{echo}' is invalid. Supported values are '{','.join(sorted(urls))}'"
    return _refusal(400, "InvalidProtocol", message)


def _urls(account: AccountSettings, request: ClientRequest) -> dict[str, str]:
    urls: dict[str, str] = {}
    services = found_services(account)
    for service, name in _SERVICES.items():
        # Where the local part was none, nothing can be filled in.
        if service in services and _is_known(account, services[service]):
            urls[name] = services[service].url
    presentation = replace(presentation_for(request), asked_host=host_of(request.host))
    redirection = find_redirection(account, presentation)
    if redirection is not None and _is_known(account, redirection):
        return {_POX_PROTOCOL: redirection.url, **urls}
    return {_POX_PROTOCOL: f"{_service_url(request)}{pox.PATH}", **urls}


def _is_known(account: AccountSettings, service: FoundService) -> bool:
    return account.address is not None or not placeholders.has_placeholders(service.url)


def _service_url(request: ClientRequest) -> str:
    """Return where to post: at the service's own name, whose certificate is valid.

    A service that does not know itself by https is asked again where it was asked.
    """
    if request.service_url.startswith("https://") or not request.host:
        return _https(request.service_url)
    name, _, port = request.host.partition(":")
    try:
        hostname = Hostname.parse(name).ascii
    except InvalidInput:
        return _https(request.service_url)
    is_same_port = request.scheme == "https" and port.isascii() and port.isdigit()
    return f"https://{hostname}:{port}" if is_same_port else f"https://{hostname}"


def _https(url: str) -> str:
    return urlsplit(url)._replace(scheme="https").geturl()


def _answer_for(protocol: str, url: str) -> bytes:
    return json.dumps({"Protocol": protocol, "Url": url}).encode()


def _refusal(status: int, code: str, message: str) -> Reply:
    body = json.dumps({"ErrorCode": code, "ErrorMessage": message}).encode()
    return Reply(status=status, body=body, media_type=_MEDIA_TYPE)


def _not_available(_request: ClientRequest) -> Reply:
    return _refusal(503, "InternalServerError", "The server cannot answer at the moment.")


_SERVICES: Final = {"activesync": "ActiveSync", "ews": "Ews"}


def _in_any_case(word: str) -> str:
    return "".join(f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else letter for letter in word)


_PROTOCOL: Final = Parameter(
    name="Protocol",
    description="AutodiscoverV1, ActiveSync or Ews, in any case",
    example=_POX_PROTOCOL,
    is_needed=True,
    rules={"pattern": f"^(?:{'|'.join(map(_in_any_case, (_POX_PROTOCOL, *_SERVICES)))})$"},
)
_EMAIL: Final = "The mail address"
_EXAMPLE: Final = "jane@demo.example"
_STATUSES: Final = {
    400: "InvalidProtocol, MandatoryParameterMissing, InvalidUserId or InvalidRequest",
    404: "UserNotFound: the domain is unknown or suspended",
    503: "InternalServerError: the database does not answer",
}

JSON: Final = ClientFormat(
    name="autodiscover-json",
    title="Microsoft Autodiscover version 2",
    media_type=_MEDIA_TYPE,
    file_extension="json",
    endpoints=(
        Endpoint(
            path="/autodiscover/autodiscover.json",
            summary="Autodiscover version 2",
            parameters=(
                Parameter(
                    name="Email", description=_EMAIL, example=_EXAMPLE, is_needed=True, rules=ADDRESS_RULES
                ),
                _PROTOCOL,
            ),
            is_any_case=True,
            statuses=_STATUSES,
            document_statuses=frozenset(_STATUSES),
        ),
        Endpoint(
            path="/autodiscover/autodiscover.json/v1.0/{email:path}",
            summary="Autodiscover version 2 with the address in the path",
            parameters=(
                Parameter(
                    name="email", description=_EMAIL, example=_EXAMPLE, in_path=True, rules=ADDRESS_RULES
                ),
                _PROTOCOL,
            ),
            is_any_case=True,
            statuses=_STATUSES,
            document_statuses=frozenset(_STATUSES),
        ),
    ),
    inquire=inquire,
    render=render,
    not_available=_not_available,
)
