"""What web servers are told, so that they hand out the files of a static export as the service would.

A file is taken only for a request whose meaning is plain: all others go on to the service, which gives the
same answer where there is one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from app.core.replies import MAX_AGE_SECONDS, UNKNOWN
from app.renderers import FORMATS
from app.services.static_documents import AUTOCONFIG_FORMAT, NAME_VARIABLE, PACC_FORMAT, Layout
from app.services.well_known import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.documents import ClientFormat

MTA_STS_PATH: Final = "/.well-known/mta-sts.txt"
# The folder's name is the last two characters of the first label.
_LABEL: Final = "[a-z0-9-]*?"
_SHARD: Final = "[a-z0-9-]{1,2}"
_REST: Final = r"(?:\.[a-z0-9-]+)+"
# What clients send: no percent sign but that of the @, so that nothing is read in two ways.
_LOCAL: Final = r"[A-Za-z0-9._-]{1,64}"
_SUFFIX: Final = "(?:&emailmd5=[0-9a-f]{0,32})?"
_CACHED: Final = f"public, max-age={MAX_AGE_SECONDS}"
_CORS: Final = {"Access-Control-Allow-Origin": "*"}
_SERVICE_HOSTS: Final = r"(?:autoconfig\.|autodiscover\.|ua-auto-config\.)?"


class Rest(StrEnum):
    """What becomes of the requests that no file answers."""

    PROXY = "proxy"
    """The web server asks the service, and hands on what it says."""
    REDIRECT = "redirect"
    """Clients are sent to the service's own address."""
    NONE = "none"
    """They are answered with 404."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the rules are for."""

    files: str
    """The folder of the files."""
    layout: Layout
    rest: Rest
    upstream: str
    """Where the service listens: ``HOST:PORT``."""
    service_url: str
    """Where clients reach it."""


def write_rules(site: Site) -> dict[str, str]:
    """Return files of rules by name."""
    rules = {
        "nginx-http.conf": _nginx_http(),
        "nginx-server.conf": "\n".join(_nginx_server(site)) + "\n",
    }
    # Caddy has templates of another kind, and knows no ETag with them.
    return {**rules, "Caddyfile": "\n".join(_caddy(site)) + "\n"} if site.layout is Layout.FILES else rules


def _domain(shard: str, name: str, syntax: str = "?") -> str:
    """Return an expression for a domain, with named groups of one of the two syntaxes."""
    return f"({syntax}<{name}>{_LABEL}({syntax}<{shard}>{_SHARD}){_REST})"


def _paths(*paths: str) -> str:
    return "|".join(re.escape(path).replace("\\-", "-") for path in paths)


def _places(*formats: ClientFormat) -> str:
    """Return an expression for where formats are asked for, with the letters' case where it counts."""
    return "|".join(
        f"(?i:{_paths(endpoint.path)})" if endpoint.is_any_case else _paths(endpoint.path)
        for client_format in formats
        for endpoint in client_format.endpoints
    )


_AUTOCONFIG_PATHS: Final = tuple(endpoint.path for endpoint in AUTOCONFIG_FORMAT.endpoints)
_PACC_PATHS: Final = tuple(endpoint.path for endpoint in PACC_FORMAT.endpoints)
_DAV_AND_JMAP_PATHS: Final = tuple(f"/.well-known/{name}" for name in SERVICES)


def _other_places() -> str:
    """Return an expression for the beginnings of all other paths of clients; they count in any case."""
    return f"{_paths(*_other_formats())}|(?:{_paths(*_DAV_AND_JMAP_PATHS)})$"


def _other_formats() -> tuple[str, ...]:
    paths = {
        endpoint.path.partition("{")[0].lower()
        for client_format in FORMATS
        if client_format not in (AUTOCONFIG_FORMAT, PACC_FORMAT)
        for endpoint in client_format.endpoints
    }
    return tuple(sorted(path for path in paths if not path.startswith(tuple(paths - {path}))))


def _nginx_http() -> str:
    by_address = f"^emailaddress={_LOCAL}(?:@|%40){_domain('signpost_as', 'signpost_ad')}{_SUFFIX}$"
    by_host = f"^{_SERVICE_HOSTS}{_domain('signpost_hs', 'signpost_hd')}$"
    policy_host = rf"^mta-sts\.{_domain('signpost_ms', 'signpost_md')}$"
    return f"""\
# Written by `signpost export static`; for the http block. Where a request's files are, or nothing.
map $host $signpost_by_host {{
    "~{by_host}" $signpost_hs/$signpost_hd;
    default "";
}}
map $args $signpost_by_address {{
    "~{by_address}" $signpost_as/$signpost_ad;
    default "";
}}
# With an address the address decides, without a query the host; all else is for the service to read.
map $args $signpost_domain {{
    "" $signpost_by_host;
    default "";
}}
map $args $signpost_anybody {{
    "" $signpost_by_host;
    default $signpost_by_address;
}}
map $host $signpost_policy {{
    "~{policy_host}" $signpost_ms/$signpost_md;
    default "";
}}
map $args ${NAME_VARIABLE} {{
    "" $signpost_hd;
    default $signpost_ad;
}}
{_nginx_targets()}"""


