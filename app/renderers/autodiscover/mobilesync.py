"""The response that ActiveSync clients read ([MS-ASCMD] 2.2.1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.documents import Document
from app.core.exchange import found_services
from app.core.markup import element, leaf, optional_leaf
from app.renderers.autodiscover import pox
from app.renderers.autodiscover.omissions import service_omissions

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.documents import Presentation


def render(account: AccountSettings, presentation: Presentation) -> Document:
    """Render where ActiveSync is.

    Args:
        account: Resolved settings. Where only a domain is known, the standard placeholders stay.
        presentation: The service's address, for the error document, and the user's name.

    Returns:
        The response, or error 601 where there is no ActiveSync.
    """
    services = found_services(account)
    omissions = (*account.withheld, *service_omissions(account.servers, services, ("activesync",)))
    activesync = services.get("activesync")
    if activesync is None:
        return pox.unusable(pox.ErrorCode.NO_PROVIDER, presentation.service_url, omissions)
    server = element(
        "Server",
        leaf("Type", "MobileSync"),
        leaf("Url", activesync.url),
        leaf("Name", activesync.url),
    )
    body = pox.write_response(
        pox.MOBILESYNC,
        leaf("Culture", "en:us"),
        element(
            "User",
            optional_leaf("DisplayName", presentation.person),
            leaf("EMailAddress", pox.shown_address(account)),
        ),
        element("Action", element("Settings", server)),
    )
    return Document(body=body, media_type=pox.MEDIA_TYPE, omissions=omissions)
