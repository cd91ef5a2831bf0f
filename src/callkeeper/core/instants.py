"""Instants and spans, as we count them and as people read them, in whatever language.

What is named ``…_at`` is an instant, unless its name says another unit (``…_at_us``), or its class
that it goes by ticks: the milliseconds of a clock that only ever grows.
"""

from datetime import UTC, datetime, timedelta, tzinfo

Instant = int  # UTC milliseconds

SECOND_MS = 1000
DAY_MS = 24 * 60 * 60 * SECOND_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def in_utc(instant: Instant) -> str:
    """Return an instant as a date and a time."""
    return in_zone(instant, UTC)


def day_in_utc(instant: Instant) -> str:
    """Return the date of an instant."""
    return by_clock(instant, UTC).strftime("%Y-%m-%d")


def in_zone(instant: Instant, zone: tzinfo) -> str:
    """Return the same as the clock of a zone shows it."""
    return by_clock(instant, zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def by_clock(instant: Instant, zone: tzinfo) -> datetime:
    """Return an instant as the clock of a zone has it."""
    return (_EPOCH + timedelta(milliseconds=instant)).astimezone(zone)


def span(milliseconds: int) -> str:
    """Return a span in its largest unit and the next one: ``544 d 4 h``, ``15 min``, ``0 s``."""
    seconds = abs(milliseconds) // 1000
    for place, (unit, size) in enumerate(_UNITS):
        if seconds >= size:
            told = [f"{seconds // size} {unit}"]
            smaller, size_of_smaller = _UNITS[min(place + 1, len(_UNITS) - 1)]
            if rest := seconds % size // size_of_smaller:
                told.append(f"{rest} {smaller}")
            return " ".join(told)
    return "0 s"
