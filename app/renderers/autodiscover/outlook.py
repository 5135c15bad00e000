"""The response that Outlook reads, and with it Thunderbird, FairEmail, Evolution and GNOME."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.documents import Document
from app.core.exchange import find_redirection, found_services, redirection_omissions
from app.core.markup import element, leaf, optional_leaf
from app.renderers.autodiscover import pox
from app.renderers.autodiscover.exchange import Capabilities, exchange_protocols
from app.renderers.autodiscover.mail import MAIL_TYPES, mail_protocols, select_mail
from app.renderers.autodiscover.omissions import ON_REQUEST, omitted, service_omissions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.core.account import AccountSettings, Omission
    from app.core.documents import Presentation
    from app.core.exchange import FoundService

_NO_CAPABILITIES: Final = Capabilities()


def render(
    account: AccountSettings, presentation: Presentation, capabilities: Capabilities = _NO_CAPABILITIES
) -> Document:
    """Render what a client with these capabilities can use.

    Args:
        account: Resolved settings. Where only a domain is known, the standard placeholders stay.
        presentation: The service's address, for the error document, and the user's name.
        capabilities: What the request's headers say; none for a preview.

    Returns:
        The response, which sends the client on where Exchange has an Autodiscover of its own; where there
        is nothing to say, error 501, or 602 when servers had to be withheld.
    """
    unsaid = tuple(redirection_omissions(account, presentation))
    redirection = find_redirection(account, presentation)
    if redirection is not None:
        return Document(
            body=_write_redirection(redirection.url),
            media_type=pox.MEDIA_TYPE,
            omissions=(*account.withheld, *unsaid),
        )
    services = found_services(account)
    mail = select_mail(account)
    explained = _explained(account, services, capabilities)
    omissions = (*account.withheld, *mail.omissions, *explained, *unsaid)
    protocols = (*exchange_protocols(services, capabilities), *mail_protocols(account, mail.servers))
    if not protocols:
        return pox.unusable(reason_for_nothing(account), presentation.service_url, omissions)
    body = pox.write_response(
        pox.OUTLOOK,
        element(
            "User",
            optional_leaf("DisplayName", presentation.person),
            leaf("AutoDiscoverSMTPAddress", str(account.login_address or pox.shown_address(account))),
        ),
        # FairEmail wants these two before the first protocol.
        element("Account", leaf("AccountType", "email"), leaf("Action", "settings"), *protocols),
    )
    return Document(body=body, media_type=pox.MEDIA_TYPE, omissions=omissions)


def _write_redirection(url: str) -> bytes:
    """Write where to ask instead (protocol brief §2.6); User is for responses that tell settings."""
    return pox.write_response(
        pox.OUTLOOK,
        element(
            "Account",
            leaf("AccountType", "email"),
            leaf("Action", "redirectUrl"),
            leaf("RedirectUrl", url),
        ),
    )


def reason_for_nothing(account: AccountSettings) -> pox.ErrorCode:
    """Return why there is nothing to say: servers that had to be withheld, or none that can be told."""
    return pox.ErrorCode.BROKEN_SETTINGS if account.withheld else pox.ErrorCode.NO_SETTINGS


def _explained(
    account: AccountSettings, services: Mapping[str, FoundService], capabilities: Capabilities
) -> Iterator[Omission]:
    told = ("ews", "owa", "mapi")
    others = [server for server in account.servers if server.type not in MAIL_TYPES]
    yield from service_omissions(others, services, told)
    if "mapi" in services and not capabilities.mapi_http:
        yield omitted(services["mapi"].server, ON_REQUEST)
