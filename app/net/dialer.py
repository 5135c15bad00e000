"""Opens connections: to addresses and ports that the operator allows, and to few at a time.

The address that is judged is the one that is connected to, as a number: no name is resolved on the way,
so a name that stands for another address a moment later (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import copy
import errno
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Final, Self

from app.core.observations import FailureReason
from app.core.ports import ANY_PORT, PortSet
from app.net.doors import Doors
from app.net.failures import ConversationError, of_system
from app.net.silences import Silences
from app.net.slots import Slots
from app.net.streams import Stream, TimeLimits
from app.net.way_out import WayOut

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from app.net.address_policy import Address, AddressPolicy
    from app.net.doors import Door
    from app.net.silences import Visit

_DISCARD_PORT: Final = 9
_NO_FAMILY: Final = frozenset(
    {errno.ENETUNREACH, errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}
)
_UNANSWERED: Final = frozenset({FailureReason.TIMED_OUT, FailureReason.UNREACHABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """How many connections there may be at a time, and how long each may take."""

    in_total: int = 300
    per_port: int = 1
    """To one port of one address."""
    per_address: int = 4
    per_network: int = 16
    """For all addresses of a /24, or of a /48 in IPv6."""
    times: TimeLimits = field(default_factory=TimeLimits)


class Dialer:
    """Connects once, and to few addresses and ports at a time."""

    def __init__(
        self,
        policy: AddressPolicy,
        limits: ConnectionLimits | None = None,
        way_out: WayOut | None = None,
        *,
        ports: PortSet = ANY_PORT,
    ) -> None:
        """Take which addresses may be connected to, the limits, what is known of the way out, which ports."""
        self._policy, self._permitted_ports = policy, ports
        limits = limits or ConnectionLimits()
        self._times = limits.times
        self._doors, self._addresses = Doors(limits.per_port), Slots(limits.per_address)
        self._networks, self._all = Slots(limits.per_network), Slots(limits.in_total)
        self._silences, self._way_out = Silences(), way_out or WayOut()

    def permitting(self, port: int) -> Self:
        """Return one that connects to this port as well; for both together the limits are the same ones."""
        other = copy.copy(self)
        other._permitted_ports = PortSet((*self._permitted_ports.ranges, (port, port)))  # noqa: SLF001 - ours
        return other

    def has_reached(self, port: int, addresses: Iterable[Address]) -> bool:
        """Tell whether a connection to this port was made lately, at hosts outside or inside as these are.

        Until then a way out that is closed, as it often is for port 25, is as likely as hosts that are down.
        """
        return self._way_out.has_reached(port, addresses)

    @asynccontextmanager
    async def connection(
        self,
        address: Address,
        port: int,
        *,
        on_turn: Callable[[], None] = lambda: None,
        visit: Visit | None = None,
    ) -> AsyncIterator[Stream]:
        """Wait for a turn, say that it has come, connect, and close at the end.

        Where another waits for a connection that does not come about, this one's does not either; nor does
        a conversation where another that began alike was given no greeting or no handshake in time.

        Args:
            address: Where to.
            port: Its port.
            on_turn: Called when the turn has come.
            visit: What is wanted there; None where others' silences are no matter.

        Raises:
            ConversationError: When address or port may not be connected to, no connection is taken, or the
                host stays busy.
        """
        refusal = self._policy.refusal(address)
        if refusal is not None:
            raise ConversationError(FailureReason.FORBIDDEN, refusal)
        if port not in self._permitted_ports:
            detail = f"port {port} is none that the operator allows"
            raise ConversationError(FailureReason.PORT_NOT_PERMITTED, detail)
        if not has_way_to(address):
            raise ConversationError(FailureReason.NO_LOCAL_FAMILY, f"no route for IPv{address.version}")
        async with AsyncExitStack() as turn:
            door = await self._wait(turn, address, port, visit)
            on_turn()
            stream = await self._knock(door, address, port)
            try:
                yield stream
            except ConversationError as error:
                self._note_end((address, port), visit, error)
                raise
            else:
                self._note_end((address, port), visit, None)
            finally:
                await stream.close()

    def _note_end(
        self, place: tuple[Address, int], visit: Visit | None, error: ConversationError | None
    ) -> None:
        if visit is not None:
            self._silences.note(place, visit, error, asyncio.get_running_loop().time())

    async def _wait(self, turn: AsyncExitStack, address: Address, port: int, visit: Visit | None) -> Door:
        try:
            async with asyncio.timeout_at(None if visit is None else visit.until):
                # The narrowest first: who waits for a busy host must not keep others from theirs.
                door = await turn.enter_async_context(self._doors.hold((address, port)))
                if visit is not None:
                    self._silences.check((address, port), visit)
                await turn.enter_async_context(self._addresses.hold(address))
                await turn.enter_async_context(self._networks.hold(_network(address)))
                await turn.enter_async_context(self._all.hold(None))
        except TimeoutError:
            raise ConversationError(FailureReason.NO_TIME, "its turn did not come in time") from None
        return door

    async def _knock(self, door: Door, address: Address, port: int) -> Stream:
        try:
            stream = await self._connect(address, port)
        except ConversationError as error:
            door.note(error)
            raise
        door.note(None)
        return stream

    async def _connect(self, address: Address, port: int) -> Stream:
        began = self._way_out.now()
        try:
            connection = await self._open(address, port)
        except ConversationError as error:
            if error.reason in _UNANSWERED and self._way_out.is_cut_off_after(address, began):
                raise ConversationError(FailureReason.NO_WAY_OUT, "nothing outside answers") from None
            raise
        self._way_out.note_reached(address, port)
        return Stream(connection, self._times)

    async def _open(self, address: Address, port: int) -> socket.socket:
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(0)
            # Short commands that wait for their answers gain nothing from being held back.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            async with asyncio.timeout(self._times.connect):
                await loop.sock_connect(connection, (str(address), port))
        except TimeoutError:
            connection.close()
            raise ConversationError(FailureReason.TIMED_OUT, "takes no connection in time") from None
        except OSError as error:
            connection.close()
            raise of_system(error) from None
        except BaseException:
            connection.close()
            raise
        return connection


def has_way_to(address: Address) -> bool:
    """Ask the routing table; connecting a datagram socket sends nothing."""
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), _DISCARD_PORT))
    except OSError as error:
        return error.errno not in _NO_FAMILY
    return True


def _network(address: Address) -> tuple[int, int]:
    """Return the /24 that an IPv4 address is in, or the /48 of an IPv6 one, as a key."""
    return address.version, int(address) >> (80 if isinstance(address, IPv6Address) else 8)
