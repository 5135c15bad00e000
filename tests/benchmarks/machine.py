"""The machine that figures are from, and the versions of what they depend on."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import ssl
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("uvicorn", "uvloop", "httptools", "fastapi", "starlette", "sqlalchemy", "asyncpg", "cryptography")
PROGRAMS = {
    "wrk": ("wrk", "-v"), "PostgreSQL": ("postgres", "--version"), "node": ("node", "--version"),
}  # fmt: skip


def described() -> dict[str, Any]:
    """Return what a reader needs to tell one run from another; nothing that names the machine."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _said("git", "rev-parse", "--short", "HEAD"),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "load": round(os.getloadavg()[0], 1),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "sqlite": sqlite3.sqlite_version,
        "openssl": ssl.OPENSSL_VERSION,
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "programs": {name: found for name, command in PROGRAMS.items() if (found := _said(*command))},
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _said(program: str, *arguments: str) -> str:
    """Return the first line that a program says; nothing where it is not there."""
    places = [os.environ.get("PATH", ""), *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    found = shutil.which(program, path=":".join(places))
    if found is None:
        return ""
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - named above
    lines = (done.stdout or done.stderr).splitlines()
    return lines[0].strip() if lines else ""
