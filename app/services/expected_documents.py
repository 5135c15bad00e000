"""Which documents a domain's own names are to return: what this service answers to the same requests."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from app.core.autodiscover_request import outlook_request
from app.core.documents import ClientRequest
from app.core.publications import ExpectedDocument
from app.core.service_names import AUTOCONFIG, AUTODISCOVER, UA_AUTO_CONFIG
from app.renderers import FORMATS_BY_NAME

if TYPE_CHECKING:
    from app.core.names import DomainName
    from app.services.publishing import Publishing

_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where clients look below a domain."""

    label: str
    format: str
    path: str
    schemes: tuple[str, ...] = ("https",)
    is_posted: bool = False


_PLACES: Final = (
    # Clients fall back to http where there is no certificate, and some ask there alone (protocol brief §1.1).
    _Place(label=AUTOCONFIG, format="autoconfig", path="/mail/config-v1.1.xml", schemes=("https", "http")),
    _Place(label=AUTODISCOVER, format="autodiscover", path="/autodiscover/autodiscover.xml", is_posted=True),
    _Place(label=UA_AUTO_CONFIG, format="pacc", path="/.well-known/user-agent-configuration.json"),
)


async def expected_documents(
    publishing: Publishing, service_url: str, domain: DomainName, hosts: frozenset[str]
) -> tuple[ExpectedDocument, ...]:
    """Return what clients are to get at those of a domain's hosts that it has records for.

    A request names the domain alone, or an address that every domain must have (RFC 5321 §4.5.1): all
    addresses get a document, so none says whether there is a mailbox. What this service has no document
    for is expected nowhere.

    Args:
        publishing: What answers clients.
        service_url: The service's own address.
        domain: The domain.
        hosts: The host names that are planned for it.

    Raises:
        NotAvailable: When the database does not answer.
    """
    found: list[ExpectedDocument] = []
    for place in _PLACES:
        client_format = FORMATS_BY_NAME.get(place.format)
        host = f"{place.label}.{domain.ascii}"
        if client_format is None or host not in hosts:
            continue
        posted = outlook_request(f"postmaster@{domain.ascii}") if place.is_posted else b""
        for scheme in place.schemes:
            request = ClientRequest(
                method="POST" if place.is_posted else "GET",
                scheme=scheme,
                host=host,
                body=posted,
                service_url=service_url,
            )
            reply = await publishing.reply(client_format, request)
            if reply.status != _OK:
                continue
            found.append(
                ExpectedDocument(
                    url=f"{scheme}://{host}{place.path}",
                    format=place.format,
                    body_sha256=sha256(reply.body).hexdigest(),
                    posted=posted,
                )
            )
    return tuple(found)
