"""Times as they stand on clocks, in every zone, and the instants that they mean."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as some

from callkeeper.core.instants import DAY_MS, INSTANT_MAX, INSTANT_MIN, MINUTE_MS, by_clock
from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.wall_time import FIRST, SECOND, instants_of, read_wall_time

zones = some.sampled_from(sorted(available_timezones())).map(ZoneInfo)
# The years are those of every zone's clock: a day less than those of UTC, at either end.
minutes = some.integers((INSTANT_MIN + DAY_MS) // MINUTE_MS, (INSTANT_MAX - DAY_MS) // MINUTE_MS)
BERLIN = ZoneInfo("Europe/Berlin")


@given(zone=zones, minute=minutes)
def test_what_a_clock_shows_means_that_instant_and_at_most_one_more(
    zone: ZoneInfo, minute: int
) -> None:
    at = minute * MINUTE_MS
    local = by_clock(at, zone).replace(tzinfo=None)
    found = instants_of(local, zone)
    assert at in found
    assert len(found) <= 2
    which = SECOND if at == found[-1] else FIRST
    day, time = local.isoformat().split("T")
    assert read_wall_time(day, time, zone, which) == at


@given(zone=zones, minute=minutes, beside=some.integers(-120, 120))
def test_a_time_means_no_instant_only_where_no_clock_shows_it(
    zone: ZoneInfo, minute: int, beside: int
) -> None:
    """Looked for beside an instant, where clocks are set by up to two hours."""
    local = by_clock(minute * MINUTE_MS, zone).replace(tzinfo=None, fold=0)
    local += timedelta(minutes=beside)
    shown = {
        by_clock(at * MINUTE_MS, zone).replace(tzinfo=None, fold=0)
        for at in range(minute - 300, minute + 300)
    }
    assert bool(instants_of(local, zone)) is (local in shown)


@pytest.mark.parametrize(
    ("day", "at", "about"),
    [
        ("2027-03-28", "02:30", "at"),
        ("2027-10-31", "02:30", "which"),
        ("2027-02-30", "02:30", "day"),
        ("", "02:30", "day"),
        ("2027-03-28", "24:30", "at"),
        ("2027-03-28", "", "at"),
        ("1999-12-30", "12:00", "day"),
        ("2100-01-02", "12:00", "day"),
    ],
)
def test_what_means_no_instant_is_refused_where_it_was_typed(day: str, at: str, about: str) -> None:
    with pytest.raises(ParameterWrong) as refused:
        read_wall_time(day, at, BERLIN)
    assert refused.value.about == about


def test_of_an_hour_that_comes_twice_the_one_that_is_meant_is_taken() -> None:
    first = read_wall_time("2027-10-31", "02:30", BERLIN, FIRST)
    assert read_wall_time("2027-10-31", "02:30", BERLIN, SECOND) - first == 60 * MINUTE_MS
    assert instants_of(datetime(2027, 3, 28, 2, 30), BERLIN) == []  # noqa: DTZ001 - as typed
