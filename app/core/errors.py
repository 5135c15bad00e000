"""What can go wrong with a request, in the caller's terms and without HTTP.

AppError
├── InvalidInput            a value breaks a rule; names every field and rule
├── NotFound
│   ├── DomainNotFound
│   ├── DeletedDomainNotFound
│   ├── MailboxNotFound
│   ├── ProviderNotFound
│   ├── ServerNotFound
│   ├── TokenNotFound
│   ├── WebhookNotFound
│   ├── DeliveryNotFound
│   ├── EndpointNotFound
│   ├── VerificationNotFound
│   ├── FormatNotFound
│   └── DocumentNotPossible the settings leave a format nothing to say
├── Conflict
│   ├── DomainTaken         the name is stored already
│   ├── MailboxTaken
│   ├── ProviderTaken
│   ├── ProviderInUse       domains still point at the provider
│   ├── DomainInUse         other domains are aliases of it
│   ├── NotRestorable       what a deleted domain refers to has changed
│   ├── IdempotencyKeyReused  the key came with another request before
│   └── ConcurrentChange    somebody else wrote between our read and our write
├── StaleVersion            the caller's If-Match names an older version
├── PreconditionMissing     If-Match is needed, by the operator's choice
├── NotAuthenticated
├── NotPermitted
├── HttpsRequired           it came over plain http, where tokens can be read
├── TooManyRequests         too many attempts failed
├── QuotaExceeded           more requests came than are allowed
├── TookTooLong             the request was given up in its middle
├── UnreadableLine          a line of many is no JSON object, or too long
├── TooMuchInput            more lines or bytes than are taken at once
├── SweepingChange          an import would change too much without ``--force``
├── SchemaTooNew            a newer version of the program migrated the database
└── NotAvailable            the database does not answer
"""

from __future__ import annotations

from typing import Final

from app.core.input_errors import AppError, InvalidInput, Issue, IssueCollector, refuse, within

# What others take from here although it lives beside it; all else below is meant for them anyway.
__all__ = ["AppError", "InvalidInput", "Issue", "IssueCollector", "refuse", "within"]

RETRY_SECONDS: Final = 5
"""After so long it is worth asking again for what does not answer."""


class NotFound(AppError):  # noqa: N818
    """The thing named by the caller is not stored, or not for this caller."""


class DomainNotFound(NotFound):
    """No such mail domain."""

    def __init__(self, name: str) -> None:
        """Take the name as the caller gave it."""
        self.name = name
        super().__init__(f"The domain {name} is not known here.")


class DeletedDomainNotFound(NotFound):
    """No deleted domain of that name is kept."""

    def __init__(self, name: str) -> None:
        """Take the name as the caller gave it."""
        self.name = name
        super().__init__(f"No deleted domain {name} is kept here.")


class MailboxNotFound(NotFound):
    """No mailbox of its own is stored for the address."""

    def __init__(self, domain: str) -> None:
        """Take the domain only: errors are logged, and addresses are not."""
        self.domain = domain
        super().__init__(f"The domain {domain} has no such mailbox of its own.")


class ProviderNotFound(NotFound):
    """No such provider."""

    def __init__(self, slug: str) -> None:
        """Take the slug as the caller gave it."""
        self.slug = slug
        super().__init__(f"The provider {slug} is not known here.")


class ServerNotFound(NotFound):
    """The provider, domain or mailbox has no server of that key."""

    def __init__(self, key: str) -> None:
        """Take the key as the caller gave it."""
        self.key = key
        super().__init__(f"There is no server {key} here.")


class TokenNotFound(NotFound):
    """No such token."""

    def __init__(self, public_id: str) -> None:
        """Take the public half as the caller gave it."""
        self.public_id = public_id
        super().__init__(f"The token {public_id} is not known here.")


class WebhookNotFound(NotFound):
    """No such subscription to events."""

    def __init__(self, public_id: str) -> None:
        """Take the id as the caller gave it."""
        self.public_id = public_id
        super().__init__(f"The webhook {public_id} is not known here.")


