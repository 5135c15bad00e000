"""Questions to the DNS by dnspython."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, cast

import dns.asyncresolver
import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
from typing_extensions import override

from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_records import (
    AddressData,
    AliasData,
    MxData,
    RecordType,
    SrvData,
    TlsaData,
    TxtData,
)
from app.net.failures import shown
from app.net.resolver import Resolver

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.dns_lookups import NameServer
    from app.core.dns_records import RecordData

DEADLINE_SECONDS: Final = 5.0
_TRY_SECONDS: Final = 2.0
# Large enough for any answer of ours, small enough to pass unfragmented (DNS flag day 2020).
_PAYLOAD_OCTETS: Final = 1232

# Extended errors (RFC 8914 §4) by which a validating resolver says that signatures do not hold.
_BOGUS_ERRORS: Final = frozenset(
    {
        dns.edns.EDECode.DNSSEC_BOGUS,
        dns.edns.EDECode.SIGNATURE_EXPIRED,
        dns.edns.EDECode.SIGNATURE_NOT_YET_VALID,
        dns.edns.EDECode.DNSKEY_MISSING,
        dns.edns.EDECode.RRSIGS_MISSING,
        dns.edns.EDECode.NO_ZONE_KEY_BIT_SET,
        dns.edns.EDECode.NSEC_MISSING,
    }
)


class DnspythonResolver(Resolver):
    """Asks one name server, or those of the system, by dnspython."""

    def __init__(self, server: NameServer | None = None, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        """Take the server, None for the system's; nothing is read or asked yet."""
        self._server = server
        self._deadline_seconds = deadline_seconds
        self._asking: dns.asyncresolver.Resolver | None = None

    @override
    async def lookup(self, name: str, record_type: RecordType) -> Lookup:
        """Ask; where a failure may be one of signatures, ask without validation, and then as at first.

        An answer that comes without validation proves nothing by itself: name servers fail at times, and the
        next question finds them well. Signatures that do not hold fail again.
        """

        def ended(status: LookupStatus, detail: str) -> Lookup:
            return Lookup(name=name, type=record_type, status=status, detail=shown(detail))

        try:
            # dnspython looks at its deadline between tries only.
            async with asyncio.timeout(self._deadline_seconds):
                question = dns.name.from_text(name)
                return await self._ask(name, question, record_type)
        except (TimeoutError, dns.resolver.LifetimeTimeout):
            return ended(LookupStatus.TIMED_OUT, f"no answer within {self._deadline_seconds:g} seconds")
        except dns.resolver.NoResolverConfiguration:
            return ended(LookupStatus.UNREACHABLE, "the system names no name server")
        except (dns.exception.DNSException, UnicodeError) as error:
            return ended(LookupStatus.UNREADABLE, str(error) or type(error).__name__)
        except OSError as error:
            return ended(LookupStatus.UNREACHABLE, error.strerror or type(error).__name__)

    async def _ask(self, name: str, question: dns.name.Name, record_type: RecordType) -> Lookup:
        first = await self._ask_once(name, question, record_type)
        if first.status is not LookupStatus.SERVER_FAILURE:
            return first
        if not await self._answers_unchecked(question, record_type):
            return first
        again = await self._ask_once(name, question, record_type)
        if again.status is not LookupStatus.SERVER_FAILURE:
            return again
        return replace(again, status=LookupStatus.BOGUS)

    async def _ask_once(self, name: str, question: dns.name.Name, record_type: RecordType) -> Lookup:
        resolver = self._resolver()
        try:
            answer = await resolver.resolve(
                question,
                record_type.value,
                raise_on_no_answer=False,
                search=False,
                lifetime=self._deadline_seconds,
            )
        except dns.resolver.NXDOMAIN as error:
            # One name was asked for, so there is one response.
            (response,) = error.kwargs["responses"].values()
            return _empty(name, record_type, LookupStatus.NO_NAME, response)
        except dns.resolver.NoNameservers as error:
            status, detail = _failure(error)
            return Lookup(name=name, type=record_type, status=status, detail=shown(detail))
        return _answered(name, record_type, answer)

    async def _answers_unchecked(self, question: dns.name.Name, record_type: RecordType) -> bool:
        """Tell whether there is an answer once the resolver is told not to validate (RFC 4035 §3.2.2)."""
        resolver = self._new_resolver()
        resolver.set_flags(dns.flags.RD | dns.flags.CD)
        try:
            await resolver.resolve(
                question, record_type.value, raise_on_no_answer=False, search=False, lifetime=_TRY_SECONDS
            )
        except dns.resolver.NXDOMAIN:
            return True
        except dns.exception.DNSException:
            return False
        return True

    def _resolver(self) -> dns.asyncresolver.Resolver:
        if self._asking is None:
            self._asking = self._new_resolver()
        return self._asking

    def _new_resolver(self) -> dns.asyncresolver.Resolver:
        resolver = dns.asyncresolver.Resolver(configure=self._server is None)
        if self._server is not None:
            resolver.nameservers = [str(self._server.address)]
            resolver.port = self._server.port
        resolver.timeout = _TRY_SECONDS
        # AD in a question asks for it in the answer, without the signatures (RFC 6840 §5.7).
        resolver.set_flags(dns.flags.RD | dns.flags.AD)
        resolver.use_edns(0, 0, _PAYLOAD_OCTETS)
        return resolver


