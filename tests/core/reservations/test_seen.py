"""What a person has seen: it wants nobody's look any more, and nothing else changes."""

from typing import Any

import pytest

from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.reservations.changes import Seen
from tests.core.reservations.test_reservation import LATER, after, differences, standing


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "expired"},
        {"state": "done", "outcome": "unknown"},
        {"state": "done", "outcome": "refused"},
    ],
)
def test_what_was_broken_or_may_have_been_is_seen(fields: dict[str, Any]) -> None:
    old = standing(kind="automatic", **fields)
    assert old.wants_a_look
    new = after(Seen(), old)
    assert differences(old, new) == {"seen_at": LATER}


def test_the_first_look_stays() -> None:
    old = standing(state="expired", seen_at=5)
    assert differences(old, after(Seen(), old)) == {}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"state": "waiting"}, "still waits"),
        ({"state": "calling"}, "was kept"),
        ({"state": "done"}, "was kept"),
        ({"state": "done", "outcome": "busy"}, "was kept"),
        ({"state": "done", "outcome": "unknown", "business_result": "10"}, "was kept"),
    ],
)
def test_what_was_kept_or_is_still_to_be_is_none_to_be_seen(
    fields: dict[str, Any], says: str
) -> None:
    with pytest.raises(ParameterWrong, match=says):
        after(Seen(), standing(**fields))
