"""What mail clients asked of this process, counted, and how long the answers took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.durations import Durations
from app.services.exposition import histogram, write_families

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


class Traffic:
    """Tallies by format, outcome and way."""

    def __init__(self) -> None:
        """Begin with none."""
        self._tallies: dict[tuple[str, str, str], Durations] = {}

    def tally(self, format_name: str, outcome: str, way: str) -> Durations:
        """Return the tally to add to."""
        key = (format_name, outcome, way)
        found = self._tallies.get(key)
        if found is None:
            found = self._tallies[key] = Durations(BOUNDS_SECONDS)
        return found

    def metrics(self, known: KnownDomains) -> str:
        """Write what was counted in Prometheus's text format."""
        samples = {
            "signpost_discovery_requests_total": self._requests(),
            "signpost_discovery_request_seconds": self._histograms(),
            "signpost_known_domains": [f"signpost_known_domains {len(known)}"],
            "signpost_known_domains_trusted": [f"signpost_known_domains_trusted {int(known.is_watched)}"],
            "signpost_domain_lookups_total": [f"signpost_domain_lookups_total {known.lookups}"],
            "signpost_known_domains_forgotten_total": [
                f"signpost_known_domains_forgotten_total {known.forgotten}"
            ],
        }
        return write_families(_NAMES, samples)

    def _requests(self) -> Iterator[str]:
        for (name, outcome, way), tally in sorted(self._tallies.items()):
            labels = f'format="{name}",outcome="{outcome}",way="{way}"'
            yield f"signpost_discovery_requests_total{{{labels}}} {sum(tally.counts)}"

    def _histograms(self) -> Iterator[str]:
        metric = "signpost_discovery_request_seconds"
        merged: dict[tuple[str, str], Durations] = {}
        for (name, _, way), tally in sorted(self._tallies.items()):
            into = merged.setdefault((name, way), Durations(BOUNDS_SECONDS))
            into.counts = [one + other for one, other in zip(into.counts, tally.counts, strict=True)]
            into.seconds += tally.seconds
        for (name, way), tally in merged.items():
            yield from histogram(metric, f'format="{name}",way="{way}"', tally)
