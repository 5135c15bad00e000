"""The requests that are answered the short way: how they are read, and how they are written for templates.

Only what clients usually send, in letters that mean the same everywhere: no percent-encoding but that of
the ``@``, no capital letters in domains, no further fields. What is read here must be read alike by the
formats, which a template's making proves for each kind.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from app.core.profile_texts import TEXTS, choose_language
from app.core.questions import preferred_languages
from app.renderers import FORMATS_BY_NAME
from app.serving.templates import Asking, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableMapping
    from typing import TypeAlias

    from app.serving.fitness import Fitness

    Scope: TypeAlias = "MutableMapping[str, Any]"
    Headers: TypeAlias = "Iterable[tuple[bytes, bytes]]"
    Asked: TypeAlias = "tuple[Form, bytes, bytes]"
    Reader: TypeAlias = "Callable[[Scope], Asked | None]"

_LOCAL: Final = r"([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)"
_DOMAIN: Final = r"([a-z0-9-]+(?:\.[a-z0-9-]+)+)"
_ADDRESS: Final = rf"{_LOCAL}(?:@|%40){_DOMAIN}"
# With what Evolution and Outlook add, which counts for nothing.
_AUTOCONFIG: Final = re.compile(rf"emailaddress={_ADDRESS}(?:&emailmd5=[0-9a-f]{{0,32}})?".encode())
_JSON: Final = re.compile(
    rf"(?i:email)={_ADDRESS}&(?i:protocol)=([A-Za-z0-9]{{1,20}})(?:&(?i:redirectcount)=[0-9]{{0,3}})?".encode()
)
_PROTOCOL: Final = re.compile(rb"(?i:protocol)=([A-Za-z0-9]{1,20})(?:&(?i:redirectcount)=[0-9]{0,3})?")
_PROFILE: Final = re.compile(rf"email(?:address)?={_ADDRESS}".encode())
_HOST: Final = re.compile(
    rf"((?:(?:autoconfig|autodiscover|ua-auto-config)\.)?{_DOMAIN})(?::[0-9]{{1,5}})?".encode()
)
_JSON_PATH: Final = re.compile(rf"(?i:/autodiscover/autodiscover\.json/v1\.0/){_LOCAL}@{_DOMAIN}")
_PROFILE_PATH: Final = re.compile(rf"/apple/{_LOCAL}@{_DOMAIN}\.mobileconfig")
_FULL_PATH: Final = re.compile(rf"(?:/autoconfig)?/v1\.1/{_DOMAIN}")
_SCHEMAS: Final = "http://schemas.microsoft.com/exchange/autodiscover"
# XML's white space, and of a declaration what the ordinary way, too, drops unread.
_SPACE: Final = r"[ \t\r\n]*"
_DECLARATION: Final = rf"(?:{_SPACE}<\?xml\s[^<>\x80-\xff]*\?>)?"
_ACCEPTED: Final = (
    rf"<AcceptableResponseSchema>{_SPACE}{re.escape(_SCHEMAS)}/(outlook|mobilesync)/responseschema/2006a?{_SPACE}"
    r"</AcceptableResponseSchema>"
)
_MAIL: Final = rf"<EMailAddress>{_SPACE}{_LOCAL}@{_DOMAIN}{_SPACE}</EMailAddress>"
_POX: Final = re.compile(
    rf"{_DECLARATION}{_SPACE}<Autodiscover[ \t\r\n]+"
    rf'xmlns="{re.escape(_SCHEMAS)}/(?:outlook|mobilesync)/requestschema/2006"{_SPACE}>{_SPACE}'
    rf"<Request>{_SPACE}(?:{_MAIL}{_SPACE}{_ACCEPTED}|{_ACCEPTED}{_SPACE}{_MAIL}){_SPACE}</Request>{_SPACE}"
    rf"</Autodiscover>{_SPACE}".encode()
)
# Evolution's name for anybody, which is answered as the domain is.
_ANYBODY: Final = b"EVOLUTIONUSER"
_NO_LOCAL: Final = b""
_MAX_LANGUAGES: Final = 256
_PROTOCOLS: Final = ("autodiscoverv1", "activesync", "ews")
_CAPABLE_HEADERS: Final = {"x-mapihttpcapability": "1", "x-clientcanhandle": "Negotiate,ExHttpInfo"}
_CAPABILITIES: Final = frozenset(name.encode() for name in _CAPABLE_HEADERS)

_AUTOCONFIG_PATHS: Final = (
    "/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml", "/.well-known/mail-v1.xml",
)  # fmt: skip
_PACC_PATHS: Final = (
    "/.well-known/user-agent-configuration.json", "/.well-known/user-agent-configuration",
)  # fmt: skip
_JSON_PATHS: Final = ("/autodiscover/autodiscover.json", "/Autodiscover/Autodiscover.json")
_PROFILE_PATHS: Final = ("/mobileconfig", "/mobileconfig/", "/email.mobileconfig")
POX_PATHS: Final = frozenset({
    "/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.xml",
})  # fmt: skip


class Form:
    """One kind of request, each of whose documents one template writes."""

    __slots__ = ("asking", "asks_host", "is_fit", "is_signable", "name")

    def __init__(self, asking: Asking, is_fit: Callable[[Fitness], bool], *, asks_host: bool = False) -> None:
        """Take how a document is asked for, and which domains' it can be."""
        self.asking = asking
        self.name = asking.client_format.name
        self.is_fit = is_fit
        self.asks_host = asks_host
        """Whether the host that was asked may help where the domain is unknown."""
        self.is_signable = asking.client_format.is_signable


