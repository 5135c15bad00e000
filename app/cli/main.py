"""The command line, as docs/operations.md promises it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer
from typer.core import TyperGroup
from typing_extensions import override

from app import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping


class LoadedWhenCalled(TyperGroup):
    """Knows its commands by their places, and loads the one that is called."""

    places: ClassVar[Mapping[str, str]] = {}
    """Module and function by command, in the order of the help."""

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        """Return their names, groups last."""
        return [*self.places, *(name for name in self.commands if name not in self.places)]

    @override
    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; None where there is no such."""
        if cmd_name in self.places and cmd_name not in self.commands:
            module, function = self.places[cmd_name].split(":")
            alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            alone.command(cmd_name)(getattr(import_module(f"app.cli.{module}"), function))
            self.commands[cmd_name] = typer.main.get_command(alone)
        return super().get_command(ctx, cmd_name)


class Commands(LoadedWhenCalled):
    """The commands that are in no group."""

    places: ClassVar = {
        "serve": "serve:serve",
        "migrate": "migrate:migrate",
        "demo": "migrate:demo",
        "render": "render:render",
        "discover": "discover:discover",
        "instructions": "instructions:instructions",
        "verify": "verify:verify",
        "worker": "worker:worker",
    }


class Records(LoadedWhenCalled):
    """Takes what is none of its commands for the arguments of ``records``, so that a domain is enough."""

    places: ClassVar = {"records": "dns:dns", "doctor": "dns_doctor:doctor"}

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in front where it is left out."""
        if args and args[0] not in (*self.places, "-h", "--help"):
            args = ["records", *args]
        return super().parse_args(ctx, args)


class Tokens(LoadedWhenCalled):
    """What tokens there are commands for."""

    places: ClassVar = {"create": "token:create"}


class Imports(LoadedWhenCalled):
    """From where settings can be brought in."""

    places: ClassVar = {
        "ispdb": "import_ispdb:import_ispdb",
        "domains": "import_domains:import_domains",
        "automx2": "import_automx2:import_automx2",
        "automx": "import_peers:import_automx",
        "monogramm": "import_peers:import_monogramm",
        "mailcow": "import_peers:import_mailcow",
        "stalwart": "import_peers:import_stalwart",
        "postfix": "import_peers:import_postfix",
    }


class Exports(LoadedWhenCalled):
    """To where settings can be written out."""

    places: ClassVar = {
        "domains": "export_domains:export_domains",
        "ispdb": "export_ispdb:export_ispdb",
        "static": "export_static:export_static",
        "automx2": "export_peers:export_automx2",
        "automx": "export_peers:export_automx",
        "monogramm": "export_peers:export_monogramm",
        "postfix": "export_peers:export_postfix",
    }


app = typer.Typer(
    name="signpost",
    cls=Commands,
    help="Mail account auto-configuration for hosting companies.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback
    if wanted:
        typer.echo(f"signpost {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    pass


for group, name, text in (
    (Records, "dns", "DNS records: dns DOMAIN is dns records DOMAIN."),
    (Tokens, "token", "API tokens."),
    (Imports, "import", "Bring settings in from elsewhere."),
    (Exports, "export", "Write settings out as files."),
):
    app.add_typer(typer.Typer(cls=group, no_args_is_help=True), name=name, help=text)
