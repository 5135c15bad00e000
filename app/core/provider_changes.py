"""What a change of a provider takes from those that rely on it: domains, aliases and mailboxes.

Domains that have the same values for what the servers name come out the same, however many they are: so
what is looked at are sets of values. Only what gets worse counts: what cannot be published as it is stored
today, such as an imported server whose variable nobody defines, stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from app.core import placeholders
from app.core.domains import Domain, Mailbox, PublishedName
from app.core.errors import IssueCollector, refuse
from app.core.names import EmailAddress
from app.core.placeholders import MAX_VARIABLES
from app.core.resolving import resolve
from app.core.servers import variables_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.core.account import AccountSettings, Omission
    from app.core.names import DomainName
    from app.core.provider import Provider
    from app.core.servers import Server, ServerType

# In place of a mailbox's own login, of which only its being there counts.
_ANY_LOGIN: Final = "login"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueQuery:
    """What tells apart sets of values, and whose are looked at."""

    names: tuple[str, ...]
    """The variables, in order."""
    types: tuple[ServerType, ...]
    """The types of servers that a domain or a mailbox may have its own of."""
    lacking: tuple[str, ...] = ()
    """Where given, only who has no value of its own for one of these is looked at."""
    by_length: bool = False
    """Whether the longest name of each set is wanted too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSet:
    """What some domains, aliases among them, or some mailboxes of a provider have in common."""

    values: Mapping[str, str]
    """Their own values, an alias's with those of its target, a mailbox's with those of its domain."""
    published_name: PublishedName
    own_types: frozenset[ServerType]
    """Types of servers that they have their own of."""
    is_of_mailboxes: bool = False
    has_login: bool = False
    """Whether they are mailboxes with a login name of their own."""
    names: tuple[DomainName, ...]
    """One of the domains, and where the length of names counts, one of the longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """A domain, or a mailbox in it, whose own servers or login name what the provider gave a value."""

    domain: Domain
    target: Domain | None = None
    """The domain that it is an alias of."""
    mailbox: Mailbox | None = None


class ProviderChange:
    """A provider as it is stored, and as it is to be."""

    def __init__(self, before: Provider, after: Provider) -> None:
        """Take both."""
        self.before, self.after = before, after
        self.changed = placeholders.changed_variables(before.variables, after.variables)
        self.lost = self.changed & before.variables.keys()
        """Variables without the value that somebody may rely on; a new one makes nothing worse."""

    def affected(self) -> tuple[AffectedServers, ...]:
        """Return the servers that could no longer be published for some: none where no text changed."""
        present = {server.key: _texts(server) for server in self.before.servers}
        rewritten: list[Server] = []
        refilled: list[Server] = []
        for server in self.after.servers:
            if present.get(server.key) != _texts(server):
                if server.variables or _names_domain(server):
                    rewritten.append(server)
            elif server.variables & self.lost:
                refilled.append(server)
        found = (AffectedServers(self, rewritten), AffectedServers(self, refilled, self.lost))
        return tuple(affected for affected in found if affected.servers)


class _Part(Enum):
    """Which servers are resolved."""

    BEFORE = "all of the present ones"
    AFFECTED = "those that are affected"
    DISTINCT = "of the affected ones that are alike, one"


class AffectedServers:
    """Servers of a changed provider that may be withheld where they, or those before them, were not."""

    def __init__(
        self, change: ProviderChange, servers: Iterable[Server], lacking: frozenset[str] = frozenset()
    ) -> None:
        """Take the servers; with ``lacking``, their texts are as before and these variables are not."""
        self.servers = tuple(servers)
        self._change = change
        self._lacking = lacking
        self._names = variables_of(self.servers)
        self._positions = {server.key: place for place, server in enumerate(change.after.servers)}
        self._providers: dict[tuple[_Part, frozenset[ServerType]], Provider] = {}

    @property
    def query(self) -> ValueQuery:
        """What decides whether the servers can be published."""
        return self._query(self._names, self.servers)

    @property
    def comparing_query(self) -> ValueQuery:
        """What decides as well what could be published before."""
        before = self._change.before.servers
        names = self._names | variables_of(before)
        return self._query(names, (*self.servers, *before))

    def _query(self, names: frozenset[str], servers: tuple[Server, ...]) -> ValueQuery:
        return ValueQuery(
            names=tuple(sorted(names)),
            types=tuple(sorted({server.type for server in servers})),
            lacking=tuple(sorted(self._lacking & self._names)),
            by_length=any(map(_names_domain, self.servers)),
        )

    def fit(self, found: ValueSet) -> bool:
        """Tell whether all of the servers can be published, for a set of what ``query`` names."""
        provider = self._inherited(_Part.DISTINCT, found)
        return not any(_resolved_set(provider, found, name).withheld for name in found.names)

    def check(self, found: ValueSet) -> None:
        """Check that nothing is withheld that was not, for a set of what ``comparing_query`` names.

        Raises:
            InvalidInput: Naming the variables or the servers that are at fault, and a domain.
        """
        for name in found.names:
            after = _resolved_set(self._inherited(_Part.AFFECTED, found), found, name)
            if not after.withheld:
                continue
            before = _resolved_set(self._inherited(_Part.BEFORE, found), found, name)
            issues = IssueCollector()
            for omission in after.withheld:
                server = self._change.after.servers[self._positions[omission.server or ""]]
                if not self._was_withheld(server, before, found):
                    self._note(issues, server, omission, found, name)
            issues.close()

    def _inherited(self, part: _Part, found: ValueSet) -> Provider:
        """Return a provider with those servers that have none of their type's own in their place."""
        key = (part, found.own_types)
        provider = self._providers.get(key)
        if provider is None:
            whole = self._change.before if part is _Part.BEFORE else self._change.after
            servers = whole.servers if part is _Part.BEFORE else self.servers
            inherited = [server for server in servers if server.type not in found.own_types]
            if part is _Part.DISTINCT:
                inherited = list({_fitting(server): server for server in inherited}.values())
            provider = self._providers[key] = replace(whole, servers=tuple(inherited))
        return provider

    def _was_withheld(self, server: Server, before: AccountSettings, found: ValueSet) -> bool:
        """Tell whether a server, or one in whose place it comes, could not be published before."""
        if any(omission.server == server.key for omission in before.withheld):
            return True
        if any(server.key == one.key or server.type is one.type for one in before.servers):
            return False
        # Another key may be another name for the same server.
        lacked = {
            name
            for one in before.provider.servers
            for name in one.variables - before.provider.variables.keys() - found.values.keys()
        }
        missing = server.variables - self._change.after.variables.keys() - found.values.keys()
        return bool(missing) and missing <= lacked

    def _note(
        self, issues: IssueCollector, server: Server, omission: Omission, found: ValueSet, name: DomainName
    ) -> None:
        """Say who is at fault: the provider's variables, or the server that makes use of variables."""
        whose = _whose(name, is_mailbox=found.is_of_mailboxes)
        place = ("servers", self._positions[server.key])
        if omission.reason == "variable-missing":
            defined = self._change.after.variables.keys() | found.values.keys()
            for missing in sorted(server.variables - defined):
                if self._lacking:
                    rule = f"must define {missing}: server {server.key} needs the variable {missing}"
                    issues.add(f"{rule}, which some of the domains lack, such as {whose}", "variables")
                else:
                    rule = f"needs the variable {missing}, which the provider does not define and some of its"
                    issues.add(f"{rule} domains lack, such as {whose}", *place)
        elif self._lacking or (server.variables - found.values.keys()) & self._change.changed:
            issues.add(_unpublished(omission, whose), "variables")
        else:
            rule = f"could not be published for {whose}, whose name and variables {omission.detail}"
            issues.add(rule, *place)


