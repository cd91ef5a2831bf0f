"""The times of a page: by the clock of whoever looks."""

from functools import cache
from zoneinfo import available_timezones

from callkeeper.core.instants import Instant, LocalTimes
from callkeeper.core.people.session import SignedIn
from callkeeper.store.zones import clock_of


def times_of(who: SignedIn, zone: str, now: Instant) -> LocalTimes:
    """Return times as a person sees them now: by the zone they chose, or that of their VDN.

    ``zone`` is that of whoever has neither.
    """
    return LocalTimes(clock_of(who.person.zone or who.zone, zone), now)


@cache
def zone_names() -> tuple[str, ...]:
    """Return the zones that this machine knows, in order.

    Hundreds of files are read for it, so it is asked once, before anybody is served.
    """
    return tuple(sorted(available_timezones()))
