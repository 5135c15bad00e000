"""A configuration profile: the payloads, their names for machines and for people, one property list.

Names for machines are stable: a mailbox gets the same ones for ever. The identifier decides what a later
installation replaces, so it follows the mailbox alone; the UUIDs follow the provider too, so that a
mailbox that has moved starts with a fresh account rather than with the old one's cache.
"""

from __future__ import annotations

import hashlib
import plistlib
import uuid
from dataclasses import dataclass
from functools import partial
from struct import Struct
from typing import TYPE_CHECKING, Final

from app.core.documents import Document, Presentation
from app.core.profile_texts import DEFAULT_LANGUAGE, TEXTS, ProfileTexts, choose_language
from app.renderers.mobileconfig import payloads
from app.renderers.mobileconfig.choosing import Choice, choose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.core.account import AccountSettings
    from app.core.documents import Derivation
    from app.core.names import EmailAddress
    from app.renderers.mobileconfig.payloads import Payload, Value

MEDIA_TYPE: Final = "application/x-apple-aspen-config; charset=utf-8"
FILE_EXTENSION: Final = "mobileconfig"
_NAMESPACE: Final = uuid.UUID("5f7cb2a4-3c1e-4f0a-9d57-2b1d6f0f6f8e").bytes
_DIGEST_BYTES: Final = 16
# Of the forty digits those that are used, apart where something else comes between or in the place of one.
_take_apart: Final = Struct("8s4sx3sc3s12s8x").unpack
# By what the digit was: two of its four bits say that the layout is RFC 9562's.
_VARIANTS: Final = {b"%X" % number: variant.encode() for number, variant in enumerate("89AB" * 4)}
_PROFILE: Final = "profile"
_PARTS: Final = ("imap", "pop3", "eas", "ews", "caldav", "carddav", "ldap")


@dataclass(frozen=True, slots=True)
class _Part:
    """A payload, and what its names are made of."""

    suffix: str
    """The end of its name for machines."""
    service: str
    """Which of the texts names it for people."""
    payload: Payload


def mailbox_identifier(_provider: str) -> Derivation:
    """Return what names a mailbox's profile for machines."""
    # Two profiles that share a name overwrite each other (protocol brief §6-31).
    start = hashlib.blake2b(digest_size=_DIGEST_BYTES).copy

    def derive(mailbox: bytes, domain: bytes) -> bytes:
        state = start()
        state.update(mailbox)
        labels = domain.split(b".")
        labels.reverse()
        labels += (b"signpost", state.hexdigest().encode())
        return b".".join(labels)

    return derive


def part_uuid(part: str, provider: str) -> Derivation:
    """Return what makes the UUID of a part of a mailbox's profile: of version 5, of both."""
    # As uuid.uuid5 does it, at a third of the cost (RFC 9562 §5.5).
    start = hashlib.sha1(_NAMESPACE + f"{provider}\n".encode(), usedforsecurity=False).copy
    end = f"\n{part}".encode()

    def derive(mailbox: bytes, _domain: bytes) -> bytes:
        state = start()
        state.update(mailbox + end)
        first, second, third, digit, fourth, last = _take_apart(state.hexdigest().upper().encode())
        return b"".join((first, b"-", second, b"-5", third, b"-", _VARIANTS[digit], fourth, b"-", last))

    return derive


class _Naming:
    """Names for machines of one mailbox's profile."""

    def __init__(self, provider: str, login_address: EmailAddress) -> None:
        """Take the provider's slug, and the address without regard to its case and tag."""
        self._provider = provider
        domain = login_address.domain.ascii
        self._mailbox = (f"{login_address.key}@{domain}".encode(), domain.encode())
        self.identifier = mailbox_identifier(provider)(*self._mailbox).decode()

    def uuid(self, part: str) -> str:
        return part_uuid(part, self._provider)(*self._mailbox).decode()


DERIVED: Final[tuple[Callable[[str], Derivation], ...]] = (
    mailbox_identifier,
    *(partial(part_uuid, part) for part in (_PROFILE, *_PARTS)),
)
"""What of a profile is made of the mailbox."""


