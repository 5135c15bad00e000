"""An account as instructions look at it: which servers, which login, and what is in the way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from app.core import placeholders
from app.core.exchange import found_services
from app.core.mail_choice import MailChoice, choose_mail, with_names
from app.core.servers import Authentication, ImapOptions, ServerType, SocketType
from app.instructions.guide import Entry
from app.instructions.phrases import label, say
from app.instructions.program import SignIn
from app.instructions.steps import do, enter
from app.instructions.values import ValueKind
from app.renderers import FORMATS_BY_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.core.account import AccountSettings
    from app.core.documents import Document, Presentation
    from app.core.exchange import FoundService
    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.phrases import Phrase, Wording
    from app.instructions.program import Program, Words

OPEN: Final = frozenset({
    Authentication.NONE, Authentication.CLIENT_IP_ADDRESS, Authentication.SMTP_AFTER_POP,
})  # fmt: skip
"""Methods without any sign-in."""
WITHOUT_PASSWORD: Final = OPEN | {
    Authentication.OAUTH2, Authentication.GSSAPI, Authentication.TLS_CLIENT_CERTIFICATE,
}  # fmt: skip
"""Methods for which nobody is asked for a password."""
_BY_PASSWORD: Final = frozenset({Authentication.PASSWORD_CLEARTEXT, Authentication.PASSWORD_ENCRYPTED})
ADDRESS: Final = f"%{placeholders.ADDRESS}%"
LOCAL_PART: Final = f"%{placeholders.LOCAL_PART}%"
SIGN_IN_PAGE: Final = say("Sign in on the page that opens.")
PROTOCOL_NAMES: Final = {ServerType.IMAP: "IMAP", ServerType.POP3: "POP3", ServerType.SMTP: "SMTP"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """An account, and what was chosen of its servers."""

    account: AccountSettings
    presentation: Presentation
    choice: MailChoice
    exchange: Mapping[str, FoundService]
    webmail: Server | None
    client: Program
    outgoing: Server | None
    """The outgoing server, unless the client cannot be told of it, or does not send."""
    documents: dict[str, Document] = field(default_factory=dict, repr=False, compare=False)
    """By format, what was rendered of the account; all clients that look at it share them."""

    def document(self, format_name: str) -> Document:
        """Return the account's document in a format."""
        found = self.documents.get(format_name)
        if found is None:
            found = FORMATS_BY_NAME[format_name].render(self.account, self.presentation)
            self.documents[format_name] = found
        return found

    @property
    def provider_name(self) -> str:
        """The provider, as people know it."""
        return self.account.provider.display_name

    @property
    def preferred(self) -> Server | None:
        """Of the chosen incoming servers the one that the provider names first; see ``incoming``."""
        offered = [server for server in (self.choice.imap, self.choice.pop3) if server is not None]
        keys = [server.key for server in self.account.servers]
        return min(offered, key=lambda server: keys.index(server.key), default=None)

    @property
    def incoming(self) -> tuple[Server, ...]:
        """The incoming servers that the client speaks to, the one first that all formats publish."""
        first = self.choice.incoming
        offered = [self.choice.imap, self.choice.pop3]
        ordered = [first, *(server for server in offered if server is not first)]
        return tuple(s for s in ordered if s is not None and s.type in self.client.protocols)

    @property
    def chosen(self) -> tuple[Server, ...]:
        """The servers that the client is to be told of, as far as it can be."""
        servers = (*self.incoming, self.choice.smtp if self.client.sends else None)
        return tuple(server for server in servers if server is not None)

    def username(self, server: Server) -> str:
        """Fill in a server's user name as far as it is known; the address where none is stored."""
        return self.account.expanded(server.username or ADDRESS)

    @property
    def has_plain_login(self) -> bool:
        """Whether the address as typed is the user name of every mail server."""
        typed = ADDRESS if self.account.address is None else str(self.account.address)
        servers = (self.choice.imap, self.choice.pop3, self.outgoing)
        return all(self.username(server) == typed for server in servers if server is not None)

    def problem_of(self, server: Server) -> str | None:
        """Tell by its code why the client cannot be told of a server; None where it can."""
        if placeholders.has_truncated_placeholder(server.username or ""):
            return "username-broken"
        if server.socket_type not in self.client.words.socket_types:
            return "socket-type-not-in-client"
        method = self.method_of(server, self.client.words)
        if method is None:
            return "authentication-not-in-client"
        if method is Authentication.OAUTH2 and self.client.sign_in is SignIn.NEVER:
            return "sign-in-not-in-client"
        return None

    @staticmethod
    def method_of(server: Server, words: Words) -> Authentication | None:
        """Choose how to log in: with a password where that is possible, as a person can set up that."""
        known = [m for m in server.authentication if m is not Authentication.OAUTH2]
        possible = set(words.methods) or _BY_PASSWORD
        found = next((m for m in known if m in possible or m in OPEN), None)
        if found is None and Authentication.OAUTH2 in server.authentication:
            return Authentication.OAUTH2
        return found


