"""A first provider and domain, so that there is something to see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.domains import Domain
from app.core.names import DomainName
from app.core.provider import LocalisedText, Page, Provider, Support
from app.core.servers import Authentication, Pop3Options, Server, ServerType, SocketType
from app.services.callers import CONSOLE, Scope
from app.services.changes import Changes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.services.access import Access
    from app.store.unit_of_work import Store

DEMO_DOMAIN: Final = DomainName("demo.example")


def _server(server_type: ServerType, port: int, options: Pop3Options | None = None) -> Server:
    return Server(
        key=server_type.value,
        type=server_type,
        hostname="%NODE%.hosting.example",
        port=port,
        socket_type=SocketType.TLS,
        authentication=(Authentication.PASSWORD_CLEARTEXT,),
        username="%EMAILADDRESS%",
        options=options,
    )


DEMO_PROVIDER: Final = Provider(
    slug="demo",
    display_name="Demo Hosting",
    short_name="Demo",
    documentation=(
        Page(
            url="https://hosting.example/mail",
            descriptions=(
                LocalisedText(text="How to set up mail", language="en"),
                LocalisedText(text="E-Mail einrichten", language="de"),
            ),
        ),
    ),
    support=Support(url="https://hosting.example/help"),
    servers=(
        _server(ServerType.IMAP, 993),
        _server(ServerType.POP3, 995, Pop3Options(leave_messages_on_server=True)),
        _server(ServerType.SMTP, 465),
        Server(key="webmail", type=ServerType.WEBMAIL, url="https://webmail.hosting.example/"),
    ),
    variables={"NODE": "srv1"},
)


class Demo:
    """Fills an empty database."""

    def __init__(self, store: Store, access: Access, clock: Callable[[], datetime]) -> None:
        """Take the database, the tokens and the time."""
        self._changes = Changes(store, clock)
        self._access = access

    async def fill_if_empty(self) -> str | None:
        """Store the demo data and an admin token in a database that has neither data nor tokens.

        Returns:
            The token, for the only time; None where there was something already.
        """
        async with self._changes.making(CONSOLE) as change:
            unit = change.unit
            present = await unit.providers.count() + await unit.tokens.count()
            if present:
                return None
            provider = await unit.providers.insert(DEMO_PROVIDER, change.now)
            domain = Domain(name=DEMO_DOMAIN, provider=DEMO_PROVIDER.slug, variables={"NODE": "srv12"})
            stored = await unit.domains.insert(domain, provider.id, None, change.now)
            change.note("provider.create", None, provider)
            change.note("domain.create", None, stored)
        return await self._access.create_token("demo", frozenset({Scope.ADMIN.value}))
