"""A day of a VDN: what its promises came to, as tables and bars, and as a file."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from starlette.responses import Response

from callkeeper.console.hours import Hour, bars_of, hours_of
from callkeeper.console.press import Press
from callkeeper.console.sheet import sheet
from callkeeper.console.times import PageTimes
from callkeeper.console.visit import Visit, no_page
from callkeeper.core.instants import (
    INSTANT_MAX,
    INSTANT_MIN,
    Instant,
    LocalTimes,
    by_clock,
    midnight,
)
from callkeeper.core.people.rights import may
from callkeeper.core.people.session import SignedIn
from callkeeper.core.reservations.promise import KEEPINGS, Keeping
from callkeeper.usecases.day_report import DayReport, PartOfDay
from callkeeper.usecases.supervision import Supervision

# What promises came to, and what it is called; the first is the lowest part of a bar.
CAME_TO_WORDS: dict[Keeping, str] = {
    "kept": "kept",
    "kept_late": "kept late",
    "kept_sometime": "kept, and nobody knows when",
    "calling": "being called",
    "waiting": "to come",
    "late": "late",
    "broken": "broken",
    "unknown": "unknown",
    "cancelled": "deleted",
}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TODAY = "today"


class DayPage:
    """The report of a day, by the clock of whoever looks."""

    def __init__(self, supervision: Supervision, press: Press, times: PageTimes) -> None:
        self._supervision = supervision
        self._press = press
        self._times = times

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show it."""
        times = self._times.of(who)
        day = _day(visit, times)
        span = _span(visit, day, times)
        report = await self._supervision.report(who.person, visit.vdn, span)
        hours = hours_of(report.day, span, times)
        return self._press.page(
            visit.language,
            "day",
            who=who,
            vdn=visit.vdn,
            day=day,
            neighbours=_neighbours(day),
            times=times,
            report=report,
            hours=hours,
            plot=bars_of(hours, CAME_TO_WORDS),
            shown_words={
                each: words for each, words in CAME_TO_WORDS.items() if each in report.day.counts
            },
            may_export=may(who.person, "export", visit.vdn),
        )

    async def export(self, visit: Visit, who: SignedIn) -> Response:
        """Give the same as a file."""
        times = self._times.of(who)
        day = _day(visit, times)
        span = _span(visit, day, times)
        report = await self._supervision.report(who.person, visit.vdn, span, to_keep=True)
        rows = _rows(report, hours_of(report.day, span, times))
        return await sheet(f"callkeeper-{visit.vdn}-{day}", rows)


def _day(visit: Visit, times: LocalTimes) -> date:
    """Return the day that the path names. Raise NoSuchPath."""
    text = visit.request.path_params["date"]
    if text == _TODAY:
        return by_clock(times.now, times.zone).date()
    if not _DATE.fullmatch(text):
        raise no_page(visit.request)
    try:
        return date.fromisoformat(text)
    except ValueError as error:  # the 31st of a short month
        raise no_page(visit.request) from error


def _span(visit: Visit, day: date, times: LocalTimes) -> tuple[Instant, Instant]:
    """Return the first and the last instant of a day. Raise NoSuchPath for one of no calendar."""
    if not date.min < day < date.max - timedelta(days=1):
        raise no_page(visit.request)
    begin_at = midnight(day, times.zone)
    end_at = midnight(day + timedelta(days=1), times.zone) - 1
    if not INSTANT_MIN <= begin_at < end_at <= INSTANT_MAX:
        raise no_page(visit.request)
    return begin_at, end_at


def _neighbours(day: date) -> tuple[date, date]:
    return day - timedelta(days=1), day + timedelta(days=1)


def _rows(report: DayReport, hours: list[Hour]) -> Iterator[list[str | int]]:
    """Yield the rows of the file: words of programs, which are the same in every language."""
    yield ["part", "id", "name", *KEEPINGS]
    yield ["day", "", "", *_cells(report.day.counts)]
    for each in hours:
        yield ["hour", each.label, "", *_cells(each.counts)]
    parts: tuple[tuple[str, list[PartOfDay]], ...] = (
        ("campaign", report.campaigns),
        ("agent", report.agents),
    )
    for part, rows in parts:
        for row in rows:
            yield [part, row.id, row.name, *_cells(row.counts)]


def _cells(counts: Mapping[Keeping, int] | Mapping[str, int]) -> list[int]:
    return [counts.get(each, 0) for each in KEEPINGS]
