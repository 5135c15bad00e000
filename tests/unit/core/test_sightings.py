"""What is kept of an observation is enough to say again what was seen."""

from __future__ import annotations

import json

import pytest
from app.core.observations import Failure, FailureReason, HttpAnswer, Stage
from app.core.servers import ServerType
from app.core.sightings import sighting_from_record, sighting_record

from observed import a_web_endpoint, an_answer, observed, seen_at
from pki import HOST, NOW

WEBMAIL = a_web_endpoint(ServerType.WEBMAIL)
REFUSED = Failure(stage=Stage.CONNECT, reason=FailureReason.REFUSED, detail="Connection refused")
THERE = f"https://{HOST}/there"


def recalled(answer: HttpAnswer, *without: str) -> HttpAnswer | None:
    record = json.loads(json.dumps(sighting_record(observed(WEBMAIL, seen_at(WEBMAIL, http=answer)))))
    for name in without:
        del record["addresses"][0]["http"][name]
    (seen,) = sighting_from_record(WEBMAIL, NOW, record).addresses
    return seen.http


@pytest.mark.parametrize("failure", [None, REFUSED])
def test_where_redirects_led_is_kept_with_why_nothing_answered_there(failure: Failure | None) -> None:
    answer = an_answer(302, url="https://web.example/", headers=(), redirects=(THERE,), failure=failure)
    assert recalled(answer) == answer


def test_a_record_without_a_failure_of_the_answer_is_read() -> None:
    answer = an_answer(headers=())
    assert recalled(answer, "failure") == answer


@pytest.mark.parametrize("takes_injected", [None, False, True])
def test_what_became_of_injected_commands_is_kept(*, takes_injected: bool | None) -> None:
    seen = seen_at(WEBMAIL, takes_injected=takes_injected)
    record = json.loads(json.dumps(sighting_record(observed(WEBMAIL, seen))))
    assert sighting_from_record(WEBMAIL, NOW, record).addresses[0].takes_injected is takes_injected


def test_a_record_without_a_word_on_injected_commands_is_read() -> None:
    record = json.loads(json.dumps(sighting_record(observed(WEBMAIL, seen_at(WEBMAIL)))))
    del record["addresses"][0]["takes_injected"]
    assert sighting_from_record(WEBMAIL, NOW, record).addresses[0].takes_injected is None
