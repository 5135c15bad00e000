"""What the protocols of lines have in common: who greets, says what it can do, and starts TLS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.core.observations import Capabilities
    from app.net.lines import Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """The first words of a server."""

    text: str
    """Safe to show."""
    is_preauthenticated: bool = False


class Dialogue(Protocol):
    """A conversation in one protocol; each step ends it with ``ConversationError`` where it cannot go on.

    No step sends credentials, and none sends mail.
    """

    start_tls_atom: str
    """The capability that says that TLS can be started."""
    takes_injecting: bool
    """Whether a command can be sent behind the word to start TLS, to see what becomes of it."""

    def __init__(self, lines: Lines, own_name: str) -> None:
        """Take the lines of a connection, and the name to give where one is asked for."""
        ...

    async def greet(self) -> Greeting:
        """Read the greeting."""
        ...

    async def ask_capabilities(self) -> Capabilities:
        """Find out what the server can do: in the clear, or once more in TLS."""
        ...

    async def ask_for_tls(self, *, injects: bool = False) -> None:
        """Send the word to start TLS, and read that it may begin.

        Args:
            injects: Whether to send another command, that does nothing, in the same packet.
        """
        ...

    async def answers_injected(self) -> bool:
        """Say goodbye in TLS, and tell whether the command that was sent before it is answered as well."""
        ...

    async def take_leave(self) -> None:
        """Say goodbye, and wait for the answer, so that the server does not log a broken connection."""
        ...
