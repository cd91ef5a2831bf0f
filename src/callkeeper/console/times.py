"""The times of a page: by the clock of whoever looks."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callkeeper.core.instants import Instant, LocalTimes
from callkeeper.core.people.person import Person


def times_of(person: Person, zone: str, now: Instant) -> LocalTimes:
    """Return times as a person sees them now; ``zone`` is that of whoever has none of their own."""
    try:
        own = ZoneInfo(person.zone or zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # chosen where another machine serves
        own = ZoneInfo(zone)
    return LocalTimes(own, now)
