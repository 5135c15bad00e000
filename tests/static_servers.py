"""nginx and Caddy that hand out the files of a static export, by the rules that the export wrote."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from programs import required_program
from proxy_lab import Front, running, running_nginx
from service_process import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def static_nginx(export: Path, folder: Path) -> Iterator[Front]:
    """Run nginx with the rules of an export, and nothing else."""
    front = Front(free_port(), 0, folder / "none", folder / "nginx.log")
    rules = (
        f"access_log off; include {export}/rules/nginx-http.conf;"
        f" server {{ listen 127.0.0.1:{front.http}; include {export}/rules/nginx-server.conf; }}"
    )
    with running_nginx(front, folder, rules):
        yield front


@contextlib.contextmanager
def static_caddy(export: Path, folder: Path) -> Iterator[Front]:
    """Run Caddy with the snippet of an export, and nothing else."""
    program = required_program("caddy")
    front = Front(free_port(), 0, folder / "none", folder / "caddy.log")
    (folder / "Caddyfile").write_text(
        f"{{\n\tadmin off\n\tauto_https off\n\thttp_port {front.http}\n}}\n"
        f"import {export}/rules/Caddyfile\nhttp:// {{\n\timport signpost_static\n\trespond 404\n}}\n"
    )
    environment = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = [program, "run", "--config", f"{folder}/Caddyfile", "--adapter", "caddyfile"]
    with running(command, front.http, environment, front.log):
        yield front
