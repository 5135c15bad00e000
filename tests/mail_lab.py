"""Real mail servers on loopback: one Dovecot and one Exim for every variant, told apart by address.

All of 127.0.0.0/8 is loopback, so that a variant is an address of its own on the same ports, with its own
certificate and manners. The certificates' names are those under which the variants are in the DNS.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from programs import required_program
from service_process import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

_DOVECOT = """
base_dir = {run}/base
state_dir = {run}/state
log_path = {run}/log
protocols = imap pop3 sieve submission
listen = {addresses}
default_internal_user = {internal_user}
default_internal_group = {internal_group}
default_login_user = {login_user}
first_valid_uid = 0
mail_location = maildir:{run}/mail/%n
mail_uid = {uid}
mail_gid = {gid}
auth_mechanisms = {mechanisms}
disable_plaintext_auth = yes
ssl = yes
ssl_cert = <{certificates}/good.pem
ssl_key = <{certificates}/good.key
hostname = mail.lab.example
submission_relay_host = 127.0.0.1
submission_relay_port = 1
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={run}/mail/%n
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {auth_port}
  }}
}}
{services}
{variants}
"""
_DOVECOT_SERVICE = """service {name} {{
  chroot =
{listeners}}}
"""
_DOVECOT_LISTENER = """  inet_listener {name} {{
    port = {port}
    ssl = {is_tls}
  }}
"""
# The login processes, and their listeners with whether they are TLS from the first byte.
_DOVECOT_SERVICES = {
    "imap-login": {"imap": False, "imaps": True},
    "pop3-login": {"pop3": False, "pop3s": True},
    "managesieve-login": {"sieve": False},
    "submission-login": {"submission": False, "submissions": True},
}

_EXIM = """
primary_hostname = mail.lab.example
spool_directory = {run}/spool
log_file_path = {run}/%slog
pid_file_path = {run}/exim.pid
local_interfaces = {addresses}
daemon_smtp_ports = {smtp} : {submission} : {smtps}
tls_on_connect_ports = {smtps}
never_users =
exim_user = {user}
exim_group = {group}
host_lookup =
rfc1413_hosts =
queue_only
keep_environment =
smtp_receive_timeout = 10s
smtp_accept_max = 0
daemon_startup_retries = 0
tls_advertise_hosts = ${{if inlist{{$received_ip_address}}{{{no_tls}}}{{}}{{*}}}}
TAG = ${{lookup{{$received_ip_address}}lsearch{{{run}/certificates}}{{$value}}{{good}}}}
tls_certificate = {certificates}/TAG.pem
tls_privatekey = {certificates}/TAG.key
tls_require_ciphers = ${{if inlist{{$received_ip_address}}{{{old_tls}}}\\
  {{NORMAL:-VERS-ALL:+VERS-TLS1.0:%COMPAT:+SIGN-ALL}}{{NORMAL}}}}
acl_smtp_connect = acl_connect
acl_smtp_rcpt = acl_rcpt
begin acl
acl_connect:
  deny condition = ${{if inlist{{$received_ip_address}}{{{refusing}}}}}
       message = no service here
  accept condition = ${{if inlist{{$received_ip_address}}{{{slow}}}}}
         delay = 3s
  accept
acl_rcpt:
  deny message = relay not permitted
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = false
  server_advertise_condition = ${{if and{{{{!inlist{{$received_ip_address}}{{{no_login}}}}}\\
    {{or{{{{def:tls_in_cipher}}{{inlist{{$received_ip_address}}{{{clear_login}}}}}}}}}}}}}
