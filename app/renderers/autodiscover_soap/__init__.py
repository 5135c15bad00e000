"""Autodiscover over SOAP: GetUserSettings, GetDomainSettings, GetFederationInformation (MS-OXWSADISC).

For domains with Exchange services. Requests are matched by local names, because Microsoft's reference
prints its namespaces with https and programs follow it; answers have the namespaces that Exchange has.
docs/formats/autodiscover-soap.md has what clients insist on.
"""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from app.core.documents import ClientFormat, ClientRequest, Document, Endpoint, Inquiry, Question, Reply
from app.core.errors import InvalidInput
from app.core.exchange import redirection_omissions
from app.core.exchange_settings import (
    domain_settings,
    has_autodiscover,
    has_exchange,
    setting_omissions,
    user_settings,
)
from app.core.markup import Element, element, leaf
from app.core.names import DomainName
from app.core.questions import domains_of_host, question_for_address
from app.core.replies import fixed_inquiry, plain_refusal, presentation_for, unknown_domain
from app.core.service_names import host_of
from app.core.soap import MEDIA_TYPE, Call, Fault, FaultCode, answer_envelope, fault_reply, read_call
from app.core.xml_reading import local_name
from app.renderers.autodiscover_soap.responses import (
    NO_ERROR,
    domain_response,
    is_redirected,
    status,
    user_response,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from xml.etree.ElementTree import Element as ReadElement

    from app.core.account import AccountSettings
    from app.core.documents import Presentation

PATH: Final = "/autodiscover/autodiscover.svc"
NAMESPACE: Final = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
MAX_BODY_BYTES: Final = 64 * 1024
MAX_QUESTIONS: Final = 100
MAX_ANSWERS: Final = 2000
"""Settings of all users together: each is several elements of the answer, for a few bytes of the request."""

_INSTANCE_NAMESPACE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_UNDERSTOOD: Final = frozenset(
    f"{{{scheme}://schemas.microsoft.com/exchange/2010/Autodiscover}}RequestedServerVersion"
    for scheme in ("http", "https")
)
_ACTION: Final = re.compile(
    r"https?://schemas\.microsoft\.com/exchange/2010/Autodiscover/Autodiscover/([A-Za-z]+)"
)
_SERVER_VERSION: Final = re.compile(r"Exchange20[0-9]{2}(?:_SP[0-9])?|V20[0-9]{2}_[0-9]{2}_[0-9]{2}")
_SETTING_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
# The newest version whose SOAP Autodiscover the reference describes; it is what we speak.
_VERSION: Final = (
    ("MajorVersion", "15"),
    ("MinorVersion", "0"),
    ("MajorBuildNumber", "847"),
    ("MinorBuildNumber", "32"),
    ("Version", "Exchange2013_SP1"),
)
_NO_SERVICE: Final = replace(unknown_domain(), max_age_seconds=None)


def render(account: AccountSettings, presentation: Presentation) -> Document:
    """Render the response with all settings that an address has, or a domain where there is no address."""
    if account.address is None:
        kind, names = "Domain", tuple(sorted(domain_settings(account)))
        response = domain_response(account, names, presentation)
    else:
        kind, names = "User", tuple(sorted(user_settings(account, presentation.person)))
        response = user_response(account, names, presentation)
    is_elsewhere = is_redirected(account, presentation)
    own = account.withheld if is_elsewhere else setting_omissions(account)
    return Document(
        body=_answer(f"Get{kind}Settings", (*status(NO_ERROR, ""), element(f"{kind}Responses", response))),
        media_type=MEDIA_TYPE,
        omissions=(*own, *redirection_omissions(account, presentation)),
        is_usable=is_elsewhere or (has_exchange(account) and bool(names)),
    )


def inquire(request: ClientRequest) -> Inquiry:
    """Read a call; what is none is a SOAP fault."""
    if request.method in ("GET", "HEAD"):
        return _inquire_without_call(request)
    call = read_call(request.body, MAX_BODY_BYTES, _UNDERSTOOD)
    if isinstance(call, Fault):
        return fixed_inquiry(fault_reply(call))
    operation = local_name(call.payload).removesuffix("RequestMessage")
    fault = _find_fault(call, operation)
    if fault is not None:
        return fixed_inquiry(fault_reply(fault))
    content = next(_children(call.payload, "Request"), None)
    version = call.header("RequestedServerVersion")
    if content is None:
        return _refused(call, operation, "The message has no Request.")
    if version is not None and not _SERVER_VERSION.fullmatch(version):
        return _refused(call, operation, "The RequestedServerVersion is none of Exchange's.")
    return _where_there_is_exchange(request, _OPERATIONS[operation](request, call, content))


def _where_there_is_exchange(request: ClientRequest, inquiry: Inquiry) -> Inquiry:
    """Have a host whose domain has no Exchange services say so with 404, so that clients look elsewhere.

    A host that stands for no stored domain, such as the service's own, answers for each user. So does
    one with Exchange services: exchangelib asks it about somebody that nobody has, to see if it is one.
    """

    def answer(accounts: tuple[AccountSettings | None, ...]) -> Reply:
        asked, *rest = accounts
        if asked is not None and not has_autodiscover(asked):
            return _NO_SERVICE
        return inquiry.answer(tuple(rest))

    host = Question(domains=domains_of_host(request.host))
    return Inquiry(questions=(host, *inquiry.questions), answer=answer)


def _inquire_without_call(request: ClientRequest) -> Inquiry:
    """Send clients from plain http to where a certificate is, and tell people what this place is."""
    if request.scheme != "http" or not request.service_url.startswith("https://"):
        hint = "This is for programs: they POST a SOAP request here."
        refusal = plain_refusal(HTTPStatus.METHOD_NOT_ALLOWED, hint, ("Allow", "POST"))
        return fixed_inquiry(replace(refusal, max_age_seconds=None))

    def answer(accounts: tuple[AccountSettings | None, ...]) -> Reply:
        (account,) = accounts
        if account is None or not has_autodiscover(account):
            return _NO_SERVICE
        return Reply(status=HTTPStatus.FOUND, headers=(("Location", request.service_url + PATH),))

    return Inquiry(questions=(Question(domains=domains_of_host(request.host)),), answer=answer)


def _find_fault(call: Call, operation: str) -> Fault | None:
    """Find out whether header and body name one operation that there is; the header may be missing."""
    action = call.header("Action")
    match = _ACTION.fullmatch(action or "")
    named = operation if action is None else match and match[1]
    if named not in _OPERATIONS:
        code, reason = FaultCode.ACTION_NOT_SUPPORTED, "There is no such operation here."
    elif named != operation:
        code, reason = FaultCode.CLIENT, "The action and the body name different operations."
    else:
        return None
    return Fault(code=code, reason=reason, message_id=call.message_id)


def _children(parent: ReadElement, name: str) -> Iterator[ReadElement]:
    return (child for child in parent if local_name(child) == name)


def _texts(parent: ReadElement, *path: str) -> list[str]:
    """Return the texts of the elements at a path of local names, without white space around them."""
    found = [parent]
    for name in path:
        found = [child for one in found for child in _children(one, name)]
    return ["".join(one.itertext()).strip() for one in found]


def _inquire_users(request: ClientRequest, call: Call, content: ReadElement) -> Inquiry:
    users = [user for users in _children(content, "Users") for user in _children(users, "User")]
    mailboxes = [next(iter(_texts(user, "Mailbox")), "") for user in users]
    questions = [_question(question_for_address, mailbox) for mailbox in mailboxes]
    return _inquire_settings(call, content, questions, _responding(request, user_response))


def _inquire_domains(request: ClientRequest, call: Call, content: ReadElement) -> Inquiry:
    domains = _texts(content, "Domains", "Domain")
    questions = [_question(_question_for_domain, domain) for domain in domains]
    return _inquire_settings(call, content, questions, _responding(request, domain_response))


def _inquire_federation(_request: ClientRequest, call: Call, content: ReadElement) -> Inquiry:
    question = _question(_question_for_domain, next(iter(_texts(content, "Domain")), ""))

    def answer(accounts: tuple[AccountSettings | None, ...]) -> Reply:
        is_known = any(account is not None for account in accounts)
        code = "NotFederated" if is_known else "InvalidDomain"
        return _reply(call, "GetFederationInformation", *status(code))

    return Inquiry(questions=() if question is None else (question,), answer=answer)


_OPERATIONS: Final[dict[str | None, Callable[[ClientRequest, Call, ReadElement], Inquiry]]] = {
    "GetUserSettings": _inquire_users,
    "GetDomainSettings": _inquire_domains,
    "GetFederationInformation": _inquire_federation,
}


def _question(read: Callable[[str], Question], text: str) -> Question | None:
    try:
        return read(text)
    except InvalidInput:
        return None


def _question_for_domain(text: str) -> Question:
    return Question(domains=(DomainName.parse(text),))


def _responding(
    request: ClientRequest,
    respond: Callable[[AccountSettings | None, tuple[str, ...], Presentation], Element],
) -> Callable[[AccountSettings | None, tuple[str, ...]], Element]:
    presentation = replace(presentation_for(request), asked_host=host_of(request.host))
    return lambda account, names: respond(account, names, presentation)


def _inquire_settings(
    call: Call,
    content: ReadElement,
    questions: list[Question | None],
    respond: Callable[[AccountSettings | None, tuple[str, ...]], Element],
) -> Inquiry:
    operation = local_name(call.payload).removesuffix("RequestMessage")
    names = tuple(dict.fromkeys(_texts(content, "RequestedSettings", "Setting")))
    problem = _find_problem(len(questions), names)
    if problem is not None:
        return _refused(call, operation, problem)

    def answer(accounts: tuple[AccountSettings | None, ...]) -> Reply:
        found = iter(accounts)
        # In the order of the request: the EWS Managed API tells the responses apart by nothing else.
        responses = [respond(None if question is None else next(found), names) for question in questions]
        collection = element(f"{responses[0].name}s", *responses)
        return _reply(call, operation, *status(NO_ERROR, ""), collection)

    return Inquiry(questions=tuple(question for question in questions if question is not None), answer=answer)


def _find_problem(questions: int, names: tuple[str, ...]) -> str | None:
    if not 1 <= questions <= MAX_QUESTIONS:
        return f"A request must be for 1 to {MAX_QUESTIONS} users or domains."
    if not 1 <= len(names) <= MAX_ANSWERS // questions:
        return f"A request must be for 1 to {MAX_ANSWERS} settings of all users or domains together."
    if not all(_SETTING_NAME.fullmatch(name) for name in names):
        return "The name of a setting must be of letters and digits."
    return None


def _refused(call: Call, operation: str, problem: str) -> Inquiry:
    return fixed_inquiry(_reply(call, operation, *status("InvalidRequest", problem)))


def _reply(call: Call, operation: str, *content: Element) -> Reply:
    return Reply(body=_answer(operation, content, call.message_id), media_type=MEDIA_TYPE)


def _answer(operation: str, content: tuple[Element, ...], relates_to: str | None = None) -> bytes:
    message = Element(
        f"{operation}ResponseMessage",
        (Element("Response", content, (("xmlns:i", _INSTANCE_NAMESPACE),)),),
        (("xmlns", NAMESPACE),),
    )
    version = Element(
        "h:ServerVersionInfo",
        tuple(leaf(f"h:{name}", value) for name, value in _VERSION),
        (("xmlns:h", NAMESPACE),),
    )
    action = f"{NAMESPACE}/Autodiscover/{operation}Response"
    return answer_envelope(action, message, version, relates_to=relates_to)


FORMATS: Final = (
    ClientFormat(
        name="autodiscover-soap",
        title="Microsoft Autodiscover over SOAP, for Exchange clients",
        media_type=MEDIA_TYPE,
        file_extension="xml",
        endpoints=(
            Endpoint(
                path=PATH,
                summary="Autodiscover over SOAP",
                methods=("POST", "GET"),
                is_any_case=True,
                max_body_bytes=MAX_BODY_BYTES,
                request_media_type="text/xml",
                statuses={
                    200: "The answer, or that the user or domain has no Exchange services here",
                    302: "GET over plain http: where the service has a certificate",
                    404: "The domain of the host has no Exchange services",
                    405: "GET: programs POST",
                    400: "A fault: the body is no SOAP envelope",
                    500: "A SOAP fault: the envelope is none that could be answered",
                },
                document_statuses=frozenset({400, 500}),
            ),
        ),
        inquire=inquire,
        render=render,
    ),
)
