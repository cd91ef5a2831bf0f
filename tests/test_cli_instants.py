"""Instants as people write them, by the clock on their wall, also on the days that it is set."""

import sqlite3
import zoneinfo
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as some

from callkeeper.cli.instants import Which, read_instant
from callkeeper.core.instants import WEEKDAYS, LocalTimes, by_clock
from callkeeper.installation.database import DATABASE_FILE
from tests.house import TASK, House
from tests.test_cli import at_house, run

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = 60_000
DAY = 1440 * MINUTE
ZONES = sorted(zoneinfo.available_timezones())


def utc(text: str) -> int:
    """Return the instant of a date and a time in UTC."""
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * 1000


NOW = utc("2026-11-27 13:44")  # a Friday, 14:44 in Berlin
TIMES = LocalTimes(BERLIN, NOW)


@pytest.mark.parametrize(
    ("text", "which", "meant"),
    [
        ("15:00", "next", "2026-11-27 14:00"),
        ("14:44", "next", "2026-11-28 13:44"),
        ("14:44:01", "next", "2026-11-27 13:44:01"),
        ("9:30", "next", "2026-11-28 08:30"),
        ("9:30", "today", "2026-11-27 08:30"),
        ("15:00", "last", "2026-11-26 14:00"),
        ("14:44", "last", "2026-11-27 13:44"),
        ("24:00", "next", "2026-11-27 23:00"),
        ("today 9:30", "next", "2026-11-27 08:30"),
        ("today", "next", "2026-11-26 23:00"),
        ("Tomorrow 15:00", "last", "2026-11-28 14:00"),
        ("yesterday", "next", "2026-11-25 23:00"),
        ("fri 15:00", "next", "2026-11-27 14:00"),
        ("FRI 9:30", "next", "2026-12-04 08:30"),
        ("fri 9:30", "today", "2026-11-27 08:30"),
        ("fri 15:00", "last", "2026-11-20 14:00"),
        ("friday", "next", "2026-12-03 23:00"),
        ("Thursday 09:30", "next", "2026-12-03 08:30"),
        ("thurs 9:30", "last", "2026-11-26 08:30"),
        ("2026-12-01", "next", "2026-11-30 23:00"),
        ("2026-12-1 9:30", "next", "2026-12-01 08:30"),
        ("2026-12-01t15:00:05", "next", "2026-12-01 14:00:05"),
        ("2026-07-01 15:00", "next", "2026-07-01 13:00"),
        ("2026-12-31 24:00", "next", "2026-12-31 23:00"),
        ("2026-12-01 15:00 +08:00", "next", "2026-12-01 07:00"),
        ("2026-12-01T15:00-0330", "next", "2026-12-01 18:30"),
        ("2026-12-01T15:00Z", "next", "2026-12-01 15:00"),
        ("20261201T1500", "next", "2026-12-01 14:00"),
        ("2026-W49-2", "next", "2026-11-30 23:00"),
        ("1795786980000", "next", "2026-11-27 13:43"),
        ("now", "next", "2026-11-27 13:44"),
        ("+1h30m", "next", "2026-11-27 15:14"),
        ("+90s", "next", "2026-11-27 13:45:30"),
        ("+1w", "next", "2026-12-04 13:44"),
        ("+1d12h", "next", "2026-11-29 01:44"),
        ("-2h", "next", "2026-11-27 11:44"),
        ("-1w2d3h", "next", "2026-11-18 10:44"),
        ("\uff11\uff15\uff1a\uff10\uff10", "next", "2026-11-27 14:00"),
        ("  15:00 ", "next", "2026-11-27 14:00"),
    ],
)
def test_an_instant_is_read_as_it_is_meant(text: str, which: Which, meant: str) -> None:
    assert read_instant(text, TIMES, which) == utc(meant)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no instant; write 15:00, tomorrow 9:30"),
        ("+", "is no instant"),
        ("+5x", "is no instant"),
        ("+30m1h", "is no instant"),
        ("123", "is no instant"),
        ("fr 15:00", "is no instant"),
        ("someday", "is no instant"),
        ("15:00 fri 15:00", "is no instant"),
        ("tomorrow15:00", "is no instant"),
        ("15", "is no instant"),
        ("15:0", "is no instant"),
        ("2026-12", "is no instant"),
        ("2026-12-01 15:00 CET", "is no instant"),
        ("25:00", "there is no time of day 25:00"),
        ("24:01", "there is no time of day 24:01"),
        ("15:60", "there is no time of day 15:60"),
        ("15:00:60", "there is no time of day 15:00:60"),
        ("2026-02-29", "there is no day 2026-02-29"),
        ("0000-01-01", "there is no day 0000-01-01"),
        ("2026-12-01 15:00+24:00", "there is no offset +24:00"),
        ("1999-12-31 23:59", "is not in the years 2000 to 2099"),
        ("2100-01-01 01:00", "is not in the years 2000 to 2099"),
        ("9999-12-31 24:00", "is not in the years 2000 to 2099"),
        ("0001-01-01", "is not in the years 2000 to 2099"),
        ("+999999w", "is not in the years 2000 to 2099"),
        ("-999999d", "is not in the years 2000 to 2099"),
        ("99999999999999", "is not in the years 2000 to 2099"),
        ("100000000000", "is not in the years 2000 to 2099"),
    ],
)
def test_what_is_no_instant_is_refused_with_what_to_write(text: str, says: str) -> None:
    with pytest.raises(typer.BadParameter) as refused:
        read_instant(text, TIMES, "next")
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("zone", "text", "says"),
    [
        (
            "Europe/Berlin",
            "2026-10-25 02:30",
            "shows 2026-10-25 02:30 twice; write 2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00",
        ),
        (
            "Europe/Berlin",
            "2026-03-29 02:30",
            "leaves out 2026-03-29 02:30; write 2026-03-29T01:30+01:00 or 2026-03-29T03:30+02:00",
        ),
        (
            "Australia/Lord_Howe",
            "2026-10-04 02:10:05",
            "write 2026-10-04T01:40:05+10:30 or 2026-10-04T02:40:05+11:00",
        ),
        ("Pacific/Apia", "2011-12-30 15:00", "leaves out 2011-12-30 15:00; write"),
        ("Pacific/Apia", "2011-12-30", "leaves out 2011-12-30"),
    ],
)
def test_a_time_that_the_clock_does_not_show_once_is_refused_with_what_it_may_be(
    zone: str, text: str, says: str
) -> None:
    times = LocalTimes(ZoneInfo(zone), NOW)
    with pytest.raises(typer.BadParameter) as refused:
        read_instant(text, times, "next")
    assert f"the clock in {zone} {says}"[-len(says) :] in str(refused.value)
    if "; write " in str(refused.value):
        _, _, choices = str(refused.value).partition("; write ")
        first, second = (read_instant(each, times, "next") for each in choices.split(" or "))
        assert first < second


