"""Apple configuration profiles (``.mobileconfig``) for iOS, iPadOS, visionOS and macOS.

There is a profile for a mailbox that Apple's payloads can express, and a refusal in plain words for
every other: a mail server that takes OAuth 2 only has no value there, and a profile with a password
method instead would install and then never work. docs/formats/mobileconfig.md has the rules.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app.core.documents import ClientFormat, Document, Inquiry, Reply
from app.core.errors import InvalidInput
from app.core.profile_texts import TEXTS, choose_language
from app.core.replies import fixed_inquiry, plain_refusal, presentation_for, unknown_domain
from app.core.servers import Direction
from app.renderers.mobileconfig.asking import ENDPOINTS, read_request
from app.renderers.mobileconfig.profile import DERIVED, FILE_EXTENSION, MEDIA_TYPE, render

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.documents import ClientRequest, Presentation

_OAUTH2_REASONS: Final = ("oauth2-only", "oauth2-unknown")


def inquire(request: ClientRequest) -> Inquiry:
    """Ask for the address's settings; nothing in the replies may be kept by caches."""
    try:
        asked = read_request(request)
    except InvalidInput as error:
        return fixed_inquiry(_unkept(plain_refusal(400, f"{error}.")))

    def answer(accounts: tuple[AccountSettings | None, ...]) -> Reply:
        (account,) = accounts
        if account is None:
            return _unkept(unknown_domain())
        presentation = presentation_for(request, person=asked.person)
        document = render(account, presentation)
        if not document.is_usable:
            return _refusal(account, document, presentation)
        disposition = f'attachment; filename="{document.filename}"'
        return Reply(
            body=document.body,
            media_type=document.media_type,
            headers=(("Content-Disposition", disposition),),
            is_personal=True,
            is_signable=True,
        )

    return Inquiry(questions=(asked.question,), answer=answer)


def _refusal(account: AccountSettings, document: Document, presentation: Presentation) -> Reply:
    language = choose_language(presentation.languages)
    texts = TEXTS[language]
    mail = {server.key for server in account.servers if server.type.direction is not Direction.SERVICE}
    reasons = {found.reason for found in document.omissions if found.server in mail}
    text = texts.refusal if reasons.isdisjoint(_OAUTH2_REASONS) else texts.refusal_oauth2
    sentence = text.format(provider=account.provider.display_name)
    return _unkept(plain_refusal(404, sentence, ("Content-Language", language)))


def _unkept(reply: Reply) -> Reply:
    return replace(reply, max_age_seconds=None)


FORMATS: Final = (
    ClientFormat(
        name="mobileconfig",
        title="Apple configuration profile, for iPhone, iPad, Vision and Mac",
        media_type=MEDIA_TYPE,
        file_extension=FILE_EXTENSION,
        endpoints=ENDPOINTS,
        inquire=inquire,
        render=render,
        needs_address=True,
        is_signable=True,
        derived=DERIVED,
    ),
)
