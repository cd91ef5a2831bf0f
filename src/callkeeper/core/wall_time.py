"""A time as it stands on a clock, and which instants it may mean: none, one, or two.

None in the hour that a night leaves out when clocks are set forward, two in the one that comes
twice when they are set back.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from callkeeper.core.instants import INSTANT_MAX, INSTANT_MIN, Instant, by_clock, instant_of
from callkeeper.core.refusal import OutOfRange, ParameterWrong

FIRST, SECOND = "first", "second"
_YEARS = range(by_clock(INSTANT_MIN, UTC).year, by_clock(INSTANT_MAX, UTC).year + 1)


def instants_of(local: datetime, zone: tzinfo) -> list[Instant]:
    """Return the instants at which a zone's clock shows a time, the earlier one first."""
    meant = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    shown = (
        each
        for each in meant
        if each.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
    )
    return sorted({instant_of(each) for each in shown})


def read_wall_time(day: str, at: str, zone: tzinfo, which: str = "") -> Instant:
    """Return the instant of a typed date and time; ``which`` of two is meant, FIRST or SECOND.

    Raise ParameterWrong, about ``day``, ``at`` or ``which``.
    """
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise ParameterWrong("{day!r} is no date; write 2026-12-01", about="day", day=day) from None
    if on.year not in _YEARS:
        raise _out_of_range(on)
    try:
        local = datetime.combine(on, time.fromisoformat(at).replace(tzinfo=None))
    except ValueError:
        raise ParameterWrong("{at!r} is no time; write 15:00", about="at", at=at) from None
    found = instants_of(local, zone)
    if not found:
        raise ParameterWrong(
            "{at} does not exist on that day: the clocks are set forward; choose an hour earlier "
            "or later",
            about="at",
            at=at,
        )
    if not INSTANT_MIN <= found[0] <= INSTANT_MAX:
        raise _out_of_range(on)
    if len(found) == 1:
        return found[0]
    if which not in (FIRST, SECOND):
        raise ParameterWrong(
            "{at} comes twice on that day: the clocks are set back; say which one is meant",
            about="which",
            at=at,
        )
    return found[which == SECOND]


def clock_set(zone: tzinfo, begin: Instant, end: Instant) -> Instant | None:
    """Return the instant, after begin and until end, at which the clock is set; None: it is not."""
    ahead = clock_ahead(zone, begin)
    if clock_ahead(zone, end) == ahead:
        return None
    while end - begin > 1:
        middle = (begin + end) // 2
        if clock_ahead(zone, middle) == ahead:
            begin = middle
        else:
            end = middle
    return end


def clock_ahead(zone: tzinfo, instant: Instant) -> int:
    """Return how many milliseconds the clock of a zone is ahead of UTC."""
    return (by_clock(instant, zone).utcoffset() or timedelta(0)) // timedelta(milliseconds=1)


def _out_of_range(day: date) -> OutOfRange:
    return OutOfRange(
        "{day} does not lie in the years {first} to {last} in UTC",
        about="day",
        day=day.isoformat(),
        first=_YEARS[0],
        last=_YEARS[-1],
    )
