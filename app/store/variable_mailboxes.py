"""Mailboxes that have variables of their own or name some: what their domain has decides about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Text, cast, exists, func, or_, select

from app.core.placeholders import STANDARD
from app.store.mailboxes import mailbox_from_stored_row
from app.store.mass_writing import is_among
from app.store.rows import MAILBOX, SERVER
from app.store.servers import MAILBOX_OWNER, SERVER_TEXTS, servers_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.domains import Mailbox
    from app.core.names import DomainName

_BATCH: Final = 200


class VariableMailboxes:
    """Such mailboxes, within one transaction, in batches."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def of(
        self, domains: Mapping[int, DomainName], *, limit: int
    ) -> AsyncGenerator[list[tuple[int, Mailbox]], None]:
        """Yield those of some domains, each with its domain's number.

        Args:
            domains: The domains' names, by number.
            limit: How many mailboxes at the most.
        """
        if not domains:
            return
        statement = (
            select(MAILBOX)
            .where(
                is_among(self._connection, MAILBOX.c.domain_id, list(domains)), _has_to_do_with_variables()
            )
            .order_by(MAILBOX.c.id)
        )
        after = 0
        for start in range(0, limit, _BATCH):
            page = statement.where(MAILBOX.c.id > after).limit(min(_BATCH, limit - start))
            rows = (await self._connection.execute(page)).mappings().all()
            if rows:
                servers = await servers_of(self._connection, MAILBOX_OWNER, [row["id"] for row in rows])
                after = rows[-1]["id"]
                yield [
                    (
                        row["domain_id"],
                        mailbox_from_stored_row(dict(row), domains[row["domain_id"]], servers).value,
                    )
                    for row in rows
                ]
            if len(rows) < _BATCH:
                return


def _has_to_do_with_variables() -> ColumnElement[bool]:
    own = exists().where(SERVER.c.mailbox_id == MAILBOX.c.id, or_(*map(_names_some, SERVER_TEXTS)))
    has_own = cast(MAILBOX.c.variables, Text) != "{}"
    return or_(has_own, _names_some(MAILBOX.c.login), own.correlate(MAILBOX))


def _names_some(text: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a column, or what is made of one
    """Return the condition that a text holds more than standard placeholders, as far as SQL can tell."""
    rest = text
    for name in sorted(STANDARD):
        rest = func.replace(rest, f"%{name}%", "")
    found: ColumnElement[bool] = rest.contains("%", autoescape=True)
    return found
