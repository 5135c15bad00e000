"""An account and a client become a guide: ways in the order of their effort, and what to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import placeholders
from app.core.mail_choice import is_universal
from app.core.servers import Pop3Options, ServerType
from app.instructions.guide import Guide, Prerequisite, ProtocolChoice, Way, WayKind
from app.instructions.noting import notes_of, notes_of_way
from app.instructions.phrases import say
from app.instructions.program import LOGIN_FIELDS, SOCKET_FIELDS
from app.instructions.situation import (
    PROTOCOL_NAMES,
    SIGN_IN_PAGE,
    look_as,
    look_at,
    needs_password,
    opens_page,
    server_entries,
)
from app.instructions.steps import do, enter
from app.instructions.troubles import troubles_of
from app.instructions.values import ValueKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.core.account import AccountSettings
    from app.core.documents import Presentation
    from app.core.reports import EndpointReport
    from app.core.servers import Server
    from app.instructions.client import Client
    from app.instructions.guide import Step
    from app.instructions.phrases import Phrase
    from app.instructions.situation import Situation


def write_guide(
    client: Client,
    account: AccountSettings,
    presentation: Presentation,
    troubled: Sequence[EndpointReport] = (),
) -> Guide:
    """Write the instructions for one client; total, never raises.

    Args:
        client: The mail program.
        account: Whose mail it is.
        presentation: Where this service is reached.
        troubled: The reports of the account's servers that are bad for certain.
    """
    situation = look_at(account, presentation, client)
    address = None if account.address is None else str(account.address)
    title = (
        say("Mail of {domain}: {app}", domain=account.domain.unicode, app=client.name)
        if address is None
        else say("Mail for {address}: {app}", address=address, app=client.name)
    )
    ways = tuple(_ways(client, situation))
    return Guide(
        client=client,
        domain=account.domain.ascii,
        address=address,
        provider=situation.provider_name,
        title=title,
        prerequisites=tuple(_prerequisites(situation, ways)),
        notes=(
            *troubles_of(troubled, situation.provider_name),
            *client.notes(situation),
            *notes_of(situation),
        ),
        protocols=tuple(_protocols(situation)),
        ways=ways,
        basis=_basis(client),
    )


def easiest_way(client: Client, situation: Situation) -> WayKind | None:
    """Return which way is the first of a client's instructions; None where there is none.

    Args:
        client: The mail program.
        situation: The account, as any program looks at it.
    """
    first = next(_ways(client, look_as(situation, client)), None)
    return None if first is None else first.kind


def _basis(client: Client) -> Phrase:
    basis = client.basis
    if basis is None:
        return say("Not checked: written from general knowledge of the program, whose words may differ.")
    if basis.version is None:
        return say(
            "Written from {source}, read in {read}. Not tried in the program.",
            source=basis.source,
            read=basis.read,
        )
    return say(
        "Written from {source}, edition or version {version}, read in {read}. Not tried in the program.",
        source=basis.source,
        version=basis.version,
        read=basis.read,
    )


def _prerequisites(situation: Situation, ways: Sequence[Way]) -> Iterator[Prerequisite]:
    steps = [step for way in ways for step in way.steps]
    # Servers that the program cannot be told of are signed in to by nobody.
    has_mail = not ways or any(way.kind is not WayKind.EXCHANGE for way in ways)
    is_page = has_mail and opens_page(situation)
    is_page = is_page or any(step.text == SIGN_IN_PAGE for step in steps)
    fields = {entry.kind for step in steps for entry in step.entries}
    is_password = (has_mail and needs_password(situation)) or ValueKind.PASSWORD in fields
    if is_page:
        text = say(
            "Have your mail address at hand, and all that you sign in with on the web page of {provider}.",
            provider=situation.provider_name,
        )
        yield Prerequisite(text=text)
    if is_password:
        yield Prerequisite(text=say("Have your mail address and the password of this mailbox at hand."))
    if not is_page and not is_password:
        yield Prerequisite(text=say("Have your mail address at hand. No password is needed."))
    for page in situation.account.provider.enable:
        text = say(
            "Mail programs may have to be allowed first. {provider} explains how:",
            provider=situation.provider_name,
        )
        yield Prerequisite(text=text, url=page.url)


def _protocols(situation: Situation) -> Iterator[ProtocolChoice]:
    for server in _usable(situation):
        is_preferred = server is situation.preferred
        yield ProtocolChoice(service=server.type.value, is_preferred=is_preferred, text=_meaning(server))


def _meaning(server: Server) -> Phrase:
    """Explain what becomes of the messages."""
    if server.type is ServerType.IMAP:
        return say(
            "IMAP: messages and folders stay on the server. All your devices show the same, and a lost "
            "device loses no mail."
        )
    options = server.options if isinstance(server.options, Pop3Options) else Pop3Options()
    if options.leave_messages_on_server is False:
        return say(
            "POP3: messages are fetched to one device and then deleted from the server. Other devices do not "
            "show them, and only a backup of that device protects them."
        )
    if options.leave_messages_on_server and options.days_to_leave_messages_on_server is not None:
        return say(
            "POP3: messages are copied to the device. Set the program to leave copies on the server for this "
            "many days: {days}. After that, only the device has them.",
            days=options.days_to_leave_messages_on_server,
        )
    if options.leave_messages_on_server:
        return say(
            "POP3: messages are copied to the device. Set the program to leave copies on the server. "
            "Folders, and what you have read or sent, are not the same on other devices."
        )
    return say(
        "POP3: messages are copied to the device. Look in the program whether it leaves copies on the "
        "server: without them, other devices do not show the messages."
    )


def _usable(situation: Situation) -> tuple[Server, ...]:
    return tuple(server for server in situation.incoming if situation.problem_of(server) is None)


def _ways(client: Client, situation: Situation) -> Iterator[Way]:
    outcome = client.outcome
    if client.profile is not None and _is_published(situation):
        title = say("With a profile: the device is told everything at once")
        steps = tuple(client.profile(situation))
        yield Way(kind=WayKind.PROFILE, title=title, steps=steps, outcome=outcome)
    if client.automatic is not None and _is_found(situation):
        title = (
            say("{app} finds the settings by itself", app=client.name)
            if client.always_finds
            else say("{app} may find the settings by itself: worth a try", app=client.name)
        )
        steps = tuple(client.automatic(situation))
        yield Way(kind=WayKind.AUTOMATIC, title=title, steps=steps, outcome=outcome)
    if client.exchange is not None and (steps := tuple(client.exchange(situation))):
        title = say("With Exchange: mail, calendar and contacts")
        yield Way(kind=WayKind.EXCHANGE, title=title, steps=steps, outcome=outcome)
    yield from _by_hand(client, situation)
    yield from _in_browser(situation)


def _by_hand(client: Client, situation: Situation) -> Iterator[Way]:
    if client.manual is None:
        return
    kind = WayKind.CONFIGURATION if client.is_configured_by_file else WayKind.MANUAL
    for server in _usable(situation):
        name = PROTOCOL_NAMES[server.type]
        title = (
            say("With a configuration file ({protocol})", protocol=name)
            if client.is_configured_by_file
            else say("By hand, with {protocol}", protocol=name)
        )
        yield Way(
            kind=kind,
            service=server.type.value,
            title=title,
            steps=tuple(client.manual(situation, server)),
            outcome=client.outcome,
            notes=tuple(notes_of_way(situation, server)),
        )
    if situation.choice.incoming is None and situation.outgoing is not None:
        yield _for_sending(situation, situation.outgoing)


def _for_sending(situation: Situation, outgoing: Server) -> Way:
    fields = (*SOCKET_FIELDS, *LOGIN_FIELDS)
    entries = server_entries(situation, outgoing, situation.client.words, fields)
    text = say("If the program can add an outgoing server alone, do so.")
    return Way(
        kind=WayKind.MANUAL,
        service="smtp",
        title=say("The outgoing server alone"),
        steps=(do(text), enter(*entries)),
        outcome=say("You can send mail with this address."),
    )


def _in_browser(situation: Situation) -> Iterator[Way]:
    webmail = situation.webmail
    if webmail is None or webmail.url is None or placeholders.has_placeholders(webmail.url):
        return
    steps: tuple[Step, ...] = (do(say("Open this page in a browser and sign in:"), url=webmail.url),)
    yield Way(
        kind=WayKind.WEBMAIL,
        title=say("Without a program: webmail in the browser"),
        steps=steps,
        outcome=say("Your inbox appears and shows your messages."),
    )


def _is_published(situation: Situation) -> bool:
    """Tell whether there is a document of the client's format at all."""
    reads = situation.client.reads
    return reads is not None and situation.document(reads).is_usable


def _is_found(situation: Situation) -> bool:
    """Tell whether the client's format holds the servers that a person would be told of."""
    client, choice = situation.client, situation.choice
    if client.reads is None or choice.incoming is None or choice.smtp is None:
        return False
    needed = (choice.incoming, choice.smtp)
    if choice.incoming not in situation.incoming or any(map(situation.problem_of, needed)):
        return False
    if client.needs_universal and not all(map(is_universal, needed)):
        return False
    document = situation.document(client.reads)
    omitted = {omission.server for omission in document.omissions}
    return document.is_usable and omitted.isdisjoint(server.key for server in needed)
