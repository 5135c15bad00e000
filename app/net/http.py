"""One request of HTTP/1.1 on a connection that is there, and the header of its answer (RFC 9110, RFC 9112).

Probes read no bodies: what they ask is whether a service is there and how one logs in to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from app.core.errors import InvalidInput
from app.core.names import Hostname
from app.core.observations import FailureReason
from app.net.failures import ConversationError, as_word, shown
from app.net.lines import Lines

if TYPE_CHECKING:
    from app.net.streams import Stream

_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: .*)?")
_HEADER: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)")
_FOLDED: Final = (b" ", b"\t")
# One without an end is found too, and left: the next quote in it is no start to look from once more.
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*+("?)')
_SCHEME: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?=$|[ \t]+[^ \t=])")
_FINAL: Final = 200
_MAX_INTERIM: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebTarget:
    """A URL taken apart."""

    scheme: str
    hostname: str
    """In lower-case A-label form, or an address without brackets."""
    port: int
    path: str
    """With the query, and a slash at least."""

    @property
    def authority(self) -> str:
        """Return host and port as URLs and the Host header have them."""
        host = f"[{self.hostname}]" if ":" in self.hostname else self.hostname
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Return the URL."""
        return f"{self.scheme}://{self.authority}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest:
    """What is asked of a target."""

    method: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class WebResponse:
    """The header of an answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in the order in which they came."""

    def header(self, name: str) -> str | None:
        """Return a header's values as one (RFC 9110 §5.3)."""
        values = [value for header, value in self.headers if header == name]
        return ", ".join(values) if values else None

    @property
    def location(self) -> str | None:
        """Return where the answer leads, if it leads anywhere."""
        return self.header("location") if self.status in _REDIRECTS else None

    @property
    def media_type(self) -> str:
        """Return the media type in lower case, without parameters; empty where none is named."""
        return shown((self.header("content-type") or "").partition(";")[0].strip().lower())


async def exchange(stream: Stream, target: WebTarget, request: WebRequest) -> WebResponse:
    """Send a request and read the answer's header.

    Raises:
        ConversationError: When there is none.
    """
    return (await send_request(stream, target, request))[0]


async def send_request(stream: Stream, target: WebTarget, request: WebRequest) -> tuple[WebResponse, Lines]:
    """Send a request and read the answer's header; what follows can be read from the lines.

    Raises:
        ConversationError: When there is none.
    """
    headers = [("Host", target.authority), *request.headers, ("Connection", "close")]
    if request.body:
        headers.append(("Content-Length", str(len(request.body))))
    lines = [f"{request.method} {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    await stream.send("".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii") + request.body)
    reader = Lines(stream)
    for _ in range(_MAX_INTERIM):
        response = await _read_response(reader)
        if response.status >= _FINAL:
            return response, reader
    raise ConversationError(FailureReason.TOO_LONG, "sends interim answers without an end")


async def _read_response(reader: Lines) -> WebResponse:
    line = await reader.read()
    status = _STATUS.fullmatch(line)
    if status is None:
        raise ConversationError(FailureReason.WRONG_PROTOCOL, shown(line))
    headers: list[tuple[str, str]] = []
    while line := await reader.read():
        if line.startswith(_FOLDED) and headers:
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip().decode('latin-1')}")
            continue
        header = _HEADER.fullmatch(line)
        if header is None:
            raise ConversationError(FailureReason.WRONG_PROTOCOL, shown(line))
        headers.append((header[1].decode("ascii").lower(), header[2].strip(b" \t").decode("latin-1")))
    return WebResponse(int(status[1]), tuple(headers))


def find_redirect(target: WebTarget, location: str) -> WebTarget | None:
    """Return where a redirect leads; None where that is no URL of the web.

    A user name or password in it is left out: nothing that a server says makes us send credentials.
    """
    try:
        return target_of(urljoin(target.url, location.strip()))
    except ValueError:
        return None


def target_of(url: str) -> WebTarget | None:
    """Take a URL apart; None where it is none of the web, its user name left out."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    hostname = _hostname(parts)
    if parts.scheme not in _PORTS or hostname is None or port == 0:
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.startswith("/") or not re.fullmatch(r"[!-~]+", path):
        return None
    return WebTarget(scheme=parts.scheme, hostname=hostname, port=port or _PORTS[parts.scheme], path=path)


def _hostname(parts: SplitResult) -> str | None:
    host = parts.hostname or ""
    # Of what stands in brackets urlsplit also takes addresses of versions to come (RFC 3986 §3.2.2).
    if ":" in host or "[" in parts.netloc.rpartition("@")[2]:
        return host if _is_ipv6_address(host) else None
    try:
        return Hostname.parse(host).ascii
    except InvalidInput:
        return None


def _is_ipv6_address(text: str) -> bool:
    """Tell whether a text is an address that other hosts may name: a scope id means something here alone."""
    try:
        return IPv6Address(text).scope_id is None
    except AddressValueError:
        return False


def schemes_of(challenges: str | None) -> frozenset[str]:
    """Return the schemes of WWW-Authenticate in upper case; commas part challenges and parameters alike."""
    parts = _QUOTED.sub(lambda found: '""' if found[1] else found[0], challenges or "").split(",")
    found = (_SCHEME.match(part.strip()) for part in parts)
    return frozenset(as_word(scheme[1]) for scheme in found if scheme is not None)
