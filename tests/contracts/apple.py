"""Reads a configuration profile as strictly as Apple's published schemas allow, and names every fault."""

from __future__ import annotations

import plistlib
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from contracts.apple_keys import MAILBOXES, NAMES, PAYLOADS, PROFILE, Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

UUID = re.compile(r"[0-9A-F]{8}-[0-9A-F]{4}-5[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}")
IDENTIFIER = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
LANGUAGE = re.compile(r"[a-z]{2}|default")
HOST = re.compile(r"(?!.*\.\.)[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
HEAD = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n'
)


def faults(document: bytes) -> list[str]:
    """Return what is wrong with a profile, nothing for a right one."""
    if not document.startswith(HEAD):
        return ["does not start as a property list in UTF-8 without a BOM"]
    profile = plistlib.loads(document, fmt=plistlib.FMT_XML)
    return list(_profile_faults(profile))


def _profile_faults(profile: dict[str, Any]) -> Iterator[str]:
    yield from _key_faults("profile", profile, PROFILE)
    payloads = profile.get("PayloadContent", [])
    if not payloads:
        yield "profile: sets up nothing"
    if profile.get("PayloadScope") != "User":
        yield "profile: accounts belong to the user, not the system"
    yield from _consent_faults(profile.get("ConsentText", {}))
    for payload in payloads:
        yield from _payload_faults(payload, profile.get("PayloadIdentifier", ""))
    yield from _uniqueness_faults(profile, payloads)
    yield from _double_account_faults(payloads)


def _payload_faults(payload: dict[str, Any], outer_identifier: str) -> Iterator[str]:
    name = payload.get("PayloadType", "no type")
    known = PAYLOADS.get(name)
    if known is None:
        yield f"{name}: no such payload"
        return
    of_type = {**NAMES, "PayloadType": Key(type=str, required=True), **known.keys}
    yield from _key_faults(name, payload, of_type)
    if not payload.get("PayloadIdentifier", "").startswith(f"{outer_identifier}."):
        yield f"{name}: the identifier is not below the profile's"
    for key, value in payload.items():
        if key.endswith(("Host", "HostName")) and not HOST.fullmatch(str(value)):
            yield f"{name}.{key}: is no host name"
        if key.endswith(("Port", "PortNumber")) and value not in range(1, 65536):
            yield f"{name}.{key}: is no port"
    yield from _outgoing_faults(name, payload)


def _key_faults(where: str, found: dict[str, Any], keys: dict[str, Key]) -> Iterator[str]:
    for name, key in keys.items():
        if key.required and name not in found:
            yield f"{where}.{name}: is missing"
    for name, value in found.items():
        if name not in keys:
            yield f"{where}.{name}: no such key"
            continue
        yield from _value_faults(f"{where}.{name}", value, keys[name])


def _value_faults(where: str, value: Any, key: Key) -> Iterator[str]:
    # In Python a truth value is a number; for Apple it is not.
    if type(value) is not key.type:
        yield f"{where}: is {type(value).__name__}, not {key.type.__name__}"
        return
    if value in ("", []):
        yield f"{where}: is empty"
    if key.values and value not in key.values:
        yield f"{where}: {value!r} is not among the values"
    if key.deprecated:
        yield f"{where}: is deprecated"
    if key.is_password:
        yield f"{where}: a password, and the profile is not encrypted"
    if where.endswith("PayloadUUID") and not UUID.fullmatch(value):
        yield f"{where}: is no UUID of version 5"
    if where.endswith("PayloadIdentifier") and not IDENTIFIER.fullmatch(value):
        yield f"{where}: is no name in reverse DNS style"
    if key.keys is not None:
        for inner in value if key.type is list else [value]:
            yield from _key_faults(where, inner, key.keys)


def _consent_faults(consent: dict[str, Any]) -> Iterator[str]:
    if "default" not in consent:
        yield "ConsentText: has no default"
    for language, text in consent.items():
        if not LANGUAGE.fullmatch(language) or not isinstance(text, str) or not text:
            yield f"ConsentText.{language}: is no text in a language"


def _outgoing_faults(name: str, payload: dict[str, Any]) -> Iterator[str]:
    """What Apple makes of an outgoing server that is not described in full is never right."""
    if name != "com.apple.mail.managed":
        return
    for key in ("HostName", "PortNumber", "UseSSL", "Username", "Authentication"):
        for direction in ("Incoming", "Outgoing"):
            if f"{direction}MailServer{key}" not in payload:
                yield f"{name}.{direction}MailServer{key}: is left to the device"
    if "OutgoingPasswordSameAsIncomingPassword" not in payload:
        yield f"{name}: the password may be asked for twice"


def _uniqueness_faults(profile: dict[str, Any], payloads: list[dict[str, Any]]) -> Iterator[str]:
    everything = [profile, *payloads]
    for key in ("PayloadUUID", "PayloadIdentifier", "PayloadDisplayName"):
        yield from (f"{key}: {value} comes twice" for value in _twice(one.get(key) for one in everything))
    # iOS takes accounts that are described alike for one and the same.
    described = [
        value for one in payloads for key, value in one.items() if key.endswith("AccountDescription")
    ]
    yield from (f"AccountDescription: {value} comes twice" for value in _twice(described))


def _twice(values: Iterable[Any]) -> list[Any]:
    return [value for value, times in Counter(values).items() if times > 1]


def _double_account_faults(payloads: list[dict[str, Any]]) -> Iterator[str]:
    for platform in ("iOS", "macOS", "visionOS"):
        mailboxes = [
            payload["PayloadType"]
            for payload in payloads
            if payload.get("PayloadType") in MAILBOXES
            and platform in PAYLOADS[payload["PayloadType"]].platforms
        ]
        if len(mailboxes) > 1:
            yield f"{platform}: the mailbox comes more than once: {', '.join(mailboxes)}"
