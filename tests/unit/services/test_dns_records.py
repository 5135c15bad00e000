from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from app.core.dns_comparison import RecordState, questions_for
from app.core.dns_lookups import Lookup, LookupStatus
from app.core.documents import Presentation
from app.core.domains import DomainStatus, PublishedName
from app.core.errors import DomainNotFound, NotPermitted
from app.core.mail_transport import MtaSts, StsMode, TlsReporting
from app.core.names import DomainName
from app.core.pacc_digest import pacc_txt_value
from app.core.resolving import resolve
from app.core.service_names import PublicService
from app.net.resolver import Resolver
from app.renderers.pacc import render_pacc
from app.services.callers import Scope
from app.services.dns_records import DnsRecordService
from app.services.publishing import Publishing
from typing_extensions import override

from builders import a_domain, a_mailbox, a_provider, an_imap_server, an_smtp_server
from databases import OPERATOR, a_caller, stored_domain, stored_mailbox, stored_provider
from fakes.resolver import ScriptedResolver, found

if TYPE_CHECKING:
    from app.core.dns_records import PlannedRecords, RecordType
    from app.store.unit_of_work import Store

CUSTOMER = DomainName("customer.example")
SERVICE = PublicService(url="https://signpost.host.example")
POLICY = MtaSts(mode=StsMode.ENFORCE, mx=("mx.provider.example",))
OTHER_POLICY = MtaSts(mode=StsMode.NONE)


def service(store: Store, resolver: Resolver | None = None) -> DnsRecordService:
    return DnsRecordService(Publishing(store), SERVICE, resolver or ScriptedResolver())


def texts(planned: PlannedRecords, label: str) -> list[str]:
    name = f"{label}.{planned.domain}"
    return [getattr(record.data, "text", "") for record in planned.records if record.name == name]


async def test_records_are_of_the_domain_and_of_no_mailbox(store: Store) -> None:
    await stored_provider(store)
    await stored_domain(store)
    await stored_mailbox(store, a_mailbox(login="c1047"))
    planned = await service(store).plan(OPERATOR, CUSTOMER)
    assert planned.domain == CUSTOMER
    assert planned.omissions == ()
    assert await service(store).plan_as_operator(CUSTOMER) == planned


async def test_a_suspended_domain_has_records_to_prepare(store: Store) -> None:
    await stored_provider(store)
    await stored_domain(store, a_domain(status=DomainStatus.SUSPENDED))
    assert (await service(store).plan(OPERATOR, CUSTOMER)).records
    assert (await service(store).plan_as_operator(CUSTOMER)).records


async def test_unknown_domains_and_callers_get_nothing(store: Store) -> None:
    await stored_provider(store)
    await stored_domain(store)
    with pytest.raises(DomainNotFound):
        await service(store).plan(OPERATOR, DomainName("unknown.example"))
    with pytest.raises(DomainNotFound):
        await service(store).plan_as_operator(DomainName("unknown.example"))
    with pytest.raises(DomainNotFound):
        await service(store).plan(a_caller(provider="other"), CUSTOMER)
    with pytest.raises(NotPermitted):
        await service(store).plan(a_caller(Scope.DOMAINS_WRITE.value), CUSTOMER)


async def test_a_domains_own_policy_goes_before_its_targets_and_its_providers(store: Store) -> None:
    reporting = TlsReporting(uris=("mailto:tls@provider.example",))
    await stored_provider(store, a_provider(mta_sts=POLICY, tls_reporting=reporting))
    await stored_domain(store)
    own = await stored_domain(
        store, a_domain("own.example", mta_sts=OTHER_POLICY, tls_reporting=TlsReporting())
    )
    await stored_domain(store, a_domain("alias.example", alias_of=own.value.name))
    await stored_domain(store, a_domain("both.example", alias_of=own.value.name, mta_sts=POLICY))
    expected = {
        "customer.example": ([POLICY.txt_value], [reporting.txt_value]),
        "own.example": ([OTHER_POLICY.txt_value], []),
        "alias.example": ([OTHER_POLICY.txt_value], []),
        "both.example": ([POLICY.txt_value], []),
    }
    for name, wanted in expected.items():
        planned = await service(store).plan(OPERATOR, DomainName(name))
        assert (texts(planned, "_mta-sts"), texts(planned, "_smtp._tls")) == wanted


async def test_a_domain_that_publishes_host_names_automatically_has_a_digest_of_each_document(
    store: Store,
) -> None:
    names = {"hostname": "mail.%EMAILDOMAIN%", "shared_hostname": "srv1.provider.example"}
    provider = a_provider(servers=(an_imap_server(**names), an_smtp_server(**names)))
    domain = a_domain(published_name=PublishedName.AUTOMATIC)
    await stored_provider(store, provider)
    await stored_domain(store, domain)
    served = [
        pacc_txt_value(render_pacc(resolve(provider, domain, proven_hostnames=proven), Presentation()).body)
        for proven in (frozenset[str](), frozenset({"mail.customer.example"}))
    ]
    assert len(set(served)) == 2
    assert texts(await service(store).plan(OPERATOR, CUSTOMER), "_ua-auto-config") == served


async def test_a_domain_whose_host_names_are_decided_has_one_digest(store: Store) -> None:
    names = {"hostname": "mail.%EMAILDOMAIN%", "shared_hostname": "srv1.provider.example"}
    await stored_provider(store, a_provider(servers=(an_imap_server(**names), an_smtp_server(**names))))
    await stored_domain(store, a_domain(published_name=PublishedName.OWN))
    assert len(texts(await service(store).plan(OPERATOR, CUSTOMER), "_ua-auto-config")) == 1


async def test_a_check_asks_each_question_once_and_judges_every_record(store: Store) -> None:
    await stored_provider(store)
    await stored_domain(store)
    planned = await service(store).plan(OPERATOR, CUSTOMER)
    imaps = next(record for record in planned.records if record.name.startswith("_imaps"))
    resolver = ScriptedResolver(found(imaps.name, imaps.data), otherwise=LookupStatus.NO_NAME)
    checked = await service(store, resolver).check(planned)
    assert sorted(resolver.asked) == sorted(questions_for(planned))
    assert [one.record for one in checked] == list(planned.records)
    states = {one.record.name.partition(".")[0]: one.state for one in checked}
    assert states.pop("_imaps") is RecordState.OK
    assert set(states.values()) == {RecordState.MISSING}


class SlowResolver(Resolver):
    """Answers at once about aliases, and about nothing else ever."""

    @override
    async def lookup(self, name: str, record_type: RecordType) -> Lookup:
        if record_type != "CNAME":
            await asyncio.Event().wait()
        return Lookup(name=name, type=record_type, status=LookupStatus.NO_NAME)


async def test_what_is_not_answered_in_time_is_unknown(store: Store) -> None:
    await stored_provider(store)
    await stored_domain(store)
    planned = await service(store).plan(OPERATOR, CUSTOMER)
    slow = DnsRecordService(Publishing(store), SERVICE, SlowResolver(), deadline_seconds=0.05)
    checked = await slow.check(planned)
    assert len(checked) == len(planned.records)
    assert {one.state for one in checked} == {RecordState.UNKNOWN}
    assert {one.detail for one in checked} == {"timed-out: no answer within 0.05 seconds"}
