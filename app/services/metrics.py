"""How endpoints stand, in Prometheus's text format (version 0.0.4).

Read from the database, so that any process tells the same whoever probed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.reports import State

if TYPE_CHECKING:
    from datetime import datetime

    from app.core.checks import StoredEndpoint
    from app.services.callers import Caller
    from app.services.verifying import EndpointReading

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BATCH: Final = 500
_DAY_SECONDS: Final = 86_400
_HELP: Final = {
    "signpost_endpoint_state": "1 for the state that the endpoint's last run came to, 0 for the others.",
    "signpost_endpoint_alarmed": "1 while the endpoint is told to be bad.",
    "signpost_endpoint_certificate_days": "Days until the first of the endpoint's certificates expires.",
    "signpost_endpoint_probe_seconds": "How long the endpoint's last run took.",
    "signpost_endpoint_checked_timestamp_seconds": "When the endpoint's last run began.",
}


async def endpoint_metrics(reading: EndpointReading, caller: Caller, now: datetime) -> str:
    """Return the metrics of all endpoints that the caller's domains list."""
    samples: dict[str, list[str]] = {name: [] for name in _HELP}
    after = 0
    while True:
        batch = await reading.page(caller, after=after, limit=_BATCH)
        for stored in batch:
            _add(samples, stored, now)
        if len(batch) < _BATCH:
            break
        after = batch[-1].id
    parts: list[str] = []
    for name, lines in samples.items():
        parts += [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge", *lines]
    return "\n".join(parts) + "\n"


def _add(samples: dict[str, list[str]], stored: StoredEndpoint, now: datetime) -> None:
    standing, labels = stored.standing, _labels(stored)
    for state in State:
        value = int(standing.state is state)
        samples["signpost_endpoint_state"].append(
            f'signpost_endpoint_state{{{labels},state="{state.value}"}} {value}'
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
