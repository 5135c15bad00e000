"""What an account has of Exchange, from whichever types of server are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.core.account import Omission
from app.core.servers import ExchangeOptions, Server, ServerType
from app.core.service_names import host_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.account import AccountSettings
    from app.core.documents import Presentation

_REDIRECTED: Final = (
    "Clients are sent to Exchange's own Autodiscover, its autodiscover_url, for the settings."
)
_LOOP: Final = "Its autodiscover_url leads to this service, so clients are told the settings here."


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeServices:
    """URLs of Exchange's services, with everything known filled in; None for what is not there."""

    ews: str | None = None
    owa: str | None = None
    mapi: str | None = None
    """MAPI over HTTP."""
    activesync: str | None = None
    autodiscover: str | None = None
    """Exchange's own Autodiscover in plain XML, to which clients are to be sent."""

    @property
    def has_outlook_service(self) -> bool:
        """Whether there is anything that Outlook's own response can name: EWS or MAPI."""
        return self.ews is not None or self.mapi is not None

    @property
    def hostname(self) -> str | None:
        """The host of the services, that of the first one there is; Autodiscover's may be anywhere."""
        url = self.ews or self.mapi or self.owa or self.activesync
        return None if url is None else urlsplit(url).hostname


@dataclass(frozen=True, slots=True)
class FoundService:
    """One of Exchange's services, and what stores it."""

    server: Server
    url: str
    """With everything known filled in."""


def exchange_services(account: AccountSettings) -> ExchangeServices:
    """Return the first stored URL of each service, the provider's order deciding."""
    return ExchangeServices(**{name: found.url for name, found in found_services(account).items()})


def found_services(account: AccountSettings) -> dict[str, FoundService]:
    """Return the same services by the names of ``ExchangeServices``' fields, with their servers."""
    found: dict[str, FoundService] = {}
    for server in account.servers:
        for service, url in _urls(server).items():
            if url is not None:
                found.setdefault(service, FoundService(server, account.expanded_url(url)))
    return found


def find_redirection(account: AccountSettings, presentation: Presentation) -> FoundService | None:
    """Return the Autodiscover that clients are to be sent to.

    Returns:
        None where there is none, and where it is at the host that was asked or at this service's own
        name, so that no client goes round in circles.
    """
    found = found_services(account).get("autodiscover")
    own = {presentation.asked_host, host_of(urlsplit(presentation.service_url).netloc)}
    return None if found is None or host_of(urlsplit(found.url).netloc) in own else found


def redirection_omissions(account: AccountSettings, presentation: Presentation) -> Iterator[Omission]:
    """Explain the servers that a document does not tell of because it leads to Exchange's own Autodiscover.

    Where that cannot be done, the one server that has the address.
    """
    if find_redirection(account, presentation) is not None:
        for server in account.servers:
            yield Omission(server=server.key, reason="redirected", detail=_REDIRECTED)
    elif (found := found_services(account).get("autodiscover")) is not None:
        yield Omission(server=found.server.key, reason="redirection-loop", detail=_LOOP)


def offered_services(server: Server) -> frozenset[str]:
    """Return the names of the services that a server has a URL for."""
    return frozenset(name for name, url in _urls(server).items() if url is not None)


def _urls(server: Server) -> dict[str, str | None]:
    if isinstance(server.options, ExchangeOptions):
        options = server.options
        return {
            "ews": options.ews_url,
            "owa": options.owa_url,
            "activesync": options.eas_url,
            "autodiscover": options.autodiscover_url,
        }
    services = {
        ServerType.EWS: "ews",
        ServerType.OWA: "owa",
        ServerType.MAPI: "mapi",
        ServerType.ACTIVESYNC: "activesync",
    }
    service = services.get(server.type)
    return {} if service is None else {service: server.url}
