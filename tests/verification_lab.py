"""The whole lab of verification: real mail and web servers, a signed DNS, and servers that misbehave.

A variant is a host name below ``lab.example``, with an address of its own on which all servers listen.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import socket
import tempfile
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network
from pathlib import Path
from ssl import Purpose, SSLContext, create_default_context
from typing import TYPE_CHECKING, TypeAlias

from app.core.dns_lookups import NameServer
from app.core.endpoints import Endpoint, Protocol
from app.core.servers import ServerType, SocketType
from app.net.address_policy import AddressPolicy
from app.net.dialer import ConnectionLimits, Dialer
from app.net.dnspython_resolver import DnspythonResolver
from app.net.pacing import Pacing
from app.net.streams import TimeLimits
from app.verification.judging import judge
from app.verification.running import Means, Prober
from app.verification.tls_questions import IN_PASSING, Scope
from app.verification.trust import TrustStore
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lab_certificates import FAULTS, ZONE, Authorities, write_certificates
from mail_lab import Dovecot, Exim
from nameserver import ValidatingResolver
from postfix_lab import Postfix
from programs import required_program
from proxy_lab import running
from service_process import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from app.core.observations import EndpointObservation

Step: TypeAlias = bytes | float | SSLContext
"""One thing that a stub does."""

# Variants with a good certificate and other faults.
MANNERS = (
    "plain", "required", "old", "oldtoo", "slow", "clear", "nologin", "refusing", "tlsa", "mistlsa",
    "twofaced",
)  # fmt: skip
TAGS = (*FAULTS, *MANNERS)
CERTIFICATE_FINDINGS: dict[str, tuple[str, ...]] = {
    "good": (),
    "rsa": (),
    "wildcard": (),
    # A root that is sent is not needed, and does no harm.
    "untidy": (),
    "expired": ("certificate.expired",),
    "expiring": ("certificate.expires-soon",),
    "ending": ("certificate.expires-at-once",),
    "notyet": ("certificate.not-yet-valid",),
    "wrongname": ("certificate.name-mismatch",),
    "deepwildcard": ("certificate.name-mismatch",),
    "nochain": ("certificate.intermediate-missing",),
    "selfsigned": ("certificate.self-signed",),
    "unknownroot": ("certificate.unknown-authority",),
    "weakkey": ("certificate.key-weak",),
    "sha1": ("certificate.signature-weak",),
    "client": ("certificate.not-for-servers",),
    "staple": ("certificate.must-staple",),
}
"""What is wrong with a certificate by tag, whatever shows it."""
PATHS = {"caldav": "/dav/", "webmail": "/webmail/", "ews": "/EWS/Exchange.asmx"}
ADDRESSES = {tag: f"127.0.10.{number}" for number, tag in enumerate(TAGS, 1)}
DEAD_ADDRESS = "127.0.11.1"
"""Nothing listens there; packets to it come back."""
STUB_ADDRESS = "127.0.12.1"

# Of OpenSSL: keys and signatures that are too weak are loaded only so.
_WEAK = {"ssl_cipher_list": "ALL:@SECLEVEL=0"}
_DOVECOT_MANNERS = {
    "plain": {"ssl": "no", "disable_plaintext_auth": "no"},
    "required": {"ssl": "required"},
    "oldtoo": {"ssl_min_protocol": "TLSv1", **_WEAK},
    "clear": {"disable_plaintext_auth": "no"},
    "weakkey": _WEAK,
    "sha1": _WEAK,
}
_OLD_TLS = """openssl_conf = a
[a]
ssl_conf = b
[b]
system_default = c
[c]
MinProtocol = TLSv1
MaxProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
"""
_NGINX = """daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 200; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; }}
{servers}}}
"""
_SITE = """  server {{
    listen {address}:{port} ssl;
    server_name {host};
    ssl_certificate {certificates}/{tag}.pem;
    ssl_certificate_key {certificates}/{tag}.key;
    ssl_ciphers {ciphers};
    location /webmail/ {{
      add_header Strict-Transport-Security "max-age=31536000" always;
      return 200 "<title>Web mail</title>";
    }}
    location /bare/ {{ return 200 "<title>Web mail</title>"; }}
    location /dav/ {{
      add_header WWW-Authenticate 'Basic realm="dav"' always;
      return 401;
    }}
    location /moved/ {{ return 301 https://{host}:{port}/dav/; }}
    location /round/ {{ return 302 https://{host}:{port}/round/; }}
    location /down/ {{ return 302 http://{host}/webmail/; }}
    location /dead-end/ {{ return 302 https://{host}:1/; }}
    location /inwards/ {{ return 302 https://10.0.0.1/; }}
    location /broken/ {{ return 502; }}
    location /busy/ {{ return 503; }}
    location /closed/ {{ return 403; }}
    location /EWS/ {{
      add_header WWW-Authenticate 'NTLM' always;
      return 401;
    }}
  }}
"""


@dataclass(frozen=True)
class Lab:
    """What is running, and how to look at it."""

    ports: dict[str, int]
    resolver: str
    authorities: Authorities
    folder: Path

    @property
    def trust(self) -> TrustStore:
        return TrustStore.from_pem(self.authorities.root.pem)

    def endpoint(self, tag: str, service: str, *, path: str = "") -> Endpoint:
        """Return the endpoint of a variant, by the name of the service's port."""
        protocol, socket_type, kind = SERVICES[service]
        return Endpoint(
            protocol=protocol,
            hostname=f"{tag}.{ZONE}",
            port=self.ports.get(f"{tag}-{service}", self.ports[service]),
            socket_type=socket_type,
            service=kind,
            path=path,
        )

    def tls(self) -> SSLContext:
        """Return what a stub begins TLS with, as ``good``."""
        context = create_default_context(Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.folder / "good.pem", self.folder / "good.key")
        return context

    def prober(self, *, seconds: float = 6.0, scope: Scope = IN_PASSING) -> Prober:
        """Make a prober that may go to the lab, and waits this long for a line."""
        times = TimeLimits(connect=2.0, reply=seconds, total=30.0)
        policy = AddressPolicy((IPv4Network("127.0.0.0/8"),))
        return Prober(
            Means(
                dialer=Dialer(policy, ConnectionLimits(per_network=100, times=times)),
                resolver=DnspythonResolver(NameServer.parse(self.resolver)),
                clock=lambda: datetime.now(UTC),
                own_name="prober.lab.example",
                scope=scope,
                pacing=Pacing(1000),
            )
        )


SERVICES: dict[str, tuple[Protocol, SocketType, ServerType | None]] = {
    "imap": (Protocol.IMAP, SocketType.STARTTLS, None),
    "imaps": (Protocol.IMAP, SocketType.TLS, None),
    "pop3": (Protocol.POP3, SocketType.STARTTLS, None),
    "pop3s": (Protocol.POP3, SocketType.TLS, None),
    "sieve": (Protocol.MANAGESIEVE, SocketType.STARTTLS, None),
    "submission": (Protocol.SMTP, SocketType.STARTTLS, None),
    "submissions": (Protocol.SMTP, SocketType.TLS, None),
    "exim-submission": (Protocol.SMTP, SocketType.STARTTLS, None),
    "exim-smtps": (Protocol.SMTP, SocketType.TLS, None),
    "postfix-submission": (Protocol.SMTP, SocketType.STARTTLS, None),
    "postfix-smtps": (Protocol.SMTP, SocketType.TLS, None),
    "postfix-screened": (Protocol.SMTP, SocketType.STARTTLS, None),
    "postfix-broken": (Protocol.SMTP, SocketType.STARTTLS, None),
    "caldav": (Protocol.HTTP, SocketType.TLS, ServerType.CALDAV),
    "webmail": (Protocol.HTTP, SocketType.TLS, ServerType.WEBMAIL),
    "ews": (Protocol.HTTP, SocketType.TLS, ServerType.EWS),
}


@contextmanager
def a_lab(*, has_postfix: bool = False) -> Iterator[Lab]:
    """Start everything, Postfix where it is asked for, and leave nothing behind."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="signpost-lab-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        authorities = write_certificates(folder, TAGS)
        dovecot = stack.enter_context(
            Dovecot(folder, {ADDRESSES[tag]: _manners(folder, tag) for tag in TAGS})
        )
        old_folder = folder / "old.cnf"
        old_folder.write_text(_OLD_TLS)
        old = stack.enter_context(_old_dovecot(folder, old_folder))
        exim = stack.enter_context(_exim(folder))
        web = free_port()
        stack.enter_context(_nginx(folder, web))
        ports = {**dovecot.ports, **{f"exim-{name}": port for name, port in exim.ports.items()}}
        if has_postfix:
            postfix = stack.enter_context(Postfix(folder, ADDRESSES, dovecot.auth_port))
            ports |= {f"postfix-{name}": port for name, port in postfix.ports.items()}
        ports |= {f"old-{name}": port for name, port in old.ports.items()}
        ports |= {f"old-exim-{name}": port for name, port in exim.ports.items()}
        ports |= dict.fromkeys(("caldav", "webmail", "ews"), web)
        resolver = stack.enter_context(ValidatingResolver({"lab.example.": _zone(folder, ports)}))
        yield Lab(ports, resolver.address, authorities, folder)


async def observed(
    lab: Lab, endpoint: Endpoint, *, seconds: float = 10.0, scope: Scope = IN_PASSING
) -> EndpointObservation:
    return await lab.prober(seconds=seconds, scope=scope).observe(endpoint)


def codes(lab: Lab, observation: EndpointObservation) -> list[str]:
    return sorted(one.kind.code for one in judge(observation, lab.trust, datetime.now(UTC)))


@asynccontextmanager
async def a_stub(script: Sequence[Step]) -> AsyncIterator[int]:
    """Listen at the stub's address and play a script to each client, whatever it says.

    Args:
        script: What to send, seconds to wait, an empty text to wait for a line from the client, or with
            what to begin TLS.
    """
    players: set[asyncio.Task[None]] = set()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                for step in script:
                    if isinstance(step, float):
                        await asyncio.sleep(step)
                    elif isinstance(step, SSLContext):
                        await writer.start_tls(step)
                    elif step:
                        writer.write(step)
                        await writer.drain()
                    else:
                        await reader.readline()
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        players.add(asyncio.create_task(play(reader, writer)))

    with socket.create_server((STUB_ADDRESS, 0)) as listener:
        server = await asyncio.start_server(start, sock=listener)
        async with server:
            yield listener.getsockname()[1]
            for player in players:
                player.cancel()
            await asyncio.gather(*players, return_exceptions=True)


def _manners(folder: Path, tag: str) -> dict[str, str]:
    certificate = {"ssl_cert": f"<{folder}/{tag}.pem", "ssl_key": f"<{folder}/{tag}.key"}
    return {**certificate, **_DOVECOT_MANNERS.get(tag, {})}


def _old_dovecot(folder: Path, configuration: Path) -> Dovecot:
    # Dovecot knows no highest version; OpenSSL's own configuration does.
    settings = {"import_environment": f"OPENSSL_CONF={configuration}", "ssl_min_protocol": "TLSv1", **_WEAK}
    certificate = {"ssl_cert": f"<{folder}/old.pem", "ssl_key": f"<{folder}/old.key"}
    return Dovecot(
        folder,
        {ADDRESSES["old"]: certificate},
        settings=settings,
        environment={"OPENSSL_CONF": str(configuration)},
    )


def _exim(folder: Path) -> Exim:
    at = {name: [ADDRESSES[tag] for tag in tags] for name, tags in _EXIM_MANNERS.items()}
    addresses, tags = list(ADDRESSES.values()), {ADDRESSES[tag]: tag for tag in TAGS}
    # What was free when it was chosen may be taken at one of so many addresses.
    for _ in range(2):
        with suppress(RuntimeError):
            return Exim(folder, addresses, tags=tags, **at)
    return Exim(folder, addresses, tags=tags, **at)


_EXIM_MANNERS = {
    "no_tls": ("plain",),
    "old_tls": ("old",),
    "clear_login": ("plain", "clear"),
    "no_login": ("nologin",),
    "slow": ("slow",),
    "refusing": ("refusing",),
}


@contextmanager
def _nginx(folder: Path, port: int) -> Iterator[None]:
    program = required_program("nginx")
    sites = "".join(
        _SITE.format(
            address=ADDRESSES[tag],
            port=port,
            host=f"{tag}.{ZONE}",
            certificates=folder,
            tag=tag,
            ciphers="ALL:@SECLEVEL=0" if tag in ("weakkey", "sha1") else "DEFAULT",
        )
        for tag in TAGS
        if tag != "old"
    )
    file = folder / "nginx.conf"
    file.write_text(_NGINX.format(folder=folder, port=port, servers=sites))
    command = [program, "-c", str(file), "-p", str(folder), "-e", str(folder / "nginx-start.log")]
    with running(command, port, {}, folder / "nginx.log"):
        yield


def _zone(folder: Path, ports: dict[str, int]) -> str:
    lines = [f"{tag} A {address}" for tag, address in ADDRESSES.items()]
    lines += [
        f"twofaced A {DEAD_ADDRESS}",
        f"dead A {DEAD_ADDRESS}",
        "forbidden A 10.1.2.3",
        "void TXT nothing",
    ]
    lines += [f"stub A {STUB_ADDRESS}"]
    for tag, right in (("tlsa", True), ("mistlsa", False)):
        certificate = x509.load_pem_x509_certificates((folder / f"{tag}.pem").read_bytes())[0]
        digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
        lines += [
            f"_{ports[service]}._tcp.{tag} TLSA 3 0 1 {digest if right else digest[::-1]}"
            for service in ("imaps", "exim-smtps")
        ]
    return "\n".join(lines) + "\n"
