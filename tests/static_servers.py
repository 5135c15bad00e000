"""nginx and Caddy that hand out the files of a static export, by the rules that the export wrote."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from programs import required_program
from proxy_lab import Front, running
from service_process import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def static_nginx(export: Path, folder: Path) -> Iterator[Front]:
    """Run nginx with the rules of an export, and nothing else."""
    program = required_program("nginx")
    front = Front(free_port(), 0, folder / "none", folder / "nginx.log")
    kept = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; worker_processes 1;"
        # Started by root, its workers would else be accounts that may not read this test's folder.
        + ("user root;" if os.geteuid() == 0 else "")
        + f"events {{}} http {{ {kept} access_log off; include {export}/rules/nginx-http.conf;"
        + f" server {{ listen 127.0.0.1:{front.http}; include {export}/rules/nginx-server.conf; }} }}"
    )
    command = [program, "-p", str(folder), "-e", "stderr", "-c", f"{folder}/nginx.conf"]
    with running(command, front.http, {}, front.log):
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
