"""Domains and mailboxes out of JSON data from elsewhere: types checked, unknown members refused.

Names, types and defaults are those of the API's bodies, so that a line of many and a single write are
one thing; a test holds both to each other.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, get_type_hints

from app.core.domains import Domain, DomainStatus, Mailbox, PublishedName
from app.core.errors import InvalidInput, IssueCollector, refuse, within
from app.core.json_members import Members, choices_of
from app.core.mail_transport import DEFAULT_MAX_AGE_SECONDS, MtaSts, StsMode, TlsReporting
from app.core.names import DomainName, EmailAddress
from app.core.patterns import hostname_pattern
from app.core.servers import (
    OPTIONS_BY_TYPE,
    Authentication,
    ExchangeOptions,
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
    from collections.abc import Mapping
MAX_AUTHENTICATION: Final = 20
_OPTION_NAMES: Final = tuple(kind.value for kind in OPTIONS_BY_TYPE)
_SERVER: Final = frozenset({
    "key", "type", "hostname", "port", "socket_type", "url", "authentication", "username",
    "shared_hostname", *_OPTION_NAMES,
})  # fmt: skip
_MAILBOX: Final = frozenset({"local_part", "login", "variables", "servers"})
_POLICY: Final = frozenset({"mode", "mx", "max_age_seconds"})
_REPORTING: Final = frozenset({"uris"})
DOMAIN_MEMBERS: Final = frozenset({
    "name", "provider", "alias_of", "variables", "status", "published_name", "reference", "serves_mx",
    "servers", "mta_sts", "tls_reporting",
})  # fmt: skip


_PLAIN_KINDS: Final = {"name": str, "provider": str, "variables": dict, "reference": str, "serves_mx": bool}


def read_domain(members: dict[str, Any], beside: frozenset[str] = frozenset()) -> Domain:
    """Build a domain.

    Args:
        members: The members of its JSON object.
        beside: Names of members that are no fields of it and may be there.

    Raises:
        InvalidInput: With all values of a wrong type, or all that break a rule of the core.
    """
    return _plain_domain(members, beside) or _any_domain(members, beside)


def _plain_domain(members: dict[str, Any], beside: frozenset[str]) -> Domain | None:
    """Build a domain the short way, as most are; None where a member is not as in most."""
    values: dict[str, Any] = {}
    for name, value in members.items():
        kind = _PLAIN_KINDS.get(name)
        if kind is None:
            if name in beside:
                continue
            return None
        if type(value) is not kind:
            return None
        values[name] = value
    if "name" not in values or "provider" not in values:
        return None
    if "variables" in values and not all(type(one) is str for one in values["variables"].values()):
        return None
    try:
        values["name"] = DomainName.parse(values["name"])
        return Domain(**values)
    except InvalidInput:
        # Told the long way, with all that is wrong.
        return None


def _any_domain(members: dict[str, Any], beside: frozenset[str]) -> Domain:
    issues = IssueCollector()
    given = Members(members, DOMAIN_MEMBERS | beside, issues)
    name_text, alias_text = given.text("name"), given.text_or_none("alias_of")
    values: dict[str, Any] = {
        "provider": given.text("provider"),
        "variables": given.text_map("variables"),
        "status": given.choice("status", DomainStatus, DomainStatus.ACTIVE),
        "published_name": given.choice("published_name", PublishedName, PublishedName.AUTOMATIC),
        "reference": given.text_or_none("reference"),
        "serves_mx": given.boolean("serves_mx"),
    }
    servers = [_typed_server(one) for one in given.inner_list("servers", _SERVER)]
    policy = given.inner("mta_sts", _POLICY)
    sts = None if policy is None else _typed_policy(policy)
    reporting = given.inner("tls_reporting", _REPORTING)
    uris = None if reporting is None else reporting.texts("uris")
    issues.close()
    with issues.at("name"):
        values["name"] = DomainName.parse(name_text)
    # A block for what is not there would cost more than all else.
    if alias_text is not None:
        with issues.at("alias_of"):
            values["alias_of"] = DomainName.parse(alias_text)
    if servers:
        with issues.at():
            values["servers"] = _servers(servers)
    if sts is not None:
        with issues.at("mta_sts"):
            values["mta_sts"] = MtaSts(**sts)
    if uris is not None:
        with issues.at("tls_reporting"):
            values["tls_reporting"] = TlsReporting(uris=tuple(uris))
    if "name" not in values:
        issues.close()
    with issues.at():
        domain = Domain(**values)
    issues.close()
    return domain


def _typed_policy(given: Members) -> dict[str, Any]:
    return {
        "mode": given.choice("mode", StsMode),
        "mx": tuple(given.texts("mx")),
        "max_age_seconds": given.integer("max_age_seconds", DEFAULT_MAX_AGE_SECONDS),
    }


def read_mailboxes(members: Any, domain: DomainName) -> tuple[Mailbox, ...]:  # noqa: ANN401 - any JSON
    """Build the mailboxes of a domain, each address once.

    Raises:
        InvalidInput: With all values of a wrong type, or all that break a rule of the core.
    """
    issues = IssueCollector()
    if type(members) is not list:
        raise refuse("must be a list", "mailboxes")
    typed = [
        _typed_mailbox(Members(one, _MAILBOX, issues, "mailboxes", position))
        for position, one in enumerate(members)
    ]
    issues.close()
    found: dict[str, Mailbox] = {}
    for position, values in enumerate(typed):
        with issues.at("mailboxes", position):
            mailbox = _mailbox(values, domain)
            if mailbox.address.key in found:
                raise refuse("must not be there twice", "local_part")
            found[mailbox.address.key] = mailbox
    issues.close()
    return tuple(found.values())


def _typed_mailbox(given: Members) -> dict[str, Any]:
    return {
        "local_part": given.text("local_part"),
        "login": given.text_or_none("login"),
        "variables": given.text_map("variables"),
        "servers": [_typed_server(one) for one in given.inner_list("servers", _SERVER)],
    }


def _mailbox(values: Mapping[str, Any], domain: DomainName) -> Mailbox:
    with within("local_part"):
        address = EmailAddress.parse(f"{values['local_part']}@{domain}")
    return Mailbox(
        address=address,
        login=values["login"],
        variables=values["variables"],
        servers=_servers(values["servers"]),
    )


def _typed_server(given: Members) -> dict[str, Any]:
    """Return a server's fields with their types right, and its options as they are to be built."""
    values: dict[str, Any] = {
        "key": given.text("key"),
        "type": given.choice("type", ServerType),
        "hostname": given.text_or_none("hostname"),
        "port": given.integer_or_none("port"),
        "socket_type": given.choice_or_none("socket_type", SocketType),
        "url": given.text_or_none("url"),
        "username": given.text_or_none("username"),
        "shared_hostname": given.text_or_none("shared_hostname"),
    }
    values["authentication"] = _typed_methods(given)
    values["options"] = {
        kind.value: _typed_options(inner, kind)
        for kind in OPTIONS_BY_TYPE
        if (inner := given.inner(kind.value, _OPTION_FIELDS[kind])) is not None
    }
    return values


