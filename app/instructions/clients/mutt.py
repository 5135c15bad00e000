"""mutt and NeoMutt: lines for the configuration file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import Authentication, ServerType, SocketType
from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import SSL_TLS_WORDS, SignIn, Words
from app.instructions.situation import OPEN, needs_password
from app.instructions.snippets import (
    explain_placeholders,
    has_username_to_fill_in,
    in_mutt_quotes,
    mail_url,
)
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
        Authentication.OAUTH2: same("OAuth2"),
    },
)
_METHODS: Final = {
    Authentication.PASSWORD_ENCRYPTED: "cram-md5",
    Authentication.GSSAPI: "gssapi",
    Authentication.OAUTH2: "xoauth2:oauthbearer",
}


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    outgoing = situation.outgoing
    lines = [*_common(situation, server), *_incoming(situation, server)]
    if outgoing is not None:
        lines += _outgoing(situation, outgoing)
    yield put_into("~/.config/neomutt/neomuttrc, ~/.muttrc", "\n".join(lines))
    yield from explain_placeholders(situation, server, outgoing)
    if outgoing is not None and not _is_open(situation, outgoing):
        yield from _explain_url(situation, outgoing)
    if needs_password(situation):
        yield do(say("Start the program: it asks for the password."))
    else:
        yield do(say("Start the program."))


def _explain_url(situation: Situation, outgoing: Server) -> Iterator[Step]:
    if has_username_to_fill_in(situation, outgoing):
        yield do(say("In {option} write the @ of the address as {code}.", option="smtp_url", code="%40"))


def _is_open(situation: Situation, server: Server) -> bool:
    return situation.method_of(server, _WORDS) in OPEN


def _common(situation: Situation, server: Server) -> Iterator[str]:
    if situation.account.address is not None:
        yield f"set from = {in_mutt_quotes(str(situation.account.address))}"
    outgoing = situation.outgoing
    socket_types = {used.socket_type for used in (server, outgoing) if used is not None}
    if SocketType.PLAIN not in socket_types:
        yield "set ssl_force_tls = yes"
    if SocketType.STARTTLS in socket_types:
        yield "set ssl_starttls = yes"


def _incoming(situation: Situation, server: Server) -> Iterator[str]:
    is_imap = server.type is ServerType.IMAP
    scheme = ("imap" if is_imap else "pop") + ("s" if server.socket_type is SocketType.TLS else "")
    prefix = "imap" if is_imap else "pop"
    yield f"set {prefix}_user = {in_mutt_quotes(situation.username(server))}"
    method = situation.method_of(server, _WORDS)
    if method in _METHODS:
        yield f"set {prefix}_authenticators = {in_mutt_quotes(_METHODS[method])}"
    folder = in_mutt_quotes(mail_url(scheme, None, server, "/"))
    # NeoMutt's spool_file, which takes this name too; mutt knows no other.
    if is_imap:
        yield f"set folder = {folder}"
        yield 'set spoolfile = "+INBOX"'
    else:
        yield f"set pop_host = {in_mutt_quotes(mail_url(scheme, None, server))}"
        # Without it the program opens the mailbox of this computer.
        yield f"set spoolfile = {folder}"


def _outgoing(situation: Situation, server: Server) -> Iterator[str]:
    scheme = "smtps" if server.socket_type is SocketType.TLS else "smtp"
    method = situation.method_of(server, _WORDS)
    username = None if _is_open(situation, server) else situation.username(server)
    yield f"set smtp_url = {in_mutt_quotes(mail_url(scheme, username, server, '/'))}"
    if method in _METHODS:
        yield f"set smtp_authenticators = {in_mutt_quotes(_METHODS[method])}"


CLIENTS: Final = (
    Client(
        slug="mutt",
        name="NeoMutt, mutt",
        platforms=("Linux", "macOS"),
        words=_WORDS,
        sign_in=SignIn.OWN_PROGRAM,
        manual=_manual,
        is_configured_by_file=True,
    ),
)
