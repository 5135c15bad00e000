"""How values are written into configuration files, whatever characters they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from app.core import placeholders
from app.instructions.phrases import say
from app.instructions.situation import ADDRESS, LOCAL_PART
from app.instructions.steps import do

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_MUTT_SPECIAL: Final = '\\"$`'


def in_double_quotes(text: str, special: str = '\\"') -> str:
    """Quote a text, with a backslash before each special character."""
    return '"' + "".join(f"\\{char}" if char in special else char for char in text) + '"'


def in_mutt_quotes(text: str) -> str:
    """Quote a text for mutt, which expands variables and commands between double quotes."""
    return in_double_quotes(text, _MUTT_SPECIAL)


def mail_url(scheme: str, username: str | None, server: Server, path: str = "") -> str:
    """Build a URL of a mail server; a user name is percent-encoded (RFC 3986 §3.2.1), but no placeholder."""
    login = "" if username is None else f"{_in_url(username)}@"
    return f"{scheme}://{login}{server.hostname}:{server.port}{path}"


def _in_url(username: str) -> str:
    """Encode what is no placeholder: a person could not find an encoded one and fill it in."""
    encoded = quote(username, safe="")
    for placeholder in (ADDRESS, LOCAL_PART):
        encoded = encoded.replace(quote(placeholder, safe=""), placeholder)
    return encoded


def has_username_to_fill_in(situation: Situation, server: Server | None) -> bool:
    """Tell whether a server's user name needs an address that is not known."""
    return (
        server is not None
        and situation.account.address is None
        and placeholders.has_placeholders(situation.username(server))
    )


def explain_placeholders(situation: Situation, *servers: Server | None) -> Iterator[Step]:
    """Say what to put in the place of an address that is not known."""
    if any(has_username_to_fill_in(situation, server) for server in servers):
        yield do(
            say(
                "Put your mail address in place of {address}, and the part before the @ in place of "
                "{local_part}.",
                address=ADDRESS,
                local_part=LOCAL_PART,
            )
        )