class DeliveryNotFound(NotFound):
    """No such delivery of an event."""

    def __init__(self, delivery_id: int) -> None:
        """Take the id as the caller gave it."""
        self.delivery_id = delivery_id
        super().__init__(f"The delivery {delivery_id} is not known here.")


class EndpointNotFound(NotFound):
    """No such endpoint, or none that the caller's domains list."""

    def __init__(self, endpoint_id: int) -> None:
        """Take the id as the caller gave it."""
        self.endpoint_id = endpoint_id
        super().__init__(f"The endpoint {endpoint_id} is not known here.")


class VerificationNotFound(NotFound):
    """No such verification of the domain."""

    def __init__(self, public_id: str) -> None:
        """Take the id as the caller gave it."""
        self.public_id = public_id
        super().__init__(f"The verification {public_id} is not known here.")


class FormatNotFound(NotFound):
    """No client format of that name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        """Take the name asked for and the names there are."""
        self.name = name
        super().__init__(f"There is no format {name}; there are {', '.join(known)}.")


class DocumentNotPossible(NotFound):
    """The domain is known, but a format has nothing to say of its settings."""

    def __init__(self, domain: str, format_name: str, reasons: tuple[str, ...]) -> None:
        """Take the domain only, not the address, and why servers were left out."""
        self.domain, self.format_name = domain, format_name
        why = " ".join(reasons) or "It has no server that the format has a place for."
        super().__init__(f"There is no {format_name} document for {domain}. {why}")


class Conflict(AppError):  # noqa: N818
    """The request is sound, but not in the present state."""


class DomainTaken(Conflict):
    """The domain is stored already."""

    def __init__(self, name: str) -> None:
        """Take the A-label form of the name."""
        self.name = name
        super().__init__(f"The domain {name} is stored already.")


class MailboxTaken(Conflict):
    """The mailbox is stored already."""

    def __init__(self, domain: str) -> None:
        """Take the domain only: errors are logged, and addresses are not."""
        self.domain = domain
        super().__init__(f"The domain {domain} has that mailbox already.")


class ProviderTaken(Conflict):
    """The slug is in use."""

    def __init__(self, slug: str) -> None:
        """Take the slug."""
        self.slug = slug
        super().__init__(f"The provider {slug} is stored already.")


class ProviderInUse(Conflict):
    """Domains still point at the provider."""

    def __init__(self, slug: str, domains: int) -> None:
        """Take the slug and how many domains there are."""
        self.slug, self.domains = slug, domains
        super().__init__(f"The provider {slug} still has {domains} domains.")


class DomainInUse(Conflict):
    """Other domains are aliases of this one."""

    def __init__(self, name: str, aliases: int) -> None:
        """Take the name and how many aliases there are."""
        self.name, self.aliases = name, aliases
        super().__init__(f"The domain {name} still has {aliases} aliases.")


class ConcurrentChange(Conflict):
    """Somebody else wrote between our read and our write; a retry is right."""

    def __init__(self, what: str) -> None:
        """Take what was being written."""
        super().__init__(f"{what} was changed by somebody else at the same moment; try again.")


class NotRestorable(Conflict):
    """What a deleted domain refers to is no longer as it was."""

    def __init__(self, name: str, reason: str) -> None:
        """Take the name, and what is in the way."""
        self.name = name
        super().__init__(f"The domain {name} cannot come back as it was: {reason}.")


class IdempotencyKeyReused(Conflict):
    """The key named another request before."""

    def __init__(self, key: str) -> None:
        """Take the key."""
        self.key = key
        super().__init__(f"The Idempotency-Key {key} came with another request before.")


class StaleVersion(AppError):  # noqa: N818
    """The caller's condition names a version that is not the present one."""

    def __init__(self, present: int | None) -> None:
        """Take the present version, None where nothing is stored."""
        self.present = present
        stored = "nothing is stored" if present is None else f"the present one is {present}"
        super().__init__(f"The version in If-Match is not the present one: {stored}.")


