"""Which host names a reverse proxy may obtain certificates for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.errors import InvalidInput
from app.core.names import DomainName
from app.core.service_names import LABELS, MTA_STS, domain_behind

if TYPE_CHECKING:
    from app.core.service_names import PublicService
    from app.store.unit_of_work import Store


class CertificateNames:
    """The names under which this service answers: its own, and those of active domains."""

    def __init__(self, store: Store, service: PublicService) -> None:
        """Take the database and where this service is reached."""
        self._store = store
        self._service = service

    async def is_served(self, name: str) -> bool:
        """Tell whether a host name is the service's, an active domain, or a service name of one.

        ``mta-sts.DOMAIN`` counts for domains that have a policy. One look-up at the most.

        Raises:
            InvalidInput: When it is no host name.
            NotAvailable: When the database does not answer.
        """
        host = _full_name(name)
        if host.ascii == self._service.hostname:
            return True
        behind = {label: domain for label in LABELS if (domain := domain_behind(host.ascii, label))}
        async with self._store.discovering() as accounts:
            active = await accounts.find_active((host, *behind.values()))
        if host in active:
            return True
        return any(
            domain in active and (label != MTA_STS or active[domain].has_mta_sts)
            for label, domain in behind.items()
        )


def _full_name(text: str) -> DomainName:
    try:
        return DomainName.parse(text)
    except InvalidInput as error:
        raise error.inside("domain") from None