def sign_in(situation: Situation, service: str | None = None) -> Iterator[Step]:
    """Build the step in which a password is asked for, or a page to sign in opens; none where neither is.

    Args:
        situation: The account.
        service: One of Exchange's; None for mail servers.
    """
    if opens_page(situation, service):
        yield do(SIGN_IN_PAGE)
    elif entries := password_entries(situation, service):
        yield enter(*entries)


def opens_page(situation: Situation, service: str | None = None) -> bool:
    """Tell whether a page of the provider's opens to sign in; see ``sign_in``."""
    return Authentication.OAUTH2 in _methods(situation, service)


def needs_password(situation: Situation, service: str | None = None) -> bool:
    """Tell whether a password is asked for; see ``sign_in``."""
    return not _methods(situation, service) <= WITHOUT_PASSWORD


def password_entries(situation: Situation, service: str | None = None) -> tuple[Entry, ...]:
    """Build the entry of the password where one is asked for; see ``sign_in``."""
    field = situation.client.words.password
    return (password_entry(field),) if needs_password(situation, service) else ()


def _methods(situation: Situation, service: str | None) -> frozenset[Authentication | None]:
    """Return how a person signs in; None stands for what cannot be told, which is asked for a password."""
    if service is None:
        words = situation.client.words
        methods = frozenset(situation.method_of(server, words) for server in situation.chosen)
    else:
        stored = frozenset(situation.exchange[service].server.authentication)
        methods = (stored - WITHOUT_PASSWORD) or stored
    return methods or frozenset({None})


def first_service(situation: Situation, *names: str) -> str | None:
    """Return the first that there is of those of Exchange's services that a client uses."""
    return next((name for name in names if name in situation.exchange), None)


def look_at(account: AccountSettings, presentation: Presentation, client: Program) -> Situation:
    """Choose what instructions for this client are about."""
    choice = choose_mail(account)
    webmail = next((s for s in account.servers if s.type is ServerType.WEBMAIL), None)
    found = Situation(
        account=account,
        presentation=presentation,
        choice=choice,
        exchange=found_services(account),
        webmail=None if webmail is None else with_names(account, webmail),
        client=client,
        outgoing=None,
    )
    return look_as(found, client)


def look_as(situation: Situation, client: Program) -> Situation:
    """Look at the same account as another client."""
    found = replace(situation, client=client, outgoing=None)
    smtp = situation.choice.smtp
    if smtp is None or not client.sends or found.problem_of(smtp):
        return found
    return replace(found, outgoing=smtp)


def address_entry(situation: Situation, field: Phrase | None = None) -> Entry:
    """Build the entry of the mail address."""
    address = situation.account.address
    return Entry(
        label=field or label("Email address"),
        kind=ValueKind.ADDRESS,
        text=say("your full mail address") if address is None else str(address),
        value=None if address is None else str(address),
    )


def name_entry(field: Phrase | None = None) -> Entry:
    """Build the entry of the person's name."""
    return Entry(
        label=field or label("Your name"),
        kind=ValueKind.FULL_NAME,
        text=say("your name, as others are to see it"),
    )


def password_entry(field: Phrase | None = None) -> Entry:
    """Build the entry of the password, which is never ours to know."""
    return Entry(
        label=field or label("Password"),
        kind=ValueKind.PASSWORD,
        text=say("the password of your mailbox"),
    )


