"""The configuration of automx (sys4/automx 1.1, automx.conf(5)).

Domains with the same servers follow one section. A section has one server of a type, so that further ones
are in sections that it follows in its turn.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from app.core.automx_words import AUTHENTICATION, DAV_SERVICES, MACROS, SERVICES, SOCKET_TYPES
from app.core.leaving import PeerFile, distinct, first_known, is_usual_service
from app.core.moving import Loss
from app.core.placeholders import PLACEHOLDER
from app.core.servers import Authentication, Server, ServerType, SmtpOptions, SocketType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.core.leaving import Household
    from app.core.provider import Provider

_WORDS: Final = {server_type: word for word, server_type in SERVICES.items()}
_ENCRYPTION: Final = {socket_type: word for word, socket_type in SOCKET_TYPES.items()}
_PLACEHOLDERS: Final = {placeholder: macro for macro, placeholder in MACROS.items()}
_RESERVED: Final = ("automx", "global", "default")


def render_automx(households: Sequence[Household]) -> PeerFile:
    """Write all providers with their domains."""
    writer = _Writer()
    for household in households:
        writer.add(household)
    names = [f"    {name}," for name in writer.domains]
    main = ["[automx]", f"provider = {writer.domains[0] if writer.domains else 'localhost'}", "domains ="]
    text = "\n".join([*main, *names, "", *writer.lines])
    return PeerFile(data=f"{text}\n".encode(), domains=len(writer.domains), losses=tuple(writer.losses))


class _Writer:
    def __init__(self) -> None:
        self.domains: list[str] = []
        self.lines: list[str] = []
        self.losses: dict[Loss, None] = {}

    def add(self, household: Household) -> None:
        sections: dict[tuple[Server, ...], str | None] = {}
        for holding in household.holdings:
            name = holding.domain.name.ascii
            if holding.servers not in sections:
                # With a character that no domain has, so that none of them is taken for one.
                section = f"_{household.provider.slug}_{len(sections) + 1}"
                sections[holding.servers] = self._add_sections(household.provider, section, holding.servers)
            followed = sections[holding.servers]
            if followed is None or name in _RESERVED:
                self._lose(f"domain {name}", "has no server that automx knows: it is left out")
                continue
            self.domains.append(name)
            self.lines += [f"[{name}]", "backend = static_append", f"follow = {followed}", ""]

    def _add_sections(self, provider: Provider, section: str, servers: tuple[Server, ...]) -> str | None:
        rows: dict[ServerType, list[list[str]]] = {}
        sync_url = None
        for server in distinct([servers]):
            if server.type is ServerType.ACTIVESYNC and sync_url is None:
                sync_url = self._translated(provider, server, server.url or "")
                if not is_usual_service(server):
                    self._lose(_subject(provider, server), "has a login, which has no place there")
            elif (lines := self._service(provider, server)) is not None:
                rows.setdefault(server.type, []).append(lines)
        layers = list(zip_longest(*rows.values()))
        if not layers and sync_url is None:
            return None
        for number, layer in enumerate(layers or [()], 1):
            self.lines += [f"[{_numbered(section, number)}]", "backend = static_append"]
            if number == 1:
                self.lines += self._account(provider)
                self.lines += [] if sync_url is None else [f"server_url = {sync_url}"]
            self.lines += [line for lines in layer if lines for line in lines]
            if number < len(layers):
                self.lines.append(f"follow = {_numbered(section, number + 1)}")
            self.lines.append("")
        return section

    def _account(self, provider: Provider) -> Iterator[str]:
        if provider.documentation:
            self._lose(f"provider {provider.slug}, documentation", "has no place there")
        yield "account_type = email"
        yield "action = settings"
        for option, name in (
            ("account_name", provider.display_name),
            ("account_name_short", provider.short_name),
        ):
            plain = name.replace("%", "").replace("${", "").strip()
            if plain != name:
                self._lose(f"provider {provider.slug}", "its name has characters that automx replaces")
            yield f"{option} = {plain}"

    def _service(self, provider: Provider, server: Server) -> list[str] | None:
        word = _WORDS.get(server.type)
        if word is None:
            self._lose(f"provider {provider.slug}, server {server.type.value}", "has no place there")
            return None
        place = self._translated(provider, server, server.hostname or server.url or "")
        login = None if server.username is None else self._translated(provider, server, server.username)
        if place is None or (server.username is not None and login is None):
            return None
        if login is None:
            self._lose(_subject(provider, server), "needs no login, and is told with the local part for one")
        lines = [f"{word} = yes", f"{word}_server = {place}"]
        lines += [] if login is None else [f"{word}_auth_identity = {login}"]
        if word in DAV_SERVICES:
            if server.authentication != (Authentication.HTTP_BASIC,):
                self._lose_method(provider, server, server.authentication)
            return lines
        method, lost = first_known(server, AUTHENTICATION)
        if method is None:
            self._lose(_subject(provider, server), "has no way of logging in that automx knows")
            return None
        if lost:
            self._lose_method(provider, server, lost)
        lines += [
            f"{word}_port = {server.port}",
            f"{word}_encryption = {_ENCRYPTION[server.socket_type or SocketType.TLS]}",
            f"{word}_auth = {method}",
            *self._options(provider, server),
        ]
        return lines

    def _options(self, provider: Provider, server: Server) -> Iterator[str]:
        options = server.options
        if options is None:
            return
        if isinstance(options, SmtpOptions) and options.use_global_preferred_server is not None:
            yield f"smtp_default = {'yes' if options.use_global_preferred_server else 'no'}"
            options = (
                None
                if options == SmtpOptions(use_global_preferred_server=options.use_global_preferred_server)
                else options
            )
        if options is not None:
            self._lose(_subject(provider, server), "has options, which have no place there")

    def _translated(self, provider: Provider, server: Server, text: str) -> str | None:
        """Write placeholders as macros; None where the rest would be taken for one."""
        rest = PLACEHOLDER.sub("", text)
        known = all(f"%{name}%" in _PLACEHOLDERS for name in PLACEHOLDER.findall(text))
        if "%" in rest or "${" in rest or not known:
            self._lose(_subject(provider, server), "has characters that automx replaces: it is left out")
            return None
        return PLACEHOLDER.sub(lambda found: _PLACEHOLDERS[found[0]], text)

    def _lose_method(self, provider: Provider, server: Server, methods: tuple[Authentication, ...]) -> None:
        reason = f"is told with one way of logging in, not {', '.join(methods)}"
        self._lose(_subject(provider, server), reason)

    def _lose(self, subject: str, reason: str) -> None:
        self.losses[Loss(subject, reason)] = None


def _subject(provider: Provider, server: Server) -> str:
    return f"provider {provider.slug}, server {server.type.value} {server.hostname or server.url}"


def _numbered(section: str, number: int) -> str:
    return section if number == 1 else f"{section}_{number}"
