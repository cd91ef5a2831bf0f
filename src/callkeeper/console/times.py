"""The times of a page: by the clock of whoever looks."""

from functools import cache
from zoneinfo import available_timezones

from callkeeper.clock import Clock
from callkeeper.core.instants import LocalTimes
from callkeeper.core.people.session import SignedIn
from callkeeper.store.zones import clock_of


class PageTimes:
    """Whose clock pages go by. ``zone`` is that of whoever has chosen none, as has their VDN."""

    def __init__(self, clock: Clock, zone: str) -> None:
        self.clock = clock
        self.zone = zone

    def of(self, who: SignedIn) -> LocalTimes:
        """Return times as a person sees them now: by the zone they chose, or that of their VDN."""
        return LocalTimes(clock_of(who.person.zone or who.zone, self.zone), self.clock.now())


@cache
def zone_names() -> tuple[str, ...]:
    """Return the zones that this machine knows, in order.

    Hundreds of files are read for it, so it is asked once, before anybody is served.
    """
    return tuple(sorted(available_timezones()))
