"""The settings of a process that serves: where data is, who asks, and how much each may take.

A part of the settings, which are one class for everybody else; descriptions go into docs/operations.md.
"""

from __future__ import annotations

from ipaddress import ip_network

from pydantic import AnyHttpUrl, Field

from app.setting_values import AddressList, NetworkList, OptionalNameServer, OptionalPath
from app.telemetry_settings import TelemetrySettings

_LOCAL_NETWORKS = tuple(
    ip_network(text)
    for text in ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)


class ServingSettings(TelemetrySettings):
    """What a process that serves has to know."""

    database_url: str = Field(
        default="sqlite+aiosqlite:///./data/signpost.db",
        description="Where data is kept: `sqlite+aiosqlite:///PATH` or "
        "`postgresql+asyncpg://USER:PASSWORD@HOST/NAME`.",
    )
    database_connections: int = Field(
        default=10,
        ge=2,
        le=1000,
        description="How many connections to PostgreSQL each process opens at most, beside the two by which "
        "it follows changes: all processes together, `signpost worker` too, need fewer than the server's "
        "`max_connections`.",
    )
    public_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("http://127.0.0.1:8080"),
        description="The service's own address as clients reach it; problem types point into it.",
    )
    public_addresses: AddressList = Field(
        default=(),
        description="Addresses of the service, separated by commas. Where set, the DNS records to publish "
        "name these in place of aliases of the public URL's host.",
    )
    resolver: OptionalNameServer = Field(
        default=None,
        description="The DNS server to ask, `ADDRESS` or `ADDRESS:PORT`; the system's where it is not set. "
        "Signatures are its to check (DNSSEC), so a validating one nearby is best.",
    )
    known_domains: int = Field(
        default=500_000,
        ge=0,
        description="How many domains each process remembers, so that requests for them need no database: "
        "about a hundred bytes each, and some kilobytes for each provider and each domain with servers of "
        "its own. 0 for none.",
    )
    trusted_proxies: NetworkList = Field(
        default=(),
        description="Addresses and networks, separated by commas, of reverse proxies whose "
        "`X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host` are believed.",
    )
    signing_certificate: OptionalPath = Field(
        default=None,
        description="A file with the certificate, in PEM, that Apple profiles are signed with; intermediate "
        "certificates may follow it. Read again when it changes. Unset, profiles are not signed.",
    )
    signing_key: OptionalPath = Field(
        default=None,
        description="A file with the certificate's private key, in PEM and not encrypted: RSA of at least "
        "2048 bits, or EC on P-256 (the fastest), P-384 or P-521.",
    )
    signing_chain: OptionalPath = Field(
        default=None,
        description="A file with the intermediate certificates, in PEM, where they are not in "
        "`SIGNPOST_SIGNING_CERTIFICATE`.",
    )
    tls_ask_networks: NetworkList = Field(
        default=_LOCAL_NETWORKS,
        description="Addresses and networks, separated by commas, of reverse proxies that may ask "
        "`/tls/ask`; those in `SIGNPOST_TRUSTED_PROXIES` may too.",
    )
    require_if_match: bool = Field(
        default=False,
        description="Whether a request that changes or deletes something stored must have `If-Match`; "
        "without it the answer is 428.",
    )
    bulk_max_lines: int = Field(
        default=1_000_000,
        ge=1,
        le=100_000_000,
        description="How many lines a bulk request may have.",
    )
    bulk_max_line_bytes: int = Field(
        default=1_000_000,
        ge=1000,
        le=10_000_000,
        description="How long a line of a bulk request may be.",
    )
    bulk_max_whole_bytes: int = Field(
        default=500_000_000,
        ge=1000,
        le=100_000_000_000,
        description="How long a bulk request that is done as a whole (`atomic=true`, `dry_run=true`) may be: "
        "it is kept in a temporary file until its end has come.",
    )
    free_attempts: int = Field(
        default=20,
        ge=0,
        le=1_000_000,
        description="How many wrong tokens an address may send before it has to wait, each time twice as "
        "long, up to a minute; counted by each process. `0` for any number.",
    )
    requests_per_minute_per_address: int = Field(
        default=3000,
        ge=0,
        le=10_000_000,
        description="How many requests without a token an address (of IPv6, a /64) may send in a minute; as "
        "many may come at once. Counted by each process. `0` for any number.",
    )
    requests_per_minute_per_token: int = Field(
        default=6000,
        ge=0,
        le=10_000_000,
        description="How many requests may come with a token in a minute; as many may come at once. "
        "Counted by each process. `0` for any number.",
    )
    unlimited_networks: NetworkList = Field(
        default=_LOCAL_NETWORKS,
        description="Addresses and networks, separated by commas, that may send any number of requests "
        "without a token, such as a support portal's; those in `SIGNPOST_TRUSTED_PROXIES` may too.",
    )
    max_body_bytes: int = Field(
        default=1_000_000,
        ge=100_000,
        le=1_000_000_000,
        description="The largest body of a request. Where clients send bodies the limit is lower, and "
        "fixed; bulk is read line by line and has none.",
    )
    body_seconds: int = Field(
        default=20,
        ge=1,
        le=3600,
        description="How long a request may keep the service waiting for its body in all, and a second more "
        "for each kB that came; in bulk, for each part of it.",
    )
    request_seconds: int = Field(
        default=30,
        ge=1,
        le=3600,
        description="How long a request to the management API may take in all before it is given up; "
        "bulk and exports may take any time.",
    )
    requests_at_once: int = Field(
        default=100,
        ge=0,
        le=100_000,
        description="How many requests of management each process has under way before it refuses more with "
        "503; of discovery, besides those for known domains, which are answered at once, four times as many. "
        "`0` for any number.",
    )
    max_lag_milliseconds: int = Field(
        default=250,
        ge=0,
        le=60_000,
        description="How late each process may be in what it does before it refuses management with 503; "
        "discovery, besides what is answered at once, when it is four times as late. `0` for any.",
    )
    keep_alive_seconds: int = Field(
        default=5,
        ge=1,
        le=3600,
        description="How long a connection may wait for its next request. Behind a reverse proxy that keeps "
        "connections, set it above the proxy's own time, so that the proxy is the one to close them.",
    )
    shutdown_seconds: int = Field(
        default=20,
        ge=1,
        le=3600,
        description="How long requests under way may take to end once the service is told to stop.",
    )
    drain_seconds: int = Field(
        default=0,
        ge=0,
        le=3600,
        description="How long the service, told to stop, takes new connections all the same, while "
        "`/health/serving` is 503 already: as long as a load balancer that asks there needs to notice. "
        "`SIGNPOST_SHUTDOWN_SECONDS` begin after that.",
    )
