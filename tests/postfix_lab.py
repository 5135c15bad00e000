"""A real Postfix for every variant, told apart by address, that asks Dovecot about passwords.

Debian installs no two mail servers beside each other, so its files may just be unpacked somewhere. Postfix
starts as root only, and wants accounts that nothing else uses: two of those that every Debian has.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from mail_lab import MailDaemon
from service_process import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

UNPACKED: Final = Path(".venv/postfix")
PROGRAMS: Final = "usr/lib/postfix"
OWNER, GROUP = "list", "irc"
_QUEUES: Final = (
    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "pid",
    "private", "public", "saved", "trace",
)  # fmt: skip
_MAIN: Final = """
compatibility_level = 3.6
mail_owner = {owner}
setgid_group = {group}
default_privs = nobody
daemon_directory = {programs}/sbin
shlib_directory = {programs}
command_directory = {root}/usr/sbin
meta_directory = {root}/etc/postfix
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
import_environment = LD_LIBRARY_PATH MAIL_CONFIG
myhostname = mail.lab.example
mynetworks = 192.0.2.1
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
smtpd_peername_lookup = no
smtpd_delay_reject = no
smtpd_relay_restrictions = reject
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth_port}
smtpd_sasl_auth_enable = yes
smtpd_tls_auth_only = yes
smtpd_tls_security_level = may
tls_low_cipherlist = ALL:@SECLEVEL=0
postscreen_access_list =
postscreen_greet_action = enforce
postscreen_greet_wait = 2s
postscreen_cache_map =
max_idle = 2s
"""
_SERVICES: Final = """
postlog unix-dgram n - n - 1 postlogd
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
dnsblog unix - - n - 0 dnsblog
tlsproxy unix - - n - 0 tlsproxy
smtpd pass - - n - - smtpd -o {{ smtpd_tls_chain_files = {certificates}/good.key, {certificates}/good.pem }}
{screened} inet n - n - 1 postscreen
"""
_OLD: Final = {
    "smtpd_tls_protocols": "TLSv1",
    "smtpd_tls_mandatory_protocols": "TLSv1",
    "smtpd_tls_ciphers": "low",
    "smtpd_tls_mandatory_ciphers": "low",
}
_WEAK: Final = {"smtpd_tls_ciphers": "low", "smtpd_tls_mandatory_ciphers": "low"}
_MANNERS: Final[Mapping[str, Mapping[str, str]]] = {
    "plain": {"smtpd_tls_security_level": "none", "smtpd_tls_auth_only": "no"},
    "required": {
        "smtpd_tls_security_level": "encrypt",
        "smtpd_tls_protocols": ">=TLSv1.2",
        "smtpd_tls_mandatory_protocols": ">=TLSv1.2",
    },
    "old": _OLD,
    "oldtoo": {**_WEAK, "smtpd_tls_protocols": ">=TLSv1", "smtpd_tls_mandatory_protocols": ">=TLSv1"},
    "clear": {"smtpd_tls_auth_only": "no"},
    "nologin": {"smtpd_sasl_auth_enable": "no"},
    "slow": {"smtpd_client_restrictions": "sleep 3, permit"},
    "refusing": {"smtpd_client_restrictions": "reject"},
    "weakkey": _WEAK,
    "sha1": _WEAK,
}


def required_postfix() -> Path:
    """Find the folder that Postfix's files are in; without them skip, or fail where CI=true."""
    if os.geteuid() != 0:
        pytest.skip("Postfix starts as root only")
    for root in (Path("/"), UNPACKED.absolute()):
        if (root / PROGRAMS / "sbin/master").exists():
            return root
    reason = "Postfix is not there (make packages unpacks it)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


class Postfix(MailDaemon):
    """Submission, submission over TLS and a port with postscreen, as each variant has it."""

    PORTS = ("submission", "smtps", "broken", "screened")

    def __init__(self, certificates: Path, addresses: Mapping[str, str], auth_port: int) -> None:
        """Start.

        Args:
            certificates: A folder of ``TAG.pem`` (with chain) and ``TAG.key`` that root may read.
            addresses: Where the variants listen, by tag; ``good`` is among them.
            auth_port: Dovecot's, on loopback.
        """
        installed = required_postfix()
        super().__init__("postfix")
        self.ports = {name: free_port() for name in self.PORTS}
        # In a place that the other accounts can reach, wherever the tests are.
        root = self._folder / "root"
        shutil.copytree(installed / PROGRAMS, root / PROGRAMS, symlinks=True)
        folder = self._folder / "conf"
        folder.mkdir()
        programs = root / PROGRAMS
        names = {"owner": OWNER, "group": GROUP, "folder": self._folder, "root": root, "programs": programs}
        (folder / "main.cf").write_text(_MAIN.format(**names, auth_port=auth_port))
        services = [self._services(certificates, tag, address) for tag, address in addresses.items()]
        screened = f"{addresses['good']}:{self.ports['screened']}"
        common = _SERVICES.format(certificates=certificates, screened=screened)
        (folder / "master.cf").write_text(common + "".join(services))
        self._make_queues()
        self._start(
            [str(programs / "sbin/master"), "-c", str(folder), "-d"],
            (addresses["good"], self.ports["submission"]),
            {"LD_LIBRARY_PATH": str(programs), "MAIL_CONFIG": str(folder)},
        )

    def _services(self, certificates: Path, tag: str, address: str) -> str:
        files = {"smtpd_tls_chain_files": f"{certificates}/{tag}.key, {certificates}/{tag}.pem"}
        own = _MANNERS.get(tag, {})
        lines = [self._line(address, "submission", {**files, **own})]
        if own.get("smtpd_tls_security_level") != "none":
            lines.append(self._line(address, "smtps", {**files, **own, "smtpd_tls_wrappermode": "yes"}))
        if tag == "good":
            # As after a renewal that put the files elsewhere.
            missing = f"{certificates}/moved.key, {certificates}/moved.pem"
            lines.append(self._line(address, "broken", {"smtpd_tls_chain_files": missing}))
        return "".join(lines)

    def _line(self, address: str, name: str, settings: Mapping[str, str]) -> str:
        options = " ".join(f"-o {{ {setting} = {value} }}" for setting, value in settings.items())
        return f"{address}:{self.ports[name]} inet n - n - - smtpd {options}\n"

    def _make_queues(self) -> None:
        for name in ("data", *(f"queue/{queue}" for queue in _QUEUES)):
            folder = self._folder / name
            folder.mkdir(parents=True)
            shutil.chown(folder, OWNER)
        shutil.chown(self._folder / "queue/pid", "root")
        shutil.chown(self._folder / "queue/public", OWNER, GROUP)
        (self._folder / "queue/private").chmod(0o700)
        (self._folder / "queue/public").chmod(0o710)
