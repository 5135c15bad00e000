"""Examples of discovery, written as the service itself writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from app.api.schemas.discoveries import AdoptionCreate, AdoptionRead, DiscoveryCreate, DiscoveryRead
from app.api.schemas.domains import domain_to_read
from app.api.schemas.providers import provider_to_read
from app.core.candidates import Candidate, Discovery, Outcome, Subject, Trust
from app.core.domains import Domain
from app.core.names import DomainName
from app.core.provider import Provider
from app.core.servers import Authentication, Server, ServerType, SocketType
from app.core.stored import Stored
from app.discovery.comparing import compare
from app.discovery.ranking import propose
from app.services.discovering import Discovered
from app.services.discovery_records import comparison_record, discovered_record

T = TypeVar("T")

_MOMENT: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_IMAP: Final = Server(
    key="imap",
    type=ServerType.IMAP,
    hostname="imap.old-host.example",
    port=993,
    socket_type=SocketType.TLS,
    authentication=(Authentication.PASSWORD_CLEARTEXT,),
    username="%EMAILADDRESS%",
)
_SMTP: Final = replace(_IMAP, key="smtp", type=ServerType.SMTP, hostname="smtp.old-host.example", port=465)
_FOUND: Final = Candidate(
    source="autoconfig",
    asked="https://autoconfig.customer.example/mail/config-v1.1.xml?emailaddress=%EMAILADDRESS%",
    trust=Trust.HTTPS,
    outcome=Outcome.FOUND,
    status=200,
    media_type="text/xml",
    servers=(_IMAP, _SMTP),
    display_name="Old Host",
    seconds=0.184,
)
_NOT_FOUND: Final = Candidate(
    source="well-known",
    asked="https://customer.example/.well-known/autoconfig/mail/config-v1.1.xml",
    trust=Trust.HTTPS,
    outcome=Outcome.UNUSABLE,
    reason="answers 200 with a web page",
    status=200,
    seconds=0.212,
)
_PROVIDER: Final = Provider(
    slug="demo", display_name="Old Host", short_name="Old Host", servers=(_IMAP, _SMTP)
)


def discovery_examples() -> dict[str, tuple[Any, Any]]:
    """Return a request's and an answer's example by operation."""
    subject = Subject(DomainName("customer.example"))
    discovery = Discovery(subject=subject, candidates=(_FOUND, _NOT_FOUND), seconds=0.214)
    proposal = propose(discovery)
    discovered = Discovered(discovery=discovery, proposal=proposal, views=())
    compared = compare(proposal, [replace(_IMAP, hostname="imap.new-host.example"), _SMTP], subject)
    record = {**discovered_record(discovered), "comparison": comparison_record(compared)}
    answer = DiscoveryRead.model_validate(record).model_dump(mode="json")
    request = DiscoveryCreate(address="jane@customer.example").model_dump(mode="json")
    adoption = {
        "source": discovered.proposal.source,
        "is_new_provider": True,
        "provider": provider_to_read(_stored(_PROVIDER)),
        "domain": domain_to_read(_stored(Domain(name=subject.domain, provider=_PROVIDER.slug))),
        "verification": "5f3c9a1e7b2d4c60",
    }
    return {
        "discover": (request, answer),
        "follow_discovery": (request, None),
        "adopt": (
            AdoptionCreate(address="jane@customer.example", provider=_PROVIDER.slug).model_dump(mode="json"),
            AdoptionRead.model_validate(adoption).model_dump(mode="json"),
        ),
    }


def _stored(value: T) -> Stored[T]:
    return Stored(id=1, value=value, version=1, created_at=_MOMENT, updated_at=_MOMENT)
