"""Real web hosts on loopback, by name, over TLS and without; what a host answers is a script for each path.

Ports 80 and 443 are for root alone, so that the dialer of tests connects to other ones in their place; all
else is the real thing: names, addresses, their policy, certificates, redirects.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from app.core.dns_lookups import LookupStatus
from app.core.dns_records import AddressData, RecordType
from app.core.ports import ANY_PORT, PortSet
from app.net.address_policy import AddressPolicy
from app.net.dialer import ConnectionLimits, Dialer
from app.net.streams import TimeLimits
from typing_extensions import override

from certificates import a_web_chain
from fakes.resolver import ScriptedResolver, found

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from app.core.dns_lookups import Lookup
    from app.net.address_policy import Address
    from app.net.silences import Visit
    from app.net.streams import Stream

LOOPBACK = AddressPolicy((ip_network("127.0.0.0/8"),))
PATIENT = ConnectionLimits(per_port=8, per_address=16, times=TimeLimits(connect=10.0, reply=10.0, total=20.0))
"""For hosts that answer, on a machine as busy as it may be."""
IMPATIENT = replace(PATIENT, times=TimeLimits(connect=2.0, reply=1.0, total=4.0))
"""For hosts that do not answer."""


@dataclass(frozen=True)
class Asked:
    """A request that a host heard."""

    scheme: str
    host: str
    method: str
    path: str
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """What is sent for a path."""

    body: bytes = b""
    status: int = 200
    media_type: str = "text/xml"
    headers: tuple[str, ...] = ()
    delay_seconds: float = 0.0
    repeats: int = 1
    """How often the body is sent."""

    @property
    def head(self) -> bytes:
        length = f"Content-Length: {len(self.body) * self.repeats}"
        lines = (f"HTTP/1.1 {self.status} X", f"Content-Type: {self.media_type}", length, *self.headers)
        return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")


def redirect(location: str, status: int = 302) -> Answer:
    return Answer(status=status, headers=(f"Location: {location}",))


PAGE = Answer(b"<!DOCTYPE html><html><body>Welcome to our site</body></html>", media_type="text/html")
GIANT = Answer(b"<clientConfig>" + b"x" * 10_000, repeats=1000)
NOT_FOUND = Answer(b"no", status=404)


@dataclass
class WebHosts:
    """Hosts that run: what they answer may change, what they heard is kept."""

    routes: dict[str, Answer] = field(default_factory=dict)
    """By URL without its query; a path that ends in ``*`` stands for all below it."""
    asked: list[Asked] = field(default_factory=list)
    ports: dict[tuple[str, int], int] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    connections: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def urls(self) -> list[str]:
        return [f"{one.scheme}://{one.host}{one.path}" for one in self.asked]

    def answer_for(self, asked: Asked) -> Answer:
        url = f"{asked.scheme}://{asked.host}{asked.path.partition('?')[0]}"
        if url in self.routes:
            return self.routes[url]
        wild = (
            answer for start, answer in self.routes.items() if start[-1] == "*" and url.startswith(start[:-1])
        )
        return next(wild, NOT_FOUND)

    def dialer(
        self,
        policy: AddressPolicy = LOOPBACK,
        limits: ConnectionLimits = PATIENT,
        *,
        allowed: PortSet = ANY_PORT,
    ) -> Dialer:
        return _LabDialer(self.ports, policy, limits, allowed)

    def only_these_ports(self) -> PortSet:
        """Return the ports at which hosts run."""
        return PortSet(tuple((port, port) for port in self.ports.values()))

    def resolver(self, *answers: Lookup) -> ScriptedResolver:
        """Make one that knows the hosts and these answers, and no other name."""
        hosts = [found(name, AddressData(ip_address(at))) for name, at in self.addresses.items()]
        return ScriptedResolver(*hosts, *answers, otherwise=LookupStatus.NO_NAME)

    def zone(self, origin: str) -> str:
        """Return the hosts' records for a zone."""
        below = {name: at for name, at in self.addresses.items() if f"{name}.".endswith(origin)}
        return "".join(f"{name}. {RecordType.A} {address}\n" for name, address in below.items())


class _LabDialer(Dialer):
    def __init__(
        self,
        ports: Mapping[tuple[str, int], int],
        policy: AddressPolicy,
        limits: ConnectionLimits,
        allowed: PortSet,
    ) -> None:
        super().__init__(policy, limits, ports=allowed)
        self._ports = ports

    @override
    @asynccontextmanager
    async def connection(
        self,
        address: Address,
        port: int,
        *,
        on_turn: Callable[[], None] = lambda: None,
        visit: Visit | None = None,
    ) -> AsyncIterator[Stream]:
        there = self._ports.get((str(address), port), port)
        async with super().connection(address, there, on_turn=on_turn, visit=visit) as stream:
            yield stream


@cache
def root_pem() -> str:
    return a_web_chain(["root.example"]).root.pem.decode()


def verifier() -> ssl.SSLContext:
    """Make what trusts the hosts' authority alone."""
    return ssl.create_default_context(cadata=root_pem())


@cache
def _server_context(names: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chain = a_web_chain(names)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "server.pem"
        path.write_bytes(chain.leaf.pem + chain.intermediate.pem + chain.leaf.key_pem)
        context.load_cert_chain(path)
    return context


@asynccontextmanager
async def web_hosts(
    names: Iterable[str], *, misnamed: Iterable[str] = (), at_real_ports: bool = False
) -> AsyncIterator[WebHosts]:
    """Run hosts of these names, and some whose certificate is for another name.

    Raises:
        PermissionError: Where the real ports are wanted and not for us.
    """
    hosts = WebHosts()
    async with AsyncExitStack() as stack:
        wrong = frozenset(misnamed)
        for number, name in enumerate((*names, *wrong), 1):
            address = f"127.0.30.{number}"
            hosts.addresses[name] = address
            certified = "other.example" if name in wrong else name
            for scheme, port in (("http", 80), ("https", 443)):
                context = _server_context((certified,)) if scheme == "https" else None
                at = port if at_real_ports else 0
                server = await asyncio.start_server(_serving(hosts, scheme), address, at, ssl=context)
                stack.callback(server.close)
                hosts.ports[address, port] = server.sockets[0].getsockname()[1]
        yield hosts
        for task in tuple(hosts.connections):
            task.cancel()
        await asyncio.gather(*hosts.connections, return_exceptions=True)


def _serving(hosts: WebHosts, scheme: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        hosts.connections.add(task)
        try:
            await _answer(hosts, scheme, reader, writer)
        except (OSError, EOFError, ssl.SSLError, asyncio.CancelledError):
            # Cancelled by the end of the test only; the server would complain of a task that is.
            pass
        finally:
            hosts.connections.discard(task)
            writer.transport.abort()

    return serve


async def _answer(
    hosts: WebHosts, scheme: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    method, path, _ = head.split("\r\n", 1)[0].split()
    headers = {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    asked = Asked(scheme, headers["host"], method, path, body)
    hosts.asked.append(asked)
    answer = hosts.answer_for(asked)
    await asyncio.sleep(answer.delay_seconds)
    writer.write(answer.head)
    for _ in range(answer.repeats):
        writer.write(answer.body)
        await writer.drain()
    with suppress(OSError):
        # Until the other side has read it and goes.
        await asyncio.wait_for(reader.read(1), 2.0)