def test_a_clock_that_is_set_today_is_asked_which_of_two_is_meant() -> None:
    morning = LocalTimes(BERLIN, utc("2026-10-24 22:00"))  # midnight
    with pytest.raises(typer.BadParameter, match="twice"):
        read_instant("02:30", morning, "next")
    noon = LocalTimes(BERLIN, utc("2026-10-25 11:00"))
    assert read_instant("02:30", noon, "next") == utc("2026-10-26 01:30")


def test_a_day_on_which_midnight_is_left_out_begins_when_its_clock_does() -> None:
    cairo = LocalTimes(ZoneInfo("Africa/Cairo"), NOW)
    begin = read_instant("2026-04-24", cairo, "next")  # at 0:00 it is 1:00
    assert cairo.to_minute(begin) == "2026-04-24 01:00"
    assert cairo.to_minute(begin - 1) == "2026-04-23 23:59"


def test_days_go_by_the_calendar_and_hours_by_time() -> None:
    eve = LocalTimes(BERLIN, utc("2026-10-24 10:00"))
    assert read_instant("+1d", eve, "next") == utc("2026-10-25 11:00")  # 12:00 both times
    assert read_instant("+24h", eve, "next") == utc("2026-10-25 10:00")


INSTANTS = some.integers(utc("2000-01-20 00:00"), utc("2099-12-10 00:00"))
ANY_ZONE = some.sampled_from(ZONES).map(ZoneInfo)
CLOCKS = some.times().map(lambda each: each.replace(microsecond=0))


@given(ANY_ZONE, INSTANTS, INSTANTS)
@settings(max_examples=400)
def test_what_is_shown_is_read_as_the_same_in_every_zone(
    zone: ZoneInfo, now: int, instant: int
) -> None:
    times = LocalTimes(zone, now)
    second, minute = instant // 1000 * 1000, instant // MINUTE * MINUTE
    assert read_instant(times.to_second(second), times, "next") == second
    assert read_instant(times.exactly(second), times, "next") == second
    assert read_instant(by_clock(instant, zone).isoformat(), times, "next") == instant
    if by_clock(minute, zone).second == 0:  # a few offsets of old have seconds
        assert read_instant(times.to_minute(minute), times, "next") == minute


