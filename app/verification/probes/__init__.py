"""The probes, found by their folder: each module here is one, and none knows of the others."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from app.verification.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.endpoints import Protocol


@cache
def find_probes() -> Mapping[Protocol, Probe]:
    """Return the probe of each protocol."""
    modules = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    probes = [module.PROBE for module in modules]
    return {probe.protocol: probe for probe in probes if isinstance(probe, Probe)}