def _answered(name: str, record_type: RecordType, answer: dns.resolver.Answer) -> Lookup:
    response = answer.response
    if answer.rrset is None:
        return _empty(name, record_type, LookupStatus.NO_DATA, response)
    read = _READERS[record_type]
    return Lookup(
        name=name,
        type=record_type,
        status=LookupStatus.FOUND,
        records=tuple(read(cast("Any", record)) for record in answer.rrset),
        aliases=_aliases(response),
        is_authenticated=_is_authenticated(response),
        ttl_seconds=answer.rrset.ttl,
    )


def _empty(name: str, record_type: RecordType, status: LookupStatus, response: dns.message.Message) -> Lookup:
    message = cast("dns.message.QueryMessage", response)
    return Lookup(
        name=name,
        type=record_type,
        status=status,
        aliases=_aliases(message),
        is_authenticated=_is_authenticated(message),
    )


def _is_authenticated(response: dns.message.Message) -> bool:
    return bool(response.flags & dns.flags.AD)


def _aliases(response: dns.message.QueryMessage) -> tuple[str, ...]:
    chain = response.resolve_chaining()
    return tuple(_name(alias[0].target) or "." for alias in chain.cnames)


def _failure(error: dns.resolver.NoNameservers) -> tuple[LookupStatus, str]:
    """Find out why no name server gave an answer; the last word counts."""
    failures: list[Any] = error.kwargs.get("errors", [])
    for *_, reason, response in reversed(failures):
        if response is None:
            if isinstance(reason, OSError):
                return LookupStatus.UNREACHABLE, reason.strerror or str(reason)
            return LookupStatus.UNREADABLE, str(reason)
        codes = [option for option in response.options if isinstance(option, dns.edns.EDEOption)]
        detail = dns.rcode.to_text(response.rcode())
        if any(option.code in _BOGUS_ERRORS for option in codes):
            return LookupStatus.BOGUS, detail
        if response.rcode() == dns.rcode.REFUSED:
            return LookupStatus.REFUSED, detail
        return LookupStatus.SERVER_FAILURE, detail
    return LookupStatus.UNREACHABLE, "no name server to ask"


def _name(name: dns.name.Name) -> str | None:
    """Write a name as our values have it; None is the root."""
    return None if name == dns.name.root else name.to_text(omit_final_dot=True).lower()


def _text(strings: tuple[bytes, ...]) -> str:
    return b"".join(strings).decode("utf-8", "backslashreplace")


_READERS: Final[dict[RecordType, Callable[[Any], RecordData]]] = {
    RecordType.A: lambda record: AddressData(ip_address(record.address)),
    RecordType.AAAA: lambda record: AddressData(ip_address(record.address)),
    RecordType.CNAME: lambda record: AliasData(_name(record.target) or "."),
    RecordType.MX: lambda record: MxData(preference=record.preference, exchange=_name(record.exchange)),
    RecordType.SRV: lambda record: SrvData(
        priority=record.priority, weight=record.weight, port=record.port, target=_name(record.target)
    ),
    RecordType.TLSA: lambda record: TlsaData(
        usage=record.usage, selector=record.selector, matching_type=record.mtype, association=record.cert
    ),
    RecordType.TXT: lambda record: TxtData(_text(record.strings)),
}