def change(zone: ZoneInfo, begin: int, end: int) -> int | None:
    """Return the minute in which a zone's clock is set, if it is between two instants."""

    def ahead(instant: int) -> timedelta | None:
        return by_clock(instant, zone).utcoffset()

    if ahead(begin) == ahead(end):
        return None
    while end - begin > MINUTE:
        middle = (begin + end) // (2 * MINUTE) * MINUTE
        begin, end = (middle, end) if ahead(middle) == ahead(begin) else (begin, middle)
    return end


@pytest.mark.parametrize("year", [2001, 2011, 2026, 2077])
def test_around_a_change_all_that_is_shown_is_read_as_the_same_in_every_zone(year: int) -> None:
    """In both folds: the offset stands with a time that comes twice, and with no other."""
    months = [utc(f"{year}-{month:02}-01 00:00") for month in range(1, 13)]
    twice = 0
    for zone in map(ZoneInfo, ZONES):
        times = LocalTimes(zone, months[0])
        for begin, end in pairwise(months):
            at = change(zone, begin, end)
            for shift in range(-150, 150, 15) if at else ():
                instant = (at or 0) + shift * MINUTE
                shown = times.to_minute(instant)
                assert read_instant(shown, times, "next") == instant, (zone, instant)
                plain = shown[: len("2026-10-25 02:30")]
                if plain != shown:
                    twice += 1
                    with pytest.raises(typer.BadParameter, match="twice"):
                        read_instant(plain, times, "next")
    assert twice > 100


@given(ANY_ZONE, INSTANTS, CLOCKS, some.sampled_from(["", *WEEKDAYS]))
@settings(max_examples=400)
def test_a_time_of_day_is_the_next_or_the_last_of_its_kind(
    zone: ZoneInfo, now: int, clock: object, day: str
) -> None:
    times = LocalTimes(zone, now)
    text = f"{day} {clock}"
    try:
        next_, last = (read_instant(text, times, which) for which in ("next", "last"))
    except typer.BadParameter as refused:
        assert "leaves out" in str(refused) or "twice" in str(refused)  # noqa: PT017
        return
    assert last <= now < next_
    most = (8 if day else 2) * DAY + 26 * 60 * MINUTE  # a day may be left out
    assert next_ - last <= 2 * most
    for found in (next_, last):
        local = by_clock(found, zone)
        assert local.time() == clock
        assert day in ("", WEEKDAYS[local.weekday()])


@given(ANY_ZONE, some.dates(date(2000, 1, 2), date(2099, 12, 30)))
@settings(max_examples=400)
def test_a_date_is_the_first_instant_of_its_day(zone: ZoneInfo, day: date) -> None:
    times = LocalTimes(zone, NOW)
    try:
        begin = read_instant(str(day), times, "next")
    except typer.BadParameter as refused:
        assert "leaves out" in str(refused)  # noqa: PT017
        return
    assert by_clock(begin, zone).date() == day
    assert by_clock(begin - 1, zone).date() < day


@given(some.text(max_size=30))
@settings(max_examples=400)
def test_any_text_is_an_instant_or_is_refused(text: str) -> None:
    try:
        found = read_instant(text, TIMES, "next")
    except typer.BadParameter:
        return
    assert utc("2000-01-01 00:00") <= found < utc("2100-01-01 00:00")


def test_reserve_says_when_that_is_beside_the_id(house: House) -> None:
    command = ["reserve", "1", "--campaign", TASK, "--agent", "ann", "--at"]
    berlin = ["--time-zone", "Europe/Berlin"]
    ended = at_house(house, *command, "2090-07-01 15:00", *berlin)
    (listed,) = house.listed()
    assert ended.out == f"{listed['appointId']}\n"
    assert ended.err.startswith("reserved for Sat 1 Jul 2090 15:00 (Europe/Berlin, in ")
    assert listed["appointTime"] == utc("2090-07-01 13:00")
    assert at_house(house, *command, "+2h", "--json").err == ""
    assert ", in 2 h)" in at_house(house, *command, "+2h").err


def test_move_and_result_say_what_they_took(house: House) -> None:
    id_ = house.reserve()
    zone = ["--time-zone", "Asia/Shanghai"]
    moved = at_house(house, "move", id_, "--at", "2090-07-01 15:00", *zone).out
    assert moved.startswith(f"moved {id_} to Sat 1 Jul 2090 15:00 (Asia/Shanghai, in ")
    filed = at_house(house, "result", id_, "--begin", "-2h", "--end", "-1h", *zone).out
    assert filed.startswith(f"filed the result of {id_}, begun ")
    assert filed.endswith("(Asia/Shanghai, 2 h ago)\n")


