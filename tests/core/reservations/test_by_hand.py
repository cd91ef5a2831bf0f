"""Calls by hand, as a history tells of them: for which promise one was, and what is in its way."""

from typing import Any

import pytest

from callkeeper.core.reservations.by_hand import (
    BEGUN_MOST,
    HandCall,
    Told,
    against_beginning,
    against_ringing,
    last_hand_call,
)

MINUTE, HOUR = 60_000, 3_600_000
ANN, BOB = "person ann", "person bob"
RESERVED: Told = ("reserved", "key K", 0, {"agent": "a1", "appoint_at": 5 * HOUR})
BEGAN: Told = ("by_hand_began", ANN, HOUR, {})
ENDED: Told = ("by_hand_ended", ANN, 2 * HOUR, {})


@pytest.mark.parametrize(
    ("what", "values", "stays"),
    [
        ("moved", {"remark": "speaks slowly"}, True),
        ("moved", {"appoint_at": 5 * HOUR, "agent": "a1"}, True),  # where it is
        ("moved", {"appoint_at": 77 * HOUR}, False),
        ("moved", {"agent": "a2"}, False),
        ("reassigned", {"agent": "a2", "from_agent": "a1"}, False),
        ("result", {"remark": "more"}, False),
        ("dialed", {"number": 1}, False),
        ("not_dialed", {"why": "a rule"}, True),
    ],
)
def test_a_call_is_for_the_promise_as_it_stood(
    what: str, values: dict[str, Any], *, stays: bool
) -> None:
    call = HandCall(ANN, HOUR, 2 * HOUR)
    after = [RESERVED, BEGAN, ENDED, (what, BOB, 3 * HOUR, values)]
    assert last_hand_call(after) == (call if stays else None)
    while_it_lasts = [RESERVED, BEGAN, (what, BOB, HOUR + 1, values), ENDED]
    assert last_hand_call(while_it_lasts) == (call if stays else None)


def test_a_result_is_of_ones_own_call_of_the_last_twelve_hours() -> None:
    call = HandCall(ANN, HOUR)
    assert call.is_told_by(ANN, 13 * HOUR - 1)
    assert not call.is_told_by(ANN, 13 * HOUR)
    assert not call.is_told_by(BOB, HOUR)


@pytest.mark.parametrize(
    ("happened", "by", "at", "says"),
    [
        ([RESERVED], ANN, 0, None),
        ([RESERVED, BEGAN], ANN, HOUR, "you are calling"),
        ([RESERVED, BEGAN], BOB, 5 * HOUR - 1, "ann is calling this customer by hand"),
        ([RESERVED, BEGAN], BOB, 5 * HOUR, None),  # its end was forgotten
        ([RESERVED, BEGAN, ENDED], BOB, 2 * HOUR, None),
    ],
)
def test_nobody_is_rung_whom_somebody_calls_by_hand(
    happened: list[Told], by: str, at: int, says: str | None
) -> None:
    for against in (against_ringing(happened, by, at), against_beginning(happened, by, at)):
        assert (against is None) == (says is None)
        assert against is None or against.told().startswith(str(says))


def test_calls_by_hand_begin_a_minute_apart_and_of_one_promise_so_many() -> None:
    happened = [RESERVED]
    for turn in range(BEGUN_MOST):
        at = turn * MINUTE
        assert against_beginning(happened, BOB, at) is None
        happened += [("by_hand_began", ANN, at, {}), ("by_hand_ended", ANN, at + 1, {})]
        early = against_beginning(happened, BOB, at + MINUTE - 1)
        assert early is not None
    assert "less than a minute ago" in str(against_beginning(happened[:3], BOB, 2).told())  # type: ignore[union-attr]
    late = against_beginning(happened, BOB, 99 * HOUR)
    assert late is not None
    assert late.told().startswith(f"{BEGUN_MOST} calls by hand were begun")