def _resolved_set(provider: Provider, found: ValueSet, name: DomainName) -> AccountSettings:
    # With those of an alias and its target, or of a mailbox, they may be more than one of them may have.
    values = list(found.values.items())
    own, inherited, further = (
        dict(values[start : start + MAX_VARIABLES]) for start in (0, MAX_VARIABLES, 2 * MAX_VARIABLES)
    )
    domain = Domain(name=name, provider=provider.slug, variables=own, published_name=found.published_name)
    target = replace(domain, variables=inherited) if inherited else None
    mailbox = None
    if found.has_login or further:
        login = _ANY_LOGIN if found.has_login else None
        mailbox = Mailbox(address=EmailAddress(_ANY_LOGIN, name), login=login, variables=further)
    return resolve(provider, domain, target=target, mailbox=mailbox)


class OwnServerChecks:
    """Checks of servers and logins of domains' and mailboxes' own, no combination resolved twice."""

    def __init__(self, change: ProviderChange) -> None:
        """Take the change."""
        after = change.after
        # Servers that others inherit are looked at elsewhere: here only the values differ.
        self._whole = (replace(after, variables=change.before.variables), after)
        self._bare = tuple(replace(provider, servers=()) for provider in self._whole)
        self._passed: set[object] = set()

    def check(self, dependent: Dependent) -> None:
        """Check that nothing is withheld that was not.

        Raises:
            InvalidInput: Naming the variables, and the domain.
        """
        key = _own_key(dependent)
        if key in self._passed:
            return
        # A login is that of the provider's servers too.
        before, after = (
            resolve(provider, dependent.domain, target=dependent.target, mailbox=dependent.mailbox)
            for provider in (self._whole if key is None else self._bare)
        )
        known = {omission.server for omission in before.withheld}
        whose = _whose(dependent.domain.name, is_mailbox=dependent.mailbox is not None)
        for omission in after.withheld:
            if omission.server not in known:
                raise refuse(_unpublished(omission, whose), "variables")
        if key is not None:
            self._passed.add(key)


def _own_key(dependent: Dependent) -> object:
    """Return what own servers resolve by; None where the provider's count as well."""
    domain, mailbox = dependent.domain, dependent.mailbox
    base = dependent.target or domain
    servers = (base.servers, () if mailbox is None else mailbox.servers)
    login = None if mailbox is None else mailbox.login
    if login is not None and placeholders.variables_in(login):
        return None
    own = {**base.variables, **domain.variables, **({} if mailbox is None else mailbox.variables)}
    flat = [server for some in servers for server in some]
    named = sorted(variables_of(flat))
    return (
        servers,
        login is not None,
        domain.published_name,
        tuple(own.get(name) for name in named),
        domain.name if any(map(_names_domain, flat)) else None,
    )


def _texts(server: Server) -> tuple[object, ...]:
    """Return all of a server that decides whether it can be published."""
    texts = (server.hostname, server.shared_hostname, server.url, server.username)
    return (server.type, *texts, server.options)


def _fitting(server: Server) -> tuple[object, ...]:
    """Return what values have to fit, which is mostly one for the servers of one host."""
    return (*_texts(server)[1:], server.type.schemes)


def _names_domain(server: Server) -> bool:
    return any(placeholders.DOMAIN in placeholders.placeholders_in(text) for text in server.patterns)


def _whose(name: DomainName, *, is_mailbox: bool) -> str:
    # Errors are logged, and addresses are not.
    return f"a mailbox of {name.ascii}" if is_mailbox else name.ascii


def _unpublished(omission: Omission, whose: str) -> str:
    return f"{omission.detail}, or it could no longer be published for {whose}"
