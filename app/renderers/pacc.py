"""PACC: one JSON document for all users of a domain (draft-ietf-mailmaint-pacc).

The format names hosts and nothing else: TLS on the registered port and the mail address as login go
without saying. What is stored otherwise is left out. Clients compare the bytes with a digest in the
domain's DNS, so nothing here may depend on who asks, or when; docs/formats/pacc.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from app.core import placeholders
from app.core.account import Omission
from app.core.documents import NAME_RULES, ClientFormat, Document, Endpoint, Parameter, Presentation, Question
from app.core.errors import InvalidInput
from app.core.mail_choice import IMAP_MISSING, choose_mail, with_names
from app.core.names import DomainName, Hostname
from app.core.provider import MAX_SHORT_NAME
from app.core.questions import domains_of_host, query_fields
from app.core.replies import MAX_AGE_SECONDS, document_inquiry
from app.core.servers import Authentication, Direction, Server, ServerType, SocketType
from app.core.text import web_url

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.documents import ClientRequest, Inquiry, Reply
    from app.core.provider import OAuth2, Provider

MEDIA_TYPE: Final = "application/json"

# Draft -02 calls mail submission "smtp", -03 "submit"; readers of either ignore what they do not know.
_KEYS: Final = {
    ServerType.JMAP: ("jmap",),
    ServerType.IMAP: ("imap",),
    ServerType.POP3: ("pop3",),
    ServerType.SMTP: ("smtp", "submit"),
    ServerType.MANAGESIEVE: ("managesieve",),
    ServerType.CALDAV: ("caldav",),
    ServerType.CARDDAV: ("carddav",),
    ServerType.WEBDAV: ("webdav",),
}
_PORTS: Final = {
    ServerType.IMAP: 993,
    ServerType.POP3: 995,
    ServerType.SMTP: 465,
    ServerType.MANAGESIEVE: 4190,
}
_HTTPS_PORTS: Final = (None, 443)
_PASSWORDS: Final = frozenset({
    Authentication.PASSWORD_CLEARTEXT, Authentication.PASSWORD_ENCRYPTED,
    Authentication.HTTP_BASIC, Authentication.HTTP_DIGEST,
})  # fmt: skip
_PASSWORD: Final = "password"  # noqa: S105 - a key of the document
_OAUTH: Final = "oauth-public"
_LOGO_TYPES: Final = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
}
_DETAILS: Final = {
    "not-in-format": "The format has no place for servers of this type.",
    "further-server": "The format has room for one server of a type.",
    "not-implicit-tls": "Clients connect with TLS from the first byte; the format cannot say otherwise.",
    "other-port": "Clients take the protocol's registered port; the format cannot name another.",
    "not-https": "Clients take https only.",
    "per-user": "The document is one for all users, and the name or URL is another for each.",
    "login-not-address": "Clients log in with the mail address; the format cannot say otherwise.",
    "authentication-unknown": "The format knows passwords and, where the provider has an issuer, OAuth 2.",
    "authentication-differs": "The format says once for all servers how to log in.",
    IMAP_MISSING: "Beside it there is IMAP, which is left out; clients would fetch by POP3 for good.",
    "no-pair": "Mail needs a server to receive from and one to send through; the other one is left out.",
    "mail-missing": "A document without the domain's mail would keep clients from looking elsewhere.",
    "short-name-too-long": f"The short name is over {MAX_SHORT_NAME} characters.",
    "logo-type-unknown": "The logo's type is not to be seen from its URL's ending.",
    "issuer-unfit": "The OAuth 2 issuer is neither a host name nor an https URL without a query.",
}


def render_pacc(account: AccountSettings, _presentation: Presentation) -> Document:
    """Render the document of the account's domain; an address changes nothing in it.

    Returns:
        The document, and what was left out and why. It is not usable where mail servers are stored
        and no pair of them, nor a JMAP server, can be described.
    """
    domain = replace(account, address=None, login_address=None)
    selection = _Selection(domain)
    protocols = selection.protocols()
    document = {
        "protocols": protocols,
        "authentication": selection.authentication(),
        "info": selection.info(),
    }
    return Document(
        # Escapes throughout: no proxy that recodes text can change the digest.
        body=(json.dumps(document, indent=2) + "\n").encode("ascii"),
        media_type=MEDIA_TYPE,
        omissions=tuple(selection.omissions),
        is_usable=bool(protocols),
    )


@dataclass(slots=True)
class _Selection:
    """What can be said of an account, found out in the order of the document."""

    account: AccountSettings
    omissions: list[Omission] = field(init=False)
    issuer: str | None = field(init=False)
    announced: frozenset[str] = field(init=False, default=frozenset())
    """The ways to log in that the document names."""

    def __post_init__(self) -> None:
        self.omissions = list(self.account.withheld)
        self.issuer = _issuer_url(self.account.provider.oauth2)
        if self.issuer is None and self.account.provider.oauth2 is not None:
            self._omit(None, "issuer-unfit")

    def protocols(self) -> dict[str, dict[str, str]]:
        """Choose the servers, and with them the ways to log in."""
        chosen = self._chosen()
        self._drop_what_misleads(chosen)
        self._agree_on_authentication(chosen)
        stored = self.account.stored_types
        has_mail = any(server_type.direction is not Direction.SERVICE for server_type in stored)
        if has_mail and chosen.keys().isdisjoint((ServerType.SMTP, ServerType.JMAP)):
            self._drop(chosen, tuple(chosen), "mail-missing")
        return {
            key: _location(chosen[server_type])
            for server_type, keys in _KEYS.items()
            if server_type in chosen
            for key in keys
        }

    def _chosen(self) -> dict[ServerType, Server]:
        """Return the first server of each type that can be described, the general choice before others."""
        choice = choose_mail(self.account)
        mail = [server for server in (choice.imap, choice.pop3, choice.smtp) if server is not None]
        keys = {server.key for server in mail}
        others = [with_names(self.account, one) for one in self.account.servers if one.key not in keys]
        chosen: dict[ServerType, Server] = {}
        for server in (*mail, *others):
            if server.type not in _KEYS:
                self._omit(server, "not-in-format")
            elif server.type in chosen:
                self._omit(server, "further-server")
            elif (reason := self._refusal(server)) is not None:
                self._omit(server, reason)
            else:
                chosen[server.type] = server
        return chosen

    def _drop_what_misleads(self, chosen: dict[ServerType, Server]) -> None:
        if ServerType.IMAP in self.account.stored_types and ServerType.IMAP not in chosen:
            self._drop(chosen, (ServerType.POP3,), IMAP_MISSING)
        if ServerType.SMTP not in chosen:
            self._drop(chosen, (ServerType.IMAP, ServerType.POP3), "no-pair")
        elif chosen.keys().isdisjoint((ServerType.IMAP, ServerType.POP3)):
            self._drop(chosen, (ServerType.SMTP,), "no-pair")

    def _agree_on_authentication(self, chosen: dict[ServerType, Server]) -> None:
        """Announce what the mail servers take, and drop what takes none of it."""
        incoming = chosen.get(ServerType.IMAP) or chosen.get(ServerType.POP3)
        pair = (incoming, chosen[ServerType.SMTP]) if incoming else (chosen.get(ServerType.JMAP),)
        leading = [server for server in pair if server is not None] or list(chosen.values())[:1]
        ways = [self._ways(server) for server in leading]
        self.announced = frozenset.intersection(*ways) if ways else frozenset()
        differing = tuple(one.type for one in chosen.values() if not self._ways(one) & self.announced)
        self._drop(chosen, differing, "authentication-differs")

    def _drop(
        self, chosen: dict[ServerType, Server], server_types: tuple[ServerType, ...], reason: str
    ) -> None:
        for server_type in server_types:
            if server_type in chosen:
                self._omit(chosen.pop(server_type), reason)

    def _refusal(self, server: Server) -> str | None:
        if placeholders.has_placeholders(server.hostname or server.url or ""):
            return "per-user"
        reason = _socket_refusal(server) if server.url is None else _url_refusal(server.url)
        if reason is None and not self._is_address(server.username):
            reason = "login-not-address"
        if reason is None and not self._ways(server):
            reason = "authentication-unknown"
        return reason

    def _is_address(self, username: str | None) -> bool:
        composed = f"%{placeholders.LOCAL_PART}%@{self.account.domain.ascii}"
        return username is None or self.account.expanded(username) in (f"%{placeholders.ADDRESS}%", composed)

    def _ways(self, server: Server) -> frozenset[str]:
        ways = set()
        if not _PASSWORDS.isdisjoint(server.authentication):
            ways.add(_PASSWORD)
        if self.issuer is not None and Authentication.OAUTH2 in server.authentication:
            ways.add(_OAUTH)
        return frozenset(ways)

    def authentication(self) -> dict[str, Any]:
        """Say how to log in."""
        oauth = {_OAUTH: {"issuer": self.issuer}} if _OAUTH in self.announced else {}
        return {**oauth, _PASSWORD: _PASSWORD in self.announced}

    def info(self) -> dict[str, Any]:
        """Say who the provider is, and where users read more."""
        provider = self.account.provider
        about: dict[str, Any] = {"name": provider.display_name}
        if len(provider.short_name) <= MAX_SHORT_NAME:
            about["shortName"] = provider.short_name
        else:
            self._omit(None, "short-name-too-long")
        if provider.logo_url is not None:
            media_type = _logo_type(provider.logo_url)
            if media_type is None:
                self._omit(None, "logo-type-unknown")
            else:
                about["logo"] = [{"url": provider.logo_url, "content-type": media_type}]
        page = _documentation(provider)
        return {"provider": about, **({"help": {"documentation": page}} if page else {})}

    def _omit(self, server: Server | None, reason: str) -> None:
        key = None if server is None else server.key
        self.omissions.append(Omission(server=key, reason=reason, detail=_DETAILS[reason]))


def _socket_refusal(server: Server) -> str | None:
    if server.socket_type is not SocketType.TLS:
        return "not-implicit-tls"
    return None if server.port == _PORTS[server.type] else "other-port"


def _url_refusal(url: str) -> str | None:
    parts = urlsplit(url)
    if parts.scheme.lower() != "https":
        return "not-https"
    return None if parts.port in _HTTPS_PORTS else "other-port"


def _location(server: Server) -> dict[str, str]:
    return {"url": server.url} if server.url is not None else {"host": server.hostname or ""}


def _issuer_url(oauth2: OAuth2 | None) -> str | None:
    """Return the issuer as RFC 8414 has it; autoconfig files name its host only."""
    if oauth2 is None:
        return None
    try:
        if "://" in oauth2.issuer:
            url = web_url(oauth2.issuer, ("https",))
            return None if "?" in url or "#" in url else url
        return f"https://{Hostname.parse(oauth2.issuer).ascii}"
    except InvalidInput:
        return None


def _logo_type(url: str) -> str | None:
    path = urlsplit(url).path.lower()
    return next((media_type for ending, media_type in _LOGO_TYPES.items() if path.endswith(ending)), None)


def _documentation(provider: Provider) -> str | None:
    return next((page.url for page in provider.documentation), provider.support.url)


def _question(request: ClientRequest) -> Question:
    """Ask for the host's domain; ``domain`` counts only where the host is no customer's."""
    from_host = domains_of_host(request.host)
    own = domains_of_host(urlsplit(request.service_url).hostname)
    if from_host and from_host != own:
        return Question(domains=from_host)
    domain = query_fields(request.query).get("domain")
    if not domain:
        return Question(domains=from_host)
    try:
        return Question(domains=(DomainName.parse(domain),))
    except InvalidInput as error:
        raise error.inside("domain") from None


_inquire_document = document_inquiry(_question, render_pacc)


def _inquire(request: ClientRequest) -> Inquiry:
    inquiry = _inquire_document(request)

    def answer(accounts: tuple[AccountSettings | None, ...]) -> Reply:
        reply = inquiry.answer(accounts)
        if reply.media_type != MEDIA_TYPE:
            return reply
        # A proxy that reformats or minifies it would make every client discard it.
        caching = ("Cache-Control", f"public, max-age={MAX_AGE_SECONDS}, no-transform")
        return replace(reply, headers=(*reply.headers, caching))

    return replace(inquiry, answer=answer)


_DOMAIN: Final = Parameter(
    name="domain",
    description="The mail domain; read at the service's own host only, elsewhere it is the host's.",
    example="demo.example",
    rules=NAME_RULES,
)

PACC: Final = ClientFormat(
    name="pacc",
    title="PACC: provider configuration whose digest is in DNS",
    media_type=MEDIA_TYPE,
    file_extension="json",
    endpoints=(
        Endpoint(
            path="/.well-known/user-agent-configuration.json",
            summary="PACC at the host ua-auto-config.DOMAIN",
            parameters=(_DOMAIN,),
        ),
        Endpoint(
            path="/.well-known/user-agent-configuration",
            summary="PACC at the name that is registered for well-known places",
            parameters=(_DOMAIN,),
        ),
    ),
    inquire=_inquire,
    render=render_pacc,
)
FORMATS: Final = (PACC,)
