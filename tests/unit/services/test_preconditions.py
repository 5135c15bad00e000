from __future__ import annotations

import pytest
from app.core.errors import StaleVersion
from app.core.stored import Stored
from app.services.preconditions import ANYTHING, Precondition

from fakes.clock import NOW

SECOND = Stored(id=1, value="x", version=2, created_at=NOW, updated_at=NOW)


@pytest.mark.parametrize(
    ("precondition", "of_nothing", "of_the_second"),
    [
        (ANYTHING, True, True),
        (Precondition(must_exist=True), False, True),
        (Precondition(must_not_exist=True), True, False),
        (Precondition(versions=frozenset({2}), must_exist=True), False, True),
        (Precondition(versions=frozenset({1, 2}), must_exist=True), False, True),
        (Precondition(versions=frozenset({1, 3}), must_exist=True), False, False),
        (Precondition(versions=frozenset(), must_exist=True), False, False),
        (Precondition(must_exist=True, must_not_exist=True), False, False),
    ],
)
def test_a_condition_holds_or_the_present_version_is_told(
    precondition: Precondition, *, of_nothing: bool, of_the_second: bool
) -> None:
    for stored, holds in ((None, of_nothing), (SECOND, of_the_second)):
        if holds:
            precondition.check(stored)
        else:
            with pytest.raises(StaleVersion) as stale:
                precondition.check(stored)
            assert stale.value.present == (None if stored is None else 2)
