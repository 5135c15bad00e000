"""What each format calls the methods that are stored, where it has words of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.claims import MAIL

if TYPE_CHECKING:
    from contracts.claims import Claim

OPEN = ("none", "client-ip-address", "smtp-after-pop")
PASSWORDS = ("password-cleartext", "password-encrypted")
HTTP = ("password-cleartext", "http-basic", "http-digest")

Words = dict[str, str]
POX_MAIL: Words = {
    **dict.fromkeys(PASSWORDS, "password"), **dict.fromkeys(("ntlm", "gssapi"), "secure"),
    **dict.fromkeys(OPEN, "open"),
}  # fmt: skip
POX_EXCHANGE: Words = {
    "http-basic": "basic", "password-cleartext": "basic", "ntlm": "ntlm", "gssapi": "kerb",
    "tls-client-cert": "certificate",
}  # fmt: skip
WEB_PAGE: Words = {
    "http-basic": "basic", "http-digest": "digest", "ntlm": "ntlm", "gssapi": "windowsintegrated",
    "password-cleartext": "fba", "oauth2": "fba",
}  # fmt: skip
APPLE_MAIL: Words = {
    "password-cleartext": "EmailAuthPassword", "password-encrypted": "EmailAuthCRAMMD5",
    "ntlm": "EmailAuthNTLM", "http-digest": "EmailAuthHTTPMD5", **dict.fromkeys(OPEN, "EmailAuthNone"),
}  # fmt: skip
APPLE_EXCHANGE: Words = {**dict.fromkeys((*HTTP, "ntlm"), "password"), "oauth2": "OAuth"}
PACC: Words = {**dict.fromkeys((*HTTP, "password-encrypted"), "password"), "oauth2": "oauth-public"}


def words_of(name: str, claim: Claim) -> Words | None:
    """Return the format's words for methods; None where they are the stored ones."""
    is_mail = claim.service in MAIL
    if name.startswith("autodiscover") and claim.service == "owa":
        return WEB_PAGE
    if name.startswith("autodiscover"):
        return POX_MAIL if is_mail else POX_EXCHANGE
    if name == "mobileconfig":
        return APPLE_MAIL if is_mail else APPLE_EXCHANGE
    return PACC if name == "pacc" else None


def said(name: str, claim: Claim, methods: tuple[str, ...]) -> list[str]:
    words = words_of(name, claim)
    return list(methods) if words is None else [words[method] for method in methods if method in words]
