"""mbsync (isync): a copy of the mailbox in folders of this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import Authentication, ServerType, SocketType
from app.instructions.client import Client
from app.instructions.phrases import label, same, say
from app.instructions.program import SSL_TLS_WORDS, Basis, SignIn, Words
from app.instructions.situation import needs_password, opens_page, path_prefix_of
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
        Authentication.OAUTH2: same("OAuth2"),
    },
)
_TLS: Final = {SocketType.TLS: "IMAPS", SocketType.STARTTLS: "STARTTLS", SocketType.PLAIN: "None"}
_MECHANISMS: Final = {
    Authentication.PASSWORD_ENCRYPTED: "CRAM-MD5",
    Authentication.GSSAPI: "GSSAPI",
    Authentication.OAUTH2: "XOAUTH2",
}


def _manual(situation: Situation, server: Server) -> Iterator[Step]:
    yield put_into("~/.mbsyncrc", "\n".join(_lines(situation, server)))
    yield from explain_placeholders(situation, server)
    if situation.method_of(server, _WORDS) is Authentication.OAUTH2:
        yield do(say("Replace the command after {option} by one that prints a token.", option="PassCmd"))
    elif needs_password(situation):
        yield do(say("Replace the command after {option} by one that prints the password.", option="PassCmd"))
    yield do(say("Run {command}.", command="mbsync --all"))


def _lines(situation: Situation, server: Server) -> Iterator[str]:
    assert server.socket_type is not None, "mail servers have one"  # noqa: S101
    yield "IMAPAccount mail"
    yield f"Host {server.hostname}"
    yield f"Port {server.port}"
    yield f"User {in_double_quotes(situation.username(server))}"
    if needs_password(situation) or opens_page(situation):
        yield 'PassCmd "pass show mail"'
    yield f"TLSType {_TLS[server.socket_type]}"
    method = situation.method_of(server, _WORDS)
    if method in _MECHANISMS:
        yield f"AuthMechs {_MECHANISMS[method]}"
    yield ""
    yield "IMAPStore mail-remote"
    yield "Account mail"
    prefix = path_prefix_of(server)
    if prefix is not None:
        yield f"Path {in_double_quotes(prefix)}"
    yield from ("", "MaildirStore mail-local", "Path ~/Mail/", "Inbox ~/Mail/INBOX", "SubFolders Verbatim")
    yield from ("", "Channel mail", "Far :mail-remote:", "Near :mail-local:", "Patterns *", "Create Both")
    yield from ("Expunge Both", "SyncState *")


CLIENTS: Final = (
    Client(
        slug="mbsync",
        name="mbsync (isync)",
        platforms=("Linux", "macOS"),
        basis=Basis(
            source=say("the manual page mbsync(1)"),
            url="https://isync.sourceforge.io/",
            read="2026-11",
        ),
        words=_WORDS,
        protocols=(ServerType.IMAP,),
        sign_in=SignIn.OWN_PROGRAM,
        manual=_manual,
        sends=False,
        is_configured_by_file=True,
        outcome=say("The program ends without an error, and the messages are in the folder."),
    ),
)
