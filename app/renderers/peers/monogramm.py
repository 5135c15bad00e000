"""The environment of Monogramm's autodiscover-email-settings (1.4): one set of servers for any domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.leaving import PeerFile, is_usual_service, only_household
from app.core.moving import Loss
from app.core.placeholders import ADDRESS, LOCAL_PART, has_placeholders
from app.core.servers import Authentication, LdapOptions, Server, ServerType, SocketType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.core.leaving import Household

_MAIL: Final = {ServerType.IMAP: "IMAP", ServerType.POP3: "POP", ServerType.SMTP: "SMTP"}
_SOCKETS: Final = {SocketType.TLS: "SSL", SocketType.STARTTLS: "STARTTLS", SocketType.PLAIN: "plain"}
_LOGIN: Final = f"%{ADDRESS}%"
_DIRECTORY_LOGIN: Final = f"=%{LOCAL_PART}%,"


def render_monogramm(households: Sequence[Household]) -> PeerFile:
    """Write one provider as a file of variables, with the servers that most of its domains have.

    Raises:
        InvalidInput: When there are several providers.
    """
    household = only_household(households)
    writer = _Writer(household)
    lines = "".join(f"{name}={_quoted(value)}\n" for name, value in writer.variables())
    domains = sum(holding.servers == household.usual_servers for holding in household.holdings)
    return PeerFile(data=lines.encode(), domains=domains, losses=tuple(writer.losses))


class _Writer:
    def __init__(self, household: Household) -> None:
        self.losses: dict[Loss, None] = {}
        self._household = household

    def variables(self) -> Iterator[tuple[str, str]]:
        provider, usual = self._household.provider, self._household.usual_servers
        yield "COMPANY_NAME", provider.display_name
        if provider.documentation:
            yield "SUPPORT_URL", provider.documentation[0].url
        for holding in self._household.holdings:
            name = holding.domain.name.ascii
            if holding.servers != usual:
                self._lose(f"domain {name}", "has servers of its own, and would be told of the others'")
        domains = [one.domain.name.ascii for one in self._household.holdings if one.servers == usual]
        if domains:
            yield "DOMAIN", domains[0]
        told: set[ServerType] = set()
        for server in usual:
            if server.type in told:
                self._lose_server(server, "is a further one of its type, of which there is one")
            else:
                for name, value in self._server(server):
                    told.add(server.type)
                    yield name, value

    def _server(self, server: Server) -> Iterator[tuple[str, str]]:
        if server.type in _MAIL:
            yield from self._mail_server(server, _MAIL[server.type])
        elif server.type is ServerType.ACTIVESYNC and not has_placeholders(server.url or ""):
            if not is_usual_service(server):
                self._lose_server(server, "has a login, which has no place there")
            yield "MOBILESYNC_URL", server.url or ""
        elif server.type is ServerType.LDAP:
            yield from self._directory(server)
        else:
            self._lose_server(server, "has no place there")

    def _mail_server(self, server: Server, prefix: str) -> Iterator[tuple[str, str]]:
        if Authentication.PASSWORD_CLEARTEXT not in server.authentication or server.username != _LOGIN:
            self._lose_server(server, "is logged in to in a way that is not said there: it is left out")
        elif has_placeholders(server.hostname or ""):
            self._lose_server(server, "differs from domain to domain: it is left out")
        else:
            if len(server.authentication) > 1:
                self._lose_server(server, "is told with a password alone")
            if server.options is not None:
                self._lose_server(server, "has options, which have no place there")
            yield from _place(server, prefix)

    def _directory(self, server: Server) -> Iterator[tuple[str, str]]:
        if has_placeholders(server.hostname or ""):
            self._lose_server(server, "differs from domain to domain: it is left out")
            return
        if server.authentication != (Authentication.PASSWORD_CLEARTEXT,):
            self._lose_server(server, "has another way of logging in than a password")
        yield from _place(server, "LDAP")
        if isinstance(server.options, LdapOptions):
            yield "LDAP_BASE", server.options.search_base
        field, separator, base = (server.username or "").partition(_DIRECTORY_LOGIN)
        if separator and not has_placeholders(field + base):
            yield "LDAP_USER_FIELD", field
            yield "LDAP_USER_BASE", base
        elif server.username is not None:
            self._lose_server(server, "is logged in to in a way that is not said there")

    def _lose_server(self, server: Server, reason: str) -> None:
        self._lose(f"server {server.type.value} {server.hostname or server.url}", reason)

    def _lose(self, subject: str, reason: str) -> None:
        self.losses[Loss(subject, reason)] = None


def _place(server: Server, prefix: str) -> Iterator[tuple[str, str]]:
    yield f"{prefix}_HOST", server.hostname or ""
    yield f"{prefix}_PORT", str(server.port)
    yield f"{prefix}_SOCKET", _SOCKETS[server.socket_type or SocketType.TLS]


def _quoted(value: str) -> str:
    """Quote what has characters that shells and Compose read as something else."""
    if value.replace(".", "").replace("-", "").isalnum() and value.isascii():
        return value
    # Within these nothing is replaced; the one character that ends them is written as its like.
    return "'" + value.replace("'", "\u2019") + "'"
