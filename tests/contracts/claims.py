"""What a document of each format claims about an account's mail servers, read with nothing of ours.

A claim is a service with host name, port, security and login. Where a format cannot say something, the
claim has None there, and comparing passes over it.
"""

from __future__ import annotations

import json
import plistlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Callable

POX = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"
SOAP = "{http://schemas.microsoft.com/exchange/2010/Autodiscover}"
SECURITY = {"SSL": "tls", "STARTTLS": "starttls", "plain": "plain"}
PACC_PORTS = {"imap": 993, "pop3": 995, "smtp": 465}
APPLE_METHODS = {
    "EmailAuthPassword": "password",
    "EmailAuthCRAMMD5": "encrypted",
    "EmailAuthHTTPMD5": "encrypted",
    "EmailAuthNTLM": "ntlm",
    "EmailAuthNone": "none",
}


@dataclass(frozen=True)
class Claim:
    service: str
    host: str
    port: int | None
    security: str | None
    login: str | None
    methods: frozenset[str] | None = None
    """Of password, encrypted, oauth2, ntlm, none: what a client of this format will try."""

    def agrees_with(self, other: Claim) -> bool:
        pairs = ((self.port, other.port), (self.security, other.security), (self.login, other.login))
        return self.host == other.host and all(a is None or b is None or a == b for a, b in pairs)


Claims = dict[str, Claim]


def autoconfig(body: bytes, address: str) -> Claims:
    """Of each type the first section that is encrypted, else the first."""
    local_part, _, domain = address.rpartition("@")
    words = {
        "password-cleartext": "password",
        "password-encrypted": "encrypted",
        "OAuth2": "oauth2",
        "NTLM": "ntlm",
    }
    found: Claims = {}
    for node in ET.fromstring(body).iter():  # noqa: S314 - our own document
        if node.tag not in ("incomingServer", "outgoingServer") or node.get("type") not in PACC_PORTS:
            continue
        login = (node.findtext("username") or "").replace("%EMAILADDRESS%", address)
        login = login.replace("%EMAILLOCALPART%", local_part).replace("%EMAILDOMAIN%", domain)
        claim = Claim(
            service=node.get("type", ""),
            host=node.findtext("hostname") or "",
            port=int(node.findtext("port") or 0),
            security=SECURITY[node.findtext("socketType") or ""],
            login=login,
            methods=frozenset(words.get(m.text or "", m.text or "") for m in node.findall("authentication")),
        )
        found.setdefault(claim.service, claim)
    return found


def autodiscover(body: bytes, _address: str) -> Claims:
    found: Claims = {}
    for node in ET.fromstring(body).iter(f"{POX}Protocol"):  # noqa: S314
        texts = {child.tag.removeprefix(POX): child.text or "" for child in node}
        kind = texts.get("Type", "").lower()
        if kind not in PACC_PORTS:
            continue
        encryption = {"SSL": "tls", "TLS": "starttls", "None": "plain"}[texts["Encryption"]]
        assert (texts["SSL"] == "on") is (encryption != "plain"), "the pair that Outlook and Thunderbird need"
        found[kind] = Claim(
            service=kind,
            host=texts["Server"],
            port=int(texts["Port"]),
            security=encryption,
            login=texts.get("LoginName"),
            methods=frozenset({"ntlm" if texts["SPA"] == "on" else "password"}),
        )
    return found


def mobileconfig(body: bytes, _address: str) -> Claims:
    found: Claims = {}
    for payload in plistlib.loads(body)["PayloadContent"]:
        if payload["PayloadType"] != "com.apple.mail.managed":
            continue
        kind = {"EmailTypeIMAP": "imap", "EmailTypePOP": "pop3"}[payload["EmailAccountType"]]
        for service, prefix in ((kind, "IncomingMailServer"), ("smtp", "OutgoingMailServer")):
            port = payload[f"{prefix}PortNumber"]
            starttls = {"imap": 143, "pop3": 110, "smtp": 587}[service]
            encrypted = "starttls" if port == starttls else None
            found[service] = Claim(
                service=service,
                host=payload[f"{prefix}HostName"],
                port=port,
                security=encrypted if payload[f"{prefix}UseSSL"] else "plain",
                login=payload.get(f"{prefix}Username"),
                methods=frozenset({APPLE_METHODS[payload[f"{prefix}Authentication"]]}),
            )
    return found


def pacc(body: bytes, address: str) -> Claims:
    protocols: dict[str, Any] = json.loads(body)["protocols"]
    return {
        service: Claim(service, protocols[service]["host"], port, "tls", address)
        for service, port in PACC_PORTS.items()
        if service in protocols
    }


def autodiscover_soap(body: bytes, _address: str) -> Claims:
    names = {"ExternalImap4Connections": "imap", "ExternalPop3Connections": "pop3"}
    names["ExternalSmtpConnections"] = "smtp"
    found: Claims = {}
    for node in ET.fromstring(body).iter(f"{SOAP}UserSetting"):  # noqa: S314
        service = names.get(node.findtext(f"{SOAP}Name") or "")
        connection = node.find(f"{SOAP}ProtocolConnections/{SOAP}ProtocolConnection")
        if service and connection is not None:
            method = connection.findtext(f"{SOAP}EncryptionMethod") or ""
            found[service] = Claim(
                service=service,
                host=connection.findtext(f"{SOAP}Hostname") or "",
                port=int(connection.findtext(f"{SOAP}Port") or 0),
                security={"SSL": "tls", "TLS": "starttls"}.get(method, "plain"),
                login=None,
            )
    return found


READERS: dict[str, Callable[[bytes, str], Claims]] = {
    "autoconfig": autoconfig,
    "autoconfig-full": autoconfig,
    "autodiscover": autodiscover,
    "autodiscover-soap": autodiscover_soap,
    "mobileconfig": mobileconfig,
    "pacc": pacc,
}
WITHOUT_MAIL_SERVERS = {"autodiscover-json", "autodiscover-mobilesync"}
"""Formats that name no mail server."""
