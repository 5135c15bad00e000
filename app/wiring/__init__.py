"""The composition root: settings in, everything that the program is made of out."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from app.core.errors import NotAvailable, refuse
from app.core.service_names import PublicService
from app.core.sessions import SessionSpans
from app.net.on_demand import ResolverOnDemand
from app.services.access import Access
from app.services.adopting import Adopting
from app.services.auditing import Auditing
from app.services.bulk import BulkService
from app.services.certificate_names import CertificateNames
from app.services.changes import Changes
from app.services.credentials import CERTIFICATE, KEY, CredentialFiles
from app.services.crew import Crew
from app.services.demo import Demo
from app.services.dns_records import DnsRecordService
from app.services.domain_export import DomainExport
from app.services.domain_search import DomainSearch
from app.services.domains import DomainService
from app.services.exporting import Exporting
from app.services.health import Health
from app.services.idempotency import OnceService
from app.services.importing import Importing
from app.services.instructing import Instructing
from app.services.known_domains import KnownDomains
from app.services.lifecycle import LifecycleService
from app.services.load import Load
from app.services.mailboxes import MailboxService
from app.services.moving_in import MovingIn
from app.services.moving_out import MovingOut
from app.services.overview import Overview
from app.services.process_metrics import ProcessMetrics
from app.services.providers import ProviderService
from app.services.publishing import Publishing
from app.services.rates import RequestRates
from app.services.sessions import SessionService
from app.services.signing import Signer
from app.services.tokens import TokenService
from app.services.traffic import Traffic
from app.services.upkeep import Upkeep
from app.services.well_known import WellKnown
from app.store.change_watching import PostgresWatch, SqliteWatch
from app.store.engine import create_engine, create_reader
from app.store.standings import PostgresStandings, SqliteStandings
from app.store.unit_of_work import Store
from app.wiring.clock import system_clock
from app.wiring.outgoing import (
    VerificationServices,
    WebhookServices,
    build_discovering,
    build_verification,
    build_webhooks,
)

if TYPE_CHECKING:
    from app.services.discovering import Discovering
    from app.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorServices:
    """What only the operator pages use."""

    overview: Overview
    search: DomainSearch
    sessions: SessionService


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingServices:
    """From other programs, and to them."""

    to_here: MovingIn
    away: MovingOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The use cases, ready to be called."""

    access: Access
    adopting: Adopting
    auditing: Auditing
    bulk: BulkService
    certificate_names: CertificateNames
    crew: Crew
    """This process among those that serve together."""
    demo: Demo
    discovering: Discovering
    dns_records: DnsRecordService
    domain_export: DomainExport
    domains: DomainService
    exporting: Exporting
    health: Health
    importing: Importing
    instructing: Instructing
    known: KnownDomains
    lifecycle: LifecycleService
    load: Load
    mailboxes: MailboxService
    moving: MovingServices
    once: OnceService
    operators: OperatorServices
    providers: ProviderService
    publishing: Publishing
    rates: RequestRates
    signer: Signer | None
    """What signs profiles; None where no certificate is configured."""
    well_known: WellKnown
    store: Store
    tokens: TokenService
    traffic: Traffic = field(default_factory=Traffic)
    process_metrics: ProcessMetrics = field(default_factory=ProcessMetrics)
    upkeep: Upkeep
    verification: VerificationServices
    webhooks: WebhookServices
    service_url: str
    """The service's own address as clients reach it, without a slash at the end."""

    async def watch(self) -> None:
        """Know domains, and notice what changes of them, until cancelled."""
        engine = self.store.engine
        url = engine.url.render_as_string(hide_password=False)
        is_sqlite = engine.dialect.name == "sqlite"
        await self.known.watch(SqliteWatch(url) if is_sqlite else PostgresWatch(engine))

    def own_metrics(self) -> str:
        """Write what this process tells of itself alone."""
        parts = (self.store, self.rates, self.webhooks.delivering, self.verification.checking)
        process = self.process_metrics.metrics(*parts)
        return self.traffic.metrics(self.known) + process + self.load.metrics()

    async def close(self) -> None:
        """Let go of the database and of the thread that signs."""
        if self.signer is not None:
            self.signer.close()
        with suppress(NotAvailable):
            await self.access.write_last_used()
            await self.operators.sessions.write_last_used()
        await self.known.close()
        await self.store.close()


