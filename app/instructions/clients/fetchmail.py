"""fetchmail: mail is fetched and handed to the mail system of this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import Authentication, Pop3Options, ServerType, SocketType
from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import SSL_TLS_WORDS, Basis, SignIn, Words
from app.instructions.situation import needs_password
from app.instructions.snippets import explain_placeholders, in_double_quotes
from app.instructions.steps import do, put_into

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.guide import Step
    from app.instructions.situation import Situation

_WORDS: Final = Words(
    socket_types=SSL_TLS_WORDS,
    methods={
        Authentication.PASSWORD_CLEARTEXT: label("Password"),
        Authentication.PASSWORD_ENCRYPTED: same("CRAM-MD5"),
        Authentication.GSSAPI: same("GSSAPI"),
    },
)
_METHODS: Final = {Authentication.PASSWORD_ENCRYPTED: "cram-md5", Authentication.GSSAPI: "gssapi"}


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield put_into("~/.fetchmailrc", "\n".join(_lines(situation, server)))
    yield from explain_placeholders(situation, server)
    yield do(say("Allow nobody else to read the file: {command}.", command="chmod 600 ~/.fetchmailrc"))
    if needs_password(situation):
        yield do(say("Run {command}: it asks for the password.", command="fetchmail"))
    else:
        yield do(say("Run {command}.", command="fetchmail"))


def _lines(situation: Situation, server: Server) -> Iterator[str]:
    protocol = "imap" if server.type is ServerType.IMAP else "pop3"
    method = situation.method_of(server, _WORDS)
    auth = f" auth {_METHODS[method]}" if method in _METHODS else ""
    yield f"poll {server.hostname} protocol {protocol} port {server.port}{auth}"
    yield f"  user {in_double_quotes(situation.username(server))}"
    if server.socket_type is SocketType.TLS:
        yield "  ssl"
    elif server.socket_type is SocketType.STARTTLS:
        yield "  sslproto auto"
    else:
        yield '  sslproto ""'
    if server.socket_type is not SocketType.PLAIN:
        yield "  sslcertck"
    yield "  fetchall" if _is_removed(server) else "  keep"


def _is_removed(server: Server) -> bool:
    options = server.options
    return isinstance(options, Pop3Options) and options.leave_messages_on_server is False


CLIENTS: Final = (
    Client(
        slug="fetchmail",
        name="fetchmail",
        platforms=("Linux", "macOS"),
        basis=Basis(
            source=say("fetchmail's sample control file"),
            url="https://opensource.apple.com/source/fetchmail/",
            read="2026-11",
        ),
        words=_WORDS,
        sign_in=SignIn.NEVER,
        manual=_manual,
        sends=False,
        is_configured_by_file=True,
        outcome=say(
            "The program ends without an error, and the messages are in your mailbox on this computer."
        ),
    ),
)