class PreconditionMissing(AppError):  # noqa: N818
    """The service is set to change nothing unless the caller says which version it has seen."""

    def __init__(self) -> None:
        """Say what is missing."""
        super().__init__("A change of what is stored needs If-Match with the ETag that you have seen.")


class NotAuthenticated(AppError):  # noqa: N818
    """No token, or none that holds."""

    def __init__(self) -> None:
        """Say the same whatever was wrong, so that nothing can be tried out."""
        super().__init__("A valid bearer token is needed.")


class NotPermitted(AppError):  # noqa: N818
    """The token holds, but does not reach this far."""

    def __init__(self, scope: str) -> None:
        """Take the scope that would be needed."""
        self.scope = scope
        super().__init__(f"The token lacks the scope {scope}, or is limited to a provider.")


class HttpsRequired(AppError):  # noqa: N818
    """The request came over plain http, and may have a token with it."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("Tokens can be read on the way over plain http: this is answered over https only.")


class TooManyRequests(AppError):  # noqa: N818
    """The caller has to wait."""

    def __init__(self, seconds: int) -> None:
        """Take how long."""
        self.seconds = seconds
        super().__init__(f"Too many attempts failed; try again in {seconds} seconds.")


class QuotaExceeded(AppError):  # noqa: N818
    """More requests came from a token or an address than it is allowed."""

    def __init__(self, whose: str, seconds: int) -> None:
        """Take whose requests are counted, and how long to wait."""
        self.seconds = seconds
        super().__init__(f"Too many requests from this {whose}; try again in {seconds} seconds.")


class TookTooLong(AppError):  # noqa: N818
    """A request was given up in its middle."""

    def __init__(self, seconds: float) -> None:
        """Take how long it had."""
        super().__init__(
            f"The request was given up after {seconds:g} seconds; "
            "what it was to change may be changed or not."
        )


class Overloaded(AppError):  # noqa: N818
    """There is too much to do."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("The service has too much to do at the moment; nothing was done.")


class UnreadableLine(AppError):  # noqa: N818
    """A line of many cannot be read; the others can."""

    def __init__(self, reason: str) -> None:
        """Take what is wrong with it, as the end of a sentence that starts with the line."""
        self.reason = reason
        super().__init__(f"The line {reason}.")


class TooMuchInput(AppError):  # noqa: N818
    """There is more than is taken at once."""

    def __init__(self, limit: int, unit: str) -> None:
        """Take the limit and what it counts."""
        self.limit = limit
        super().__init__(f"At most {limit} {unit} are taken at once.")


class SweepingChange(AppError):  # noqa: N818
    """An import would change or remove more than is likely to be meant."""

    def __init__(self, changed: int, stored: int) -> None:
        """Take how many stored entries would change or go, and how many there are."""
        self.changed, self.stored = changed, stored
        super().__init__(
            f"This would change or remove {changed} of {stored} stored entries; "
            "look at it with --dry-run, then add --force if it is meant.",
        )


class SchemaTooNew(AppError):  # noqa: N818
    """The database was migrated by a newer version of the program."""

    def __init__(self) -> None:
        """Say what an operator who went back a version can do."""
        super().__init__(
            "The database has the schema of a newer version of Signpost; run that version, "
            "or restore the backup from before it.",
        )


class NotAvailable(AppError):  # noqa: N818
    """Something that we depend on does not answer."""

    def __init__(self, what: str, state: str = "does not answer at the moment") -> None:
        """Take the name of the thing, as operators know it, and how it is."""
        self.what = what
        super().__init__(f"The {what} {state}.")


def wait_seconds(error: AppError) -> int | None:
    """Return after how many seconds it is worth trying again; None where waiting is of no use."""
    if isinstance(error, TooManyRequests | QuotaExceeded):
        return error.seconds
    return RETRY_SECONDS if isinstance(error, NotAvailable | Overloaded | TookTooLong) else None
