"""The words of automx's configuration (sys4/automx 0.10 to 1.1, automx.conf(5)), to read and write it."""

from __future__ import annotations

from typing import Final

from app.core.placeholders import ADDRESS, DOMAIN, LOCAL_PART
from app.core.servers import Authentication, ServerType, SocketType

MAIL_SERVICES: Final = {"smtp": ServerType.SMTP, "imap": ServerType.IMAP, "pop": ServerType.POP3}
DAV_SERVICES: Final = {"carddav": ServerType.CARDDAV, "caldav": ServerType.CALDAV}
SERVICES: Final = {**MAIL_SERVICES, **DAV_SERVICES}
SOCKET_TYPES: Final = {
    "ssl": SocketType.TLS,
    "starttls": SocketType.STARTTLS,
    "none": SocketType.PLAIN,
}
AUTHENTICATION: Final = {
    "plaintext": Authentication.PASSWORD_CLEARTEXT,
    "encrypted": Authentication.PASSWORD_ENCRYPTED,
    "ntlm": Authentication.NTLM,
    "gssapi": Authentication.GSSAPI,
    "client-ip-address": Authentication.CLIENT_IP_ADDRESS,
    "tls-client-cert": Authentication.TLS_CLIENT_CERTIFICATE,
    "smtp-after-pop": Authentication.SMTP_AFTER_POP,
    "none": Authentication.NONE,
}
MACROS: Final = {"%s": f"%{ADDRESS}%", "%u": f"%{LOCAL_PART}%", "%d": f"%{DOMAIN}%"}
