"""From what is stored to account settings: overrides, aliases, variables, shared names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.core import placeholders
from app.core.account import AccountSettings, WithheldServer
from app.core.domains import Domain, Mailbox, PublishedName
from app.core.errors import InvalidInput, IssueCollector, within
from app.core.names import Hostname
from app.core.patterns import autodiscover_pattern, check_username, hostname_pattern, url_pattern
from app.core.servers import ExchangeOptions, LoginForm, Server, WebmailOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.account import ListedDomain
    from app.core.names import EmailAddress
    from app.core.provider import Provider


def resolve(  # noqa: PLR0913 - what is stored comes in these parts
    provider: Provider,
    domain: Domain,
    *,
    address: EmailAddress | None = None,
    mailbox: Mailbox | None = None,
    target: Domain | None = None,
    listed_domains: tuple[ListedDomain, ...] = (),
    proven_hostnames: frozenset[str] = frozenset(),
) -> AccountSettings:
    """Resolve a domain, or one address in it.

    Args:
        provider: The domain's provider.
        domain: The domain that was asked for.
        address: The address, when there is one; in ``domain``.
        mailbox: The address's own settings, when it has any.
        target: The domain that ``domain`` is an alias of.
        listed_domains: The provider's domains that may be named.
        proven_hostnames: Own host names whose certificate verification has proved valid.

    Returns:
        Settings with every variable filled in. Servers that lack a variable are withheld, and those
        whose names are not valid once the variables, the domain or the address are in them.
    """
    base = target or domain
    variables = {**provider.variables, **base.variables, **domain.variables}
    servers = _overridden(provider.servers, base.servers)
    if mailbox is not None:
        variables.update(mailbox.variables)
        servers = tuple(_with_login(server, mailbox) for server in _overridden(servers, mailbox.servers))
    published: list[tuple[Server, Server]] = []
    withheld: list[WithheldServer] = []
    for server in servers:
        missing = sorted(server.variables - variables.keys())
        if missing:
            withheld.append(_missing_variables(server, missing))
            continue
        try:
            filled = _filled(server, variables)
            published.append((filled, _with_published_name(filled, domain, proven_hostnames)))
        except InvalidInput as error:
            withheld.append(_invalid_values(server, error))
    own_hostnames, shared_hostnames = _names_not_chosen(domain, published)
    account = AccountSettings(
        domain=domain.name,
        address=address,
        login_address=login_address(provider, address),
        provider=provider,
        servers=tuple(named for _, named in published),
        listed_domains=listed_domains if provider.list_domains else (),
        own_hostnames=own_hostnames,
        shared_hostnames=shared_hostnames,
        serves_mx=domain.serves_mx,
        mta_sts=domain.mta_sts or base.mta_sts or provider.mta_sts,
        tls_reporting=domain.tls_reporting or base.tls_reporting or provider.tls_reporting,
        withheld=tuple(withheld),
    )
    return _without_unfit(account)


def possible_settings(account: AccountSettings) -> tuple[AccountSettings, ...]:
    """Return a domain's settings, and those that it has once all of its own host names are proven, or none.

    Args:
        account: Resolved settings. Where nothing is chosen by what is proven, they are the only ones.
    """
    others = (account.own_hostnames, account.shared_hostnames)
    return (account, *(_renamed(account, hostnames) for hostnames in others if hostnames))


def _renamed(account: AccountSettings, hostnames: Mapping[str, str]) -> AccountSettings:
    servers = (
        replace(server, hostname=hostnames[server.key]) if hostnames.get(server.key) else server
        for server in account.servers
    )
    return _without_unfit(replace(account, servers=tuple(servers)))


def login_address(provider: Provider, address: EmailAddress | None) -> EmailAddress | None:
    """Return the address as the provider's servers know it."""
    if address is None:
        return None
    if provider.subaddress_separator:
        address = address.without_tag(provider.subaddress_separator)
    return address.lowered() if provider.lowercase_login else address


def check_resolvable(
    provider: Provider, domain: Domain, target: Domain | None = None, mailbox: Mailbox | None = None
) -> None:
    """Check that every server of a domain, or of one mailbox in it, can be published.

    Raises:
        InvalidInput: Naming the variables that are missing or whose values do not fit.
    """
    settings = resolve(provider, domain, target=target, mailbox=mailbox)
    issues = IssueCollector()
    for omission in settings.withheld:
        issues.add(omission.detail, "variables")
    issues.close()


def _overridden(servers: tuple[Server, ...], own: tuple[Server, ...]) -> tuple[Server, ...]:
    """Put own servers where the first one of their type was, or at the end."""
    own_types = {server.type for server in own}
    placed: list[Server] = []
    done: set[str] = set()
    for server in servers:
        if server.type not in own_types:
            placed.append(server)
        elif server.type not in done:
            done.add(server.type)
            placed.extend(mine for mine in own if mine.type is server.type)
    placed.extend(mine for mine in own if mine.type not in done)
    return tuple(placed)


