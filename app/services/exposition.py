"""Prometheus's text format (version 0.0.4): written, and one text made out of those of several processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from app.core.durations import Durations

LEAST: Final = frozenset({"signpost_known_domains_trusted"})
GREATEST: Final = frozenset({"signpost_loop_lag_seconds"})
"""Gauges of which the least, or the greatest, of the processes holds for all; all others are added up."""
_LASTING: Final = frozenset({"counter", "histogram"})


def write_families(families: Mapping[str, tuple[str, str]], samples: Mapping[str, Iterable[str]]) -> str:
    """Write families, each with its kind and meaning by its name, and the lines that it has."""
    lines: list[str] = []
    for name, (kind, meaning) in families.items():
        lines += [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}", *samples[name]]
    return "".join(f"{line}\n" for line in lines)


def histogram(name: str, labels: str, durations: Durations) -> Iterator[str]:
    """Yield the lines of a histogram; each bucket counts all that took no longer."""
    counts = [*accumulate(durations.counts)]
    for bound, count in zip((*durations.bounds, "+Inf"), counts, strict=True):
        yield f'{name}_bucket{{{labels},le="{bound}"}} {count}'
    yield f"{name}_sum{{{labels}}} {durations.seconds:.6f}"
    yield f"{name}_count{{{labels}}} {counts[-1]}"


@dataclass(slots=True)
class _Family:
    meaning: str = ""
    kind: str = "untyped"
    samples: dict[str, float] = field(default_factory=dict)


def add_up(texts: Iterable[str]) -> str:
    """Return the sums, by name and labels, in the order in which they first appear."""
    sums: dict[str, _Family] = {}
    for text in texts:
        for name, family in _families(text):
            into = sums.setdefault(name, _Family(family.meaning, family.kind))
            for sample, value in family.samples.items():
                known = into.samples.get(sample)
                if known is None:
                    into.samples[sample] = value
                else:
                    into.samples[sample] = _together(name, known, value)
    return _written(sums.items())


def keep_lasting(text: str) -> str:
    """Return what still holds when the process is gone: what it counted, and not how it was."""
    return _written((name, family) for name, family in _families(text) if family.kind in _LASTING)


def _families(text: str) -> Iterator[tuple[str, _Family]]:
    """Yield the families; comments stand before the samples, as we write them."""
    families: dict[str, _Family] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith(("# HELP ", "# TYPE ")):
            _, word, name, said = line.split(" ", 3)
            family = families.setdefault(name, _Family())
            if word == "HELP":
                family.meaning = said
            else:
                family.kind = said
        elif line:
            sample, _, value = line.rpartition(" ")
            families[name].samples[sample] = float(value)
    yield from families.items()


def _together(name: str, one: float, other: float) -> float:
    if name in LEAST:
        return min(one, other)
    return max(one, other) if name in GREATEST else one + other


def _written(families: Iterable[tuple[str, _Family]]) -> str:
    lines: list[str] = []
    for name, family in families:
        lines += [f"# HELP {name} {family.meaning}", f"# TYPE {name} {family.kind}"]
        lines += [f"{sample} {_number(value)}" for sample, value in family.samples.items()]
    return "".join(f"{line}\n" for line in lines)


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else f"{value:.6f}"
