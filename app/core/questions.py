"""Whose settings a client wants: addresses, domains and hosts, read as clients write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from app.core.documents import ADDRESS_RULES, NAME_RULES, Parameter, Question
from app.core.errors import InvalidInput, refuse
from app.core.names import DomainName, EmailAddress
from app.core.service_names import AUTOCONFIG, AUTODISCOVER, UA_AUTO_CONFIG, host_of

if TYPE_CHECKING:
    from app.core.documents import ClientRequest

MAX_QUERY_LENGTH: Final = 4096
_MAX_QUERY_FIELDS: Final = 32
_MAX_LANGUAGES: Final = 20
_LANGUAGE: Final = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*"
)

# Evolution keeps the user's name to itself and puts it into the answer in this one's place. Only the
# domain's own document has all that it needs for that: written out, the name is lower-cased or composed.
_ANYBODY: Final = "EVOLUTIONUSER"

# Names under which clients look for a domain's settings; the domain is what follows.
SERVICE_LABELS: Final = (f"{AUTOCONFIG}.", f"{AUTODISCOVER}.", f"{UA_AUTO_CONFIG}.")

ADDRESS_PARAMETERS: Final = (
    Parameter(
        name="emailaddress",
        description="The mail address; without it the settings are the domain's.",
        example="jane@demo.example",
        rules=ADDRESS_RULES,
    ),
    Parameter(
        name="domain",
        description="The mail domain, where there is no address; without both it is that of the host.",
        example="demo.example",
        rules=NAME_RULES,
    ),
)


def domains_of_host(host: str | None) -> tuple[DomainName, ...]:
    """Return the mail domains that a host name may stand for, most likely first."""
    name = host_of(host)
    if name is None:
        return ()
    names = [name.removeprefix(label) for label in SERVICE_LABELS if name.startswith(label)]
    domains: list[DomainName] = []
    for candidate in (*names, name):
        try:
            domains.append(DomainName.parse(candidate))
        except InvalidInput:
            continue
    return tuple(domains)


def query_fields(query: str) -> dict[str, str]:
    """Decode a query string once; names in lower case, the first of equal names wins.

    Raises:
        InvalidInput: When it is too long, has too many fields, or is not UTF-8.
    """
    if len(query) > MAX_QUERY_LENGTH:
        raise refuse(f"must be at most {MAX_QUERY_LENGTH} characters long", "query")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MAX_QUERY_FIELDS)
    except UnicodeDecodeError:
        raise refuse("must be UTF-8 under its percent-encoding", "query") from None
    except ValueError:
        raise refuse(f"must have at most {_MAX_QUERY_FIELDS} fields", "query") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name.lower(), value)
    return fields


def question_for_address(text: str) -> Question:
    """Read an address as clients send it.

    Only its domain has to be sound: the settings of a known domain hold for any local part, and a
    refusal would tell one local part from another.

    Raises:
        InvalidInput: When there is no valid domain behind an ``@``.
    """
    # Clients that do not encode a raw "+" have it decoded to a space, which no unquoted local part
    # can hold (protocol brief §1.1-3).
    text = text.strip()
    local_part, at, domain_text = text.rpartition("@")
    if not at:
        raise refuse("must be a mail address with an @", "emailaddress")
    try:
        domain = DomainName.parse(domain_text)
    except InvalidInput as error:
        raise refuse(f"must end in a valid domain: it {error.issues[0].rule}", "emailaddress") from None
    if not local_part.startswith('"'):
        local_part = local_part.replace(" ", "+")
    try:
        address = EmailAddress.parse(f"{local_part}@{domain.ascii}")
    except InvalidInput:
        return Question(domains=(domain,))
    return Question(address=address, domains=(domain,))


def question_for(text: str) -> Question:
    """Read a mail address, or a whole domain.

    Raises:
        InvalidInput: When it is neither; the broken rule repeats nothing of an address.
    """
    try:
        if "@" in text:
            return question_for_address(text)
        return Question(domains=(DomainName.parse(text),))
    except InvalidInput as error:
        raise refuse(error.issues[0].rule, "address") from None


def question_for_request(request: ClientRequest) -> Question:
    """Read whose settings are wanted: address, else ``domain``, else the host that was asked.

    Raises:
        InvalidInput: When an address or a domain is given and not valid.
    """
    fields = query_fields(request.query)
    from_host = domains_of_host(request.host)
    if fields.get("emailaddress"):
        asked = question_for_address(fields["emailaddress"])
        exchanger = from_host[0] if from_host else None
        is_somebody = asked.address is not None and asked.address.local_part != _ANYBODY
        address = asked.address if is_somebody else None
        return Question(address=address, domains=asked.domains, mail_exchanger=exchanger)
    if fields.get("domain"):
        try:
            return Question(domains=(DomainName.parse(fields["domain"]),))
        except InvalidInput as error:
            raise error.inside("domain") from None
    return Question(domains=from_host)


def preferred_languages(accept_language: str | None) -> tuple[str, ...]:
    """Return the tags of an ``Accept-Language`` header in lower case, the best first (RFC 9110 §12.5.4).

    What cannot be read is passed over; ``*`` and what is refused with ``q=0`` are left out.
    """
    found: list[tuple[float, str]] = []
    for part in (accept_language or "").split(",")[:_MAX_LANGUAGES]:
        match = _LANGUAGE.fullmatch(part)
        if match and (weight := float(match[2] or 1)) > 0:
            found.append((-weight, match[1].lower()))
    return tuple(tag for _, tag in sorted(found, key=lambda one: one[0]))