def _filled(server: Server, variables: Mapping[str, str]) -> Server:
    """Fill in the variables; the result is checked like any other server."""
    if not server.variables:
        return server

    def fill(pattern: str | None) -> str | None:
        return None if pattern is None else placeholders.expand(pattern, variables)

    def fill_hostname(pattern: str | None) -> str | None:
        filled = fill(pattern)
        return None if filled is None else hostname_pattern(filled)

    options = server.options
    if isinstance(options, ExchangeOptions):
        options = replace(
            options,
            owa_url=fill(options.owa_url),
            ews_url=fill(options.ews_url),
            eas_url=fill(options.eas_url),
            autodiscover_url=fill(options.autodiscover_url),
        )
    elif isinstance(options, WebmailOptions):
        options = WebmailOptions(login_form=_filled_form(options.login_form, variables))
    return replace(
        server,
        hostname=fill_hostname(server.hostname),
        shared_hostname=fill_hostname(server.shared_hostname),
        url=fill(server.url),
        username=fill(server.username),
        options=options,
    )


def _filled_form(form: LoginForm, variables: Mapping[str, str]) -> LoginForm:
    prefix = form.redirection_prefix
    return replace(
        form,
        url=placeholders.expand(form.url, variables),
        redirection_prefix=None if prefix is None else placeholders.expand(prefix, variables),
        username=placeholders.expand(form.username, variables),
    )


def _with_published_name(server: Server, domain: Domain, proven_hostnames: frozenset[str]) -> Server:
    if server.shared_hostname is None or domain.published_name is PublishedName.OWN:
        return server
    if domain.published_name is PublishedName.AUTOMATIC and server.hostname is not None:
        own = placeholders.expand(server.hostname, placeholders.domain_values(domain.name))
        if own in proven_hostnames:
            return server
    return replace(server, hostname=server.shared_hostname)


def _names_not_chosen(
    domain: Domain, published: list[tuple[Server, Server]]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the own and the shared names that the automatic choice left aside, by server key."""
    own: dict[str, str] = {}
    shared: dict[str, str] = {}
    if domain.published_name is PublishedName.AUTOMATIC:
        for filled, named in published:
            if named is not filled:
                own[filled.key] = filled.hostname or ""
            elif filled.shared_hostname is not None:
                shared[filled.key] = filled.shared_hostname
    return own, shared


def _with_login(server: Server, mailbox: Mailbox) -> Server:
    """Give a server the mailbox's log-in name, a pattern like its own."""
    if mailbox.login is None or server.username is None:
        return server
    return replace(server, username=mailbox.login)


def _without_unfit(account: AccountSettings) -> AccountSettings:
    """Withhold what this domain or address makes invalid, such as a host name with the local part in it."""
    fitting: list[Server] = []
    withheld = list(account.withheld)
    for server in account.servers:
        try:
            _check_filled_names(account, server)
        except InvalidInput as error:
            withheld.append(_invalid_values(server, error, "name-unfit"))
        else:
            fitting.append(server)
    if len(fitting) == len(account.servers):
        return account
    return replace(account, servers=tuple(fitting), withheld=tuple(withheld))


def _check_filled_names(account: AccountSettings, server: Server) -> None:
    if server.hostname is not None and "%" in server.hostname:
        with within("hostname"):
            filled = account.expanded(server.hostname)
            if account.login_address is None:
                hostname_pattern(filled)
            else:
                Hostname.parse_text(filled)
    if server.url is not None and "%" in server.url:
        with within("url"):
            url_pattern(account.expanded_url(server.url), server.type.schemes)
    if isinstance(server.options, ExchangeOptions):
        _check_exchange(account, server.options)
    if server.username is not None and "%" in server.username:
        with within("username"):
            check_username(account.expanded(server.username))


def _check_exchange(account: AccountSettings, options: ExchangeOptions) -> None:
    for url in options.urls:
        if "%" in url:
            with within("url"):
                check = autodiscover_pattern if url == options.autodiscover_url else url_pattern
                check(account.expanded_url(url))


def _missing_variables(server: Server, missing: list[str]) -> WithheldServer:
    names = ", ".join(missing)
    return WithheldServer(
        server=server.key,
        server_type=server.type,
        reason="variable-missing",
        detail=f"must define {names}, which server {server.key} needs",
    )


def _invalid_values(server: Server, error: InvalidInput, reason: str = "variable-unfit") -> WithheldServer:
    return WithheldServer(
        server=server.key,
        server_type=server.type,
        reason=reason,
        detail=f"must fit server {server.key}, whose {error}",
    )
