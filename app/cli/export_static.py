"""``signpost export static``."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.cli.folders import replace_file
from app.cli.progress import progress_bar
from app.cli.session import EXIT_FAILURE, EXIT_NEGATIVE, fail, out, run_with_services
from app.cli.static_rules import MTA_STS_PATH, Rest, Site, write_rules
from app.cli.static_tree import FILES, open_tree
from app.renderers import FORMATS
from app.services.static_documents import AUTOCONFIG_FORMAT, PACC_FORMAT, Layout
from app.services.static_export import StaticExport, Tally

if TYPE_CHECKING:
    from app.cli.static_tree import StaticTree, Written
    from app.wiring import Services

RULES: Final = "rules"
REPORT: Final = "report.json"
_WHY: Final = {
    "autoconfig-full": "may name other domains, and is asked for by few",
    "mobileconfig": "is written for one address, and may be signed",
}
_WHY_NOT: Final = "is written for the address, or the words, of a request"


def export_static(  # noqa: PLR0913, PLR0917 - the options of a command
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder of an earlier export, or none yet.")
    ],
    layout: Annotated[
        Layout,
        typer.Option(
            "--layout", help="'nginx' takes a fiftieth of the space, and nginx to hand the files out."
        ),
    ] = Layout.FILES,
    rest: Annotated[
        Rest, typer.Option("--rest", help="What becomes of requests that no file answers.")
    ] = Rest.PROXY,
    upstream: Annotated[
        str, typer.Option("--upstream", metavar="HOST:PORT", help="Where the web server reaches the service.")
    ] = "127.0.0.1:8080",
    check: Annotated[bool, typer.Option("--check", help="Read all files, as after a power failure.")] = False,
    empty: Annotated[
        bool, typer.Option("--empty", help="Go on where no domain is left, and remove all files.")
    ] = False,
) -> None:
    """Write what needs no service to be answered as files, for a web server or a CDN.

    Files that are right already are left alone, those of domains that are gone are removed; readers find
    each file whole. What was broken off is gone on with by running it again. DIR/rules says how nginx and
    Caddy hand the files out, DIR/report.json what is left to the service.
    """

    async def work(services: Services) -> tuple[Tally, Written, str]:
        tally = Tally()
        with open_tree(folder, layout) as tree:
            if check:
                tree.distrust()
            await _write(services, tree, tally, layout)
            if not tally.domains and tree.had_domains and not empty:
                return tally, tree.count, services.service_url
            tree.remove_unseen()
            tree.finish()
            return tally, tree.count, services.service_url

    try:
        tally, count, service_url = run_with_services(work)
        if not tally.domains and not empty:
            fail("There is nothing to write; the files are left as they were.")
            raise typer.Exit(EXIT_NEGATIVE)
        files = str((folder / FILES).resolve())
        site = Site(files=files, layout=layout, rest=rest, upstream=upstream, service_url=service_url)
        for name, text in write_rules(site).items():
            replace_file(folder / RULES / name, text.encode())
        replace_file(folder / REPORT, _report(tally, count, rest))
    except OSError as error:
        fail(f"{folder} could not be written: {error.strerror}.")
        raise typer.Exit(EXIT_FAILURE) from None
    except sqlite3.Error as error:
        fail(f"{folder} could not be written: {error}.")
        raise typer.Exit(EXIT_FAILURE) from None
    out.print(
        f"Domains: {tally.domains}, files written: {count.written}, unchanged: {count.unchanged}, "
        f"removed: {count.removed}"
    )


async def _write(services: Services, tree: StaticTree, tally: Tally, layout: Layout) -> None:
    exporting = StaticExport(services.store)
    with progress_bar() as progress:
        task = progress.add_task("Exporting", total=await exporting.count())
        async for batch in exporting.batches(tally, layout):
            tree.put(batch)
            progress.update(task, completed=tally.domains + tally.suspended)


def _report(tally: Tally, count: Written, rest: Rest) -> bytes:
    """Write what is there, and what no file answers."""
    exported = (AUTOCONFIG_FORMAT, PACC_FORMAT)
    report: dict[str, Any] = {
        "domains": tally.domains,
        "suspended_domains": tally.suspended,
        "files": {"written": count.written, "unchanged": count.unchanged, "removed": count.removed},
        "rest": rest.value,
        "exported": {
            **{one.name: [endpoint.path for endpoint in one.endpoints] for one in exported},
            "mta-sts": [MTA_STS_PATH],
        },
        "left_to_the_service": {
            "formats": {
                one.name: {
                    "why": _WHY.get(one.name, _WHY_NOT),
                    "paths": [endpoint.path for endpoint in one.endpoints],
                }
                for one in FORMATS
                if one not in exported
            },
            "domains": [
                {"why": reason.value, "domains": number, "such_as": tally.examples[reason]}
                for reason, number in sorted(tally.reasons.items())
            ],
        },
    }
    return f"{json.dumps(report, indent=2, ensure_ascii=False)}\n".encode()
