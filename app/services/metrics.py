"""How endpoints that clients are given stand, in Prometheus's text format (version 0.0.4).

Read from the database, so that any process tells the same whoever probed. There may be a million endpoints:
those that are well are only counted, and of the others so many are told one by one.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from app.core.durations import Durations
from app.core.endpoints import Protocol
from app.core.reports import State
from app.core.verified import EndpointFilter
from app.services.exposition import histogram, write_families

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.core.checks import StoredEndpoint
    from app.core.verified import EndpointTotal
    from app.services.callers import Caller
    from app.services.verifying import EndpointReading

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
MOST: Final = 1000
"""How many endpoints are told one by one."""
_DAY_SECONDS: Final = 86_400
_BOUNDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_WITHIN_DAYS: Final = (7, 14, 30)
_NOT_GOOD: Final = (State.BAD, State.WARNING, State.UNTESTED)
_DURATIONS: Final = "signpost_endpoints_probe_seconds"
_HELP: Final = {
    "signpost_endpoints": "How many endpoints came to a state in their last run.",
    "signpost_endpoints_alarmed": "How many endpoints are told to be bad.",
    "signpost_endpoints_expiring": "How many endpoints have a certificate that ends within so many days.",
    _DURATIONS: "How long the last run of each endpoint took; as of this moment, so without rate().",
    "signpost_endpoints_left_out": "How many endpoints that are not good are not told one by one below.",
    "signpost_endpoint_state": "1 for the state of an endpoint whose last run did not come to good.",
    "signpost_endpoint_alarmed": "1 while such an endpoint is told to be bad.",
    "signpost_endpoint_certificate_days": "Days until the first of such an endpoint's certificates expires.",
    "signpost_endpoint_probe_seconds": "How long such an endpoint's last run took.",
    "signpost_endpoint_checked_timestamp_seconds": "When such an endpoint's last run began.",
}
_FAMILIES: Final = {
    name: ("histogram" if name == _DURATIONS else "gauge", meaning) for name, meaning in _HELP.items()
}


async def endpoint_metrics(reading: EndpointReading, caller: Caller, now: datetime, most: int = MOST) -> str:
    """Return the metrics of all endpoints that the caller's domains give to clients, the worst one by one.

    Args:
        reading: Gives the endpoints.
        caller: Who asks.
        now: The time by which days are counted.
        most: How many are told one by one.
    """
    ends = [now + timedelta(days=days) for days in _WITHIN_DAYS]
    totals = await reading.totals(caller, _BOUNDS, ends)
    told: list[StoredEndpoint] = []
    for state in _NOT_GOOD:
        if len(told) < most:
            told += await reading.page(
                caller, EndpointFilter(state=state, is_given=True), limit=most - len(told)
            )
    not_good = sum(total.endpoints for total in totals if total.state is not State.GOOD)
    samples: dict[str, list[str]] = {name: [] for name in _HELP}
    _add_totals(samples, totals)
    # What changed between the two looks is no reason for less than none.
    samples["signpost_endpoints_left_out"].append(
        f"signpost_endpoints_left_out {max(0, not_good - len(told))}"
    )
    for stored in told:
        _add(samples, stored, now)
    return write_families(_FAMILIES, samples)


def _add_totals(samples: dict[str, list[str]], totals: Sequence[EndpointTotal]) -> None:
    by_state = Counter[State]()
    ending = [0] * len(_WITHIN_DAYS)
    for total in totals:
        by_state[total.state] += total.endpoints
        ending = [count + more for count, more in zip(ending, total.ending, strict=True)]
    samples["signpost_endpoints"] += [
        f'signpost_endpoints{{state="{state.value}"}} {by_state[state]}' for state in State
    ]
    alarmed = sum(total.alarmed for total in totals)
    samples["signpost_endpoints_alarmed"].append(f"signpost_endpoints_alarmed {alarmed}")
    samples["signpost_endpoints_expiring"] += [
        f'signpost_endpoints_expiring{{within_days="{days}"}} {count}'
        for days, count in zip(_WITHIN_DAYS, ending, strict=True)
    ]
    for protocol in Protocol:
        of_protocol = [total for total in totals if total.protocol is protocol]
        samples[_DURATIONS] += histogram(_DURATIONS, f'protocol="{protocol.value}"', _durations(of_protocol))


def _durations(totals: Sequence[EndpointTotal]) -> Durations:
    found = Durations(_BOUNDS)
    for total in totals:
        if total.place is not None:
            found.counts[total.place] += total.endpoints
        found.seconds += total.seconds
    return found


def _add(samples: dict[str, list[str]], stored: StoredEndpoint, now: datetime) -> None:
    standing, labels = stored.standing, _labels(stored)
    samples["signpost_endpoint_state"].append(
        f'signpost_endpoint_state{{{labels},state="{standing.state.value}"}} 1'
    )
    values: dict[str, float | None] = {
        "signpost_endpoint_alarmed": int(standing.alarmed_at is not None),
        "signpost_endpoint_probe_seconds": stored.seconds,
    }
    if standing.certificate_expires_at is not None:
        left = (standing.certificate_expires_at - now).total_seconds() / _DAY_SECONDS
        values["signpost_endpoint_certificate_days"] = round(left, 3)
    if standing.checked_at is not None:
        values["signpost_endpoint_checked_timestamp_seconds"] = standing.checked_at.timestamp()
    for name, value_or_none in values.items():
        if value_or_none is not None:
            samples[name].append(f"{name}{{{labels}}} {value_or_none}")


def _labels(stored: StoredEndpoint) -> str:
    endpoint = stored.endpoint
    labels = {
        "endpoint": endpoint.key,
        "hostname": endpoint.hostname,
        "port": str(endpoint.port),
        "protocol": endpoint.protocol.value,
    }
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
