"""Instants and spans as people read them, whatever language the sentence around them is in."""

from datetime import UTC, datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def in_utc(instant: int) -> str:
    """Return UTC milliseconds as a date and a time."""
    return in_zone(instant, UTC)


def in_zone(instant: int, zone: tzinfo) -> str:
    """Return the same as the clock of a zone shows it."""
    return by_clock(instant, zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def by_clock(instant: int, zone: tzinfo) -> datetime:
    """Return UTC milliseconds as the clock of a zone has them."""
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