def url_entry(service: str, found: FoundService, field: Phrase) -> Entry:
    """Build the entry of a service's URL."""
    return Entry(
        label=field,
        kind=ValueKind.URL,
        text=found.url,
        value=found.url,
        service=service,
        server=found.server.key,
    )


def exchange_username_entry(situation: Situation, service: str, field: Phrase) -> Entry:
    """Build the entry of the user name at one of Exchange's services."""
    server = situation.exchange[service].server
    return Entry(
        label=field,
        kind=ValueKind.USERNAME,
        text=username_text(situation, server),
        value=situation.username(server),
        service=service,
        server=server.key,
    )


def protocol_entry(server: Server, field: Phrase, text: Wording | None = None) -> Entry:
    """Build the entry that chooses the protocol."""
    return Entry(
        label=field,
        kind=ValueKind.PROTOCOL,
        text=text or PROTOCOL_NAMES[server.type],
        value=server.type.value,
        service=server.type.value,
        server=server.key,
    )


def server_entries(
    situation: Situation, server: Server, words: Words, fields: tuple[ValueKind, ...] | None = None
) -> tuple[Entry, ...]:
    """Build the entries of a server, in the order of the screen.

    Args:
        situation: The account.
        server: One of those that were chosen.
        words: What the client calls things.
        fields: Which fields; None for all that the client has.
    """
    entries = {entry.kind: entry for entry in _entries(situation, server, words)}
    return tuple(entries[kind] for kind in fields or words.fields if kind in entries)


def _entries(situation: Situation, server: Server, words: Words) -> Iterator[Entry]:
    def entry(field: Phrase, kind: ValueKind, text: Wording, value: str | int | None) -> Entry:
        return Entry(
            label=field, kind=kind, text=text, value=value, service=server.type.value, server=server.key
        )

    assert server.hostname is not None, "mail servers have one"  # noqa: S101
    assert server.socket_type is not None, "as above"  # noqa: S101
    place = f"{server.hostname}:{server.port}" if words.port_follows_hostname else server.hostname
    yield entry(words.hostname, ValueKind.HOSTNAME, place, server.hostname)
    yield entry(words.port, ValueKind.PORT, str(server.port), server.port)
    shown = words.socket_types[server.socket_type]
    yield entry(words.security, ValueKind.SOCKET_TYPE, shown, server.socket_type.value)
    method = situation.method_of(server, words)
    if method is not None and method in words.methods:
        yield entry(words.authentication, ValueKind.AUTHENTICATION, words.methods[method], method.value)
    elif method in OPEN:
        yield entry(words.authentication, ValueKind.AUTHENTICATION, say("none: no sign-in is needed"), method)
    if method not in OPEN:
        name = situation.username(server)
        yield entry(words.username, ValueKind.USERNAME, username_text(situation, server), name)
    if method not in WITHOUT_PASSWORD:
        yield password_entry(words.password)
    prefix = _entered_prefix(server, words)
    if words.path_prefix is not None and prefix:
        yield entry(words.path_prefix, ValueKind.PATH_PREFIX, prefix, prefix)


def path_prefix_of(server: Server) -> str | None:
    """Return where an IMAP server's folders start, where the provider says so."""
    return server.options.path_prefix if isinstance(server.options, ImapOptions) else None


def _entered_prefix(server: Server, words: Words) -> str | None:
    """Return the path prefix as the client wants it entered; empty where nothing is left to enter."""
    if words.adds_delimiter and isinstance(server.options, ImapOptions):
        return server.options.folder
    return path_prefix_of(server)


def username_text(situation: Situation, server: Server) -> Wording:
    """Write a user name for people: as it is, or how to make it from an address that is not known."""
    name = situation.username(server)
    if name == ADDRESS:
        return say("your full mail address")
    if name == LOCAL_PART:
        return say("the part of your mail address before the @")
    if placeholders.has_placeholders(name):
        return say(
            "{pattern}, where you put the part of your mail address before the @ in place of {local_part} "
            "and the full address in place of {address}",
            pattern=name,
            local_part=LOCAL_PART,
            address=ADDRESS,
        )
    return name


def is_unencrypted(server: Server) -> bool:
    """Tell whether passwords and mail are sent to a server for all to read."""
    return server.socket_type is SocketType.PLAIN
