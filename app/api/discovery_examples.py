"""Examples of discovery, written as the service itself writes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from app.api.schemas.discoveries import DiscoveryCreate, DiscoveryRead
from app.core.candidates import Candidate, Discovery, Outcome, Subject, Trust
from app.core.names import DomainName
from app.core.servers import Authentication, Server, ServerType, SocketType
from app.discovery.comparing import compare
from app.discovery.ranking import propose
from app.services.discovering import Discovered
from app.services.discovery_records import comparison_record, discovered_record

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
    return {"discover": (request, answer)}
