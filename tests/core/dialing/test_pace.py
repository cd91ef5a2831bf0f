"""A line's pace: never more calls than it may make, and never fewer than it could."""

from itertools import accumulate
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as some

from callkeeper.core.dialing.pace import Pace

SECOND = 1_000_000
CATCH_UP = SECOND // 10
START = 1_800_000_000 * SECOND


class Dialed(NamedTuple):
    """How many calls were made at an instant."""

    at: int
    calls: int


def dial(per_second: float, gaps: list[int], wanted: list[int] | None = None) -> list[Dialed]:
    """Make as many calls as are wanted, and as many as may be, after each of these gaps."""
    next_at_us, made = 0, []
    for turn, now in enumerate(accumulate(gaps, initial=START)):
        pace = Pace(next_at_us, now, per_second)
        calls = pace.capacity if wanted is None else min(pace.capacity, wanted[turn % len(wanted)])
        next_at_us = pace.after(calls)
        made.append(Dialed(now, calls))
    return made


RATES = some.floats(0.05, 10_000, allow_nan=False)
GAPS = some.lists(some.integers(0, 3 * SECOND), min_size=1, max_size=60)


def test_a_line_that_was_never_used_may_make_its_first_calls_at_once() -> None:
    assert Pace(0, START, 20).capacity == 3  # one, and what a tenth of a second catches up on
    assert Pace(0, START, 1).capacity == 1


def test_the_next_call_may_be_made_an_interval_after_the_last() -> None:
    next_at_us = Pace(START, START, 20).after(1)
    assert next_at_us == START + SECOND // 20
    assert Pace(next_at_us, next_at_us - 1, 20).capacity == 0
    assert Pace(next_at_us, next_at_us, 20).capacity == 1


def test_a_line_that_makes_no_call_gains_none_by_it() -> None:
    assert Pace(START + 5, START, 20).after(0) == START + 5
    assert Pace(0, START, 20).after(0) == 0


def test_after_an_idle_hour_no_more_is_caught_up_on_than_after_a_moment() -> None:
    idle, moment = Pace(START, START + 3600 * SECOND, 20), Pace(START, START + CATCH_UP, 20)
    assert idle.capacity == moment.capacity == 3


@given(RATES, GAPS, some.lists(some.integers(0, 3_000), min_size=1, max_size=5))
def test_no_stretch_of_time_has_more_calls_than_its_rate_and_the_catch_up_allow(
    per_second: float, gaps: list[int], wanted: list[int]
) -> None:
    made = dial(per_second, gaps, wanted)
    for first, (begin, _) in enumerate(made):
        calls = 0
        for turn, (end, now) in enumerate(made[first:], 1):
            calls += now
            # Instants are whole microseconds: each turn may gain less than one.
            most = (end - begin + CATCH_UP + turn) * per_second / SECOND + 1
            assert calls <= most + 1e-6


@pytest.mark.parametrize("per_second", [0.3, 1, 7, 20, 33.3, 500, 9_999.5])
def test_a_line_that_is_looked_at_every_50_ms_loses_none_of_its_rate(per_second: float) -> None:
    seconds = 60
    gaps = [SECOND // 20] * (20 * seconds)
    calls = sum(each.calls for each in dial(per_second, gaps))
    assert calls >= int(per_second * seconds)
    rounding = len(gaps) * per_second / SECOND  # instants are whole microseconds
    assert calls <= per_second * (seconds + CATCH_UP / SECOND) + 2 + rounding


@given(RATES, some.lists(some.integers(1, SECOND // 20), min_size=200, max_size=400))
def test_nor_does_one_that_is_looked_at_now_and_then_within_50_ms(
    per_second: float, gaps: list[int]
) -> None:
    calls = sum(each.calls for each in dial(per_second, gaps))
    assert calls >= int(per_second * sum(gaps) / SECOND)


@given(RATES, GAPS, some.floats(2.001, 1e9))
def test_an_instant_written_by_a_clock_that_was_ahead_stops_no_line(
    per_second: float, gaps: list[int], seconds_ahead: float
) -> None:
    """No call puts the next one further ahead than an interval, and clocks may differ by 2 s."""
    interval = SECOND / per_second
    pace = Pace(int(START + interval + seconds_ahead * SECOND), START, per_second)
    assert pace.capacity == 1
    next_at_us = pace.after(1)
    assert START < next_at_us <= START + interval
    for now in accumulate(gaps, initial=START + int(interval) + 1):
        assert Pace(next_at_us, now, per_second).capacity > 0


def test_a_clock_that_is_a_second_ahead_makes_the_line_no_faster() -> None:
    by_turns, calls = [START + SECOND, START], 0
    next_at_us = 0
    for turn in range(200):
        now = by_turns[turn % 2] + turn * SECOND // 20
        pace = Pace(next_at_us, now, 20)
        calls += pace.capacity
        next_at_us = pace.after(pace.capacity)
    assert calls <= 10 * 20 + SECOND / SECOND * 20 + 3


@given(RATES, GAPS)
def test_rooms_of_two_that_dial_by_turns_are_the_room_of_one(
    per_second: float, gaps: list[int]
) -> None:
    """What one takes the other one has no more: all that they share is the next instant."""
    for now in accumulate(gaps, initial=START):
        pace = Pace(0, now, per_second)
        half = pace.capacity // 2
        rest = Pace(pace.after(half), now, per_second)
        assert rest.capacity <= pace.capacity - half + 1
        # Instants are whole microseconds: to divide it may gain less than one.
        assert half + rest.capacity <= per_second * (CATCH_UP + 1) / SECOND + 1 + 1e-6
