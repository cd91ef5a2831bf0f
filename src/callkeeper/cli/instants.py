"""Instants as people write them: ``15:00``, ``tomorrow 15:00``, ``fri 9:30``, a date, ``+1h30m``.

What has no offset is meant by the clock on the wall of whoever writes. A time that this clock
leaves out, or shows twice, is refused with the two instants that it may be.
"""

import re
import unicodedata
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Literal

import typer

from callkeeper.cli.time_zone import local_times
from callkeeper.core.instants import (
    INSTANT_MAX,
    INSTANT_MIN,
    Instant,
    LocalTimes,
    by_clock,
    instant_of,
)

# Which 15:00 is meant, and which Friday: the next, that of today or of the days to come, the last.
Which = Literal["next", "today", "last"]

LIKE = "15:00, tomorrow 9:30, fri 15:00, 2026-12-01 15:00 or +1h30m"  # of what is to come

_LIKE: dict[Which, str] = {
    "next": LIKE,
    "today": f"{LIKE}, -2d",
    "last": "15:00, yesterday 9:30, fri 15:00, 2026-12-01 15:00 or -1h30m",
}
_MORE = "ISO 8601 with offset (2026-01-31T15:00+01:00), or epoch milliseconds"
_DAY = timedelta(days=1)
_WEEK = 7 * _DAY
_MILLISECOND = timedelta(milliseconds=1)

_SPAN = re.compile(
    r"(?P<sign>[+-])(?:(?P<weeks>[0-9]{1,6})w)?(?:(?P<days>[0-9]{1,6})d)?"
    r"(?:(?P<hours>[0-9]{1,6})h)?(?:(?P<minutes>[0-9]{1,6})m)?(?:(?P<seconds>[0-9]{1,6})s)?"
)
_MILLISECONDS = re.compile(r"[0-9]{12,14}")
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
_DATE = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_OFFSET = r"z|[+-][0-9]{2}(?::?[0-9]{2})?"
_DATED = re.compile(rf"(?P<date>{_DATE})(?:[t ](?P<clock>{_CLOCK}) ?(?P<offset>{_OFFSET})?)?")
_NAMED = re.compile(rf"(?P<day>[a-z]+)?(?: ?\b(?P<clock>{_CLOCK}))?")
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST = 3  # letters of a weekday


def instant_option(says: str, which: Which = "next") -> Any:  # noqa: ANN401 - typer keeps its type
    """Return an option that is an instant, as the reader's clock has it."""

    def take(ctx: typer.Context, value: str | None) -> Instant | None:
        if value is None:
            return None
        return read_instant(value, local_times(ctx.params.get("time_zone")), which)

    return typer.Option(parser=str, callback=take, metavar="INSTANT", help=says, show_default=False)


def read_instant(text: str, times: LocalTimes, which: Which) -> Instant:
    """Return the instant that a person means by a text. Raise typer.BadParameter."""
    # In full width too, as it comes from a keyboard that is set to Chinese.
    plain = " ".join(unicodedata.normalize("NFKC", text).lower().split())
    try:
        found = _read(plain, times, which)
    except OverflowError:
        found = None
    else:
        if found is None:
            raise typer.BadParameter(f"{text!r} is no instant; write {_LIKE[which]}, {_MORE}")
    if found is None or not INSTANT_MIN <= found <= INSTANT_MAX:
        raise typer.BadParameter(f"{text!r} is not in the years 2000 to 2099")
    return found


def _read(text: str, times: LocalTimes, which: Which) -> Instant | None:
    if text == "now":
        return times.now
    if _MILLISECONDS.fullmatch(text):
        return int(text)
    if (span := _SPAN.fullmatch(text)) and len(text) > 1:
        return _from_now(span, times)
    if dated := _DATED.fullmatch(text):
        return _of_date(dated, times.zone)
    if text and (named := _NAMED.fullmatch(text)):
        return _of_day(named["day"], named["clock"], times, which)
    return _of_iso(text, times.zone)


def _from_now(span: re.Match[str], times: LocalTimes) -> Instant:
    """Return what is so far from now: days by the calendar, as people count them, hours exactly."""
    sign = -1 if span["sign"] == "-" else 1
    count = {unit: sign * int(span[unit] or 0) for unit in span.groupdict() if unit != "sign"}
    days = timedelta(weeks=count.pop("weeks"), days=count.pop("days"))
    begin = times.now
    if days:
        local = by_clock(begin, times.zone)
        begin = instant_of((local.replace(tzinfo=None) + days).replace(tzinfo=times.zone))
    return begin + timedelta(**count) // _MILLISECOND


