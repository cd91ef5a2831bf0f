"""The times of a page: by the clock of whoever looks."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callkeeper.core.instants import Instant, LocalTimes
from callkeeper.core.people.session import SignedIn


def times_of(who: SignedIn, zone: str, now: Instant) -> LocalTimes:
    """Return times as a person sees them now: by the zone they chose, or that of their VDN.

    ``zone`` is that of whoever has neither.
    """
    return LocalTimes(clock_of(who.person.zone or who.zone, zone), now)


def clock_of(chosen: str | None, otherwise: str) -> ZoneInfo:
    """Return the zone that was chosen, or another where none was, or none that this machine knows.

    It may have been chosen where another machine serves.
    """
    try:
        return ZoneInfo(chosen or otherwise)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(otherwise)
