"""What all verbs share: services for one run, errors as sentences and exit codes."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from app.core.errors import AppError, FormatNotFound, InvalidInput, NotAvailable
from app.log import configure_logging
from app.settings import Settings
from app.wiring import Services, build_services

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

EXIT_NEGATIVE: Final = 1
"""The answer is no, or findings are at or above what was asked for."""
EXIT_USAGE: Final = 2
EXIT_FAILURE: Final = 3
"""Our failure: the database is away, or a bug."""

T = TypeVar("T")

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def load_settings() -> Settings:
    """Read the settings; a wrong one ends the program with its name and rule."""
    try:
        settings = Settings()
    except ValidationError as error:
        for issue in error.errors():
            name = "_".join(str(step) for step in issue["loc"]).upper()
            fail(f"SIGNPOST_{name}: {issue['msg'].removeprefix('Value error, ')}")
        raise typer.Exit(EXIT_USAGE) from None
    configure_logging(settings)
    return settings


def run_with_services(work: Callable[[Services], Awaitable[T]]) -> T:
    """Run one piece of work with services that are closed afterwards; errors become exit codes."""

    async def session() -> T:
        services = build_services(settings)
        try:
            return await work(services)
        finally:
            await services.close()

    settings = load_settings()
    with exit_codes():
        return asyncio.run(session())


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn errors into one sentence on standard error and the exit code of their kind."""
    try:
        yield
    except (InvalidInput, FormatNotFound) as error:
        fail(str(error))
        raise typer.Exit(EXIT_USAGE) from None
    except NotAvailable as error:
        fail(f"{error}{_reason(error)}")
        raise typer.Exit(EXIT_FAILURE) from None
    except AppError as error:
        fail(str(error))
        raise typer.Exit(EXIT_NEGATIVE) from None


def _reason(error: NotAvailable) -> str:
    """Return what the driver or the system said first, without the statements and links around it."""
    cause = error.__cause__
    while cause is not None and cause.__cause__ is not None:
        cause = cause.__cause__
    lines = str(cause or "").splitlines()
    return f" ({lines[0]})" if lines else ""


def fail(sentence: str) -> None:
    """Say what went wrong, on standard error."""
    err.print("signpost:", style="bold red", end=" ")
    err.print(sentence, markup=False)