def _of_date(dated: re.Match[str], zone: tzinfo) -> Instant:
    try:
        day = datetime.combine(date(*map(int, dated["date"].split("-"))), time.min)
    except ValueError as error:
        raise typer.BadParameter(f"there is no day {dated['date']}") from error
    if dated["clock"] is None:
        return _begin(day, zone)
    local = day + _clock(dated["clock"])
    if dated["offset"] is None:
        return _only(local, zone)
    try:
        return instant_of(datetime.fromisoformat(f"{local.isoformat()}{dated['offset'].upper()}"))
    except ValueError as error:
        raise typer.BadParameter(f"there is no offset {dated['offset']}") from error


def _of_iso(text: str, zone: tzinfo) -> Instant | None:
    """Return what any other form of ISO 8601 says; None: it is none."""
    try:
        found = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return _only(found, zone) if found.utcoffset() is None else instant_of(found)


def _of_day(name: str | None, clock: str | None, times: LocalTimes, which: Which) -> Instant | None:
    """Return the instant of a day by its name, or of one about today; None: it is no day."""
    today = datetime.combine(by_clock(times.now, times.zone), time.min)
    after_midnight = timedelta(0) if clock is None else _clock(clock)
    if name in _DAYS:
        day = today + _DAYS[name] * _DAY
    elif name is None:
        day = _meant((today - _DAY, today, today + _DAY), after_midnight, times, which)
    elif (ahead := _days_ahead(name, today)) is None:
        return None
    else:
        coming = today + ahead
        day = _meant((coming - _WEEK, coming, coming + _WEEK), after_midnight, times, which)
    return _begin(day, times.zone) if clock is None else _only(day + after_midnight, times.zone)


def _days_ahead(name: str, today: datetime) -> timedelta | None:
    """Return how far a weekday is, which is 0 of today; None: it is no weekday."""
    found = [number for number, each in enumerate(_WEEKDAYS) if each.startswith(name)]
    if len(name) < _SHORTEST or not found:
        return None
    return (found[0] - today.weekday()) % len(_WEEKDAYS) * _DAY


def _meant(
    days: tuple[datetime, datetime, datetime], clock: timedelta, times: LocalTimes, which: Which
) -> datetime:
    before, this, after = days
    if which == "today":
        return this
    earliest, latest = sorted(_both(this + clock, times.zone))
    if which == "next":
        return this if latest > times.now else after
    return this if earliest <= times.now else before


def _clock(text: str) -> timedelta:
    hour, minute, second = [*map(float, text.split(":")), 0.0][:3]
    found = timedelta(hours=hour, minutes=minute, seconds=second)
    if minute >= 60 or second >= 60 or found > _DAY:  # noqa: PLR2004 - of a clock
        raise typer.BadParameter(f"there is no time of day {text}; the last is 24:00")
    return found


def _begin(midnight: datetime, zone: tzinfo) -> Instant:
    """Return when a day begins, which is not at midnight where the clock leaves that out."""
    first, second = _both(midnight, zone)
    found = min(first, second) if _is_shown(first, midnight, zone) else max(first, second)
    if by_clock(found, zone).date() != midnight.date():
        raise typer.BadParameter(f"the clock in {zone} leaves out {midnight.date()}")
    return found


def _only(local: datetime, zone: tzinfo) -> Instant:
    """Return the only instant at which the clock of a zone shows a time."""
    local = local.replace(microsecond=local.microsecond // 1000 * 1000)
    first, second = sorted(_both(local, zone))
    if first == second:
        return first
    is_twice = _is_shown(first, local, zone)
    told, *choices = (
        each.isoformat(timespec="seconds" if each.second else "minutes")
        for each in (local, by_clock(first, zone), by_clock(second, zone))
    )
    raise typer.BadParameter(
        f"the clock in {zone} {'shows' if is_twice else 'leaves out'} {told.replace('T', ' ')}"
        f"{' twice' if is_twice else ''}; write {' or '.join(choices)}"
    )


def _is_shown(instant: Instant, local: datetime, zone: tzinfo) -> bool:
    return by_clock(instant, zone).replace(tzinfo=None) == local


def _both(local: datetime, zone: tzinfo) -> tuple[Instant, Instant]:
    """Return the instants at which the clock shows a time; they are one but when it is set."""
    first, second = (instant_of(local.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    return first, second
