"""What a view consists of, and what clients' rules have in common."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from app.core import placeholders
from app.core.candidates import Outcome
from app.discovery.places import login_of_anybody

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.candidates import Candidate, Discovery, Subject
    from app.core.servers import Authentication, ServerType, SocketType
    from app.parsers.autoconfig import Section, WrittenFile

_OK: Final = 200
_LEGAL_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,255}")
_UNSHOWABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")
_MAX_SHOWN: Final = 254
_MAX_PORT: Final = 65535
# The hosts for which Thunderbird has OAuth 2 built in (protocol brief §1.3), by what they end in.
_OAUTH_HOSTS: Final = (
    "gmail.com", "googlemail.com", "google.com", "mail.ru", "yandex.com", "yandex.ru", "yahoo.com", "att.net",
    "aol.com", "office365.com", "outlook.com", "hotmail.com", "fastmail.com", "comcast.net",
    "thundermail.com",
)  # fmt: skip


class Verdict(StrEnum):
    """What a client makes of a candidate."""

    TAKEN = "taken"
    PASSED_OVER = "passed-over"
    """It has nothing for the client, which asks on."""
    IN_THE_WAY = "in-the-way"
    """It is of no use, and keeps the client from another place."""
    NOT_REACHED = "not-reached"
    """The client has found settings before."""
    UNKNOWN = "unknown"
    """Discovery did not ask there, and the client does."""


@dataclass(frozen=True, slots=True)
class Step:
    """A place where a client looks."""

    source: str
    asked: str
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenServer:
    """A server as the client would use it."""

    type: ServerType
    hostname: str
    port: int | None
    """None where the client guesses it."""
    socket_type: SocketType | None
    """None where the client tries."""
    username: str
    authentication: tuple[Authentication, ...] = ()
    """Empty where the client finds out, or always uses a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientView:
    """What one client would be set up with."""

    client: str
    title: str
    source: str | None
    """Where the settings are from; None where it finds none."""
    servers: tuple[ChosenServer, ...] = ()
    steps: tuple[Step, ...] = ()
    """In the client's order."""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRules:
    """How a client looks for settings."""

    name: str
    title: str
    view: Callable[[Discovery], ClientView]


class UnusableError(Exception):
    """A client takes nothing of a document; the text says why."""


@dataclass(slots=True)
class Journey:
    """A client on its way through the candidates."""

    discovery: Discovery
    steps: list[Step] = field(default_factory=list)
    taken: Candidate | None = None
    servers: tuple[ChosenServer, ...] = ()
    remarks: list[str] = field(default_factory=list)

    def at(self, *sources: str) -> list[Candidate]:
        """Return the candidates of these sources, in this order."""
        return [one for source in sources for one in self.discovery.candidates if one.source == source]

    def note(self, candidate: Candidate, verdict: Verdict, reason: str = "") -> None:
        """Note what becomes of a candidate."""
        self.steps.append(Step(candidate.source, candidate.asked, verdict, reason or candidate.reason))

    def take(self, candidate: Candidate, servers: tuple[ChosenServer, ...], reason: str = "") -> None:
        """Take a candidate."""
        self.taken, self.servers = candidate, servers
        self.note(candidate, Verdict.TAKEN, reason)

    def try_each(
        self,
        candidates: list[Candidate],
        read: Callable[[Candidate], tuple[ChosenServer, ...]],
        *,
        is_first_final: bool = False,
    ) -> None:
        """Take the first candidate that can be read; the first that answers alone, where that is final."""
        for candidate in candidates:
            if self.taken is not None:
                self.note(candidate, Verdict.NOT_REACHED, "settings were found before")
            elif candidate.outcome is Outcome.NOT_ASKED:
                self.note(candidate, Verdict.UNKNOWN)
            elif not has_answer(candidate):
                self.note(candidate, Verdict.PASSED_OVER)
            else:
                self._try(candidate, read, is_final=is_first_final)
                if self.steps[-1].verdict is Verdict.IN_THE_WAY:
                    self._give_up(candidates)
                    return

    def _try(
        self,
        candidate: Candidate,
        read: Callable[[Candidate], tuple[ChosenServer, ...]],
        *,
        is_final: bool,
    ) -> None:
        try:
            servers = read(candidate)
        except UnusableError as error:
            self.note(candidate, Verdict.IN_THE_WAY if is_final else Verdict.PASSED_OVER, str(error))
        else:
            self.take(candidate, servers)

    def _give_up(self, candidates: list[Candidate]) -> None:
        noted = {(step.source, step.asked) for step in self.steps}
        for candidate in candidates:
            if (candidate.source, candidate.asked) not in noted:
                self.note(candidate, Verdict.NOT_REACHED, "what answered before it is in the way")

    def view(self, rules_name: str, title: str) -> ClientView:
        """Return what became of it."""
        places = dict.fromkeys(step.source for step in self.steps if step.verdict is Verdict.UNKNOWN)
        for place in places:
            self.remarks.append(f"It also asks where discovery could not: {place}.")
        return ClientView(
            client=rules_name,
            title=title,
            source=None if self.taken is None else self.taken.source,
            servers=self.servers,
            steps=tuple(self.steps),
            remarks=tuple(self.remarks),
        )


def has_answer(candidate: Candidate) -> bool:
    """Tell whether a client gets something that it has to make something of."""
    if candidate.status is not None:
        return candidate.status == _OK
    return candidate.is_found or bool(candidate.document)


def is_legal_host(text: str) -> bool:
    """Tell whether Thunderbird's check of host names passes; it knows ASCII alone."""
    return _LEGAL_HOST.fullmatch(text) is not None and not text.startswith((".", "-"))


def check_names(written: WrittenFile) -> None:
    """Check the provider's id and domains, as Thunderbird does on desktops and phones.

    Raises:
        UnusableError: When the file is dropped over them.
    """
    # A placeholder will do, for it becomes a name.
    identifier, *names = (
        placeholders.PLACEHOLDER.sub("x", name.strip())
        for name in (written.identifier or "", *written.domains)
    )
    if not is_legal_host(identifier):
        raise UnusableError("has an emailProvider whose id is no host name")
    if not any(map(is_legal_host, names)):
        raise UnusableError("has no domain that is a host name")


def read_port(text: str) -> int | None:
    """Return a port; None where it is none."""
    text = text.strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0  # noqa: PLR2004
    return number if 1 <= number <= _MAX_PORT else None


def filled_host(text: str, subject: Subject) -> str:
    """Fill in the domain in a host name."""
    return _shown(placeholders.expand(text.strip(), placeholders.domain_values(subject.domain)).lower())


def shown_login(text: str, subject: Subject) -> str:
    """Return a login in which nothing is of one person."""
    return _shown(login_of_anybody(text, subject))


def _shown(text: str) -> str:
    """Take out what would be more than text on a terminal."""
    return _UNSHOWABLE.sub(" ", text)[:_MAX_SHOWN]


def first(texts: tuple[str, ...]) -> str:
    """Return the first text, empty where there is none."""
    return texts[0] if texts else ""


def named(section: Section) -> str:
    """Name a section in a reason."""
    kind = _shown(section.type)[:20] or "none"
    return f"{'incoming' if section.is_incoming else 'outgoing'}Server of type {kind}"


def has_built_in_oauth(hostname: str) -> bool:
    """Tell whether Thunderbird knows how to get tokens for a host."""
    return any(hostname == host or hostname.endswith(f".{host}") for host in _OAUTH_HOSTS)