"""


class MailDaemon:
    """A server in a folder of its own, with all that it starts; leaves nothing behind."""

    def __init__(self, name: str) -> None:
        # Directly under /tmp and open to all: the servers run as other accounts than root.
        self._folder = Path(tempfile.mkdtemp(prefix=f"signpost-{name}-"))
        self._folder.chmod(0o755)
        self._log = self._folder / "stderr"

    def _start(self, command: Sequence[str], ready: tuple[str, int], environment: Mapping[str, str]) -> None:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a program that the tests found
                command,
                cwd="/",
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment},
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + 30
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(ready, 1):
                return
            time.sleep(0.02)
        logs = (self._log, *self._folder.glob("*log"))
        text = "".join(file.read_text(errors="replace") for file in logs)
        self.stop()
        message = f"{command[0]} did not come up: {text}"
        raise RuntimeError(message)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        # The whole group at once: the master alone waits for its clients.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
        shutil.rmtree(self._folder, ignore_errors=True)


class Dovecot(MailDaemon):
    """IMAP, POP3, ManageSieve and submission on every address, as each variant has it."""

    def __init__(
        self,
        certificates: Path,
        variants: Mapping[str, Mapping[str, str]],
        *,
        mechanisms: str = "plain login",
        settings: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start.

        Args:
            certificates: A folder of ``TAG.pem`` (with chain) and ``TAG.key`` that everybody may read.
            variants: What differs from the settings above, by address.
            mechanisms: What is offered where a password may be sent.
            settings: What differs for every address.
            environment: For OpenSSL.
        """
        program = required_program("dovecot", "dovecot-core dovecot-imapd dovecot-pop3d")
        super().__init__("dovecot")
        names = [name for listeners in _DOVECOT_SERVICES.values() for name in listeners]
        self.ports = {name: free_port() for name in names}
        self.auth_port = free_port()
        """Where other servers ask it about passwords."""
        is_root = os.geteuid() == 0
        account = pwd.getpwnam("nobody") if is_root else pwd.getpwuid(os.getuid())
        (self._folder / "mail").mkdir()
        if is_root:
            shutil.chown(self._folder / "mail", account.pw_uid, account.pw_gid)
        file = self._folder / "dovecot.conf"
        file.write_text(
            _DOVECOT.format(
                run=self._folder,
                addresses=" ".join(variants),
                internal_user="dovecot" if is_root else account.pw_name,
                internal_group="dovecot" if is_root else grp.getgrgid(account.pw_gid).gr_name,
                login_user="dovenull" if is_root else account.pw_name,
                uid=account.pw_uid,
                gid=account.pw_gid,
                mechanisms=mechanisms,
                auth_port=self.auth_port,
                certificates=certificates,
                services="".join(self._service(name) for name in _DOVECOT_SERVICES),
                variants="".join(_assigned(settings or {}) + _variants(variants)),
            )
        )
        ready = (next(iter(variants)), self.ports["imap"])
        self._start([program, "-F", "-c", str(file)], ready, environment or {})

    def _service(self, name: str) -> str:
        listeners = "".join(
            _DOVECOT_LISTENER.format(
                name=listener, port=self.ports[listener], is_tls="yes" if is_tls else "no"
            )
            for listener, is_tls in _DOVECOT_SERVICES[name].items()
        )
        return _DOVECOT_SERVICE.format(name=name, listeners=listeners)


def _assigned(settings: Mapping[str, str]) -> list[str]:
    return [f"{name} = {value}\n" for name, value in settings.items()]


def _variants(variants: Mapping[str, Mapping[str, str]]) -> list[str]:
    return [
        f"local {address} {{\n{''.join(_assigned(settings))}}}\n"
        for address, settings in variants.items()
        if settings
    ]


class Exim(MailDaemon):
    """SMTP, submission and submission over TLS on every address, as each variant has it."""

    PORTS = ("smtp", "submission", "smtps")

    def __init__(
        self,
        certificates: Path,
        addresses: Sequence[str],
        *,
        tags: Mapping[str, str],
        **manners: Sequence[str],
    ) -> None:
        """Start.

        Args:
            certificates: A folder of ``TAG.pem`` (with chain) and ``TAG.key`` that everybody may read.
            addresses: Where to listen.
            tags: The certificate of an address that has not the good one.
            manners: The addresses with ``no_tls``, ``old_tls``, ``clear_login``, ``no_login``, ``slow``,
                ``refusing``.
        """
        program = required_program("exim4", "exim4-daemon-light")
        super().__init__("exim")
        self.ports = {name: free_port() for name in self.PORTS}
        is_root = os.geteuid() == 0
        account = pwd.getpwnam("Debian-exim") if is_root else pwd.getpwuid(os.getuid())
        (self._folder / "spool").mkdir()
        if is_root:
            for folder in (self._folder, self._folder / "spool"):
                shutil.chown(folder, account.pw_uid, account.pw_gid)
        lines = "".join(f"{address}: {tag}\n" for address, tag in tags.items())
        (self._folder / "certificates").write_text(lines)
        names = ("no_tls", "old_tls", "clear_login", "no_login", "slow", "refusing")
        file = self._folder / "exim.conf"
        file.write_text(
            _EXIM.format(
                run=self._folder,
                addresses=" : ".join(addresses),
                certificates=certificates,
                user=account.pw_name,
                group=grp.getgrgid(account.pw_gid).gr_name,
                **self.ports,
                **{name: ":".join(manners.get(name, ())) or "none" for name in names},
            )
        )
        self._start([program, "-C", str(file), "-bdf"], (addresses[0], self.ports["submission"]), {})
