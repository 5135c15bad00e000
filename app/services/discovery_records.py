"""What discovery found, as JSON data; nothing of an address but its domain is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.core.records import domain_record, provider_record, server_record

if TYPE_CHECKING:
    from app.core.candidates import Candidate
    from app.core.servers import Server
    from app.discovery.comparing import ComparedServer
    from app.discovery.ranking import Proposal
    from app.discovery.views.view import ClientView
    from app.services.adopting import Adoption
    from app.services.discovering import Discovered


def discovered_record(discovered: Discovered) -> dict[str, Any]:
    """Return a run's candidates and proposal."""
    discovery = discovered.discovery
    return {
        "domain": discovery.subject.domain.ascii,
        "seconds": discovery.seconds,
        "candidates": [candidate_record(candidate) for candidate in discovery.candidates],
        "proposal": proposal_record(discovered.proposal),
        "views": [view_record(view) for view in discovered.views],
    }


def candidate_record(candidate: Candidate) -> dict[str, Any]:
    """Return a candidate without the document that it was read from."""
    return {
        "source": candidate.source,
        "asked": candidate.asked,
        "trust": candidate.trust.value,
        "outcome": candidate.outcome.value,
        "reason": candidate.reason,
        "status": candidate.status,
        "redirects": list(candidate.redirects),
        "seconds": candidate.seconds,
        "display_name": candidate.display_name,
        "servers": [server_record(server) for server in candidate.servers],
        "notices": [{"where": notice.where, "reason": notice.reason} for notice in candidate.notices],
    }


def proposal_record(proposal: Proposal) -> dict[str, Any]:
    """Return what all candidates come to."""
    return {
        "source": proposal.source,
        "display_name": proposal.display_name,
        "servers": [{**server_record(one.server), "sources": list(one.sources)} for one in proposal.servers],
        "conflicts": [
            {
                "source": one.source,
                "type": one.type.value,
                "differs_in": list(one.differs_in),
                "server": server_record(one.server),
            }
            for one in proposal.conflicts
        ],
    }


def view_record(view: ClientView) -> dict[str, Any]:
    """Return what a client would be set up with."""
    return {
        "client": view.client,
        "title": view.title,
        "source": view.source,
        "servers": [
            {
                "type": one.type.value,
                "hostname": one.hostname,
                "port": one.port,
                "socket_type": None if one.socket_type is None else one.socket_type.value,
                "username": one.username,
                "authentication": [method.value for method in one.authentication],
            }
            for one in view.servers
        ],
        "steps": [
            {
                "source": step.source,
                "asked": step.asked,
                "verdict": step.verdict.value,
                "reason": step.reason,
            }
            for step in view.steps
        ],
        "remarks": list(view.remarks),
    }


def adoption_record(adoption: Adoption, *, is_stored: bool) -> dict[str, Any]:
    """Return what was stored, or would be."""
    return {
        "is_stored": is_stored,
        "is_new_provider": adoption.is_new_provider,
        "provider": provider_record(adoption.provider.value),
        "domain": domain_record(adoption.domain.value),
    }


def comparison_record(compared: tuple[ComparedServer, ...]) -> list[dict[str, Any]]:
    """Return how found and stored servers stand to each other."""
    return [
        {
            "standing": one.standing.value,
            "type": one.type.value,
            "differs_in": list(one.differs_in),
            "found": _record(one.found),
            "stored": _record(one.stored),
            "sources": list(one.sources),
        }
        for one in compared
    ]


def _record(server: Server | None) -> dict[str, Any] | None:
    return None if server is None else server_record(server)
