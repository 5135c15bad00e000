"""What setup instructions claim about an account's servers, read from their JSON with nothing of ours.

Fields are read with their values; lines for configuration files as the programs read them.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from contracts.claims import Claim, at_url, filled

if TYPE_CHECKING:
    from collections.abc import Iterator

ANY_SECURITY = frozenset({"tls", "starttls", "plain"})
MUTT_LINE = re.compile(r'set (\w+) = (?:"((?:[^"\\]|\\.)*)"|(\S+))')
MBSYNC_LINE = re.compile(r'(\w+) (?:"((?:[^"\\]|\\.)*)"|(.*))')
FETCHMAIL = re.compile(
    r'poll (\S+) protocol (\S+) port (\d+)(?: auth (\S+))?\n  user "((?:[^"\\]|\\.)*)"\n(.*)', re.DOTALL
)


@dataclass(frozen=True)
class Instructed:
    """What a way tells a person of a server."""

    way: str
    server: str | None
    """The server's key; None in configuration files, which have none."""
    claim: Claim


def instructed(body: bytes, address: str) -> list[Instructed]:
    """Read all that is told of servers."""
    return [
        found
        for way in json.loads(body)["ways"]
        for found in (*told_by_fields(way, address), *told_by_snippets(way, address))
    ]


def told_by_fields(way: dict[str, Any], address: str) -> Iterator[Instructed]:
    values: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    for step in way["steps"]:
        for entry in step["entries"]:
            if entry["server"] is None:
                continue
            found = values[entry["service"], entry["server"]]
            assert found.setdefault(entry["kind"], entry["value"]) == entry["value"], "told in two ways"
            place, _, port = entry["text"].rpartition(":")
            if entry["kind"] == "hostname" and place == entry["value"]:
                assert found.setdefault("port", int(port)) == int(port), "told in two ways"
    for (service, server), found in values.items():
        # Where a program has found the servers, a login may be all that is left to be told.
        assert "hostname" in found or "url" in found or way["kind"] == "automatic"
        yield Instructed(way["title"], server, claim_of(service, found, address))


def claim_of(service: str, values: dict[str, Any], address: str) -> Claim:
    login = filled(values["username"], address) if "username" in values else None
    method = values.get("authentication")
    methods = None if method is None else (method,)
    if "url" in values:
        return at_url(service, filled(values["url"], address, in_url=True), login, methods)
    is_login_alone = "hostname" not in values
    is_open = is_login_alone or service == "activesync"
    return Claim(
        service=service,
        host=None if is_login_alone else filled(values["hostname"], address),
        port=None if is_open else values["port"],
        security=ANY_SECURITY if is_open else frozenset({values["socket-type"]}),
        login=None if login is None else frozenset({login}),
        methods=methods,
    )


def told_by_snippets(way: dict[str, Any], address: str) -> Iterator[Instructed]:
    for step in way["steps"]:
        snippet = step["snippet"]
        if snippet is None:
            continue
        reader = mbsync if snippet.startswith("IMAPAccount") else fetchmail
        if not snippet.startswith(("IMAPAccount", "poll ")):
            reader = mutt
        for claim in reader(snippet, address):
            yield Instructed(way["title"], None, claim)


def unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def mutt(snippet: str, address: str) -> Iterator[Claim]:
    matches = [MUTT_LINE.fullmatch(line) for line in snippet.split("\n")]
    assert all(matches), snippet
    settings = {found[1]: unquoted(found[2] or "") or found[3] for found in matches if found}
    for name, service in (("folder", "imap"), ("pop_host", "pop3"), ("smtp_url", "smtp")):
        if name not in settings:
            continue
        url = urlsplit(settings[name])
        login = (
            # A person fills in what is there to be seen, and the program decodes it afterwards.
            unquote(filled(url.username or "", address, in_url=True))
            if service == "smtp"
            else filled(settings[f"{service[:4].rstrip('3')}_user"], address)
        )
        upgraded = {"starttls", "plain"} if settings.get("ssl_starttls") == "yes" else {"plain"}
        yield Claim(
            service=service,
            host=filled(url.hostname or "", address),
            port=url.port,
            security=frozenset({"tls"} if url.scheme.endswith("s") else upgraded),
            login=frozenset({login}) if login else None,
            methods=None,
        )


def mbsync(snippet: str, address: str) -> Iterator[Claim]:
    matches = [MBSYNC_LINE.fullmatch(line) for line in snippet.split("\n\n", maxsplit=1)[0].split("\n")]
    assert all(matches), snippet
    settings = {found[1]: unquoted(found[2] or "") or found[3] for found in matches if found}
    yield Claim(
        service="imap",
        host=filled(settings["Host"], address),
        port=int(settings["Port"]),
        security=frozenset({{"IMAPS": "tls", "STARTTLS": "starttls", "None": "plain"}[settings["TLSType"]]}),
        login=frozenset({filled(settings["User"], address)}),
        methods=None,
    )


def fetchmail(snippet: str, address: str) -> Iterator[Claim]:
    found = FETCHMAIL.fullmatch(snippet)
    assert found, snippet
    options = found[6].split("\n")
    security = "tls" if "  ssl" in options else "starttls" if "  sslproto auto" in options else "plain"
    assert ("  sslcertck" in options) is (security != "plain")
    yield Claim(
        service=found[2],
        host=filled(found[1], address),
        port=int(found[3]),
        security=frozenset({security}),
        login=frozenset({filled(unquoted(found[5]), address)}),
        methods=None,
    )
