"""Where clients look: the URLs of each mechanism (protocol brief §1.1, §2.1, §4.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from app.core import placeholders

if TYPE_CHECKING:
    from app.core.candidates import Subject
    from app.core.names import EmailAddress

AUTOCONFIG_PATH: Final = "/mail/config-v1.1.xml"
AUTODISCOVER_PATH: Final = "/autodiscover/autodiscover.xml"
_SHOWN: Final = f"%{placeholders.ADDRESS}%"
_MAX_DECODINGS: Final = 5


def autoconfig_url(domain: str, scheme: str = "https", address: EmailAddress | None = None) -> str:
    """Return the URL at the host ``autoconfig``; the draft has an address in it over https alone."""
    query = "" if address is None else f"?emailaddress={quote(str(address), safe='')}"
    return f"{scheme}://autoconfig.{domain}{AUTOCONFIG_PATH}{query}"


def well_known_url(domain: str, scheme: str = "https") -> str:
    """Return the URL at the domain itself, which has no address in it."""
    return f"{scheme}://{domain}/.well-known/autoconfig{AUTOCONFIG_PATH}"


def pacc_url(domain: str) -> str:
    """Return the URL of the PACC document."""
    return f"https://ua-auto-config.{domain}/.well-known/user-agent-configuration.json"


def autodiscover_url(host: str, scheme: str = "https", port: int = 443) -> str:
    """Return the URL of Autodiscover at a host."""
    authority = host if port == 443 else f"{host}:{port}"  # noqa: PLR2004 - https
    return f"{scheme}://{authority}{AUTODISCOVER_PATH}"


def version_2_url(host: str, address: str) -> str:
    """Return what Outlook asks first."""
    query = f"Email={quote(address, safe='')}&Protocol=AutodiscoverV1&RedirectCount=1"
    return f"https://{host}/autodiscover/autodiscover.json?{query}"


def without_address(text: str, subject: Subject) -> str:
    """Put the placeholder where a text has the address, however it is encoded."""
    if subject.address is None:
        return text
    plain = str(subject.address)
    forms = sorted(
        {plain, quote(plain), quote(plain, safe=""), quote(plain, safe="@")}, key=len, reverse=True
    )
    # Servers write it in lower case, whatever they were asked for.
    return re.sub("|".join(map(re.escape, forms)), _SHOWN, text, flags=re.IGNORECASE)


def holds_address(url: str, address: EmailAddress) -> bool:
    """Tell whether a URL has an address in it: in either form of its domain, encoded once or over again."""
    forms = {
        f"{address.local_part}@{domain}".casefold()
        for domain in (address.domain.ascii, address.domain.unicode)
    }
    for _ in range(_MAX_DECODINGS):
        # Forms write a space as a plus; only quoted local parts have any.
        if any(form in text for form in forms for text in (url.casefold(), url.casefold().replace("+", " "))):
            return True
        url = unquote(url)
    return False


def login_of_anybody(login: str, subject: Subject) -> str:
    """Put placeholders where a login has the address or, by itself, its local part."""
    login = without_address(login, subject)
    if subject.address is None or placeholders.has_placeholders(login):
        return login
    local_part = re.escape(subject.address.local_part)
    by_itself = rf"(?<![^\\/@+%]){local_part}(?![^\\/@+%])"
    return re.sub(by_itself, f"%{placeholders.LOCAL_PART}%", login, flags=re.IGNORECASE)
