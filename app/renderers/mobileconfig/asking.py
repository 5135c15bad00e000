"""How profiles are asked for: the paths that hosting panels have taught people, read alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core.documents import ADDRESS_RULES, Endpoint, Parameter, Question
from app.core.errors import InvalidInput, refuse
from app.core.questions import MAX_QUERY_LENGTH, query_fields, question_for_address
from app.core.text import single_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.core.documents import ClientRequest

MAX_NAME_LENGTH: Final = 100
FORM: Final = "application/x-www-form-urlencoded"
_ADDRESS_FIELDS: Final = ("emailaddress", "email", "addresses")
_PASSWORD_NAMES: Final = frozenset({"pass", "pwd", "pw", "secret", "kennwort"})
_PASSWORD_PARTS: Final = ("passw", "passphrase", "passcode")

_NAME: Final = Parameter(
    name="name",
    description="The owner's name, shown to those who get mail.",
    example="Jane Doe",
    rules={"maxLength": MAX_NAME_LENGTH, "pattern": r"^[^\x00-\x1f\x7f-\x9f\ufffe\uffff]*$"},
)
_STATUSES: Final = {
    400: "No valid address was sent, or something like a password",
    404: "The domain is unknown or suspended, or its settings cannot be said in a profile: the text says why",
    503: "The database does not answer, or too many profiles are waiting to be signed",
}


def _address(name: str, *, in_path: bool = False) -> Parameter:
    return Parameter(
        name=name,
        description="The mail address.",
        example="jane@demo.example",
        in_path=in_path,
        is_needed=True,
        rules=ADDRESS_RULES,
    )


def _link(path: str, field: str, summary: str) -> Endpoint:
    return Endpoint(path=path, summary=summary, parameters=(_address(field), _NAME), statuses=_STATUSES)


def _form(path: str) -> Endpoint:
    return Endpoint(
        path=path,
        summary="Apple profile for an address, by a link or a form",
        parameters=(_address("emailaddress"), _NAME),
        methods=("GET", "POST"),
        max_body_bytes=MAX_QUERY_LENGTH,
        request_media_type=FORM,
        statuses=_STATUSES,
    )


ENDPOINTS: Final = (
    _form("/mobileconfig"),
    _form("/mobileconfig/"),
    _link("/email.mobileconfig", "email", "Apple profile for an address, as other panels link to it"),
    _link("/email/mobileconfig", "email", "Apple profile where La Contre-Voie's autodiscover has it"),
    _link("/mail/ios.mobileconfig", "emailaddress", "Apple profile where mail-autodiscover has it"),
    _link(
        "/.well-known/apple-mail.mobileconfig",
        "emailaddress",
        "Apple profile at the other place of mail-autodiscover",
    ),
    _link("/profile.mobileconfig", "addresses", "Apple profile where mox has it; the first address counts"),
    Endpoint(
        # Local parts may hold slashes.
        path="/apple/{address:path}.mobileconfig",
        summary="Apple profile for an address in the path",
        parameters=(_address("address", in_path=True), _NAME),
        statuses=_STATUSES,
    ),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose profile is wanted."""

    question: Question
    person: str | None


def read_request(request: ClientRequest) -> Asked:
    """Read an address and a name from path, form and query, in this order.

    Raises:
        InvalidInput: When there is no valid address, the name is no line of text, or something like a
            password was sent. The message never repeats what was sent.
    """
    fields = _form_fields(request)
    for name, value in query_fields(request.query).items():
        fields.setdefault(name, value)
    _refuse_passwords(fields)
    address = request.path_parameters.get("address") or next(
        (fields[name] for name in _ADDRESS_FIELDS if fields.get(name)), ""
    )
    if "addresses" in fields:
        # mox takes several, and logs in with the first.
        address = address.partition(",")[0]
    if not address:
        raise refuse("is needed, such as ?emailaddress=jane@demo.example", "emailaddress")
    question = question_for_address(address)
    if question.address is None:
        raise refuse("must be a valid mail address", "emailaddress")
    return Asked(question, _person(fields.get("name", "")))


def _form_fields(request: ClientRequest) -> dict[str, str]:
    if not request.body:
        return {}
    try:
        return query_fields(request.body.decode("ascii"))
    except (UnicodeDecodeError, InvalidInput):
        raise refuse(f"must be {FORM}, in UTF-8", "body") from None


def _refuse_passwords(names: Iterable[str]) -> None:
    for name in names:
        if name in _PASSWORD_NAMES or any(part in name for part in _PASSWORD_PARTS):
            # Without the name that was sent: there may be a secret in it, too.
            raise refuse(
                "must not be sent: no password belongs in a URL or in this service. "
                "The device asks for it when the profile is installed. "
                "Change the password if it was a real one",
                "password",
            )


def _person(text: str) -> str | None:
    if not text.strip():
        return None
    try:
        return single_line(text, MAX_NAME_LENGTH)
    except InvalidInput as error:
        raise error.inside("name") from None
