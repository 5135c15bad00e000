"""What the program tells Prometheus, what is said of it, and which metrics a query names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

SUFFIXES = ("_bucket", "_sum", "_count")
_SAMPLE = re.compile(r"([a-z_]+)(?:\{(.*)\})? [0-9.e+-]+")
_LABEL = re.compile(r'([a-z_]+)="(?:[^"\\]|\\.)*"')
_ROW = re.compile(r"\| `(signpost_[a-z_]+)` \| (counter|gauge|histogram) \|([^|]*)\|")
_SELECTOR = re.compile(r"\b(signpost_[a-z_]+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'([a-z_]+)\s*(?:=~|!~|!=|=)\s*"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")


@dataclass
class Family:
    """A metric."""

    kind: str
    labels: set[str] = field(default_factory=set)


def families_of(text: str) -> dict[str, Family]:
    """Read the text format; what is not in it as it has to be fails."""
    found: dict[str, Family] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in found, name
            found[name] = Family(kind)
        elif line.startswith("# HELP "):
            assert len(line.split(" ", 3)[3]) > 10
        else:
            sample = _SAMPLE.fullmatch(line)
            assert sample is not None, line
            base = sample[1]
            if found[name].kind == "histogram":
                base = next(base.removesuffix(suffix) for suffix in SUFFIXES if base.endswith(suffix))
            assert base == name, line
            found[name].labels |= {label for label in _LABEL.findall(sample[2] or "") if label != "le"}
    return found


def documented(text: str) -> dict[str, Family]:
    """Read the tables of docs/metrics.md."""
    return {
        name: Family(kind, set(re.findall(r"`([a-z_]+)`", labels)))
        for name, kind, labels in _ROW.findall(text)
    }


def misnamed(expression: str, known: dict[str, Family]) -> list[str]:
    """Return what a PromQL expression names and nobody tells."""
    wrong: list[str] = []
    labels = {"le"}
    for name, matchers in _SELECTOR.findall(expression):
        family = known.get(name)
        if family is None or family.kind == "histogram":
            base = next((name.removesuffix(one) for one in SUFFIXES if name.endswith(one)), "")
            family = known.get(base)
            if family is None or family.kind != "histogram":
                wrong.append(name)
                continue
        labels |= family.labels
        wrong += [f"{name}{{{label}}}" for label in _MATCHER.findall(matchers) if label not in family.labels]
    grouped = (label.strip() for labels in _GROUPING.findall(expression) for label in labels.split(","))
    return [*wrong, *(label for label in grouped if label and label not in labels)]
