"""What mail clients asked of this process, counted, and how long the answers took."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.services.known_domains import KnownDomains

BOUNDS_SECONDS: Final = (
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
)  # fmt: skip
SHORT: Final = "short"
ORDINARY: Final = "ordinary"
DOCUMENT: Final = "document"
_OUTCOMES: Final = {
    200: DOCUMENT, 304: "not_modified", 302: "redirect", 400: "refused", 404: "unknown", 405: "refused",
    408: "refused", 413: "refused", 503: "unavailable",
}  # fmt: skip
_NAMES: Final = {
    "signpost_discovery_requests_total": ("counter", "Requests of mail clients, by what they were answered."),
    "signpost_discovery_request_seconds": ("histogram", "How long mail clients waited for this process."),
    "signpost_known_domains": ("gauge", "Domains that this process remembers."),
    "signpost_known_domains_trusted": ("gauge", "1 while changes of other processes are noticed."),
    "signpost_domain_lookups_total": ("counter", "Domains that were read from the database."),
    "signpost_known_domains_forgotten_total": ("counter", "Times that a change made what was known untrue."),
}


def outcome_of(status: int) -> str:
    """Return the word for an answer's status."""
    return _OUTCOMES.get(status, "other")


class Tally:
    """Answers of one kind: a number for each span of time, the last for all that took longer."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        """Begin with none."""
        self.counts = [0] * (len(BOUNDS_SECONDS) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count an answer."""
        self.counts[bisect_left(BOUNDS_SECONDS, seconds)] += 1
        self.seconds += seconds


class Traffic:
    """Tallies by format, outcome and way."""

    def __init__(self) -> None:
        """Begin with none."""
        self._tallies: dict[tuple[str, str, str], Tally] = {}

    def tally(self, format_name: str, outcome: str, way: str) -> Tally:
        """Return the tally to add to."""
        key = (format_name, outcome, way)
        found = self._tallies.get(key)
        if found is None:
            found = self._tallies[key] = Tally()
        return found

    def metrics(self, known: KnownDomains) -> str:
        """Write what was counted in Prometheus's text format."""
        samples = {
            "signpost_discovery_requests_total": self._requests(),
            "signpost_discovery_request_seconds": self._histograms(),
            "signpost_known_domains": [f"signpost_known_domains {len(known)}"],
            "signpost_known_domains_trusted": [f"signpost_known_domains_trusted {int(known.is_trusted)}"],
            "signpost_domain_lookups_total": [f"signpost_domain_lookups_total {known.lookups}"],
            "signpost_known_domains_forgotten_total": [
                f"signpost_known_domains_forgotten_total {known.forgotten}"
            ],
        }
        lines: list[str] = []
        for name, (kind, meaning) in _NAMES.items():
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}", *samples[name]]
        return "\n".join(lines) + "\n"

    def _requests(self) -> Iterator[str]:
        for (name, outcome, way), tally in sorted(self._tallies.items()):
            labels = f'format="{name}",outcome="{outcome}",way="{way}"'
            yield f"signpost_discovery_requests_total{{{labels}}} {sum(tally.counts)}"

    def _histograms(self) -> Iterator[str]:
        metric = "signpost_discovery_request_seconds"
        merged: dict[tuple[str, str], Tally] = {}
        for (name, _, way), tally in sorted(self._tallies.items()):
            into = merged.setdefault((name, way), Tally())
            into.counts = [one + other for one, other in zip(into.counts, tally.counts, strict=True)]
            into.seconds += tally.seconds
        for (name, way), tally in merged.items():
            labels = f'format="{name}",way="{way}"'
            total = 0
            for bound, count in zip((*map(str, BOUNDS_SECONDS), "+Inf"), tally.counts, strict=True):
                total += count
                yield f'{metric}_bucket{{{labels},le="{bound}"}} {total}'
            yield f"{metric}_sum{{{labels}}} {tally.seconds:.6f}"
            yield f"{metric}_count{{{labels}}} {total}"
