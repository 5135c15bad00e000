"""``signpost token create``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.session import out, run_with_services
from app.services.callers import Scope

if TYPE_CHECKING:
    from app.wiring import Services

_SCOPES = ", ".join(scope.value for scope in Scope)


def create(
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[list[str], typer.Option(help=f"What it may do; once for each: {_SCOPES}.")],
    provider: Annotated[str | None, typer.Option(help="Limit it to this provider's slug.")] = None,
    expires_days: Annotated[int | None, typer.Option(help="After how many days it ends.")] = None,
) -> None:
    """Create an API token and print it, for the only time, alone on standard output."""

    async def work(services: Services) -> str:
        return await services.access.create_token(
            name, frozenset(scope), provider=provider, expires_days=expires_days
        )

    out.print(run_with_services(work), markup=False)