def _typed_methods(given: Members) -> tuple[Authentication, ...]:
    choices = choices_of(Authentication)
    texts = given.texts("authentication")
    for position, text in enumerate(texts):
        if text not in choices:
            given.refuse(f"must be one of {', '.join(choices)}", "authentication", position)
    if len(texts) > MAX_AUTHENTICATION:
        given.refuse(f"must be at most {MAX_AUTHENTICATION}", "authentication")
    return tuple(choices[text] for text in texts if text in choices)


def _typed_options(given: Members, kind: ServerType) -> dict[str, Any]:
    if kind is not ServerType.WEBMAIL:
        return _typed_fields(given, OPTIONS_BY_TYPE[kind])
    form = given.inner("login_form", frozenset(field.name for field in fields(LoginForm)))
    if form is None:
        given.refuse("is needed", "login_form")
        return {}
    return {"login_form": _typed_fields(form, LoginForm)}


def _typed_fields(given: Members, kind: type[ServerOptions | LoginForm]) -> dict[str, Any]:
    return {name: _TAKING[hint](given, name) for name, hint in _HINTS[kind].items()}


_HINTS: Final[dict[type[Any], dict[str, Any]]] = {
    kind: get_type_hints(kind)
    for kind in (LoginForm, *(one for one in OPTIONS_BY_TYPE.values() if one is not WebmailOptions))
}
_OPTION_FIELDS: Final = {
    kind: frozenset(field.name for field in fields(options)) for kind, options in OPTIONS_BY_TYPE.items()
}


_TAKING: Final[dict[Any, Any]] = {
    str: Members.text,
    str | None: Members.text_or_none,
    int | None: Members.integer_or_none,
    bool | None: Members.boolean_or_none,
}


def _servers(typed: list[dict[str, Any]]) -> tuple[Server, ...]:
    issues = IssueCollector()
    servers: list[Server] = []
    for position, values in enumerate(typed):
        with issues.at("servers", position):
            servers.append(_server(values))
    issues.close()
    return tuple(servers)


def _server(values: dict[str, Any]) -> Server:
    issues = IssueCollector()
    kind: ServerType = values["type"]
    given: dict[str, dict[str, Any]] = values["options"]
    for name in given:
        if name != kind.value:
            issues.add(f"must not be set for a server of type {kind}", name)
    built = dict(values, options=None)
    for name in ("hostname", "shared_hostname"):
        with issues.at(name):
            text: str | None = values[name]
            built[name] = None if text is None else hostname_pattern(text)
    with issues.at(kind.value):
        if kind.value in given:
            built["options"] = _options(kind, given[kind.value])
    issues.close()
    return Server(**built)


def _options(kind: ServerType, values: dict[str, Any]) -> ServerOptions | None:
    if kind is ServerType.WEBMAIL:
        with within("login_form"):
            return WebmailOptions(login_form=LoginForm(**values["login_form"]))
    options = OPTIONS_BY_TYPE[kind](**values)
    # Options that say nothing are none, so that a value has one form only.
    is_empty = isinstance(options, Pop3Options | SmtpOptions | ExchangeOptions) and options == type(options)()
    return None if is_empty else options
