"""The chores of a serving process, done every minute while it serves."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final

import structlog

from app.core.errors import AppError

if TYPE_CHECKING:
    from app.wiring import Services

_SECONDS: Final = 60

_log = structlog.get_logger(__name__)


async def keep_up(services: Services) -> None:
    """Do the chores again and again until cancelled; what fails is told and tried the next time."""
    while True:
        # Several processes that started together need not do it together.
        await asyncio.sleep(_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
        try:
            await services.access.write_last_used()
            await services.operators.sessions.write_last_used()
            await services.operators.sessions.forget()
            await services.upkeep.run()
            await services.verification.assigning.tidy()
        except AppError as error:
            _log.warning("chores_put_off", reason=str(error))
        except Exception:  # noqa: BLE001 - a bug in one must not end them for good
            _log.exception("chores_failed")
