"""A real, validating resolver on loopback with a DNS of its own: a signed root and zones below it.

Unbound serves the zones itself, so no question leaves the machine; a change of records is a new server.
"""

from __future__ import annotations

import datetime as dt
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import dns.dnssec
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm

from programs import required_program
from service_process import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_APEX = "@ SOA ns1 hostmaster 1 3600 600 86400 1\n@ NS ns1\nns1 A 127.0.0.1\n"
# Unbound's zones lose the proof that a name is not there under a name without records.
_ROOT = "@ SOA a.root. h.root. 1 3600 600 86400 1\n@ NS a.root.\na.root. A 127.0.0.1\nexample. TXT lab\n"
_CONFIGURATION = """
server:
  directory: "{folder}"
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-ip6: no
  num-threads: 1
  interface: 127.0.0.1
  port: {port}
  module-config: "validator iterator"
  ede: yes
  trust-anchor: ". IN DS {anchor}"
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
remote-control:
  control-enable: no
"""
_ZONE = """auth-zone:
  name: "{origin}"
  zonefile: "{path}"
  for-downstream: no
  for-upstream: yes
  fallback-enabled: no
"""


def signed(origin: str, text: str, *, expired: bool = False) -> tuple[str, str]:
    """Sign a zone; returns its text and the DS record for its parent."""
    zone = dns.zone.from_text(f"$TTL 60\n{text}", origin=origin, relativize=False)
    private = ec.generate_private_key(ec.SECP256R1())
    # One key for both duties, as flagged for the entry point.
    key = dns.dnssec.make_dnskey(private.public_key(), Algorithm.ECDSAP256SHA256, flags=257)
    now = dt.datetime.now(dt.UTC)
    days = (-20, -3) if expired else (-1, 7)
    first, last = (now + dt.timedelta(days=day) for day in days)
    with zone.writer() as transaction:
        dns.dnssec.sign_zone(
            zone,
            transaction,
            keys=[(private, key)],
            add_dnskey=True,
            dnskey_ttl=60,
            inception=first,
            expiration=last,
        )
    return zone.to_text(relativize=False), dns.dnssec.make_ds(origin, key, "SHA256").to_text()


class ValidatingResolver:
    """Unbound with these zones; leaves nothing behind."""

    def __init__(
        self,
        zones: Mapping[str, str],
        *,
        unsigned: frozenset[str] = frozenset(),
        expired: frozenset[str] = frozenset(),
    ) -> None:
        """Take the zones' texts by their absolute names, and which are not signed, or no longer rightly."""
        self._program = required_program("unbound")
        self._zones, self._unsigned, self._expired = zones, unsigned, expired
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="signpost-dns-"))
        self._write()
        self._process = subprocess.Popen(  # noqa: S603 - the program found above
            [self._program, "-d", "-c", str(self._folder / "unbound.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        # Over TCP: an early datagram is lost without a word.
        for _ in range(100):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        self._stop()
        message = "Unbound did not start"
        raise RuntimeError(message)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)
        shutil.rmtree(self._folder)

    def _write(self) -> None:
        root, blocks = _ROOT, ""
        for number, (origin, text) in enumerate(self._zones.items()):
            root += f"{origin} NS ns1.{origin}\nns1.{origin} A 127.0.0.1\n"
            body = _APEX + text
            if origin in self._unsigned:
                zone = dns.zone.from_text(f"$TTL 60\n{body}", origin=origin, relativize=False)
                body = zone.to_text(relativize=False)
            else:
                body, ds = signed(origin, body, expired=origin in self._expired)
                root += f"{origin} DS {ds}\n"
            path = self._folder / f"zone{number}"
            path.write_text(body)
            blocks += _ZONE.format(origin=origin, path=path)
        body, anchor = signed(".", root)
        path = self._folder / "root"
        path.write_text(body)
        blocks += _ZONE.format(origin=".", path=path)
        head = _CONFIGURATION.format(folder=self._folder, port=self.port, anchor=anchor)
        (self._folder / "unbound.conf").write_text(head + blocks)
