"""All sources together: none is lost by another's fault."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from app.core.candidates import Candidate, Outcome, Trust
from app.discovery.fetching import WebReader
from app.discovery.running import discover
from app.discovery.source import Means, Source
from app.net.address_policy import AddressPolicy
from app.net.dialer import Dialer
from structlog.testing import capture_logs

from discovering import JANE
from fakes.resolver import ScriptedResolver
from web_hosts import verifier

if TYPE_CHECKING:
    from app.core.candidates import Subject


def no_network() -> Means:
    resolver, dialer = ScriptedResolver(), Dialer(AddressPolicy((ip_network("127.0.0.0/8"),)))
    return Means(web=WebReader(dialer, resolver, verifier()), resolver=resolver)


async def stumble(subject: Subject, _means: Means) -> tuple[Candidate, ...]:
    message = f"nobody thought of {subject.address}"
    raise UnicodeError(message)


async def find(_subject: Subject, _means: Means) -> tuple[Candidate, ...]:
    return (Candidate(source="sound", asked="here", trust=Trust.HTTPS, outcome=Outcome.FOUND),)


BROKEN = Source(name="broken", title="A broken source", ask=stumble)
SOUND = Source(name="sound", title="A sound source", ask=find)


async def test_a_bug_with_one_source_loses_nothing_of_the_others() -> None:
    told: list[str] = []
    with capture_logs() as logs:
        discovery = await discover(
            JANE,
            no_network(),
            lambda candidates: told.extend(one.source for one in candidates),
            (BROKEN, SOUND),
        )
    failed, sound = discovery.candidates
    assert (failed.source, failed.asked, failed.outcome) == ("broken", "A broken source", Outcome.FAILED)
    assert "by a fault of this service" in failed.reason
    assert not failed.trust.is_authenticated
    assert sound.outcome is Outcome.FOUND
    assert sorted(told) == ["broken", "sound"]
    (event,) = [one for one in logs if one["event"] == "discovery_source_failed"]
    assert (event["source"], event["log_level"]) == ("broken", "error")
    assert "UnicodeError: nobody thought of %EMAILADDRESS%" in event["exception"]
    assert "in stumble" in event["exception"]
    assert "jane" not in event["exception"]
