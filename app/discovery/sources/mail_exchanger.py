"""What the domain of the mail exchanger says (autoconfig draft 3, as Thunderbird does it)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app.core.candidates import Candidate, Outcome, Trust
from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_records import MxData, RecordType
from app.discovery.directory import ask_directory
from app.discovery.files import ask_for_file
from app.discovery.places import autoconfig_url
from app.discovery.reading import lookup_outcome, lookup_reason
from app.discovery.source import Means, Source

if TYPE_CHECKING:
    from app.core.candidates import Subject

_NAME: Final = "mail-exchanger"


async def ask(subject: Subject, means: Means) -> tuple[Candidate, ...]:
    """Ask at the exchanger's domain: its host name without the first label, then as it was registered."""
    domain = subject.domain.ascii
    lookup = await _look_up(domain, means)
    trust = Trust.DNSSEC if lookup.is_authenticated else Trust.DNS
    draft = Candidate(source=_NAME, asked=f"MX {domain}", trust=trust)
    exchanger = find_exchanger(lookup)
    if exchanger is None:
        reason = "the domain takes no mail (RFC 7505)" if lookup.records else lookup_reason(lookup)
        return (replace(draft, outcome=lookup_outcome(lookup), reason=reason),)
    if means.suffixes is None:
        reason = f"{exchanger} takes the mail; whose name that is, the list of public suffixes would tell"
        return (replace(draft, outcome=Outcome.NOT_ASKED, reason=reason),)
    base = means.suffixes.find_registrable(exchanger)
    if base is None or base == domain:
        reason = f"{exchanger} takes the mail, which is the domain's own or nobody's"
        return (replace(draft, reason=reason),)
    names = exchanger_domains(exchanger, base)
    found = await asyncio.gather(*(_ask_at(name, means, trust) for name in names))
    return tuple(candidate for one in found for candidate in one)


async def _look_up(domain: str, means: Means) -> Lookup:
    try:
        async with asyncio.timeout(means.deadline_seconds):
            return await means.resolver.lookup(domain, RecordType.MX)
    except TimeoutError:
        return Lookup(name=domain, type=RecordType.MX, status=LookupStatus.TIMED_OUT)


def find_exchanger(lookup: Lookup) -> str | None:
    """Return the host that takes a domain's mail first; None where there is none."""
    records = [record for record in lookup.records if isinstance(record, MxData)]
    first = min(records, key=lambda record: (record.preference, record.exchange or ""), default=None)
    return None if first is None else first.exchange


def exchanger_domains(exchanger: str, base: str) -> tuple[str, ...]:
    """Return the names to ask at; what is above the registered name belongs to nobody."""
    above = exchanger.partition(".")[2]
    return tuple(dict.fromkeys(name for name in (above, base) if name == base or name.endswith(f".{base}")))


async def _ask_at(name: str, means: Means, trust: Trust) -> tuple[Candidate, ...]:
    """Ask a domain's host and the ISPDB; neither can be better than the record that led there."""
    host_trust = Trust.HTTPS if trust is Trust.DNSSEC else trust
    draft = Candidate(source=_NAME, asked=autoconfig_url(name), trust=host_trust)
    at_host, in_directory = await asyncio.gather(
        ask_for_file(draft, means), ask_directory(_NAME, name, means)
    )
    if trust is Trust.DNSSEC:
        return (at_host, *in_directory)
    return (at_host, *(replace(candidate, trust=trust) for candidate in in_directory))


SOURCE: Final = Source(name=_NAME, title="Domain of the mail exchanger", ask=ask)