class Forms:
    """Reads requests of the formats at this service."""

    def __init__(self, service_url: str) -> None:
        """Take the service's address."""
        self._url = service_url
        self._autoconfig = self._host_form("autoconfig", Wording(query="emailaddress={local}@{domain}"))
        at_host = Wording(host="autoconfig.{domain}", has_address=False)
        self._of_domain = self._host_form("autoconfig", at_host)
        self._pacc = self._host_form("pacc", Wording(host="ua-auto-config.{domain}", has_address=False))
        path = Wording(path_parameters={"domain": "{domain}"}, has_address=False)
        self._full = self._form("autoconfig-full", path, lambda fitness: not fitness.lists_domains)
        self._pox = {schema.encode(): self._pox_forms(schema) for schema in ("outlook", "mobilesync")}
        self._profiles = {language: self._profile_form(language) for language in TEXTS}
        self._services = {word.encode(): self._json_form(word) for word in _PROTOCOLS}
        self._language = lru_cache(_MAX_LANGUAGES)(_choose_language)
        self._by_path: dict[str, Reader] = dict.fromkeys(_AUTOCONFIG_PATHS, self._read_autoconfig)
        self._by_path |= dict.fromkeys(_PACC_PATHS, self._read_pacc)
        self._by_prefix: dict[str, Reader] = {"/v1.1/": self._read_full, "/autoconfig/v1.1/": self._read_full}
        # A service that does not know itself by https says where it was asked.
        if service_url.startswith("https://"):
            self._by_path |= dict.fromkeys(_JSON_PATHS, self._read_json)
            self._by_prefix |= {f"{path}/v1.0/": self._read_json_path for path in _JSON_PATHS}
        self._by_path |= dict.fromkeys(_PROFILE_PATHS, self._read_profile)
        self._by_prefix["/apple/"] = self._read_profile_path
        self._prefixes = tuple(self._by_prefix)

    def find_reader(self, path: str) -> Reader | None:
        """Return what reads requests for a path; None where none is answered the short way."""
        reader = self._by_path.get(path)
        if reader is None and path.startswith(self._prefixes):
            reader = next(found for prefix, found in self._by_prefix.items() if path.startswith(prefix))
        return reader

    def read_pox(self, body: bytes, headers: Headers) -> Asked | None:
        """Read what is posted for Outlook's document, or ActiveSync's."""
        found = _POX.fullmatch(body)
        if found is None:
            return None
        local, domain, schema, other_schema, other_local, other_domain = found.groups()
        is_capable = any(name in _CAPABILITIES for name, _ in headers)
        return self._pox[schema or other_schema][is_capable], local or other_local, domain or other_domain

    def _read_autoconfig(self, scope: Scope) -> Asked | None:
        host = _host_of_unconditional(scope["headers"])
        if host is None:
            return None
        query = scope["query_string"]
        if not query:
            return _at_host(self._of_domain, host)
        found = _AUTOCONFIG.fullmatch(query)
        if found is None:
            return None
        local, domain = found.groups()
        if local == _ANYBODY:
            return self._of_domain, _NO_LOCAL, domain
        return self._autoconfig, local, domain

    def _read_pacc(self, scope: Scope) -> Asked | None:
        host = _host_of_unconditional(scope["headers"])
        return None if host is None or scope["query_string"] else _at_host(self._pacc, host)

    def _read_full(self, scope: Scope) -> Asked | None:
        found = _FULL_PATH.fullmatch(scope["path"])
        if found is None or _host_of_unconditional(scope["headers"]) is None:
            return None
        return self._full, _NO_LOCAL, found[1].encode()

    def _read_json(self, scope: Scope) -> Asked | None:
        found = _JSON.fullmatch(scope["query_string"])
        if found is None:
            return None
        form = self._services.get(found[3].lower())
        return None if form is None else (form, found[1], found[2])

    def _read_json_path(self, scope: Scope) -> Asked | None:
        found, place = _PROTOCOL.fullmatch(scope["query_string"]), _JSON_PATH.fullmatch(scope["path"])
        if found is None or place is None:
            return None
        form = self._services.get(found[1].lower())
        return None if form is None else (form, place[1].encode(), place[2].encode())

    def _read_profile(self, scope: Scope) -> Asked | None:
        found = _PROFILE.fullmatch(scope["query_string"])
        if found is None:
            return None
        return self._profiles[self._language(_accepted(scope["headers"]))], found[1], found[2]

    def _read_profile_path(self, scope: Scope) -> Asked | None:
        place = _PROFILE_PATH.fullmatch(scope["path"])
        if place is None or scope["query_string"]:
            return None
        form = self._profiles[self._language(_accepted(scope["headers"]))]
        return form, place[1].encode(), place[2].encode()

    def _profile_form(self, language: str) -> Form:
        headers = {"accept-language": language}
        return self._form("mobileconfig", Wording(query="emailaddress={local}@{domain}", headers=headers))

    def _json_form(self, protocol: str) -> Form:
        query = f"Email={{local}}@{{domain}}&Protocol={protocol}"
        return self._form("autodiscover-json", Wording(query=query), _leads_nowhere)

    def _pox_forms(self, schema: str) -> tuple[Form, Form]:
        """Return the forms for clients that say nothing of what they can, and for those that do."""
        body = (
            f'<Autodiscover xmlns="{_SCHEMAS}/{schema}/requestschema/2006"><Request>'
            "<EMailAddress>{local}@{domain}</EMailAddress>"
            f"<AcceptableResponseSchema>{_SCHEMAS}/{schema}/responseschema/2006</AcceptableResponseSchema>"
            "</Request></Autodiscover>"
        )
        plain, capable = (
            Wording(method="POST", body=body, headers=headers) for headers in ({}, _CAPABLE_HEADERS)
        )
        return (
            self._form("autodiscover", plain, _leads_nowhere),
            self._form("autodiscover", capable, lambda fitness: not fitness.has_exchange),
        )

    def _form(self, name: str, wording: Wording, is_fit: Callable[[Fitness], bool] = lambda _: True) -> Form:
        return Form(Asking(FORMATS_BY_NAME[name], wording, self._url), is_fit)

    def _host_form(self, name: str, wording: Wording) -> Form:
        return Form(Asking(FORMATS_BY_NAME[name], wording, self._url), lambda _: True, asks_host=True)