def _nginx_targets() -> str:
    return f"""\
# Where clients are sent on to: at the service's own host, the host says nothing of the domain.
map $host $signpost_asked {{
    "~^{_SERVICE_HOSTS}(?<signpost_qd>[a-z0-9-]+{_REST})$" "?domain=$signpost_qd";
    default "";
}}
map "$uri?$args" $signpost_query {{
    "~^(?:{_places(AUTOCONFIG_FORMAT, PACC_FORMAT)}|{_paths(*_DAV_AND_JMAP_PATHS)})\\?$" $signpost_asked;
    default "";
}}
map $signpost_query $signpost_target {{
    "" $request_uri;
    default $uri$signpost_query;
}}"""


def _nginx_server(site: Site) -> Iterator[str]:
    cors = 'add_header Access-Control-Allow-Origin "*";'
    yield "# Written by `signpost export static`; for server blocks, with nginx-http.conf in the http block."
    yield from _nginx_location(
        site,
        f"~ ^(?:{_places(AUTOCONFIG_FORMAT)})$",
        ("/anybody/$signpost_anybody.xml", "/domain/$signpost_domain.xml"),
        AUTOCONFIG_FORMAT.media_type,
        (f'add_header Cache-Control "{_CACHED}";', cors),
    )
    yield from _nginx_location(
        site,
        f"~ ^(?:{_places(PACC_FORMAT)})$",
        ("/pacc/$signpost_domain.json",),
        PACC_FORMAT.media_type,
        # Clients compare the bytes with a digest in DNS.
        (f'add_header Cache-Control "{_CACHED}, no-transform";', cors, "gzip off;"),
    )
    yield from _nginx_location(
        site,
        f"= {MTA_STS_PATH}",
        ("/mta-sts/$signpost_policy.txt",),
        "text/plain",
        ('add_header Cache-Control "no-store";', "etag off;", 'add_header Last-Modified "";'),
    )
    yield f"location ~* ^(?:{_other_places()}) {{"
    yield "    try_files /.none @signpost;"
    yield "}"
    yield "location @signpost {"
    yield from (f"    {line}" for line in _nginx_rest(site))
    yield "}"


def _nginx_location(
    site: Site, place: str, files: tuple[str, ...], media_type: str, fields: tuple[str, ...]
) -> Iterator[str]:
    yield f"location {place} {{"
    yield f'    root "{site.files}";'
    yield "    types {}"
    yield f'    default_type "{media_type}";'
    yield '    add_header X-Content-Type-Options "nosniff";'
    yield from (f"    {line}" for line in fields)
    if site.layout is Layout.NGINX:
        yield "    ssi on;"
        yield "    ssi_types *;"
        yield "    ssi_last_modified on;"
    yield f"    try_files {' '.join(files)} @signpost;"
    yield "}"


def _nginx_rest(site: Site) -> Iterator[str]:
    unknown = f'return 404 "{UNKNOWN}\\n";'
    if site.rest is Rest.PROXY:
        yield f"proxy_pass http://{site.upstream};"
        yield "proxy_http_version 1.1;"
        yield 'proxy_set_header Connection "";'
        yield "proxy_set_header Host $host;"
        yield "proxy_set_header X-Forwarded-Host $host;"
        yield "proxy_set_header X-Forwarded-Proto $scheme;"
        yield "proxy_set_header X-Forwarded-For $remote_addr;"
        return
    yield "default_type text/plain;"
    if site.rest is Rest.NONE:
        yield unknown
        return
    # Senders of mail follow no redirect (RFC 8461 §3.3).
    yield f"if ($uri = {MTA_STS_PATH}) {{ {unknown} }}"
    # 307 keeps the method; who looks for Autodiscover with GET knows 302 alone.
    yield "set $signpost_status 307;"
    yield "if ($request_method = GET) { set $signpost_status 302; }"
    yield "if ($request_method = HEAD) { set $signpost_status 302; }"
    yield f"if ($signpost_status = 302) {{ return 302 {site.service_url}$signpost_target; }}"
    yield f"return 307 {site.service_url}$signpost_target;"


