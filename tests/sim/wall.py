"""When a campaign's hours are open, found out the slow way: by looking at the wall every minute."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from callkeeper.core.campaigns.campaign import Campaign, Window

_MINUTE = 60_000
_DAY = 24 * 60 * _MINUTE
_DAYS_AHEAD = 5


def minute_of_day(instant: int, zone: str) -> int:
    """Return what a clock on a wall there shows, in minutes since its midnight."""
    shown = datetime.fromtimestamp(instant // 1000, UTC).astimezone(ZoneInfo(zone))
    return shown.hour * 60 + shown.minute


def is_open(campaign: Campaign, zone: str, instant: int) -> bool:
    """Whether the campaign's hours, on its own wall, are open."""
    windows = campaign.workday_windows
    shown = minute_of_day(instant, campaign.dial_settings.time_zone or zone)
    return not windows or any(each.begin <= shown < each.end for each in windows)


def opens_at(campaign: Campaign, zone: str, instant: int) -> int:
    """Return the first instant, from a given one on, at which the hours are open."""
    if is_open(campaign, zone, instant):
        return instant
    where = campaign.dial_settings.time_zone or zone
    first = instant - instant % _DAY
    for day in range(first, first + _DAYS_AHEAD * _DAY, _DAY):
        for minute in _open_minutes(campaign.workday_windows, where, day):
            if minute > instant:
                return minute
    raise AssertionError("the hours never open")


@cache
def _open_minutes(windows: tuple[Window, ...], zone: str, day: int) -> list[int]:
    return list(_minutes(windows, zone, day))


def _minutes(windows: tuple[Window, ...], zone: str, day: int) -> Iterator[int]:
    for instant in range(day, day + _DAY, _MINUTE):
        shown = minute_of_day(instant, zone)
        if any(each.begin <= shown < each.end for each in windows):
            yield instant
