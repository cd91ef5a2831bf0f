"""A key's allowance: never more than it says, never less, whatever the clock does."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as some

from callkeeper.core.allowance import Allowance, Limit
from callkeeper.core.refusal import ParameterWrong, TooManyRequests

SECOND = 1_000_000
START = 1_800_000_000 * SECOND
RATES = some.floats(0.01, 10_000, allow_nan=False)
BURSTS = some.integers(1, 1000)
GAPS = some.lists(some.integers(0, 3 * SECOND), min_size=1, max_size=200)


def spent(allowance: Allowance, instants: list[int]) -> list[int]:
    """Return the instants at which a request was let through."""
    full_at_us, through = 0, []
    for now in instants:
        try:
            full_at_us = allowance.spend(full_at_us, now)
        except TooManyRequests:
            continue
        through.append(now)
    return through


def wait(allowance: Allowance, full_at_us: int, now: int) -> int:
    with pytest.raises(TooManyRequests) as refused:
        allowance.spend(full_at_us, now)
    return refused.value.wait_seconds


def test_a_rested_key_may_send_its_burst_at_once_and_then_as_many_as_it_may() -> None:
    allowance = Allowance(10, 5)
    assert len(spent(allowance, [START] * 20)) == 5
    assert spent(
        allowance,
        [START] * 20 + [START + SECOND // 10 - 1, START + SECOND // 10, START + SECOND // 10],
    )[5:] == [START + SECOND // 10]


@given(RATES, BURSTS, GAPS)
def test_in_no_span_is_more_let_through_than_the_burst_and_the_rate(
    per_second: float, burst: int, gaps: list[int]
) -> None:
    through = spent(Allowance(per_second, burst), list(accumulate(gaps, initial=START)))
    for i, first in enumerate(through):
        for count, last in enumerate(through[i:], 1):
            assert count <= burst + (last - first) * per_second * 1.005 / SECOND


@given(RATES, BURSTS, some.integers(0, 3 * SECOND))
def test_a_key_that_waits_as_told_is_let_through(per_second: float, burst: int, later: int) -> None:
    allowance, full_at_us, now = Allowance(per_second, burst), 0, START
    for _ in range(burst):
        full_at_us = allowance.spend(full_at_us, now)
    seconds = wait(allowance, full_at_us, now)
    assert seconds >= 1
    assert allowance.spend(full_at_us, now + seconds * SECOND + later) > full_at_us


def emptied(allowance: Allowance) -> int:
    """Return what is left of an allowance that was spent at once."""
    full_at_us = 0
    for _ in range(allowance.burst):
        full_at_us = allowance.spend(full_at_us, START)
    return full_at_us


@given(RATES, BURSTS, some.integers(1, 10 * 365 * 86_400))
def test_a_clock_that_is_set_back_costs_nothing(
    per_second: float, burst: int, seconds_back: int
) -> None:
    """What it was spent to lies further ahead than it can ever be spent to."""
    allowance = Allowance(per_second, burst)
    now = START - seconds_back * SECOND
    full_at_us = allowance.spend(emptied(allowance), now)
    assert now < full_at_us <= now + burst * round(SECOND / per_second)


def test_a_limit_that_is_raised_takes_effect_at_once() -> None:
    slow, fast = Allowance(0.1, 100), Allowance(10, 20)
    full_at_us = emptied(slow)
    assert wait(slow, full_at_us, START) == 10
    instants = [START + each * SECOND // 10 for each in range(100)]
    for now in instants:
        full_at_us = fast.spend(full_at_us, now)


def test_a_limit_that_is_lowered_counts_by_the_new_one() -> None:
    slow = Allowance(1, 2)
    full_at_us = slow.spend(emptied(Allowance(10, 100)), START)
    full_at_us = slow.spend(full_at_us, START)
    assert wait(slow, full_at_us, START) == 1


@pytest.mark.parametrize(
    ("old", "limit", "new"),
    [
        (None, Limit(2.5), Allowance(2.5, 3)),
        (None, Limit(2.5, 9), Allowance(2.5, 9)),
        (Allowance(2.5, 3), Limit(50), Allowance(50, 50)),
        (Allowance(50, 200), Limit(60), Allowance(60, 200)),
        (Allowance(50, 200), Limit(burst=7), Allowance(50, 7)),
        (Allowance(50, 200), Limit(), Allowance(50, 200)),
        (Allowance(50, 200), Limit(off=True), None),
        (None, Limit(off=True), None),
    ],
)
def test_a_limit_changes_the_parts_that_it_names_and_no_other(
    old: Allowance | None, limit: Limit, new: Allowance | None
) -> None:
    assert limit.apply(old) == new


def test_a_burst_alone_is_no_limit() -> None:
    with pytest.raises(ParameterWrong, match="how many a second"):
        Limit(burst=5).apply(None)
