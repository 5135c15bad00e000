"""Where POX is asked for, and how requests of every method and scheme are answered (brief §2.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.core.autodiscover_request import MAX_REQUEST_BYTES, ResponseSchema, read_autodiscover_request
from app.core.documents import ClientFormat, Endpoint, Inquiry, Parameter, Question, Reply
from app.core.errors import InvalidInput
from app.core.exchange_settings import has_autodiscover
from app.core.questions import domains_of_host, question_for_address
from app.core.replies import fixed_inquiry, presentation_for
from app.core.service_names import host_of
from app.renderers.autodiscover import mobilesync, outlook, pox
from app.renderers.autodiscover.exchange import Capabilities
from app.renderers.autodiscover.pox import ErrorCode

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.autodiscover_request import AutodiscoverRequest
    from app.core.documents import ClientRequest, Document

_HINT: Final = b"Mail programs post their requests here; there is nothing to see in a browser.\n"
_SAFE_METHODS: Final = ("GET", "HEAD")
_SOAP_ENABLED: Final = (("X-SOAP-Enabled", "True"),)


def inquire(request: ClientRequest) -> Inquiry:
    """Read a request; every refusal has an error document that clients understand.

    ``Authorization`` is not looked at: a password that some client sends unasked is nobody's business.
    """
    if request.method in _SAFE_METHODS:
        return _inquire_for_reader(request)
    try:
        asked = read_autodiscover_request(request.body)
        address = _address(asked)
        question = None if address is None else question_for_address(address)
    except InvalidInput:
        return fixed_inquiry(_error(request, ErrorCode.INVALID_REQUEST))
    if asked.schema is ResponseSchema.OTHER:
        return fixed_inquiry(_error(request, ErrorCode.NO_PROVIDER))
    if question is None or question.address is None:
        # A distinguished name that is no address, or a local part that is none: without an address
        # there is no login name to send.
        return fixed_inquiry(_error(request, ErrorCode.UNKNOWN_ADDRESS, 404))
    return _inquiry(request, asked, question)


def _address(asked: AutodiscoverRequest) -> str | None:
    """Return the address as it was sent; None for a distinguished name that holds none.

    Raises:
        InvalidInput: When neither was sent.
    """
    if asked.address is not None:
        return asked.address
    if asked.legacy_dn is not None:
        return asked.legacy_dn if "@" in asked.legacy_dn and "=" not in asked.legacy_dn else None
    return ""


def _inquiry(request: ClientRequest, asked: AutodiscoverRequest, question: Question) -> Inquiry:
    def answer(accounts: tuple[AccountSettings | None, ...]) -> Reply:
        (account,) = accounts
        if account is None:
            # A status that sends Outlook and Delta Chat on to their next candidate.
            return _error(request, ErrorCode.UNKNOWN_ADDRESS, 404)
        document = _document(request, asked.schema, account)
        if document.is_usable:
            return Reply(body=document.body, media_type=document.media_type, is_personal=True)
        if asked.schema is ResponseSchema.MOBILESYNC:
            return _error(request, ErrorCode.NO_PROVIDER)
        return _error(request, outlook.reason_for_nothing(account))

    return Inquiry(questions=(question,), answer=answer)


def _document(request: ClientRequest, schema: ResponseSchema, account: AccountSettings) -> Document:
    presentation = replace(presentation_for(request), asked_host=host_of(request.host))
    if schema is ResponseSchema.MOBILESYNC:
        return mobilesync.render(account, presentation)
    return outlook.render(account, presentation, Capabilities.read(request.headers))


def _error(request: ClientRequest, code: ErrorCode, status: int = 200) -> Reply:
    body = pox.write_error(code, request.service_url, request.received_at)
    return Reply(status=status, body=body, media_type=pox.MEDIA_TYPE)


def _not_available(request: ClientRequest) -> Reply:
    return _error(request, ErrorCode.INTERNAL, 503)


def _inquire_for_reader(request: ClientRequest) -> Inquiry:
    """Answer GET and HEAD.

    Over http clients expect to be shown an https address whose certificate is valid; over https nothing
    but an error keeps them going (Thunderbird posts only then, Delta Chat takes any 2xx for settings).
    The EWS Managed API looks for SOAP at a host only where the error's headers name it.
    """
    if request.scheme == "http" and request.service_url.startswith("https://"):
        location = f"{request.service_url}{pox.PATH}"
        return fixed_inquiry(
            Reply(status=302, body=f"{location}\n".encode(), headers=(("Location", location),))
        )
    is_own_host = host_of(request.host) == urlsplit(request.service_url).hostname

    def answer(accounts: tuple[AccountSettings | None, ...]) -> Reply:
        (account,) = accounts
        is_soap_served = is_own_host if account is None else has_autodiscover(account)
        return Reply(
            status=405, body=_HINT, headers=(("Allow", "POST"), *(_SOAP_ENABLED if is_soap_served else ()))
        )

    return Inquiry(questions=(Question(domains=domains_of_host(request.host)),), answer=answer)


_STATUSES: Final = {
    200: "The response, or an error document: 501 no settings, 600 invalid request, 601 no such service, "
    "602 settings in error",
    302: "GET over http: the service's https address",
    404: "An error document, 500: the domain is unknown or suspended, or the address is none",
    405: "GET over https: only POST is answered; X-SOAP-Enabled where SOAP is served",
    503: "An error document, 603: the database does not answer",
}


def _endpoint(path: str, summary: str, *parameters: Parameter) -> Endpoint:
    return Endpoint(
        path=path,
        summary=summary,
        parameters=parameters,
        methods=("GET", "POST"),
        is_any_case=True,
        max_body_bytes=MAX_REQUEST_BYTES,
        request_media_type="text/xml",
        statuses=_STATUSES,
        document_statuses=frozenset({404, 503}),
    )


OUTLOOK: Final = ClientFormat(
    name="autodiscover",
    title="Microsoft Autodiscover (POX) as Outlook reads it",
    media_type=pox.MEDIA_TYPE,
    file_extension="xml",
    endpoints=(
        _endpoint(pox.PATH, "Autodiscover for Outlook and ActiveSync"),
        _endpoint(
            "/autodiscover/{between:path}/autodiscover.xml",
            "Autodiscover with further path segments, as the EWS API allows",
            Parameter(name="between", description="Anything", example="v1", in_path=True),
        ),
        _endpoint("/autodiscover.xml", "Autodiscover at the root, where a few clients look"),
    ),
    inquire=inquire,
    render=outlook.render,
    not_available=_not_available,
    stamp=pox.error_time,
)
MOBILESYNC: Final = ClientFormat(
    name="autodiscover-mobilesync",
    title="Microsoft Autodiscover (POX) as ActiveSync clients read it",
    media_type=pox.MEDIA_TYPE,
    file_extension="xml",
    # Served by the other's endpoints: the request says which response it wants.
    endpoints=(),
    inquire=inquire,
    render=mobilesync.render,
    not_available=_not_available,
    stamp=pox.error_time,
)
