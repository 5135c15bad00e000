"""nginx and Caddy with the configurations of deploy/ as they are, but for ports and folders."""

from __future__ import annotations

import contextlib
import grp
import os
import subprocess
from typing import TYPE_CHECKING

from certificates import a_web_chain
from programs import required_program
from proxy_lab import Front, running, running_nginx
from service_process import ROOT, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

DEPLOY = ROOT / "deploy"
HOST = "autoconfig.demo.example"
OTHER_HOST = "autodiscover.demo.example"
SERVICE_HOST = "signpost.hosting.example"
"""The name in nginx.conf; its certificate there is a wildcard."""


def replaced(text: str, changes: Mapping[str, str]) -> str:
    """Change what a test machine must have otherwise; each place must be there."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def nginx(upstream: int, folder: Path, **changes: str) -> Iterator[Front]:
    """Run nginx with certificates for both hosts of the demo domain, put in place as certbot would."""
    front = Front(free_port(), free_port(), folder / "root.pem", folder / "proxy.log")
    front.root.write_bytes(renew(folder, (HOST, OTHER_HOST, "*.hosting.example")))
    text = replaced(
        (DEPLOY / "nginx.conf").read_text(),
        {
            "127.0.0.1:8080": f"127.0.0.1:{upstream}",
            "listen 80;": f"listen 127.0.0.1:{front.http};",
            "listen [::]:80;": "",
            "listen 443 ssl;": f"listen 127.0.0.1:{front.https} ssl;",
            "listen [::]:443 ssl;": "",
            "/etc/nginx/signpost/": f"{folder}/certificates/",
            "/var/www/acme": str(folder),
            "/var/log/nginx/": f"{folder}/",
            **changes,
        },
    )
    (folder / "signpost.conf").write_text(text)
    with running_nginx(front, folder, f"include {folder}/signpost.conf;"):
        yield front


def renew(folder: Path, names: tuple[str, ...]) -> bytes:
    """Make a certificate and run the deploy hook as certbot would; returns the root's."""
    chain = a_web_chain(names)
    (folder / "fullchain.pem").write_bytes(chain.leaf.pem + chain.intermediate.pem)
    (folder / "privkey.pem").write_bytes(chain.leaf.key_pem)
    environment = {
        "PATH": os.environ["PATH"],
        "RENEWED_LINEAGE": str(folder),
        "RENEWED_DOMAINS": " ".join(names),
        "FOLDER": f"{folder}/certificates",
        "GROUP": grp.getgrgid(os.getegid()).gr_name,
    }
    subprocess.run([DEPLOY / "certbot-to-nginx"], env=environment, check=True)  # noqa: S603 - our own
    return chain.root.pem


@contextlib.contextmanager
def caddy(upstream: int, folder: Path, *others: int, **changes: str) -> Iterator[Front]:
    """Run Caddy, before one or more replicas, with its own authority in place of a public one."""
    program = required_program("caddy")
    root = folder / "caddy/pki/authorities/local/root.crt"
    front = Front(free_port(), free_port(), root, folder / "proxy.log")
    options = (
        f"\n{{\n\tadmin off\n\tlocal_certs\n\tskip_install_trust\n"
        f"\thttp_port {front.http}\n\thttps_port {front.https}\n"
    )
    text = (DEPLOY / "Caddyfile").read_text()
    assert text.count("\n{\n") == 1
    (folder / "Caddyfile").write_text(replaced(text, {"\n{\n": options, **changes}))
    environment = {
        "SIGNPOST_UPSTREAM": " ".join(f"127.0.0.1:{port}" for port in (upstream, *others)),
        "SIGNPOST_ASK_PORT": str(free_port()),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    command = [program, "run", "--config", f"{folder}/Caddyfile", "--adapter", "caddyfile"]
    with running(command, front.https, environment, front.log):
        yield front
