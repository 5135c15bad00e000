"""Settings, read from the environment once; nothing else reads the environment.

Each field's description goes into docs/operations.md.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.core.ports import PortSet
from app.serving_settings import ServingSettings
from app.setting_values import NetworkList, OptionalPath, OptionalText, OptionalUrl, PortSetting, SecretList


class LogFormat(StrEnum):
    """How log lines are written."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class WhereVerified(StrEnum):
    """Which processes verify."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Settings(ServingSettings):
    """All settings; environment variables have the prefix ``SIGNPOST_``."""

    model_config = SettingsConfigDict(
        env_prefix="SIGNPOST_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    deleted_retention_days: int = Field(
        default=30,
        ge=1,
        le=36_500,
        description="How long deleted domains are kept and can be restored.",
    )
    audit_retention_days: int = Field(
        default=730,
        ge=0,
        le=36_500,
        description="How long entries of the audit are kept; `0` for ever.",
    )
    allow_networks: NetworkList = Field(
        default=(),
        description="Addresses and networks, separated by commas, that may be connected to although they "
        "are special, such as loopback or private ones.",
    )
    probe_ports: PortSetting = Field(
        default=PortSet.parse(
            "25,26,80,110,143,443,465,586,587,993,995,2000,2080,2096,2525,2587,4190,4443,8080,8443"
        ),
        description="Ports and ranges of ports, separated by commas, that verification and discovery may "
        "connect to, at whatever host; `any` for all. Customers say where, and could have others' ports "
        "looked at.",
    )
    ca_file: OptionalPath = Field(
        default=None,
        description="A file with certificates, in PEM, that are trusted as roots beside those of the "
        "system when the service connects to others.",
    )
    probe_name: OptionalText = Field(
        default=None,
        max_length=253,
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
        description="What the service calls itself where verification has to give a name (EHLO): a host name "
        "that leads back to where its connections come from is best. Unset, the public URL's host.",
    )
    probe_connections: int = Field(
        default=300,
        ge=1,
        le=5000,
        description="How many connections verification may have at a time, in each process.",
    )
    probe_connections_per_address: int = Field(
        default=4,
        ge=1,
        le=100,
        description="How many of them may be to one address; to one port of it there is never more than one.",
    )
    probe_connections_per_network: int = Field(
        default=16,
        ge=1,
        le=5000,
        description="How many of them may be to the addresses of one network: a /24, or a /48 in IPv6.",
    )
    probe_connections_per_minute: int = Field(
        default=3,
        ge=1,
        le=1000,
        description="How often in any minute verification calls on one port of a mail host, at each of its "
        "addresses; more than a few look like an attack to some. Each process counts for itself.",
    )
    probe_connect_seconds: float = Field(
        default=10.0,
        ge=0.5,
        le=60,
        description="How long a server may take to accept verification's connection.",
    )
    probe_reply_seconds: float = Field(
        default=40.0,
        ge=0.5,
        le=300,
        description="How long it may take for each line that it says; some make strangers wait for the first "
        "one, up to half a minute.",
    )
    probe_seconds: float = Field(
        default=120.0,
        ge=1,
        le=900,
        description="How long verification's conversation with one address may take in all.",
    )
    probe_in_depth: bool = Field(
        default=True,
        description="Whether verification also tries old TLS versions, and TLS without the host's name: "
        "two more connections to each address, a few more where the server is an old one.",
    )
    probe_injection: bool = Field(
        default=False,
        description="Whether verification also tries if servers carry out within TLS what was sent before, "
        "behind STARTTLS: one more connection, for which some ban. Ask their operators first.",
    )
    discover_seconds: float = Field(
        default=10.0,
        ge=0.5,
        le=60,
        description="How long discovery may take over one place where clients look, with all to which it "
        "leads; all places are asked at once.",
    )
    discoveries_per_minute_per_token: int = Field(
        default=30,
        ge=0,
        le=10_000,
        description="How many discoveries may be asked for with a token in a minute: each asks in some "
        "twenty places. Counted by each process. `0` for any number.",
    )
    ispdb_folder: OptionalPath = Field(
        default=None,
        description="A folder with a copy of Mozilla's ISPDB, in which discovery looks domains up.",
    )
    ispdb_url: OptionalUrl = Field(
        default=None,
        description="Where discovery asks for the ISPDB's entry of a domain, whose name is put behind it: "
        "the URL of a mirror. Unset, domains are looked up in no foreign place.",
    )
    public_suffix_file: OptionalPath = Field(
        default=Path("/usr/share/publicsuffix/public_suffix_list.dat"),
        description="The list of public suffixes, as Debian's package `publicsuffix` has it. Without it "
        "discovery does not ask at the domain of a mail exchanger, which may be anybody's.",
    )
    secret_keys: SecretList = Field(
        default=(),
        description="Keys, separated by commas, under which the secrets of webhooks are stored: 32 random "
        "bytes each, in URL-safe Base64. The first seals, each opens. Unset, they are stored as they are.",
    )
    deliver_webhooks: bool = Field(
        default=True,
        description="Whether this process sends webhooks. One of several that share a database is enough; "
        "all of them may.",
    )
    webhook_allow_http: bool = Field(
        default=False, description="Whether webhooks may have URLs of plain `http`."
    )
    webhook_timeout_seconds: float = Field(
        default=15.0,
        ge=0.5,
        le=60,
        description="How long a receiver of webhooks may take to answer.",
    )
    webhook_retention_days: int = Field(
        default=30,
        ge=1,
        le=3650,
        description="How long events and their deliveries are kept; those on their way are kept longer.",
    )
    verify: WhereVerified = Field(
        default=WhereVerified.AUTO,
        description="Whether `signpost serve` verifies beside serving: `always`, `never`, or `auto`: on "
        "SQLite it does, on PostgreSQL `signpost worker` is there for it, any number of them.",
    )
    verify_at_once: int = Field(
        default=200,
        ge=1,
        le=5000,
        description="How many endpoints each process that verifies has under way; what more is due waits.",
    )
    verify_lease_seconds: float = Field(
        default=900.0,
        ge=2,
        le=86_400,
        description="How long verification of one endpoint may take in all; the endpoints of a process that "
        "died are taken over when this is over.",
    )
    report_retention_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="How long reports and the runs in endpoints' histories are kept.",
    )
    session_idle_minutes: int = Field(
        default=30, ge=1, le=1440, description="How long a session of `/admin` lasts without a request."
    )
    session_hours: int = Field(
        default=12, ge=1, le=168, description="How long a session of `/admin` lasts in all."
    )
    log_format: LogFormat = Field(
        default=LogFormat.AUTO,
        description="`json`, `console`, or `auto`: console on a terminal, JSON elsewhere.",
    )
    log_level: str = Field(
        default="INFO",
        description="`DEBUG`, `INFO`, `WARNING` or `ERROR`. Mail addresses are never logged at `INFO` "
        "or above.",
    )

    @property
    def serve_verifies(self) -> bool:
        """Whether ``signpost serve`` verifies."""
        if self.verify is WhereVerified.AUTO:
            return self.database_url.startswith("sqlite")
        return self.verify is WhereVerified.ALWAYS

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: str) -> str:
        if not value.startswith(("sqlite+aiosqlite:", "postgresql+asyncpg:")):
            message = "must start with sqlite+aiosqlite: or postgresql+asyncpg:"
            raise ValueError(message)
        try:
            url = make_url(value)
        except (ArgumentError, ValueError):
            # Not from the error, which would show a password.
            message = "must be a URL with a host, and a number for a port"
            raise ValueError(message) from None
        if "sslmode" in url.query:
            message = "must say ssl=... where psql says sslmode=..."
            raise ValueError(message)
        return value

    @field_validator("log_level")
    @classmethod
    def _check_log_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            message = "must be DEBUG, INFO, WARNING or ERROR"
            raise ValueError(message)
        return value.upper()
