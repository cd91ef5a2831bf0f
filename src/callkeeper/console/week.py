"""A week of a campaign's hours as SVG: where each window of each day lies."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from callkeeper.core.campaigns.campaign import DAY_MINUTES, Campaign, Window
from callkeeper.core.instants import Instant, by_clock

DAYS = 7
ROW = 24
_WHOLE_DAY = (Window(0, DAY_MINUTES),)


class Piece(NamedTuple):
    """A window of a day, in minutes from its midnight."""

    begin: int
    length: int


class WeekDay(NamedTuple):
    """A day, and when the campaign dials on it."""

    day: date
    top: int
    pieces: list[Piece]


class Week(NamedTuple):
    """Seven days from today on, and which minute of the first one it is."""

    width: int
    height: int
    rows: list[WeekDay]
    minute: int


def week(campaign: Campaign, zone: ZoneInfo, now: Instant) -> Week:
    """Return the week that begins today by the clock of a campaign's hours."""
    today = by_clock(now, zone)
    days = [today.date() + timedelta(days=number) for number in range(DAYS)]
    rows = [
        WeekDay(day, number * ROW, _pieces(campaign, zone, day)) for number, day in enumerate(days)
    ]
    return Week(DAY_MINUTES, DAYS * ROW, rows, today.hour * 60 + today.minute)


def _pieces(campaign: Campaign, zone: ZoneInfo, day: date) -> list[Piece]:
    begin, end = (_on(day, instant, zone) for instant in (campaign.begin_at, campaign.end_at))
    windows: Sequence[Window] = campaign.workday_windows or _WHOLE_DAY
    cut = [(max(each.begin, begin), min(each.end, end)) for each in windows]
    return [Piece(left, right - left) for left, right in cut if left < right]


def _on(day: date, instant: Instant, zone: ZoneInfo) -> int:
    """Return how many minutes of a day an instant leaves before it: none, some or all."""
    local = by_clock(instant, zone)
    if local.date() != day:
        return 0 if local.date() < day else DAY_MINUTES
    return local.hour * 60 + local.minute
