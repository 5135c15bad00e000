"""All DNS records to publish for a domain: its servers, this service's names, what protects its mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core import service_names
from app.core.account import Omission
from app.core.dns_records import (
    AddressData,
    AliasData,
    DnsRecord,
    PlannedRecords,
    RecordData,
    SrvData,
    TxtData,
)
from app.core.errors import InvalidInput
from app.core.exchange import exchange_services
from app.core.mail_choice import choose_mail
from app.core.safe_selection import select_safely
from app.core.srv_records import WEIGHT, name_too_long, plan_servers

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.service_names import PublicService

_WHY: Final = {
    service_names.AUTOCONFIG: "Thunderbird and most other mail programs look here first",
    service_names.AUTODISCOVER: "Outlook and Exchange clients look here",
    service_names.UA_AUTO_CONFIG: "Clients of the PACC draft look here",
    service_names.MTA_STS: "The host that has the policy for mail servers (RFC 8461)",
}
_DIGEST: Final = "Digest of the PACC document; publish a new one beside the old one before a change"
_OTHER_DIGEST: Final = "Digest of the PACC document once the certificates call for other host names"
_NO_HOST: Final = "The service's public URL has no full host name that records could point at."
_NOT_HTTPS: Final = "Clients of this record ask at https on port 443, where the service's public URL is not."


def plan_records(
    account: AccountSettings, service: PublicService, pacc_txts: tuple[str, ...] = ()
) -> PlannedRecords:
    """Plan the records of a domain.

    Args:
        account: The settings of the whole domain.
        service: Where this service is reached.
        pacc_txts: The texts at ``_ua-auto-config``: of the domain's PACC document, then of those that it
            has with other host names; empty without one.

    Returns:
        Each record once, and an omission for each server that no record tells of.
    """
    plan = _Plan(account, service, pacc_txts)
    plan.run()
    records, omissions = plan_servers(account, frozenset(plan.aliases))
    return PlannedRecords(
        domain=account.domain,
        records=(*plan.records, *records, *plan.protection),
        omissions=(*account.withheld, *plan.omissions, *omissions),
    )


class _Plan:
    def __init__(self, account: AccountSettings, service: PublicService, pacc_txts: tuple[str, ...]) -> None:
        self.records: list[DnsRecord] = []
        self.protection: list[DnsRecord] = []
        self.omissions: list[Omission] = []
        self.aliases: set[str] = set()
        self._account = account
        self._domain = account.domain.ascii
        self._service = service
        self._pacc_txts = pacc_txts

    def run(self) -> None:
        account = self._account
        wanted = self._wanted_labels()
        if wanted and not (self._service.hostname or self._service.addresses):
            self.omissions.append(Omission(server=None, reason="service-without-host", detail=_NO_HOST))
            wanted = ()
        for label in wanted:
            self._name(label, self.protection if label == service_names.MTA_STS else self.records)
        if service_names.AUTODISCOVER in wanted:
            self._autodiscover()
        if service_names.UA_AUTO_CONFIG in wanted:
            for number, digest in enumerate(self._pacc_txts):
                why = _OTHER_DIGEST if number else _DIGEST
                self._add(self.records, "_ua-auto-config", TxtData(digest), why)
        if account.mta_sts is not None and service_names.MTA_STS in wanted:
            text = TxtData(account.mta_sts.txt_value)
            self._add(self.protection, "_mta-sts", text, "The policy's id: it changes with the policy")
        reporting = account.tls_reporting
        if reporting is not None and (value := reporting.txt_value) is not None:
            why = "Where mail servers report failed TLS to (RFC 8460)"
            self._add(self.protection, "_smtp._tls", TxtData(value), why)

    def _wanted_labels(self) -> tuple[str, ...]:
        account = self._account
        selection = select_safely(account)
        choice = choose_mail(account)
        exchange = exchange_services(account)
        wanted = {
            service_names.AUTOCONFIG: bool(selection.incoming),
            service_names.AUTODISCOVER: any(
                (
                    choice.imap,
                    choice.pop3,
                    choice.smtp,
                    exchange.has_outlook_service,
                    exchange.activesync,
                    exchange.autodiscover,
                )
            ),
            service_names.UA_AUTO_CONFIG: bool(self._pacc_txts),
            service_names.MTA_STS: account.mta_sts is not None,
        }
        return tuple(label for label in service_names.LABELS if wanted[label])

    def _name(self, label: str, records: list[DnsRecord]) -> None:
        """Let a name lead to this service."""
        hostname = self._service.hostname
        if self._service.addresses:
            for address in self._service.addresses:
                self._add(records, label, AddressData(address), _WHY[label])
        elif hostname is not None and hostname != f"{label}.{self._domain}":
            # A name cannot be an alias of itself: the one that is the service's own has its records.
            self.aliases.add(f"{label}.{self._domain}")
            self._add(records, label, AliasData(hostname), _WHY[label])

    def _autodiscover(self) -> None:
        """Publish exactly one: Thunderbird sorts by weight and ignores priority."""
        hostname = self._service.hostname
        if hostname is None or not self._service.is_at_https_port:
            self.omissions.append(
                Omission(server=None, reason="service-not-at-https-port", detail=_NOT_HTTPS)
            )
            return
        data = SrvData(priority=0, weight=WEIGHT, port=443, target=hostname)
        self._add(self.records, "_autodiscover._tcp", data, "Outlook and Exchange clients look here last")

    def _add(self, records: list[DnsRecord], label: str, data: RecordData, why: str) -> None:
        name = f"{label}.{self._domain}"
        try:
            records.append(DnsRecord(name=name, data=data, why=why))
        except InvalidInput:
            self.aliases.discard(name)
            self.omissions.append(name_too_long(name))
