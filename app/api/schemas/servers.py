"""Servers in JSON, and to and from the core."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import ConfigDict, Field

from app.api.schemas.rules import (
    AutodiscoverUrl,
    HostPattern,
    Line100,
    Line254,
    PathPrefix,
    SearchBase,
    ServerKey,
    ServerUrl,
    UrlPattern,
    Username,
    described,
)  # fmt: skip
from app.api.schemas.shapes import Boolean, Integer, Listing, Shape, without_required
from app.core.errors import IssueCollector, within
from app.core.patterns import hostname_pattern
from app.core.servers import (
    OPTIONS_BY_TYPE,
    Authentication,
    ExchangeOptions,
    ImapOptions,
    LdapOptions,
    Location,
    LoginForm,
    Pop3Options,
    Server,
    ServerOptions,
    ServerType,
    SmtpOptions,
    SocketType,
    WebmailOptions,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


class ImapShape(Shape):
    """Options of an IMAP server."""

    path_prefix: PathPrefix = Field(examples=["INBOX."])


class Pop3Shape(Shape):
    """Options of a POP3 server."""

    leave_messages_on_server: Boolean | None = None
    days_to_leave_messages_on_server: Annotated[Integer, described(minimum=1, maximum=3650)] | None = None
    download_on_biff: Boolean | None = None
    check_interval_minutes: Annotated[Integer, described(minimum=1, maximum=1440)] | None = None


class SmtpShape(Shape):
    """Options of an SMTP server."""

    restriction: Line100 | None = None
    add_this_server: Boolean | None = None
    use_global_preferred_server: Boolean | None = None


class LdapShape(Shape):
    """Options of an LDAP server."""

    search_base: SearchBase = Field(examples=["ou=people,dc=example,dc=com"])


class ExchangeShape(Shape):
    """Options of old Thunderbird's `exchange` entry, and where Exchange tells of itself."""

    owa_url: UrlPattern | None = None
    ews_url: UrlPattern | None = None
    eas_url: UrlPattern | None = None
    autodiscover_url: AutodiscoverUrl | None = Field(
        default=None,
        description="The Exchange's own Autodiscover in plain XML, where Outlook and programs for Exchange "
        "are sent. https, ends in /autodiscover.xml. May hold placeholders.",
    )
    use_global_preferred_server: Boolean | None = None


class LoginFormShape(Shape):
    """How a program fills in a web mail's log-in page."""

    url: UrlPattern
    redirection_prefix: UrlPattern | None = None
    username: Line254
    username_field_id: Line100 | None = None
    username_field_name: Line100 | None = None
    password_field_id: Line100 | None = None
    password_field_name: Line100 | None = None
    button_id: Line100 | None = None
    button_name: Line100 | None = None


class WebmailShape(Shape):
    """Options of a web mail."""

    login_form: LoginFormShape


_OPTION_SHAPES: Final = ("imap", "pop3", "smtp", "ldap", "exchange", "webmail")
_LOCATIONS: Final[dict[Location, dict[str, str]]] = {
    Location.SOCKET: {"hostname": "string", "port": "integer", "socket_type": "string", "url": "null"},
    Location.URL: {
        "url": "string", "hostname": "null", "port": "null", "socket_type": "null", "shared_hostname": "null",
    },
}  # fmt: skip


def _add_kinds(schema: dict[str, Any]) -> None:
    """Say which fields go with which type: programs that make requests from the document need it."""
    kinds: dict[tuple[Any, ...], dict[str, Any]] = {}
    for server_type in ServerType:
        place = server_type.location
        for one in (Location.SOCKET, Location.URL) if place is Location.EITHER else (place,):
            needs_name = server_type in (ServerType.IMAP, ServerType.POP3)
            options = server_type if server_type in _OPTION_SHAPES else None
            kind = kinds.setdefault((one, needs_name, options), _kind(one, options, needs_name=needs_name))
            kind["properties"]["type"]["enum"].append(server_type.value)
    schema["anyOf"] = list(kinds.values())


def _kind(place: Location, options: str | None, *, needs_name: bool) -> dict[str, Any]:
    types = {
        **_LOCATIONS[place],
        **({"username": "string"} if needs_name else {}),
        **{name: "null" for name in _OPTION_SHAPES if name != options},
    }
    properties: dict[str, Any] = {name: {"type": one} for name, one in types.items()}
    required = ["type", *(name for name, one in types.items() if one != "null")]
    if options != ServerType.WEBMAIL:
        properties["authentication"] = {"minItems": 1}
        required.append("authentication")
    return {"properties": {"type": {"enum": []}, **properties}, "required": required}


