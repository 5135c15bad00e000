"""Two writers at the same time, one of them known to be first: for PostgreSQL, which lets them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from databases import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.services.callers import Caller
    from app.store.unit_of_work import Store, UnitOfWork

_WAITING: Final = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


def within(unit: UnitOfWork) -> Caller:
    """Return the operator, whose changes are part of a transaction that is not over yet."""
    return replace(OPERATOR, call=replace(OPERATOR.call, transaction=unit))


async def until_waiting(store: Store, *tasks: asyncio.Task[Any]) -> None:
    """Wait until all of the tasks that are not done wait for somebody's lock."""
    async with asyncio.timeout(10), store.engine.connect() as connection:
        while True:
            waiting = (await connection.execute(_WAITING)).scalar_one()
            if waiting >= sum(not task.done() for task in tasks):
                return
            await asyncio.sleep(0.01)


async def interleaved(
    store: Store, first: Callable[[Caller], Awaitable[Any]], second: Callable[[], Awaitable[Any]]
) -> Any:
    """Make two changes, the first over when the second is or waits; return what the second comes to."""

    async def run() -> Any:
        return await second()

    async with store.writing() as unit:
        await first(within(unit))
        task = asyncio.create_task(run())
        await until_waiting(store, task)
    return (await asyncio.gather(task, return_exceptions=True))[0]