def _caddy(site: Site) -> Iterator[str]:
    """Write a snippet that is imported into sites, and answers what it can."""
    yield "# Written by `signpost export static`: `import` this file, and `import signpost_static` in sites."
    yield from _block(
        "(signpost_static)",
        f"@autoconfig path {' '.join(_AUTOCONFIG_PATHS)}",
        *_caddy_route(site, "autoconfig", _caddy_autoconfig()),
        f"@pacc path {' '.join(_PACC_PATHS)}",
        *_caddy_route(site, "pacc", _caddy_pacc()),
        f"@policies path {MTA_STS_PATH}",
        *_caddy_route(site, "policies", _caddy_policies()),
        f'@services path_regexp "(?i)^(?:{_other_places()})"',
        *_block("route @services", *_caddy_rest(site)),
    )


def _caddy_route(site: Site, name: str, lines: Iterator[str]) -> Iterator[str]:
    return _block(f"route @{name}", f'root * "{site.files}"', *lines, *_caddy_rest(site))


def _caddy_autoconfig() -> Iterator[str]:
    fields = {"Content-Type": AUTOCONFIG_FORMAT.media_type, "Cache-Control": _CACHED, **_CORS}
    yield _vars("address", "query", f"^emailaddress={_LOCAL}(?:@|%40){_caddy_domain()}{_SUFFIX}$")
    yield from _block("route @address", *_caddy_files("address", ("anybody",), "xml", fields))
    yield from _caddy_by_host(("anybody", "domain"), "xml", fields)


def _caddy_pacc() -> Iterator[str]:
    cached = f"{_CACHED}, no-transform"
    fields = {"Content-Type": PACC_FORMAT.media_type, "Cache-Control": cached, **_CORS}
    return _caddy_by_host(("pacc",), "json", fields)


def _caddy_policies() -> Iterator[str]:
    fields = {"Content-Type": "text/plain", "Cache-Control": "no-store", "-Etag": "", "-Last-Modified": ""}
    yield _vars("policy", "host", rf"^mta-sts\.{_caddy_domain()}$")
    yield from _block("route @policy", *_caddy_files("policy", ("mta-sts",), "txt", fields))


def _caddy_by_host(folders: tuple[str, ...], extension: str, fields: dict[str, str]) -> Iterator[str]:
    yield '@plain vars_regexp {query} "^$"'
    yield _vars("host", "host", f"^{_SERVICE_HOSTS}{_caddy_domain()}$")
    yield from _block(
        "route @plain", *_block("route @host", *_caddy_files("host", folders, extension, fields))
    )


def _caddy_domain() -> str:
    return _domain("shard", "name", "?P")


def _vars(name: str, variable: str, expression: str) -> str:
    return f'@{name} vars_regexp signpost_{name} {{{variable}}} "{expression}"'


def _caddy_files(
    found: str, folders: tuple[str, ...], extension: str, fields: dict[str, str]
) -> Iterator[str]:
    place = f"{{re.signpost_{found}.shard}}/{{re.signpost_{found}.name}}.{extension}"
    yield f"@file file {' '.join(f'/{folder}/{place}' for folder in folders)}"
    yield from _block(
        "route @file",
        "rewrite * {file_match.relative}",
        'header X-Content-Type-Options "nosniff"',
        *(f'header {name} "{value}"' if value else f"header {name}" for name, value in fields.items()),
        "file_server",
    )


def _caddy_rest(site: Site) -> Iterator[str]:
    unknown = f'"{UNKNOWN}" 404'
    if site.rest is Rest.PROXY:
        yield f"reverse_proxy {site.upstream}"
        return
    if site.rest is Rest.NONE:
        yield f"respond {unknown}"
        return
    # Senders of mail follow no redirect (RFC 8461 §3.3).
    yield f"respond {MTA_STS_PATH} {unknown}"
    # The service's own host says nothing of the domain.
    yield from _block(
        "@asking",
        f"path {' '.join((*_AUTOCONFIG_PATHS, *_PACC_PATHS, *_DAV_AND_JMAP_PATHS))}",
        'vars_regexp {query} "^$"',
        f'header_regexp signpost_asked Host "^{_SERVICE_HOSTS}([a-z0-9-]+{_REST})(?::[0-9]+)?$"',
    )
    yield "@reading method GET HEAD"
    # 307 keeps the method; who looks for Autodiscover with GET knows 302 alone.
    named = f"{site.service_url}{{path}}?domain={{re.signpost_asked.1}}"
    yield from _block("route @asking", f"redir @reading {named} 302", f"redir {named} 307")
    yield f"redir @reading {site.service_url}{{uri}} 302"
    yield f"redir {site.service_url}{{uri}} 307"


def _block(head: str, *lines: str) -> Iterator[str]:
    yield f"{head} {{"
    yield from (f"\t{line}" for line in lines)
    yield "}"