class ServerBody(Shape):
    """A server without its key. Options stand in the field named like the type."""

    model_config = ConfigDict(json_schema_extra=_add_kinds)

    type: ServerType
    hostname: HostPattern | None = Field(
        default=None, description="For types with a host name and port. May hold placeholders."
    )
    port: Annotated[Integer, described(minimum=1, maximum=65535)] | None = Field(default=None, examples=[993])
    socket_type: SocketType | None = None
    url: ServerUrl | None = Field(default=None, description="For types with a URL. May hold placeholders.")
    authentication: list[Authentication] = Field(
        default=[],
        description="What the server takes, the first choice first.",
        max_length=20,
        json_schema_extra={"uniqueItems": True},
    )
    username: Username | None = Field(
        default=None, description="What users log in as.", examples=["%EMAILADDRESS%"]
    )
    shared_hostname: HostPattern | None = Field(
        default=None,
        description="A name of the same server that has a certificate, for domains without their own.",
    )
    imap: ImapShape | None = None
    pop3: Pop3Shape | None = None
    smtp: SmtpShape | None = None
    ldap: LdapShape | None = None
    exchange: ExchangeShape | None = None
    webmail: WebmailShape | None = None


class ServerShape(ServerBody):
    """A server."""

    key: ServerKey = Field(description="Names the server among its owner's.")


class ServerItem(ServerShape):
    """A server, or those fields of it that were asked for."""

    model_config = ConfigDict(json_schema_extra=without_required)


class ServerPage(Listing[ServerItem]):
    """All servers of a provider, in the order of preference."""


def server_to_core(body: ServerBody, key: str) -> Server:
    """Build the core's server.

    Raises:
        InvalidInput: With the field and the rule, paths below the server.
    """
    issues = IssueCollector()
    for name in _OPTION_SHAPES:
        if getattr(body, name) is not None and name != body.type:
            issues.add(f"must not be set for a server of type {body.type}", name)
    hostname, shared_hostname, options = body.hostname, body.shared_hostname, None
    with issues.at("hostname"):
        hostname = None if hostname is None else hostname_pattern(hostname)
    with issues.at("shared_hostname"):
        shared_hostname = None if shared_hostname is None else hostname_pattern(shared_hostname)
    with issues.at(body.type):
        options = _options(body)
    issues.close()
    return Server(
        key=key,
        type=body.type,
        hostname=hostname,
        port=body.port,
        socket_type=body.socket_type,
        url=body.url,
        authentication=tuple(body.authentication),
        username=body.username,
        shared_hostname=shared_hostname,
        options=options,
    )


def _options(body: ServerBody) -> ServerOptions | None:
    shape: Shape | None = getattr(body, body.type, None)
    if shape is None or body.type not in OPTIONS_BY_TYPE:
        return None
    if isinstance(shape, WebmailShape):
        with within("login_form"):
            return WebmailOptions(login_form=LoginForm(**shape.login_form.model_dump()))
    options = OPTIONS_BY_TYPE[body.type](**shape.model_dump())
    # Options that say nothing are none, so that a value has one form only.
    is_empty = isinstance(options, Pop3Options | SmtpOptions | ExchangeOptions) and options == type(options)()
    return None if is_empty else options


def servers_to_core(shapes: Sequence[ServerShape]) -> tuple[Server, ...]:
    """Build the core's servers.

    Raises:
        InvalidInput: With the issues of all servers, paths starting with ``servers``.
    """
    issues = IssueCollector()
    servers: list[Server] = []
    for position, shape in enumerate(shapes):
        with issues.at("servers", position):
            servers.append(server_to_core(shape, shape.key))
    issues.close()
    return tuple(servers)


def server_to_shape(server: Server) -> ServerShape:
    """Write a server as JSON has it."""
    options = server.options
    return ServerShape(
        key=server.key,
        type=server.type,
        hostname=server.hostname,
        port=server.port,
        socket_type=server.socket_type,
        url=server.url,
        authentication=list(server.authentication),
        username=server.username,
        shared_hostname=server.shared_hostname,
        imap=ImapShape(**asdict(options)) if isinstance(options, ImapOptions) else None,
        pop3=Pop3Shape(**asdict(options)) if isinstance(options, Pop3Options) else None,
        smtp=SmtpShape(**asdict(options)) if isinstance(options, SmtpOptions) else None,
        ldap=LdapShape(**asdict(options)) if isinstance(options, LdapOptions) else None,
        exchange=ExchangeShape(**asdict(options)) if isinstance(options, ExchangeOptions) else None,
        webmail=WebmailShape(login_form=LoginFormShape(**asdict(options.login_form)))
        if isinstance(options, WebmailOptions)
        else None,
    )
