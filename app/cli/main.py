"""The command line, as docs/operations.md promises it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

from app import __version__
from app.cli import (
    discover,
    dns,
    dns_doctor,
    export_domains,
    export_ispdb,
    export_peers,
    export_static,
    import_automx2,
    import_domains,
    import_ispdb,
    import_peers,
    instructions,
    migrate,
    render,
    serve,
    token,
    verify,
    worker,
)


class RecordsByDefault(TyperGroup):
    """Takes what is none of its commands for the arguments of ``records``, so that a domain is enough."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in front where it is left out."""
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["records", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="signpost",
    help="Mail account auto-configuration for hosting companies.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
imports = typer.Typer(help="Bring settings in from elsewhere.", no_args_is_help=True)
exports = typer.Typer(help="Write settings out as files.", no_args_is_help=True)
records = typer.Typer(
    cls=RecordsByDefault, help="DNS records: dns DOMAIN is dns records DOMAIN.", no_args_is_help=True
)
tokens = typer.Typer(help="API tokens.", no_args_is_help=True)


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


app.command("serve")(serve.serve)
app.command("migrate")(migrate.migrate)
app.command("demo")(migrate.demo)
app.command("render")(render.render)
app.command("discover")(discover.discover)
records.command("records")(dns.dns)
records.command("doctor")(dns_doctor.doctor)
app.add_typer(records, name="dns")
app.command("instructions")(instructions.instructions)
app.command("verify")(verify.verify)
app.command("worker")(worker.worker)
tokens.command("create")(token.create)
imports.command("ispdb")(import_ispdb.import_ispdb)
imports.command("domains")(import_domains.import_domains)
imports.command("automx2")(import_automx2.import_automx2)
for _name, _command in import_peers.IMPORTS.items():
    imports.command(_name)(_command)
imports.command("postfix")(import_peers.import_postfix)
exports.command("domains")(export_domains.export_domains)
exports.command("ispdb")(export_ispdb.export_ispdb)
exports.command("static")(export_static.export_static)
exports.command("automx2")(export_peers.export_automx2)
exports.command("automx")(export_peers.export_automx)
exports.command("monogramm")(export_peers.export_monogramm)
exports.command("postfix")(export_peers.export_postfix)
app.add_typer(tokens, name="token")
app.add_typer(imports, name="import")
app.add_typer(exports, name="export")


def run() -> None:
    """Run the command line."""
    app()
