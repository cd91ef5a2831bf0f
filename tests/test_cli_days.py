"""Days as people name them, by the clock on their wall."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
import typer

from callkeeper.cli.days import read_day
from callkeeper.core.instants import LocalTimes, in_utc

# 2026-11-29 was a Sunday; in Shanghai it was 22:30.
NOW = 1_795_962_600_000
SHANGHAI = LocalTimes(ZoneInfo("Asia/Shanghai"), NOW)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("today", "2026-11-29"),
        ("Tomorrow", "2026-11-30"),
        ("yesterday", "2026-11-28"),
        ("sun", "2026-11-29"),
        ("monday", "2026-11-23"),
        ("2026-12-01", "2026-12-01"),
    ],
)
def test_a_day_is_named_by_a_word_or_its_date(text: str, named: str) -> None:
    assert read_day(text, SHANGHAI).date == date.fromisoformat(named)


def test_a_weekday_may_be_the_one_to_come() -> None:
    assert read_day("monday", SHANGHAI, "today").date == date(2026, 11, 30)
    assert read_day("sun", SHANGHAI, "today").date == date(2026, 11, 29)


def test_a_day_goes_from_midnight_to_midnight_by_the_readers_clock() -> None:
    day = read_day("today", SHANGHAI)
    assert in_utc(day.begin_at) == "2026-11-28 16:00:00 UTC"
    assert in_utc(day.end_at + 1) == "2026-11-29 16:00:00 UTC"


@pytest.mark.parametrize(
    ("text", "zone", "hours"),
    [
        ("2026-03-29", "Europe/Berlin", 23),
        ("2026-10-25", "Europe/Berlin", 25),
        ("2026-09-06", "America/Santiago", 23),  # it begins at 01:00
        ("2026-09-05", "America/Santiago", 24),  # and the one before ends there
        ("2011-12-29", "Pacific/Apia", 24),  # the next one was left out
    ],
)
def test_a_day_on_which_the_clock_is_set_has_the_hours_that_it_has(
    text: str, zone: str, hours: int
) -> None:
    day = read_day(text, LocalTimes(ZoneInfo(zone), NOW))
    assert day.end_at + 1 - day.begin_at == hours * 3_600_000


@pytest.mark.parametrize("text", ["", "15:00", "today 15:00", "+1d", "-2h", "now", "2026-13-01"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no day; write today, yesterday"):
        read_day(text, SHANGHAI)
