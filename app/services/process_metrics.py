"""What this process does beside answering mail clients, and what waits for all of them, for Prometheus."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, TypeAlias

from app import __version__
from app.core.durations import Durations
from app.services.exposition import histogram, write_families

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from app.services.checking import Checking
    from app.services.delivering import Delivering
    from app.services.rates import RequestRates
    from app.services.signing import Signer
    from app.store.queues import QueueLengths, Waiting
    from app.store.unit_of_work import Store

    Samples: TypeAlias = "dict[str, list[str]]"

_REQUESTS: Final = "signpost_management_requests_total"
_REQUEST_SECONDS: Final = "signpost_management_request_seconds"
_TRANSACTIONS: Final = "signpost_database_transactions_total"
_TRANSACTION_SECONDS: Final = "signpost_database_transaction_seconds"
OF_PROCESSES: Final = {
    "signpost_build_info": ("gauge", "Processes that serve, by their version."),
    _REQUESTS: ("counter", "Requests to the management API, by route and status."),
    _REQUEST_SECONDS: ("histogram", "How long requests to the management API took, to their answer's start."),
    "signpost_requests_refused_total": ("counter", "Requests that were over a quota, by whose it was."),
    "signpost_slow_requests_total": (
        "counter",
        "Requests that took so long that each has a line in the log.",
    ),
    _TRANSACTIONS: ("counter", "Transactions, by what they are for and how they ended."),
    _TRANSACTION_SECONDS: ("histogram", "How long transactions were open."),
    "signpost_database_connections": ("gauge", "Connections to the database, in use and idle."),
    "signpost_work_under_way": (
        "gauge",
        "Webhooks that are being sent, and endpoints that are being probed.",
    ),
    "signpost_webhook_attempts_total": ("counter", "Attempts to deliver, by what receivers made of them."),
    "signpost_probe_runs_total": ("counter", "Runs of verification, by the state to which they came."),
}
"""What each process tells of itself: kind and meaning, by name."""
OF_ALL: Final = {
    "signpost_endpoints_due": ("gauge", "Endpoints that are due to be probed, and wait."),
    "signpost_endpoints_overdue_seconds": ("gauge", "How long the first of them has been waiting."),
    "signpost_deliveries": ("gauge", "Events on their way to a subscription, and those that were given up."),
    "signpost_deliveries_due": ("gauge", "Deliveries that are due to be sent, and wait."),
    "signpost_deliveries_overdue_seconds": ("gauge", "How long the first of them has been waiting."),
    "signpost_webhooks": (
        "gauge",
        "Subscriptions; failing are active ones whose last delivery was not taken.",
    ),
    "signpost_signing_certificate_expires_timestamp_seconds": (
        "gauge",
        "When the certificate ends that profiles are signed with.",
    ),
}
"""What any process tells of all, from the database and from files that they share."""


class ProcessMetrics:
    """The counts of this process, gathered from whoever keeps them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._durations: dict[str, Durations] = {}
        self.slow_requests = 0
        """How many requests were told of in the log for their length."""

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request to the management API, by its route's template."""
        self._requests[method, route, status] += 1
        self._durations.setdefault(method, Durations()).add(seconds)

    def metrics(self, store: Store, rates: RequestRates, delivering: Delivering, checking: Checking) -> str:
        """Write what there is to tell of this process alone, with the counts of these."""
        samples: Samples = {name: [] for name in OF_PROCESSES}
        samples["signpost_build_info"].append(f'signpost_build_info{{version="{__version__}"}} 1')
        for (method, route, status), count in sorted(self._requests.items()):
            labels = f'method="{method}",route="{route}",status="{status}"'
            samples[_REQUESTS].append(f"{_REQUESTS}{{{labels}}} {count}")
        for method, durations in sorted(self._durations.items()):
            samples[_REQUEST_SECONDS] += histogram(_REQUEST_SECONDS, f'method="{method}"', durations)
        _add(samples, "signpost_requests_refused_total", "quota", rates.refused)
        samples["signpost_slow_requests_total"].append(f"signpost_slow_requests_total {self.slow_requests}")
        _add_database(samples, store)
        under_way = {"probes": checking.under_way, "webhooks": delivering.under_way}
        _add(samples, "signpost_work_under_way", "work", under_way)
        _add(samples, "signpost_webhook_attempts_total", "outcome", delivering.attempts)
        runs = {state.value: count for state, count in checking.runs.items()}
        _add(samples, "signpost_probe_runs_total", "state", runs)
        return write_families(OF_PROCESSES, samples)


async def shared_metrics(store: Store, now: datetime, signer: Signer | None) -> str:
    """Write what waits, and when the signing certificate ends: the same whichever process is asked.

    Raises:
        NotAvailable: When the database does not answer.
    """
    async with store.reading() as unit:
        lengths = await unit.queues.lengths(now)
    samples: Samples = {name: [] for name in OF_ALL}
    _add_lengths(samples, lengths, now)
    state = None if signer is None else signer.state()
    if state is not None and state.expires_at is not None:
        name = "signpost_signing_certificate_expires_timestamp_seconds"
        samples[name].append(f"{name} {state.expires_at.timestamp():.0f}")
    return write_families(OF_ALL, samples)


def _add_lengths(samples: Samples, lengths: QueueLengths, now: datetime) -> None:
    for name, waiting in (("endpoints", lengths.endpoints), ("deliveries", lengths.deliveries)):
        samples[f"signpost_{name}_due"].append(f"signpost_{name}_due {waiting.count}")
        overdue = f"signpost_{name}_overdue_seconds"
        samples[overdue].append(f"{overdue} {_seconds_since(waiting, now):.1f}")
    by_state = {state.value: count for state, count in lengths.deliveries_by_state.items()}
    _add(samples, "signpost_deliveries", "state", by_state)
    webhooks = {
        "active": lengths.webhooks_active,
        "failing": lengths.webhooks_failing,
        "inactive": lengths.webhooks_inactive,
    }
    _add(samples, "signpost_webhooks", "state", webhooks)


def _seconds_since(waiting: Waiting, now: datetime) -> float:
    return 0.0 if waiting.since is None else max(0.0, (now - waiting.since).total_seconds())


def _add(samples: Samples, name: str, label: str, counts: Mapping[str, int]) -> None:
    samples[name] += [f'{name}{{{label}="{value}"}} {count}' for value, count in counts.items()]


def _add_database(samples: Samples, store: Store) -> None:
    counts = store.counts
    for (kind, ending), count in sorted(counts.endings.items()):
        samples[_TRANSACTIONS].append(f'{_TRANSACTIONS}{{kind="{kind}",outcome="{ending}"}} {count}')
    for kind, durations in counts.durations.items():
        samples[_TRANSACTION_SECONDS] += histogram(_TRANSACTION_SECONDS, f'kind="{kind}"', durations)
    _add(samples, "signpost_database_connections", "state", store.connections())