def build_services(settings: Settings, crew: Crew | None = None) -> Services:
    """Build all services, of one process among those of a crew; connects to nothing and reads no file yet.

    Raises:
        InvalidInput: When settings that belong together are not all there.
    """
    signer, store = _signer(settings), _store(settings)
    publishing = Publishing(store, signer, known := _known_domains(settings, store))
    service = PublicService(url=str(settings.public_url).rstrip("/"), addresses=settings.public_addresses)
    dns_records = DnsRecordService(publishing, service, resolver := ResolverOnDemand(settings.resolver))
    domains, providers = DomainService(store, system_clock), ProviderService(store, system_clock)
    return Services(
        access=(access := Access(store, system_clock, free_attempts=settings.free_attempts)),
        adopting=Adopting(Changes(store, system_clock), providers, domains),
        auditing=Auditing(store),
        bulk=(bulk := BulkService(store, system_clock)),
        certificate_names=CertificateNames(store, service),
        crew=crew or Crew(),
        demo=Demo(store, access, system_clock),
        discovering=build_discovering(settings, publishing, resolver),
        domain_export=DomainExport(store),
        dns_records=dns_records,
        domains=domains,
        exporting=Exporting(store),
        health=Health(store, signer=signer),
        importing=Importing(store, system_clock),
        instructing=Instructing(publishing, store, service.url),
        known=known,
        lifecycle=LifecycleService(store, system_clock),
        load=Load(at_once=settings.requests_at_once, max_lag_milliseconds=settings.max_lag_milliseconds),
        mailboxes=MailboxService(store, system_clock),
        moving=MovingServices(to_here=MovingIn(store, providers, bulk), away=MovingOut(store)),
        once=OnceService(store, system_clock),
        operators=_operators(settings, store, access),
        providers=providers,
        publishing=publishing,
        rates=_rates(settings),
        signer=signer,
        well_known=WellKnown(publishing),
        store=store,
        tokens=TokenService(store, system_clock),
        upkeep=_upkeep(settings, store),
        verification=build_verification(settings, store, resolver, dns_records),
        webhooks=build_webhooks(settings, store, resolver),
        service_url=service.url,
    )


def _store(settings: Settings) -> Store:
    url = settings.database_url
    return Store(create_engine(url, settings.database_connections), create_reader(url))


def _known_domains(settings: Settings, store: Store) -> KnownDomains:
    url, engine = settings.database_url, store.engine
    standings = SqliteStandings(url) if engine.dialect.name == "sqlite" else PostgresStandings(engine)
    known = KnownDomains(store, standings, limit=settings.known_domains)
    store.audience = known
    return known


def _rates(settings: Settings) -> RequestRates:
    return RequestRates(
        time.monotonic_ns,
        per_address=settings.requests_per_minute_per_address,
        per_token=settings.requests_per_minute_per_token,
        # What a proxy sends for itself, such as its checks, is no client's.
        unlimited=(*settings.unlimited_networks, *settings.trusted_proxies),
    )


def _operators(settings: Settings, store: Store, access: Access) -> OperatorServices:
    spans = SessionSpans(
        idle=timedelta(minutes=settings.session_idle_minutes),
        absolute=timedelta(hours=settings.session_hours),
    )
    return OperatorServices(
        overview=Overview(store, system_clock),
        search=DomainSearch(store),
        sessions=SessionService(store, system_clock, access, spans),
    )


def _upkeep(settings: Settings, store: Store) -> Upkeep:
    return Upkeep(
        store,
        system_clock,
        audit_retention=_days(settings.audit_retention_days),
        deleted_retention=timedelta(days=settings.deleted_retention_days),
        event_retention=timedelta(days=settings.webhook_retention_days),
        report_retention=timedelta(days=settings.report_retention_days),
    )


def _days(days: int) -> timedelta | None:
    """Return a span; None for no end, which 0 stands for."""
    return timedelta(days=days) if days else None


def _signer(settings: Settings) -> Signer | None:
    certificate, key, chain = settings.signing_certificate, settings.signing_key, settings.signing_chain
    if certificate is None and key is None and chain is None:
        return None
    if certificate is None:
        raise refuse(f"must be set where {KEY} or the chain is", CERTIFICATE)
    if key is None:
        raise refuse(f"must be set where {CERTIFICATE} is", KEY)
    return Signer(CredentialFiles(certificate=certificate, key=key, chain=chain), system_clock)