def render(account: AccountSettings, presentation: Presentation) -> Document:
    """Render the profile for an address; without one, or without anything to set up, it is not usable."""
    choice = choose(account)
    if account.address is None or account.login_address is None or not choice.is_usable:
        return Document(body=b"", media_type=MEDIA_TYPE, omissions=choice.omissions, is_usable=False)
    texts = TEXTS[choose_language(presentation.languages)]
    address, provider = str(account.address), account.provider.display_name
    parts = tuple(_parts(account, choice, texts, presentation.person))
    naming = _Naming(account.provider.slug, account.login_address)
    profile: Payload = {
        "ConsentText": _consent(address, provider, parts),
        "PayloadContent": [_named(part, naming, address, provider, texts) for part in parts],
        "PayloadDescription": _filled(texts.summary, texts, address, provider, parts),
        "PayloadDisplayName": f"{provider} ({address})",
        "PayloadIdentifier": naming.identifier,
        "PayloadOrganization": provider,
        "PayloadScope": "User",
        "PayloadType": "Configuration",
        "PayloadUUID": naming.uuid(_PROFILE),
        "PayloadVersion": 1,
    }
    return Document(
        body=plistlib.dumps(profile, fmt=plistlib.FMT_XML, sort_keys=True),
        media_type=MEDIA_TYPE,
        omissions=choice.omissions,
        filename=f"{account.domain.ascii}.{FILE_EXTENSION}",
    )


def _parts(
    account: AccountSettings, choice: Choice, texts: ProfileTexts, person: str | None
) -> Iterator[_Part]:
    # iOS takes accounts with equal descriptions for one and the same.
    address = str(account.address)
    if choice.mail is not None:
        incoming, outgoing = choice.mail
        mail = payloads.mail_payload(account, incoming, outgoing, description=address, person=person)
        yield _Part(incoming.type.value, "mail", mail)
    if choice.active_sync is not None:
        yield _Part("eas", "exchange", payloads.active_sync_payload(account, choice.active_sync))
    if choice.ews is not None:
        yield _Part("ews", "exchange", payloads.ews_payload(account, choice.ews))
    if choice.caldav is not None:
        description = f"{address} ({texts.calendars})"
        yield _Part("caldav", "calendars", payloads.caldav_payload(account, choice.caldav, description))
    if choice.carddav is not None:
        description = f"{address} ({texts.contacts})"
        yield _Part("carddav", "contacts", payloads.carddav_payload(account, choice.carddav, description))
    if choice.ldap is not None:
        description = f"{account.provider.display_name} ({texts.directory})"
        yield _Part("ldap", "directory", payloads.ldap_payload(account, choice.ldap, description))


def _named(part: _Part, naming: _Naming, address: str, provider: str, texts: ProfileTexts) -> Value:
    service = _service(part, texts)
    return part.payload | {
        # The two payloads of Exchange are for different devices, and need different names all the same.
        "PayloadDisplayName": f"{address} ({service}{', macOS' if part.suffix == 'ews' else ''})",
        "PayloadIdentifier": f"{naming.identifier}.{part.suffix}",
        "PayloadOrganization": provider,
        "PayloadUUID": naming.uuid(part.suffix),
        "PayloadVersion": 1,
    }


def _consent(address: str, provider: str, parts: Sequence[_Part]) -> Payload:
    consent: Payload = {
        language: _filled(texts.consent, texts, address, provider, parts) for language, texts in TEXTS.items()
    }
    return consent | {"default": consent[DEFAULT_LANGUAGE]}


def _filled(text: str, texts: ProfileTexts, address: str, provider: str, parts: Sequence[_Part]) -> str:
    services = ", ".join(dict.fromkeys(_service(part, texts) for part in parts))
    return text.format(address=address, provider=provider, services=services)


def _service(part: _Part, texts: ProfileTexts) -> str:
    name: str = getattr(texts, part.service)
    return name
