"""What a person has to know beside the steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.servers import Authentication, Pop3Options, ServerType
from app.instructions.guide import Note, NoteKind
from app.instructions.phrases import say
from app.instructions.program import SignIn
from app.instructions.situation import PROTOCOL_NAMES, is_unencrypted, path_prefix_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.servers import Server
    from app.instructions.phrases import Phrase
    from app.instructions.situation import Situation


def notes_of(situation: Situation) -> Iterator[Note]:
    """Write the notes for the whole guide, what is missing first."""
    if not situation.client.sends:
        text = say("{app} fetches mail only; another program has to send it.", app=situation.client.name)
        yield Note(code="fetches-only", text=text)
    yield from _about_what_is_missing(situation)
    yield from _about_sign_in(situation)
    yield from _about_problems(situation)
    for server in situation.chosen:
        if is_unencrypted(server):
            text = say(
                "The connection to {hostname} is not encrypted: others in the network can read your "
                "password and your mail. Ask {provider} for a server with encryption.",
                hostname=server.hostname or "",
                provider=situation.provider_name,
            )
            yield Note(kind=NoteKind.WARNING, code="unencrypted", text=text)
    yield from _about_shared_hosts(situation)
    yield from _about_preference(situation)


def notes_of_way(situation: Situation, server: Server) -> Iterator[Note]:
    """Write the notes for setting up one incoming server by hand."""
    prefix = path_prefix_of(server)
    if prefix is not None and situation.client.words.path_prefix is None:
        text = say(
            "If folders are missing or cannot be made, enter {prefix} as IMAP path prefix (root folder) in "
            "the program's settings, where it has such a field.",
            prefix=prefix,
        )
        yield Note(code="path-prefix", text=text)
    if isinstance(server.options, Pop3Options) and server.options.check_interval_minutes is not None:
        text = say(
            "Minutes between two looks for new mail that {provider} recommends: {minutes}",
            provider=situation.provider_name,
            minutes=server.options.check_interval_minutes,
        )
        yield Note(code="check-interval", text=text)


def _about_what_is_missing(situation: Situation) -> Iterator[Note]:
    choice, provider = situation.choice, situation.provider_name
    is_whole = choice.incoming is not None and choice.smtp is not None
    if not is_whole and not situation.account.withheld_types.isdisjoint(PROTOCOL_NAMES):
        text = say(
            "Not all servers of this address can be told here: their settings are not stored properly. Ask "
            "{provider} for them.",
            provider=provider,
        )
        yield Note(kind=NoteKind.WARNING, code="settings-incomplete", text=text)
    elif choice.incoming is None and choice.smtp is None:
        text = say("{provider} offers no IMAP, POP3 or SMTP server for this address.", provider=provider)
        yield Note(kind=NoteKind.WARNING, code="no-mail-servers", text=text)
    elif choice.incoming is None:
        text = say(
            "This address can only send: {provider} offers no server to fetch mail from. Most programs "
            "cannot set up such an account.",
            provider=provider,
        )
        yield Note(kind=NoteKind.WARNING, code="send-only", text=text)
    elif choice.smtp is None:
        text = say("Mail can only be fetched: {provider} offers no server to send with.", provider=provider)
        yield Note(kind=NoteKind.WARNING, code="receive-only", text=text)
    if choice.incoming is not None and situation.client.protocols and not situation.incoming:
        text = say(
            "{app} cannot fetch mail by {protocol}, and {provider} offers nothing else. Use another program.",
            app=situation.client.name,
            protocol=PROTOCOL_NAMES[choice.incoming.type],
            provider=provider,
        )
        yield Note(kind=NoteKind.WARNING, code="protocol-not-in-client", text=text)


def _about_sign_in(situation: Situation) -> Iterator[Note]:
    words = situation.client.words
    servers = [s for s in situation.chosen if situation.method_of(s, words) is Authentication.OAUTH2]
    if not servers or not situation.client.protocols:
        return
    texts: dict[SignIn, Phrase] = {
        SignIn.KNOWN_PROVIDERS: say(
            "{provider} lets you sign in on a web page only (OAuth 2). {app} opens such pages for providers "
            "that it knows. If it asks for a password instead, it cannot be used with this mailbox.",
            provider=situation.provider_name,
            app=situation.client.name,
        ),
        SignIn.OWN_PROGRAM: say(
            "{provider} lets you sign in on a web page only (OAuth 2). {app} needs a program of its own "
            "that fetches tokens; a password does not work.",
            provider=situation.provider_name,
            app=situation.client.name,
        ),
        SignIn.NEVER: say(
            "{provider} lets you sign in on a web page only (OAuth 2), and {app} cannot do that. Use "
            "another program.",
            provider=situation.provider_name,
            app=situation.client.name,
        ),
    }
    sign_in = situation.client.sign_in
    yield Note(kind=NoteKind.WARNING, code="sign-in-page-only", text=texts[sign_in])


def _about_problems(situation: Situation) -> Iterator[Note]:
    if not situation.client.protocols:
        return
    for server in situation.chosen:
        problem = situation.problem_of(server)
        arguments = {"app": situation.client.name, "hostname": server.hostname or ""}
        texts = {
            "username-broken": say(
                "The user name for {hostname} is not stored properly. Ask {provider} for it.",
                hostname=arguments["hostname"],
                provider=situation.provider_name,
            ),
            "socket-type-not-in-client": say(
                "{app} does not know the encryption that {hostname} uses. Use another program.", **arguments
            ),
            "authentication-not-in-client": say(
                "{app} does not know a way to sign in that {hostname} accepts. Use another program.",
                **arguments,
            ),
        }
        if problem in texts:
            yield Note(kind=NoteKind.WARNING, code=problem, text=texts[problem])


def _about_shared_hosts(situation: Situation) -> Iterator[Note]:
    told: set[str] = set()
    for server in situation.chosen:
        own = situation.account.own_hostnames.get(server.key)
        if own is None or server.hostname is None or server.hostname in told:
            continue
        told.add(server.hostname)
        text = say(
            "{hostname} is right, although it is not in your own domain: this server has a certificate for "
            "this name. With {own} programs would warn of a wrong certificate.",
            hostname=server.hostname,
            own=situation.account.expanded(own),
        )
        yield Note(code="shared-host", text=text)


def _about_preference(situation: Situation) -> Iterator[Note]:
    preferred, first = situation.preferred, situation.choice.incoming
    if preferred is None or first is None or preferred.key == first.key or len(situation.incoming) == 1:
        return
    if preferred.type is ServerType.POP3:
        text = say(
            "{provider} recommends POP3; programs that find the settings by themselves take IMAP.",
            provider=situation.provider_name,
        )
        yield Note(code="preference-differs", text=text)
