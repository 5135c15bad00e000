"""Programs that tests start and that pip does not bring."""

from __future__ import annotations

import os
import shutil

import pytest


def required_program(name: str, package: str = "") -> str:
    """Find a program, of the Debian package of its name; without it skip, or fail where CI=true."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is not None:
        return found
    reason = f"{name} is not installed (Debian: apt-get install {package or name})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