def test_a_refusal_tells_its_times_by_the_readers_clock(house: House) -> None:
    command = ["reserve", "1", "--campaign", TASK, "--agent", "ann"]
    passed = [*command, "--at", "2020-07-01 15:00", "--time-zone", "Asia/Shanghai"]
    told = at_house(house, *passed, TZ="Asia/Shanghai").err
    assert "2020-07-01 15:00 (Asia/Shanghai) has passed" in told
    in_json = at_house(house, *passed, "--json", TZ="Asia/Shanghai").err
    assert "2020-07-01 07:00:00 UTC has passed" in in_json


def test_why_tells_all_its_times_by_the_readers_clock(house: House) -> None:
    """Those of a verdict too, which is stored for everybody."""
    house.has_campaign(7)
    id_ = house.reserve(callType=2, taskId="7")
    data = ["--data-dir", str(house.settings.data_dir)]
    instant = read_instant("-1m", LocalTimes(UTC, house.now()), "next")
    with closing(sqlite3.connect(house.settings.data_dir / DATABASE_FILE)) as file, file:
        file.execute("UPDATE reservation SET due_at = ?1, look_at = ?1", [instant - 1])
    assert run("settle", "--before", str(instant), "--yes", *data).status == 0
    shanghai = LocalTimes(ZoneInfo("Asia/Shanghai"), instant)
    told = run("why", id_, *data, TZ="Asia/Shanghai").out
    assert f"settled: it was due before {shanghai.exactly(instant)}, and the restored" in told
    assert f"(34608): it was due before {shanghai.exactly(instant)}, and" in told
    assert "UTC" not in told
    assert "UTC, and the restored" in run("why", id_, "--json", *data, TZ="Asia/Shanghai").out


def test_times_are_in_the_zone_of_the_option_before_that_of_tz(house: House) -> None:
    house.reserve(appointTime=utc("2090-07-01 13:00"))
    listed = at_house(house, "list", "--begin", "2090-07-01 21:00", TZ="Asia/Shanghai").out
    assert "2090-07-01 21:00" in listed
    assert listed.endswith("1 of 1; times are in Asia/Shanghai\n")
    option = ["--begin", "2090-07-01 15:00", "--end", "2090-07-01 15:00"]
    listed = at_house(
        house, "list", *option, "--time-zone", "Europe/Berlin", TZ="Asia/Shanghai"
    ).out
    assert "2090-07-01 15:00" in listed
    in_json = at_house(house, "list", "--json", TZ="Asia/Shanghai").value["reservations"]
    assert in_json[0]["at"] == "2090-07-01T13:00:00Z"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--at", "2026-10-25 2:30", "--time-zone", "Europe/Berlin"], "2026-10-25T02:30+02:00"),
        (["--at", "noon"], "--at: 'noon' is no instant"),
        (["--at", "15:00", "--time-zone", "Mars/Base"], "there is no time zone 'Mars/Base'"),
        (["--at", "15:00", "--time-zone", "../passwd"], "there is no time zone"),
    ],
)
def test_a_wrong_time_is_wrong_usage_of_its_option(arguments: list[str], says: str) -> None:
    ended = run("reserve", "1", "--campaign", "1", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert says in ended.err


def test_a_tz_that_is_no_zone_is_told(house: House) -> None:
    """To give a time by, and to show one."""
    says = "TZ is 'Mars/Base', and there is no such time zone; write it like Europe/Berlin"
    given = run("reserve", "1", "--campaign", "1", "--at", "15:00", TZ="Mars/Base")
    shown = at_house(house, "list", TZ="Mars/Base")
    assert given == shown == (1, "", f"callkeeper: {says}\n")


def test_a_campaigns_dates_are_in_the_zone_of_its_windows(house: House) -> None:
    where = ["--vdn", "25", "--data-dir", str(house.settings.data_dir)]
    command = ["campaign", "add", "--name", "spring", "--end", "2090-07-01", *where]
    added = run(*command, "--time-zone", "Asia/Tokyo", TZ="Europe/Berlin")
    campaign = house.store.campaigns.get(25, int(added.out))
    assert campaign is not None
    assert campaign.end_at == utc("2090-06-30 15:00")
    assert added.err.startswith(
        f"campaign {campaign.id} ends Sat 1 Jul 2090 00:00 (Asia/Tokyo, in "
    )


def test_a_weekday_is_that_far(house: House) -> None:
    """From outside, by the machine's own clock."""
    today = datetime.now(UTC)
    ahead = today + timedelta(days=3)
    day = WEEKDAYS[ahead.weekday()]
    command = ["reserve", "1", "--campaign", TASK, "--agent", "ann", "--at", f"{day} 23:59"]
    told = at_house(house, *command, TZ="UTC").err
    assert told.startswith(f"reserved for {day} {ahead.day} ")