def _leads_nowhere(fitness: Fitness) -> bool:
    return not fitness.leads_elsewhere


def _choose_language(accepted: bytes) -> str:
    return choose_language(preferred_languages(accepted.decode("latin-1")))


def _accepted(headers: Headers) -> bytes:
    # Of equal names the last, as the ordinary way has it.
    found = b""
    for name, value in headers:
        if name == b"accept-language":
            found = value
    return found


def _host_of_unconditional(headers: Headers) -> bytes | None:
    """Return the host; None for a request that need not be answered with a document."""
    host = b""
    for name, value in headers:
        if name == b"if-none-match":
            return None
        if name == b"host" and not host:
            host = value
    return host


def _at_host(form: Form, host: bytes) -> Asked | None:
    found = _HOST.fullmatch(host)
    return None if found is None else (form, _NO_LOCAL, found[2])


def name_beside(scope: Scope) -> bytes | None:
    """Return the name that the host stands for, where the domain that was asked for is unknown.

    Returns:
        With an address the domain whose mail exchangers may serve others; else the host's whole name.
        None for a host that is not read the short way.
    """
    found = _HOST.fullmatch(_host_of_unconditional(scope["headers"]) or b"")
    if found is None:
        return None
    return found[2] if scope["query_string"] else found[1]
