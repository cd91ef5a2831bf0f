"""Instants and spans as people read them."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from callkeeper.core.instants import LocalTimes, in_utc, in_zone, retold, span

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("milliseconds", "told"),
    [
        (0, "0 s"),
        (999, "0 s"),
        (1_000, "1 s"),
        (-61_000, "1 min 1 s"),
        (900_000, "15 min"),
        (5_400_000, "1 h 30 min"),
        (86_400_000 + 59_000, "1 d"),
        (47_018_660_436, "544 d 4 h"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(milliseconds: int, told: str) -> None:
    assert span(milliseconds) == told


def test_an_instant_is_told_in_utc() -> None:
    assert in_utc(1_748_858_400_000) == "2025-06-02 10:00:00 UTC"


# 2026-11-27 13:44 in UTC, a Friday; the clock of Berlin shows 14:44.
NOW = 1_795_787_040_000
BERLIN = LocalTimes(ZoneInfo("Europe/Berlin"), NOW)


def test_an_instant_is_told_as_the_readers_clock_shows_it() -> None:
    soon = NOW + 5 * HOUR + 5_678
    assert BERLIN.to_minute(soon) == "2026-11-27 19:44"
    assert BERLIN.to_second(soon) == "2026-11-27 19:44:05"
    assert BERLIN.exactly(soon) == "2026-11-27 19:44:05"
    assert BERLIN.exactly(NOW) == "2026-11-27 14:44"
    assert BERLIN.in_words(soon) == "Fri 27 Nov 19:44"
    assert BERLIN.in_words(NOW + 40 * 24 * HOUR) == "Wed 6 Jan 2027 14:44"
    assert BERLIN.in_full(soon) == "Fri 27 Nov 19:44 (Europe/Berlin, in 5 h)"
    assert BERLIN.note == "times are in Europe/Berlin"
    assert LocalTimes(UTC, NOW).note == "times are in UTC"


def test_a_time_that_comes_twice_is_told_with_its_offset() -> None:
    first = 1_792_888_200_000  # 2026-10-25 00:30 in UTC
    told = [BERLIN.to_minute(first + hour * HOUR) for hour in range(-1, 3)]
    assert told == [
        "2026-10-25 01:30",
        "2026-10-25 02:30+02:00",
        "2026-10-25 02:30+01:00",
        "2026-10-25 03:30",
    ]
    assert BERLIN.in_words(first) == "Sun 25 Oct 02:30+02:00"


def test_a_sentence_for_everybody_is_retold_by_the_readers_clock() -> None:
    said = f"it begins {in_utc(NOW)}, and ends {in_zone(NOW, ZoneInfo('Asia/Shanghai'))}"
    assert retold(said, BERLIN.exactly) == (
        "it begins 2026-11-27 14:44, and ends 2026-11-27 21:44:00 CST"
    )
    assert retold(said, in_utc) == said
    for other in ("9999-99-99 99:99:99 UTC", "0000-01-01 00:00:00 UTC", "12026-11-27 13:44:00 UTC"):
        assert retold(other, BERLIN.exactly) == other


@pytest.mark.parametrize(
    ("milliseconds", "told"),
    [
        (0, "now"),
        (400, "now"),
        (-400, "now"),
        (1_600, "in 2 s"),
        (-90_000, "1 min 30 s ago"),
        (2 * HOUR - 20_000, "in 2 h"),
        (-25 * 60_000 - 5_000, "25 min ago"),
        (48 * HOUR - 20_000, "in 2 d"),
        (75 * HOUR + 50 * 60_000, "in 3 d 4 h"),
    ],
)
def test_how_far_an_instant_is_is_told_no_closer_than_people_do(
    milliseconds: int, told: str
) -> None:
    assert BERLIN.from_now(NOW + milliseconds) == told
