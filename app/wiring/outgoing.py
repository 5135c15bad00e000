"""What goes out into the network: verification, discovery, webhooks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from app.net.address_policy import AddressPolicy
from app.net.dialer import ConnectionLimits, Dialer
from app.net.on_demand import PosterOnDemand
from app.net.pacing import Pacing
from app.net.posting import PostingLimits
from app.net.smtp import ehlo_name_of
from app.net.streams import TimeLimits
from app.services.assigning import Assigning
from app.services.checking import Checking, CheckingPace, Judgement
from app.services.deliveries import DeliveryService
from app.services.delivering import Delivering, Pace
from app.services.discovering import Discovering, DiscoveryChoices
from app.services.dns_doctor import DnsDoctor
from app.services.domain_checking import DomainChecking
from app.services.publication_checks import PublicationChecks
from app.services.publishing import Publishing
from app.services.secret_box import SecretBox
from app.services.trust import Trust
from app.services.verifying import EndpointReading, Verifying
from app.services.webhooks import Destinations, WebhookService
from app.verification.published import DocumentFetcher
from app.verification.running import Means, Prober
from app.verification.tls_questions import Scope
from app.wiring.clock import system_clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.net.resolver import Resolver
    from app.services.dns_records import DnsRecordService
    from app.settings import Settings
    from app.store.unit_of_work import Store


_CONNECT_SECONDS: Final = 5.0
_PER_PORT: Final = 6
"""What Thunderbird alone has under way at a host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookServices:
    """The use cases of webhooks, and what sends them."""

    subscriptions: WebhookService
    deliveries: DeliveryService
    delivering: Delivering
    poster: PosterOnDemand


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationServices:
    """The use cases of verification, and what probes."""

    verifying: Verifying
    endpoints: EndpointReading
    assigning: Assigning
    checking: Checking
    domains: DomainChecking
    doctor: DnsDoctor
    trust: Trust
    clock: Callable[[], datetime]

    async def run(self) -> None:
        """Verify what is due, and what is asked for, until cancelled."""
        async with asyncio.TaskGroup() as group:
            # Beside the loop, which mail clients wait for.
            group.create_task(asyncio.to_thread(self.trust.load))
            for loop in (self.assigning.run, self.checking.run, self.domains.run):
                group.create_task(loop())


def build_verification(
    settings: Settings, store: Store, resolver: Resolver, records: DnsRecordService
) -> VerificationServices:
    """Build what verifies; opens nothing yet."""
    trust = Trust(settings.ca_file)
    pace = CheckingPace(at_once=settings.verify_at_once, lease_seconds=settings.verify_lease_seconds)
    # One dialer for both: its caps are for all that leaves this process.
    dialer = _dialer(settings)
    judgement = Judgement(observer=_prober(settings, dialer, resolver), trust=trust)
    checking = Checking(store, system_clock, judgement, pace)
    fetcher = DocumentFetcher(dialer, resolver)
    publishing = Publishing(store)
    own_checks = PublicationChecks(records, publishing, fetcher, trust, system_clock)
    per_minute = settings.discoveries_per_minute_per_token
    patience = timedelta(seconds=settings.verify_lease_seconds * 1.5)
    return VerificationServices(
        verifying=Verifying(store, system_clock, patience),
        endpoints=EndpointReading(store),
        assigning=Assigning(store, system_clock),
        checking=checking,
        domains=DomainChecking(store, system_clock, checking, own_checks, patience),
        doctor=DnsDoctor(store, records, publishing, fetcher, trust, system_clock, per_minute),
        trust=trust,
        clock=system_clock,
    )


def build_discovering(settings: Settings, publishing: Publishing, resolver: Resolver) -> Discovering:
    """Build what asks as clients do; reads nothing yet."""
    seconds = settings.discover_seconds
    times = TimeLimits(connect=min(_CONNECT_SECONDS, seconds), reply=seconds, total=seconds)
    # One domain's places are often one host, which clients ask for all of them at once.
    limits = ConnectionLimits(
        in_total=settings.probe_connections,
        per_port=_PER_PORT,
        per_address=2 * _PER_PORT,
        per_network=settings.probe_connections_per_network,
        times=times,
    )
    choices = DiscoveryChoices(
        ca_file=settings.ca_file,
        ispdb_folder=settings.ispdb_folder,
        ispdb_url=None if settings.ispdb_url is None else f"{str(settings.ispdb_url).rstrip('/')}/",
        public_suffix_file=settings.public_suffix_file,
        deadline_seconds=seconds,
        per_minute=settings.discoveries_per_minute_per_token,
    )
    dialer = Dialer(AddressPolicy(settings.allow_networks), limits, ports=settings.probe_ports)
    return Discovering(publishing, dialer, resolver, choices)


def build_webhooks(settings: Settings, store: Store, resolver: Resolver) -> WebhookServices:
    """Build what tells of events.

    Raises:
        InvalidInput: When a secret key is none.
    """
    policy = AddressPolicy(settings.allow_networks)
    allow_http, seconds = settings.webhook_allow_http, settings.webhook_timeout_seconds
    limits = PostingLimits(policy=policy, allow_http=allow_http, timeout_seconds=seconds)
    poster = PosterOnDemand(resolver, limits, settings.ca_file)
    box = SecretBox([key.get_secret_value() for key in settings.secret_keys])
    return WebhookServices(
        subscriptions=WebhookService(store, system_clock, box, Destinations(policy, allow_http)),
        deliveries=DeliveryService(store, system_clock),
        delivering=Delivering(store, system_clock, poster, box, Pace(attempt_seconds=seconds)),
        poster=poster,
    )


def _dialer(settings: Settings) -> Dialer:
    times = TimeLimits(
        connect=settings.probe_connect_seconds,
        reply=settings.probe_reply_seconds,
        total=settings.probe_seconds,
    )
    limits = ConnectionLimits(
        in_total=settings.probe_connections,
        per_address=settings.probe_connections_per_address,
        per_network=settings.probe_connections_per_network,
        times=times,
    )
    return Dialer(AddressPolicy(settings.allow_networks), limits, ports=settings.probe_ports)


def _prober(settings: Settings, dialer: Dialer, resolver: Resolver) -> Prober:
    """Build what verification asks servers with; opens nothing yet."""
    return Prober(
        Means(
            dialer=dialer,
            resolver=resolver,
            clock=system_clock,
            own_name=settings.probe_name or ehlo_name_of(settings.public_url.host or ""),
            scope=Scope(
                versions=settings.probe_in_depth,
                without_sni=settings.probe_in_depth,
                injection=settings.probe_injection,
            ),
            pacing=Pacing(settings.probe_connections_per_minute),
            # What is under way then still has the other half to end.
            seconds=settings.verify_lease_seconds / 2,
        )
    )
