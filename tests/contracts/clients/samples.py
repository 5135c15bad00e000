"""A minimal document, with one thing changed per case. Texts go in as they are, markup and all."""

from __future__ import annotations

from typing import Final

PORTS: Final = {"imap": "993", "pop3": "995", "smtp": "465"}


def section(kind: str, /, **changes: str | tuple[str, ...] | None) -> str:
    """Write a server section; None leaves an element out, a tuple writes it several times.

    ``attributes`` goes into the start tag and ``extra`` behind the elements.
    """
    element = "outgoingServer" if kind == "smtp" else "incomingServer"
    attributes, extra = changes.pop("attributes", ""), changes.pop("extra", "")
    fields: dict[str, str | tuple[str, ...] | None] = {
        "hostname": f"{kind}.provider.example",
        "port": PORTS.get(kind, "443"),
        "socketType": "SSL",
        "username": "%EMAILADDRESS%",
        "authentication": "password-cleartext",
        **changes,
    }
    leaves = [
        f"<{name}>{text}</{name}>"
        for name, texts in fields.items()
        if texts is not None
        for text in ((texts,) if isinstance(texts, str) else texts)
    ]
    return f'<{element} type="{kind}"{attributes}>{"".join(leaves)}{extra}</{element}>'


IMAP: Final = section("imap")
POP3: Final = section("pop3")
SMTP: Final = section("smtp")
ID: Final = ' id="provider.example"'
DOMAIN: Final = "<domain>customer.example</domain>"


def config(*sections: str, provider_id: str = ID, domain: str = DOMAIN, after: str = "") -> bytes:
    """Write a document; ``after`` stands behind the provider."""
    provider = f"<emailProvider{provider_id}>\n{domain}\n{chr(10).join(sections)}\n</emailProvider>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<clientConfig version="1.1">\n{provider}\n'
        f"{after}</clientConfig>\n"
    ).encode()
