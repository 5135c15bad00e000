"""What clients and mail servers find at well-known paths of a domain's own hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.core.documents import Question
from app.core.errors import InvalidInput
from app.core.names import DomainName
from app.core.placeholders import has_placeholders
from app.core.questions import domains_of_host, query_fields
from app.core.servers import ServerType
from app.core.service_names import MTA_STS, domain_behind, host_of

if TYPE_CHECKING:
    from app.core.mail_transport import MtaSts
    from app.services.publishing import Publishing

SERVICES: Final = {
    "caldav": ServerType.CALDAV,
    "carddav": ServerType.CARDDAV,
    "jmap": ServerType.JMAP,
}
"""Names under ``/.well-known/`` (RFC 6764 §5, RFC 8620 §2.2) and the servers that they lead to."""


class WellKnown:
    """Answers for the host that was asked; suspended domains are as unknown ones."""

    def __init__(self, publishing: Publishing) -> None:
        """Take what domains resolve to."""
        self._publishing = publishing

    async def find_service_url(self, name: str, host: str | None, query: str = "") -> str | None:
        """Return where a service is for the domain of a host, just as it is stored.

        The domain may be named in the query, by who was asked at its host and sends clients here.
        None where the domain is unknown or has no such server, where the URL depends on the mailbox,
        and where it is the very place that was asked.

        Raises:
            NotAvailable: When the database does not answer.
        """
        named = _named_domains(query)
        domains = domains_of_host(host) if named is None else named
        settings = await self._publishing.find_published(Question(domains=domains))
        if settings is None:
            return None
        asked = {host_of(host), *(domain.ascii for domain in named or ())}
        for server in settings.servers:
            if server.type is SERVICES[name] and server.url is not None:
                url = settings.expanded(server.url)
                if not has_placeholders(url) and not _is_same_place(url, name, asked):
                    return url
        return None

    async def find_mta_sts(self, host: str | None) -> MtaSts | None:
        """Return the policy of the domain behind a host ``mta-sts.DOMAIN`` (RFC 8461 §3.2).

        Raises:
            NotAvailable: When the database does not answer.
        """
        domain = domain_behind(host_of(host) or "", MTA_STS)
        if domain is None:
            return None
        settings = await self._publishing.find_published(Question(domains=(domain,)))
        return None if settings is None else settings.mta_sts


def _named_domains(query: str) -> tuple[DomainName, ...] | None:
    """Return the domain that a query names, nothing where it cannot be one; None where none is named."""
    try:
        name = query_fields(query).get("domain")
        return (DomainName.parse(name),) if name else None
    except InvalidInput:
        return ()


def _is_same_place(url: str, name: str, hosts: set[str | None]) -> bool:
    """Tell whether following the URL would come back here, and round and round."""
    parts = urlsplit(url)
    return parts.path == f"/.well-known/{name}" and parts.hostname in hosts
