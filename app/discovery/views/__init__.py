"""What each mail client makes of the candidates by its own rules; one module each (protocol brief §1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.discovery.views import delta_chat, evolution, outlook, thunderbird, thunderbird_android

if TYPE_CHECKING:
    from app.discovery.views.view import ClientRules

CLIENTS: Final[dict[str, ClientRules]] = {
    rules.name: rules
    for rules in (
        thunderbird.RULES,
        thunderbird_android.RULES,
        delta_chat.RULES,
        outlook.RULES,
        evolution.RULES,
    )
}
