"""Instants and spans, as we count them and as people read them, in whatever language.

What is named ``…_at`` is an instant, unless its name says another unit (``…_at_us``), or its class
that it goes by ticks: the milliseconds of a clock that only ever grows.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

Instant = int  # UTC milliseconds
Written = Callable[[Instant], str]  # how a sentence has its instants

# The contract's dates have four digits of a year, and lie in this century: 2000 to 2099 in UTC.
INSTANT_MIN = 946_684_800_000
INSTANT_MAX = 4_102_444_800_000 - 1

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_SHOWN = "%Y-%m-%d %H:%M:%S %Z"
_IN_UTC = re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC\b")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
# From so many seconds on a span is told to so many only.
_ROUNDED = ((2 * 86_400, 3_600), (120, 60), (0, 1))
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class LocalTimes(msgspec.Struct, frozen=True):
    """Instants as a reader's clock shows them, who looks at it now.

    The zone is named once beside them all, by ``note``. A time that comes twice, on the day that
    the clock is set back, has its offset with it.
    """

    zone: tzinfo
    now: Instant

    @property
    def note(self) -> str:
        """Return the words that name the zone."""
        return f"times are in {self.zone}"

    def to_minute(self, instant: Instant) -> str:
        """Return ``2026-12-01 15:00``, which the command line also takes."""
        return self._written(instant, "minutes")

    def to_second(self, instant: Instant) -> str:
        """Return ``2026-12-01 15:00:05``."""
        return self._written(instant, "seconds")

    def exactly(self, instant: Instant) -> str:
        """Return it to the second, unless that is none: a promise mostly is for a whole minute."""
        is_whole = instant // SECOND_MS % 60 == 0
        return self.to_minute(instant) if is_whole else self.to_second(instant)

    def in_words(self, instant: Instant) -> str:
        """Return ``Tue 1 Dec 15:00``, with its year where that is another one than now's."""
        local = by_clock(instant, self.zone)
        year = "" if local.year == by_clock(self.now, self.zone).year else f" {local.year}"
        day = f"{WEEKDAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}{year}"
        return f"{day} {self.to_minute(instant).partition(' ')[2]}"

    def in_full(self, instant: Instant) -> str:
        """Return the same with the zone and how far it is: ``… (Asia/Shanghai, in 2 h)``."""
        return f"{self.in_words(instant)} ({self.zone}, {self.from_now(instant)})"

    def from_now(self, instant: Instant) -> str:
        """Return how far it is: ``in 2 h``, ``25 min ago`` or ``now``."""
        told = rounded_span(instant - self.now)
        if told == "0 s":
            return "now"
        return f"in {told}" if instant > self.now else f"{told} ago"

    def _written(self, instant: Instant, to: str) -> str:
        local = by_clock(instant, self.zone)
        other = local.replace(fold=1 - local.fold).utcoffset()
        comes_twice = other != local.utcoffset()
        return (local if comes_twice else local.replace(tzinfo=None)).isoformat(" ", to)


def in_utc(instant: Instant) -> str:
    """Return an instant as a date and a time."""
    return in_zone(instant, UTC)


def in_iso(instant: Instant) -> str:
    """Return an instant for programs: ``2026-12-01T15:00:00Z``, milliseconds if there are any."""
    at = by_clock(instant, UTC).replace(tzinfo=None)
    return f"{at.isoformat(timespec='milliseconds' if instant % SECOND_MS else 'seconds')}Z"


def retold(text: str, written: Written) -> str:
    """Return a sentence that was made for everybody, with its instants written for one reader."""

    def again(found: re.Match[str]) -> str:
        try:
            instant = datetime.strptime(found[0], _SHOWN).replace(tzinfo=UTC)
        except ValueError:  # somebody else wrote it
            return found[0]
        return written(int(instant.timestamp()) * SECOND_MS)

    return _IN_UTC.sub(again, text)


def day_in_utc(instant: Instant) -> str:
    """Return the date of an instant."""
    return by_clock(instant, UTC).strftime("%Y-%m-%d")


def in_zone(instant: Instant, zone: tzinfo) -> str:
    """Return the same as the clock of a zone shows it."""
    return by_clock(instant, zone).strftime(_SHOWN)


def by_clock(instant: Instant, zone: tzinfo) -> datetime:
    """Return an instant as the clock of a zone has it."""
    return (_EPOCH + timedelta(milliseconds=instant)).astimezone(zone)


def instant_of(local: datetime) -> Instant:
    """Return the instant of a time that has its zone, or its offset, with it."""
    return (local - _EPOCH) // timedelta(milliseconds=1)


def midnight(day: date, zone: tzinfo) -> Instant:
    """Return the instant at which a day begins, or at which the clock leaves its begin out."""
    return instant_of(datetime.combine(day, time.min, tzinfo=zone))


def day_around(instant: Instant, zone: tzinfo) -> tuple[Instant, Instant]:
    """Return the first and the last instant of the day by a zone's clock: of 23 to 25 hours."""
    day = by_clock(instant, zone).date()
    return midnight(day, zone), midnight(day + timedelta(days=1), zone) - 1


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


def rounded_span(milliseconds: int) -> str:
    """Return a span as people tell one: to the minute from two minutes on, then to the hour."""
    seconds = (abs(milliseconds) + SECOND_MS // 2) // SECOND_MS
    size = next(size for least, size in _ROUNDED if seconds >= least)
    return span((seconds + size // 2) // size * size * SECOND_MS)
