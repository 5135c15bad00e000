"""A service with something to set up, for those who look at its pages in a browser."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from app.core.provider import LocalisedText, Page, Support
from app.core.servers import Pop3Options, ServerType

from builders import a_domain, a_pop3_server, a_provider, a_url_server, an_imap_server, an_smtp_server
from conftest import migrated
from databases import opened, stored_domain, stored_provider
from service_process import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADDRESS: Final = "jane@customer.example"
NAME: Final = "Nordlicht Hosting"
_PROVIDER: Final = a_provider(
    display_name=NAME,
    colour="#0A7D6C",
    short_name="Nordlicht",
    servers=(
        an_imap_server(hostname="imap.nordlicht.example"),
        a_pop3_server(
            hostname="pop.nordlicht.example",
            options=Pop3Options(leave_messages_on_server=True, days_to_leave_messages_on_server=14),
        ),
        an_smtp_server(hostname="smtp.nordlicht.example"),
        a_url_server(ServerType.WEBMAIL, url="https://webmail.nordlicht.example/"),
    ),
    support=Support(
        email="help@nordlicht.example", phone="+49 40 555 0100", url="https://nordlicht.example/help"
    ),
    documentation=(
        Page(
            url="https://nordlicht.example/mail",
            descriptions=(
                LocalisedText(text="All about your mailbox", language="en"),
                LocalisedText(text="Alles über Ihr Postfach", language="de"),
            ),
        ),
    ),
)


@contextmanager
def serving_setup(folder: Path) -> Iterator[Service]:
    """Start a service that knows a domain."""
    url = f"sqlite+aiosqlite:///{folder}/setup.db"
    asyncio.run(_fill(url))
    service = Service(url)
    # Links to profiles are to be followed.
    service.publish_own_url()
    with service:
        yield service


async def _fill(url: str) -> None:
    await migrated(url)
    async with opened(url) as store:
        await stored_provider(store, _PROVIDER)
        await stored_domain(store, a_domain("customer.example"))
        await stored_domain(store, a_domain("xn--bcher-kva.example"))
