"""All that a page shows before a mail program is chosen: the easiest way of each, and the values alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.instructions.apple import profile_url
from app.instructions.clients import CLIENTS, CLIENTS_BY_SLUG, GENERIC
from app.instructions.guide import WayKind
from app.instructions.phrases import label, same, say
from app.instructions.situation import PROTOCOL_NAMES, look_at
from app.instructions.values import ValueKind
from app.instructions.writing import easiest_way, write_guide

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from app.core.account import AccountSettings
    from app.core.documents import Presentation
    from app.core.reports import EndpointReport
    from app.instructions.client import Client
    from app.instructions.guide import Entry, Guide, Way
    from app.instructions.phrases import Phrase, Wording
    from app.instructions.situation import Situation

IPHONE: Final = "iphone-ipad"
_GROUPS: Final[tuple[tuple[Phrase, frozenset[str]], ...]] = (
    (same("iPhone, iPad"), frozenset({"iOS", "iPadOS"})),
    (same("Android"), frozenset({"Android"})),
    (same("Windows"), frozenset({"Windows"})),
    (same("Mac"), frozenset({"macOS"})),
    (same("Linux"), frozenset({"Linux"})),
)
_VALUES: Final = frozenset(ValueKind) - {ValueKind.PASSWORD, ValueKind.PROTOCOL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A mail program to choose."""

    slug: str
    name: Wording
    easiest: WayKind | None
    """The way with the least work; None where the program cannot be used with this mailbox."""
    is_certain: bool
    """Whether a program that finds settings by itself takes these for certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceGroup:
    """The programs of one kind of device."""

    name: Phrase
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerValues:
    """What is entered for one server."""

    service: str
    name: Phrase
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What there is for an address or a domain."""

    guide: Guide
    """That of no program in particular."""
    groups: tuple[ChoiceGroup, ...]
    servers: tuple[ServerValues, ...]
    profile_url: str | None
    """Where the profile for Apple's devices is; None where there is none, or no address."""
    webmail: Way | None

    @property
    def finding(self) -> tuple[Choice, ...]:
        """Return the programs that find these settings by themselves for certain, each once."""
        choices = {one.slug: one for group in self.groups for one in group.choices}
        return tuple(one for one in choices.values() if one.easiest is WayKind.AUTOMATIC and one.is_certain)


def write_overview(
    account: AccountSettings, presentation: Presentation, troubled: Sequence[EndpointReport] = ()
) -> Overview:
    """Write what there is; total, as ``write_guide`` is."""
    guide = write_guide(CLIENTS_BY_SLUG[GENERIC], account, presentation, troubled)
    situation = look_at(account, presentation, CLIENTS_BY_SLUG[IPHONE])
    choices = {client.slug: _choice(client, situation) for client in CLIENTS}
    has_profile = choices[IPHONE].easiest is WayKind.PROFILE
    return Overview(
        guide=guide,
        groups=tuple(_groups(choices)),
        servers=tuple(_servers(guide)),
        profile_url=profile_url(situation) if has_profile else None,
        webmail=next((way for way in guide.ways if way.kind is WayKind.WEBMAIL), None),
    )


def _choice(client: Client, situation: Situation) -> Choice:
    return Choice(
        slug=client.slug,
        name=client.name,
        easiest=easiest_way(client, situation),
        is_certain=client.always_finds,
    )


def _groups(choices: dict[str, Choice]) -> Iterator[ChoiceGroup]:
    def group(name: Phrase, found: Iterable[Client]) -> ChoiceGroup:
        # What comes with the device goes first.
        ordered = sorted(found, key=lambda client: client.slug != IPHONE)
        return ChoiceGroup(name=name, choices=tuple(choices[client.slug] for client in ordered))

    shown = [client for client in CLIENTS if not client.is_configured_by_file]
    for name, platforms in _GROUPS:
        yield group(name, (client for client in shown if platforms & set(client.platforms)))
    files = (client for client in CLIENTS if client.is_configured_by_file)
    yield group(say("With a configuration file"), files)
    yield group(label("Other"), (client for client in shown if not client.platforms))


def _servers(guide: Guide) -> Iterator[ServerValues]:
    """Take the values out of the steps, so that no page can show others than its instructions."""
    found: dict[str, tuple[Entry, ...]] = {}
    for way in guide.ways:
        if way.kind is not WayKind.MANUAL:
            continue
        for step in way.steps:
            entries = tuple(entry for entry in step.entries if entry.service and entry.kind in _VALUES)
            if entries and entries[0].service:
                found.setdefault(entries[0].service, entries)
    outgoing = found.pop("smtp", None)
    names = {kind.value: name for kind, name in PROTOCOL_NAMES.items()}
    for service, entries in found.items():
        name = say("Incoming server ({protocol})", protocol=names[service])
        yield ServerValues(service=service, name=name, entries=entries)
    if outgoing is not None:
        yield ServerValues(service="smtp", name=label("Outgoing server (SMTP)"), entries=outgoing)
