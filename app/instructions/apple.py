"""What iPhone, iPad and Mac share: the profile's link, and its first steps."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from app.instructions.phrases import say
from app.instructions.steps import do

if TYPE_CHECKING:
    from app.instructions.guide import Step
    from app.instructions.situation import Situation


def profile_url(situation: Situation) -> str | None:
    """Return where the mailbox's profile is; None without an address."""
    address = situation.account.address
    if address is None:
        return None
    # Apple's payloads hold the address as it was typed.
    return f"{situation.presentation.service_url}/mobileconfig?emailaddress={quote(str(address), safe='@')}"


def open_profile(situation: Situation) -> Step:
    """Open the profile's link on the device."""
    return do(
        say("Open this link on the device, in Safari, and allow the download:"), url=profile_url(situation)
    )
