"""The times of a page: by the clock of whoever looks."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callkeeper.core.instants import Instant, LocalTimes
from callkeeper.core.people.session import SignedIn


def times_of(who: SignedIn, zone: str, now: Instant) -> LocalTimes:
    """Return times as a person sees them now: by the zone they chose, or that of their VDN.

    ``zone`` is that of whoever has neither.
    """
    try:
        own = ZoneInfo(who.person.zone or who.zone or zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # chosen where another machine serves
        own = ZoneInfo(zone)
    return LocalTimes(own, now)
