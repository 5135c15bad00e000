"""Windows Mail, which has sent and fetched nothing since the end of 2024."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.instructions.client import Client
from app.instructions.guide import Note, NoteKind
from app.instructions.phrases import say
from app.instructions.program import SSL_TLS_WORDS, Basis, SignIn, Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.instructions.situation import Situation


def _notes(_situation: Situation) -> Iterator[Note]:
    text = say(
        "Microsoft ended Windows Mail on 31 December 2024: it neither fetches nor sends mail any more. "
        "Messages that it keeps on this computer can still be exported. Use another program, such as "
        "Thunderbird or the new Outlook."
    )
    yield Note(kind=NoteKind.WARNING, code="client-ended", text=text)


CLIENTS: Final = (
    Client(
        slug="windows-mail",
        name="Windows Mail",
        platforms=("Windows",),
        basis=Basis(
            source=say("Microsoft's announcement, as Neowin reported it on 9 November 2024"),
            url="https://www.neowin.net/news/windows-mail-will-stop-working-on-december-31-2024/",
            read="2026-11",
        ),
        words=Words(socket_types=SSL_TLS_WORDS),
        protocols=(),
        sign_in=SignIn.NEVER,
        notes=_notes,
    ),
)
