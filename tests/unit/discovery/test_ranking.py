"""Which candidate counts, what they come to together, and how that stands to what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from app.core.candidates import Candidate, Discovery, Outcome, Subject, Trust
from app.core.names import DomainName, EmailAddress
from app.core.servers import ServerType, SocketType
from app.discovery.comparing import Standing, compare
from app.discovery.ranking import propose, rank

from builders import a_pop3_server, a_url_server, an_imap_server, an_smtp_server

if TYPE_CHECKING:
    from app.core.servers import Server

JANE = Subject(DomainName.parse("customer.example"), EmailAddress.parse("Jane@customer.example"))
IMAP, SMTP = an_imap_server(), an_smtp_server()


def a_candidate(source: str, *servers: Server, trust: Trust = Trust.HTTPS, **values: Any) -> Candidate:
    outcome = Outcome.FOUND if servers else Outcome.NOTHING
    return Candidate(source=source, asked=source, trust=trust, outcome=outcome, servers=servers, **values)


def a_discovery(*candidates: Candidate) -> Discovery:
    return Discovery(subject=JANE, candidates=candidates, seconds=1.0)


def test_what_somebody_vouches_for_is_before_what_nobody_does() -> None:
    ranked = rank(
        (
            a_candidate("plain", IMAP, trust=Trust.HTTP),
            a_candidate("dns", IMAP, trust=Trust.DNS),
            a_candidate("empty"),
            a_candidate("signed", IMAP, trust=Trust.DNSSEC),
            a_candidate("copy", IMAP, trust=Trust.LOCAL),
        )
    )
    assert [candidate.source for candidate in ranked] == ["signed", "copy", "plain", "dns"]


def test_mail_servers_are_of_one_candidate_that_has_both_ways() -> None:
    half = a_candidate("half", an_imap_server(hostname="half.example"))
    plain = a_candidate("open", an_imap_server(socket_type=SocketType.PLAIN), SMTP)
    whole = a_candidate("whole", IMAP, SMTP, display_name="Whole")
    proposal = propose(a_discovery(half, plain, whole))
    assert (proposal.source, proposal.display_name) == ("whole", "Whole")
    assert [one.server for one in proposal.servers] == [IMAP, SMTP]


def test_half_a_pair_is_better_than_none() -> None:
    assert propose(a_discovery(a_candidate("half", IMAP))).source == "half"
    nothing = propose(a_discovery(a_candidate("none")))
    assert (nothing.source, nothing.servers) == (None, ())


def test_services_come_from_the_first_that_lists_them() -> None:
    jmap, dav = a_url_server(ServerType.JMAP), a_url_server(ServerType.CALDAV)
    other = a_url_server(ServerType.JMAP, url="https://other.example/")
    proposal = propose(a_discovery(a_candidate("a", IMAP, SMTP, jmap), a_candidate("b", other, dav)))
    assert [(one.server.type, one.sources) for one in proposal.servers] == [
        (ServerType.IMAP, ("a",)),
        (ServerType.SMTP, ("a",)),
        (ServerType.JMAP, ("a",)),
        (ServerType.CALDAV, ("b",)),
    ]
    assert [(one.source, one.type, one.differs_in) for one in proposal.conflicts] == [
        ("b", ServerType.JMAP, ("url",))
    ]


def test_sources_that_agree_are_named_however_they_write_the_login() -> None:
    literal = an_imap_server(username="jane@customer.example", hostname="imap.provider.example")
    proposal = propose(a_discovery(a_candidate("a", IMAP, SMTP), a_candidate("b", literal, SMTP)))
    assert [one.sources for one in proposal.servers] == [("a", "b"), ("a", "b")]
    assert proposal.conflicts == ()


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"hostname": "other.example"}, ("hostname",)),
        ({"port": 143, "socket_type": SocketType.STARTTLS}, ("port", "socket_type")),
        ({"username": "%EMAILLOCALPART%"}, ("username",)),
    ],
)
def test_sources_that_disagree_are_conflicts(changes: dict[str, Any], fields: tuple[str, ...]) -> None:
    other = a_candidate("b", an_imap_server(**changes), SMTP)
    (conflict,) = propose(a_discovery(a_candidate("a", IMAP, SMTP), other)).conflicts
    assert (conflict.source, conflict.type, conflict.differs_in) == ("b", ServerType.IMAP, fields)


def test_keys_of_the_proposal_are_its_own() -> None:
    second = an_imap_server(key="imap", port=143, socket_type=SocketType.STARTTLS)
    proposal = propose(a_discovery(a_candidate("a", IMAP, second, SMTP)))
    assert [one.server.key for one in proposal.servers] == ["imap", "imap-2", "smtp"]


def test_what_is_found_is_compared_with_what_is_stored() -> None:
    found = a_candidate("a", IMAP, an_smtp_server(port=587, socket_type=SocketType.STARTTLS), a_pop3_server())
    stored = [
        an_imap_server(hostname="other.example"),
        an_imap_server(username="Jane@customer.example"),
        SMTP,
        a_url_server(ServerType.CALDAV),
        a_url_server(ServerType.WEBMAIL, authentication=(), username=None),
    ]
    compared = compare(propose(a_discovery(found)), stored, JANE)
    assert [(one.type, one.standing, one.differs_in) for one in compared] == [
        (ServerType.IMAP, Standing.SAME, ()),
        (ServerType.SMTP, Standing.DIFFERENT, ("port", "socket_type")),
        (ServerType.POP3, Standing.NOT_STORED, ()),
        (ServerType.CALDAV, Standing.NOT_FOUND, ()),
    ]
