"""Fields that hold a time as people write it: a date with its time, and the windows of a day."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from callkeeper.api.contract.fields import Field, Fields, Schema, Text, Values
from callkeeper.api.contract.objects import checked_object, unknown_members
from callkeeper.core.campaigns.campaign import DAY_MINUTES, Window, clock_time
from callkeeper.core.campaigns.plan import WINDOWS_MAX
from callkeeper.core.instants import INSTANT_MAX, INSTANT_MIN, SECOND_MS, Instant
from callkeeper.core.refusal import DoNotGoTogether, ParameterWrong, TypeWrong

_DATE_TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{1,2}):([0-9]{2}):([0-9]{2})")
_CLOCK_TIME = re.compile(r"([0-9]{1,2}):([0-5][0-9])")
_PLACES = range(1, WINDOWS_MAX + 1)


class DateTime(Field, frozen=True, kw_only=True):
    """A String ``yyyy-MM-dd HH:mm:ss`` in UTC, in the years 2000 to 2099.

    The vendor's own example has an hour without its leading zero (cec_07_0727).
    """

    def take(self, value: Any) -> int:  # noqa: ANN401 - JSON comes in
        """Return the instant in UTC milliseconds."""
        if type(value) is not str:
            raise TypeWrong("must be a String, yyyy-MM-dd HH:mm:ss in UTC")
        instant = _instant(value)
        if instant is None:
            raise ParameterWrong(
                "{text!r} is no time in 2000 to 2099 as yyyy-MM-dd HH:mm:ss", text=value[:64]
            )
        return instant

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        return {"type": "string", "example": "2030-01-31 08:00:00", "description": self.says}


class ClockTime(Text, frozen=True, kw_only=True):
    """A String ``HH:mm``, taken as minutes from midnight; 24:00 is the end of the day."""

    longest: int = 5

    def take(self, value: Any) -> int:  # type: ignore[override] # noqa: ANN401
        """Return the minutes from midnight."""
        text = super().take(value)
        match = _CLOCK_TIME.fullmatch(text)
        minutes = int(match[1]) * 60 + int(match[2]) if match else DAY_MINUTES + 1
        if minutes > DAY_MINUTES:
            raise ParameterWrong("{text!r} is no time of the day as HH:mm", text=text)
        return minutes


class Hours(NamedTuple):
    """The windows of a campaign, and what else its schedule holds."""

    workday: tuple[Window, ...]
    special_day: tuple[Window, ...]
    unknown: Values


class Schedule(Field, frozen=True, kw_only=True):
    """The Object ``scheduleParam``: three windows for ordinary days and three for special ones.

    The first ordinary one must be there (cec_07_0721); null and empty mean unused.
    """

    def take(self, value: Any) -> Hours:  # noqa: ANN401 - JSON comes in
        """Return the windows, checked: each forwards, none of a kind overlapping another."""
        times = SCHEDULE.values(checked_object(value))
        return Hours(
            self._windows("workday", times),
            self._windows("holiday", times),
            unknown_members(SCHEDULE, value),
        )

    def schema(self) -> Schema:
        """Return what OpenAPI should know of it."""
        return {**SCHEDULE.schema(), "description": self.says}

    def _windows(self, kind: str, times: Mapping[str, int]) -> tuple[Window, ...]:
        windows: list[Window] = []
        for place in _PLACES:
            first, last = _names(kind, place)
            begin, end = times.get(first), times.get(last)
            if begin is None and end is None:
                continue
            if begin is None or end is None:
                raise DoNotGoTogether(
                    "{first} and {last} must be given together", first=first, last=last
                )
            window = Window(begin, end, place)
            if not window.is_forward:
                raise DoNotGoTogether(
                    "{first} and {last} are no window, it would not end after it begins",
                    first=first,
                    last=last,
                )
            for other in windows:
                if window.overlaps(other):
                    raise DoNotGoTogether(
                        "{first} and {last} overlap window {other}",
                        first=first,
                        last=last,
                        other=other.place,
                    )
            windows.append(window)
        return tuple(windows)


def date_time(instant: int) -> str:
    """Return an instant as it is written on the wire."""
    return datetime.fromtimestamp(instant // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def schedule(workday: tuple[Window, ...], special_day: tuple[Window, ...]) -> Values:
    """Return windows as the wire has them, all twelve members, null where unused."""
    times: Values = {field.name: None for field in SCHEDULE.fields}
    for kind, windows in (("workday", workday), ("holiday", special_day)):
        for window in windows:
            begin, end = _names(kind, window.place)
            times |= {begin: clock_time(window.begin), end: clock_time(window.end)}
    return times


def _instant(text: str) -> Instant | None:
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    try:
        found = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    instant = int(found.timestamp()) * SECOND_MS
    return instant if INSTANT_MIN <= instant <= INSTANT_MAX else None


def _names(kind: str, place: int) -> tuple[str, str]:
    return f"{kind}BeginTime{place}", f"{kind}EndTime{place}"


def _schedule_fields() -> Fields:
    says = {"workday": "of an ordinary day", "holiday": "of a special date, not used yet"}
    return Fields(
        *(
            ClockTime(
                name=name,
                ours=name,
                says=f"window {place} {says[kind]}, HH:mm",
                mandatory=kind == "workday" and place == 1,
            )
            for kind in says
            for place in _PLACES
            for name in _names(kind, place)
        )
    )


SCHEDULE = _schedule_fields()
