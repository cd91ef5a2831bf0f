"""The hours of a campaign, by the clock on its own wall, also on the days that clock is set."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from callkeeper.core.campaigns.campaign import Campaign, Window
from callkeeper.core.campaigns.hours import are_open, never_dials, next_opening
from callkeeper.core.instants import in_zone
from tests.core.reservations.test_reservation import CAMPAIGN

MINUTE = 60_000
DAY = 1440 * MINUTE
BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its summer is half an hour
KATHMANDU = ZoneInfo("Asia/Kathmandu")  # 5:45 ahead
SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = (ZoneInfo("UTC"), BERLIN, SHANGHAI, KATHMANDU, LORD_HOWE)
OFFICE = (Window(9 * 60, 18 * 60),)
# By the UTC date: Berlin sets its clock on both, Lord Howe in April and October.
CHANGES = ((2026, 3, 28), (2026, 10, 24), (2026, 4, 4), (2026, 10, 3), (2026, 7, 1))


def utc(text: str) -> int:
    """Return the instant of a date and a time in UTC."""
    instant = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    return int(instant.timestamp()) * 1000


def window(begin: str, end: str) -> Window:
    """Return a window as a person writes it."""
    (begin_hour, begin_minute), (end_hour, end_minute) = begin.split(":"), end.split(":")
    return Window(int(begin_hour) * 60 + int(begin_minute), int(end_hour) * 60 + int(end_minute))


def test_without_windows_it_is_always_open() -> None:
    now = utc("2026-03-29 01:00") + 123
    assert are_open((), BERLIN, now)
    assert next_opening((), BERLIN, now) == now


def test_a_window_is_open_from_its_begin_until_just_before_its_end() -> None:
    opens, closes = utc("2026-07-01 07:00"), utc("2026-07-01 16:00")  # 9 and 18 in Berlin
    assert [are_open(OFFICE, BERLIN, opens + ms) for ms in (-1, 0, 1)] == [False, True, True]
    assert [are_open(OFFICE, BERLIN, closes + ms) for ms in (-1, 0)] == [True, False]


@pytest.mark.parametrize(
    ("zone", "opens"),
    [(BERLIN, "07:00"), (SHANGHAI, "01:00"), (KATHMANDU, "03:15"), (ZONES[0], "09:00")],
    ids=str,
)
def test_hours_go_by_the_clock_of_the_zone(zone: ZoneInfo, opens: str) -> None:
    assert next_opening(OFFICE, zone, utc("2026-07-01 00:30")) == utc(f"2026-07-01 {opens}")


def test_while_it_is_open_it_opens_now() -> None:
    now = utc("2026-07-01 12:34") + 567
    assert next_opening(OFFICE, BERLIN, now) == now


def test_after_the_last_window_of_a_day_it_opens_on_the_next() -> None:
    assert next_opening(OFFICE, BERLIN, utc("2026-07-01 16:00")) == utc("2026-07-02 07:00")


def test_of_three_windows_the_next_one_opens_in_whatever_order_they_stand() -> None:
    three = (window("15:00", "18:00"), window("08:00", "10:00"), window("12:00", "13:00"))
    openings = {
        "07:59": "08:00",
        "10:00": "12:00",
        "12:59": "12:59",
        "13:00": "15:00",
        "18:00": "08:00",
    }
    for now, opening in openings.items():
        day = "02" if opening < now else "01"
        found = next_opening(three, ZONES[0], utc(f"2026-07-01 {now}"))
        assert found == utc(f"2026-07-{day} {opening}"), now


def test_a_window_until_midnight_is_open_until_the_next_day_begins() -> None:
    late = (window("22:00", "24:00"),)
    midnight = utc("2026-07-02 00:00")
    assert are_open(late, ZONES[0], midnight - 1)
    assert not are_open(late, ZONES[0], midnight)
    assert next_opening(late, ZONES[0], midnight) == utc("2026-07-02 22:00")


def test_a_whole_day_never_closes() -> None:
    whole = (window("00:00", "24:00"),)
    for now in range(utc("2026-03-29 00:00"), utc("2026-03-30 00:00"), 7 * MINUTE):
        assert next_opening(whole, BERLIN, now) == now


def test_an_hour_that_is_left_out_opens_nothing() -> None:
    """On 29 March 2026 Berlin's clock goes from 2:00 to 3:00, at 1:00 UTC."""
    gap = (window("02:00", "03:00"),)
    assert next_opening(gap, BERLIN, utc("2026-03-29 00:30")) == utc("2026-03-30 00:00")


