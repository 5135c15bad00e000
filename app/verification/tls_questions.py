"""What one handshake does not show: which TLS versions are taken, and the certificate without SNI.

Each question is a connection, and hosts that are well need two: few servers like more than three a minute.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from app.core.observations import FailureReason, Stage
from app.core.servers import SocketType
from app.net.tls import VERSIONS, TlsPolicy
from app.verification.asking import converse, with_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.observations import AddressObservation, TlsSession
    from app.verification.probe import Contact

_OFFERED: Final = {
    TlsPolicy.OLD: (TlsPolicy.ONLY_1_0, TlsPolicy.ONLY_1_1),
    TlsPolicy.LEGACY: (TlsPolicy.ONLY_1_0, TlsPolicy.ONLY_1_1, TlsPolicy.ONLY_1_2),
    TlsPolicy.MODERN: (TlsPolicy.ONLY_1_2, TlsPolicy.ONLY_1_3),
}
TLS_FAILED: Final = frozenset({FailureReason.TLS_ALERT, FailureReason.CUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What to find out beside what one conversation shows; each costs connections."""

    versions: bool = False
    """Which of TLS 1.0 to 1.3 are taken."""
    without_sni: bool = False
    """Whether the same certificate comes to clients that do not name the host."""
    injection: bool = False
    """Whether servers carry out within TLS what was sent before it (CVE-2011-0411); some ban who tries."""


IN_PASSING: Final = Scope()
"""Nothing but what one conversation shows."""


async def ask_more(
    contact: Contact, seen: AddressObservation, scope: Scope, is_over: Callable[[], bool]
) -> AddressObservation:
    """Ask what the scope wants of an address that speaks TLS.

    Args:
        contact: As the conversation was held.
        seen: What it showed.
        scope: What to ask.
        is_over: Tells that there is no time for another question; what is open then is not known.
    """
    if seen.tls is None:
        return seen
    without_sni = scope.without_sni and contact.handshake.server_name is not None
    asking = _Asking(contact, seen.tls, without_sni=without_sni, is_over=is_over)
    if scope.versions:
        await asking.find_versions()
        versions = tuple((policy.value, asking.taken.get(policy)) for policy in VERSIONS)
        seen = replace(seen, versions=versions)
    if without_sni:
        seen = replace(seen, matches_without_sni=await asking.find_match())
    if scope.injection and contact.endpoint.socket_type is SocketType.STARTTLS and not is_over():
        tried = await converse(replace(contact, injects=True))
        seen = replace(seen, takes_injected=tried.takes_injected)
    return seen


class _Asking:
    """The questions to one address, and what is known so far."""

    def __init__(
        self, contact: Contact, shown: TlsSession, *, without_sni: bool, is_over: Callable[[], bool]
    ) -> None:
        self._contact = replace(contact, is_brief=True)
        self._shown = shown
        self._without_sni = without_sni
        self._is_over = is_over
        self.taken: dict[TlsPolicy, bool | None] = {}
        self._has_match: bool | None = None

    async def find_versions(self) -> None:
        """Find out which versions are taken, with no question whose answer follows from another's."""
        self._conclude(self._contact.handshake.policy, self._shown.version)
        if self.taken.keys().isdisjoint(_OFFERED[TlsPolicy.OLD]):
            await self._find_old()
        if self._without_sni and TlsPolicy.ONLY_1_2 not in self.taken:
            await self._ask_two_at_once()
        for policy in VERSIONS:
            if policy not in self.taken:
                self.taken[policy] = _is_taken(await self._ask(policy))

    async def find_match(self) -> bool | None:
        """Find out whether the certificate that was shown comes without SNI too; None: not known."""
        if self._has_match is None:
            tried = await self._ask(self._contact.handshake.policy, names_host=False)
            if tried is not None and tried.tls is not None:
                self._has_match = self._is_the_same(tried.tls)
            else:
                self._has_match = False if _is_taken(tried) is False else None
        return self._has_match

    async def _find_old(self) -> None:
        tried = await self._ask(TlsPolicy.OLD)
        if tried is not None and tried.tls is not None:
            self._conclude(TlsPolicy.OLD, tried.tls.version)
        elif _is_taken(tried) is False:
            self.taken |= dict.fromkeys(_OFFERED[TlsPolicy.OLD], False)

    def _conclude(self, policy: TlsPolicy, chosen: str) -> None:
        """Note what follows from a server's choice: it takes the newest that it can (RFC 8446 §4.2.1)."""
        for version in reversed(_OFFERED[policy]):
            self.taken[version] = version.value == chosen
            if self.taken[version]:
                return

    async def _ask_two_at_once(self) -> None:
        """Ask for TLS 1.2 without SNI: where the certificate comes, that answers both questions."""
        tried = await self._ask(TlsPolicy.ONLY_1_2, names_host=False)
        if tried is not None and tried.tls is not None:
            self.taken[TlsPolicy.ONLY_1_2] = True
            # Some servers have certificates for either version; then the question is asked by itself.
            self._has_match = self._is_the_same(tried.tls) or None
        elif _is_taken(tried) is False and await self.find_match():
            # It was not for want of SNI.
            self.taken[TlsPolicy.ONLY_1_2] = False

    async def _ask(self, policy: TlsPolicy, *, names_host: bool = True) -> AddressObservation | None:
        if self._is_over():
            return None
        contact = with_policy(self._contact, policy)
        if not names_host:
            contact = replace(contact, handshake=replace(contact.handshake, server_name=None))
        return await converse(contact)

    def _is_the_same(self, session: TlsSession) -> bool:
        return session.chain[:1] == self._shown.chain[:1]


def _is_taken(tried: AddressObservation | None) -> bool | None:
    if tried is None:
        return None
    if tried.tls is not None:
        return True
    failure = tried.failure
    has_said_no = failure is not None and failure.stage is Stage.HANDSHAKE and failure.reason in TLS_FAILED
    return False if has_said_no else None
