"""The settings of what a process tells of itself beside its logs.

A part of the settings, which are one class for everybody else; descriptions go into docs/operations.md.
"""

from __future__ import annotations

from importlib.util import find_spec

from pydantic import AnyHttpUrl, Field, field_validator
from pydantic_settings import BaseSettings

from app.setting_values import OptionalUrl


class TelemetrySettings(BaseSettings):
    """Slow requests, and traces."""

    slow_request_milliseconds: int = Field(
        default=1000,
        ge=0,
        description="Requests whose answer took longer to begin, the wait for their body not counted, have a "
        "line `slow_request` in the log, with where the time went. 0 for none.",
    )
    otel_endpoint: OptionalUrl = Field(
        default=None,
        description="Where traces are sent: the URL for them of an OpenTelemetry collector that takes OTLP "
        "over HTTP, such as `http://127.0.0.1:4318/v1/traces`. Unset, there are none. It takes "
        "`requirements/telemetry.txt`.",
    )
    otel_sampled: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Which part of the requests is traced, from 0 to 1; where the caller has a trace of its "
        "own (`traceparent`), its decision counts.",
    )

    @field_validator("otel_endpoint")
    @classmethod
    def _check_libraries(cls, value: AnyHttpUrl | None) -> AnyHttpUrl | None:
        if value is not None and not _has_libraries():
            message = "must be unset unless requirements/telemetry.txt is installed"
            raise ValueError(message)
        return value


def _has_libraries() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http.trace_exporter") is not None
    except ModuleNotFoundError:
        return False