def test_a_window_whose_begin_is_left_out_opens_when_the_clock_is_set() -> None:
    half = (window("02:30", "04:00"),)
    assert next_opening(half, BERLIN, utc("2026-03-29 00:30")) == utc("2026-03-29 01:00")
    assert not are_open(half, BERLIN, utc("2026-03-29 02:00"))


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    """On 25 October 2026 Berlin's clock goes from 3:00 back to 2:00, at 1:00 UTC."""
    twice = (window("02:15", "02:45"),)
    assert next_opening(twice, BERLIN, utc("2026-10-24 22:00")) == utc("2026-10-25 00:15")
    assert not are_open(twice, BERLIN, utc("2026-10-25 00:45"))
    assert next_opening(twice, BERLIN, utc("2026-10-25 00:45")) == utc("2026-10-25 01:15")
    assert next_opening(twice, BERLIN, utc("2026-10-25 01:45")) == utc("2026-10-26 01:15")


def test_a_window_that_has_closed_opens_again_in_its_middle_when_the_clock_is_turned_back() -> None:
    morning = (window("01:00", "02:30"),)
    assert not are_open(morning, BERLIN, utc("2026-10-25 00:30"))
    assert next_opening(morning, BERLIN, utc("2026-10-25 00:30")) == utc("2026-10-25 01:00")


def test_an_instant_is_written_as_the_clock_of_the_zone_shows_it() -> None:
    assert in_zone(utc("2026-03-29 00:59"), BERLIN) == "2026-03-29 01:59:00 CET"
    assert in_zone(utc("2026-03-29 01:00"), BERLIN) == "2026-03-29 03:00:00 CEST"


@some.composite
def windows(draw: some.DrawFn) -> Sequence[Window]:
    """One to three windows, as the wire allows them: forwards, and none over another."""
    edges = draw(some.lists(some.integers(0, 1440), min_size=2, max_size=6, unique=True))
    edges.sort()
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    return draw(some.permutations([Window(begin, end) for begin, end in pairs]))


@settings(max_examples=150, deadline=None)
@given(
    windows(),
    some.sampled_from(ZONES),
    some.sampled_from(CHANGES),
    some.integers(0, 2 * DAY - 1),
)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    given_windows: Sequence[Window], zone: ZoneInfo, day: tuple[int, int, int], later: int
) -> None:
    now = int(datetime(*day, tzinfo=UTC).timestamp()) * 1000 + later
    opening = next_opening(given_windows, zone, now)
    assert opening >= now
    assert are_open(given_windows, zone, opening)
    # The clocks of all these zones are set on a full minute, and windows begin on one.
    minutes = range(now - now % MINUTE + MINUTE, opening, MINUTE)
    assert not [
        each for each in (now, *minutes) if each < opening and are_open(given_windows, zone, each)
    ]


def dialing(begin: str, end: str, windows: Sequence[Window] = OFFICE) -> Campaign:
    """Return a campaign between two instants of UTC."""
    fields = {"begin_at": utc(begin), "end_at": utc(end), "workday_windows": tuple(windows)}
    return msgspec.structs.replace(CAMPAIGN, **fields)


NIGHT = (window("02:00", "03:00"),)  # which Berlin does not have on 2026-03-29


@pytest.mark.parametrize(
    ("campaign", "due", "why"),
    [
        (dialing("2026-07-01 07:00", "2026-07-02 06:59"), "2026-07-01 15:59", None),
        (dialing("2026-07-01 07:00", "2026-07-03 00:00"), "2026-07-01 16:00", None),
        (dialing("2026-07-02 20:00", "2026-07-04 00:00"), "2026-07-01 08:00", None),
        (
            dialing("2026-07-01 07:00", "2026-07-02 07:00"),
            "2026-07-01 16:00",
            "ends 2026-07-02 09:00:00 CEST, before it next dials at 2026-07-02 09:00:00 CEST",
        ),
        (
            dialing("2026-07-02 16:30", "2026-07-03 06:00"),
            "2026-07-01 08:00",
            "ends 2026-07-03 08:00:00 CEST, before it next dials at 2026-07-03 09:00:00 CEST",
        ),
        (
            dialing("2026-07-01 07:00", "2026-07-02 10:00", ()),
            "2026-07-02 10:00",
            "ends 2026-07-02 12:00:00 CEST, before the call is due at 2026-07-02 12:00:00 CEST",
        ),
        (dialing("2026-07-01 07:00", "2026-07-02 10:00", ()), "2026-07-02 09:59", None),
        (
            dialing("2026-03-28 12:00", "2026-03-29 20:00", NIGHT),
            "2026-03-28 20:00",
            "ends 2026-03-29 22:00:00 CEST, before it next dials at 2026-03-30 02:00:00 CEST",
        ),
        (dialing("2026-03-28 12:00", "2026-03-30 00:01", NIGHT), "2026-03-28 20:00", None),
    ],
)
def test_a_campaign_never_dials_what_is_due_after_its_last_open_instant(
    campaign: Campaign, due: str, why: str | None
) -> None:
    never = never_dials(campaign, BERLIN, utc(due))
    assert (never and never.told()) == (f"campaign 7 {why}" if why else None)
