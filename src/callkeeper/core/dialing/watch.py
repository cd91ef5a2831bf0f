"""What time it is taken for: clocks are set, wrongly too, and no promise may hang on one that was.

A clock is kept as how far it is ahead of this process's ticks, which only ever grow: that changes
only where the clock is set. Just after, it is not known which time is the right one; then only that
is done which is right by both.
"""

import msgspec

from callkeeper.core.instants import Instant

# How far a clock may be from another one, or from what it was, without having been set. The clocks
# of machines that keep time do not agree more closely than that.
JUMP_MS = 2_000
# How long a clock must have gone on without being set until it is believed.
SURE_MS = 30_000


class Doubt(msgspec.Struct, frozen=True):
    """What else the time may be, and how long it takes yet until what is said of it is believed."""

    instants: tuple[Instant, ...] = ()
    sure_in_ms: int = 0

    def earliest(self, now: Instant) -> Instant:
        """Return the instant by which what is due is surely due, ``now`` being the likely one."""
        return now if self.sure_in_ms == 0 else min((now, *self.instants))


SURE = Doubt()


class Watch(msgspec.Struct, frozen=True):
    """Clocks are so many milliseconds ahead of the ticks.

    ``taken`` is the time that is gone by. It is the machine's, unless the database has a clock of
    its own that says otherwise: that one is the same for all dispatchers.
    """

    taken: int
    wall: int
    since: int  # when a clock was set last, in ticks; at first, when the watch began
    database: int | None = None  # None: it has no clock of its own, or was not asked yet
    leaps: int = 0  # how often a clock was set
    asked: int = -1  # when the database was asked last, in ticks

    def look(self, ticks: int, wall: int, database: int | None = None) -> "Watch":
        """Return what is known now that clocks were read. ``database`` None: it was not asked."""
        ahead = wall - ticks
        theirs = self.database if database is None else database - ticks
        was_set = _differ(ahead, self.wall) or _differ(theirs, self.database)
        since = ticks if was_set else self.since
        guide = theirs if theirs is not None and _differ(theirs, ahead) else ahead
        # Whoever asks the database for the first time has done nothing yet by another time.
        is_first = self.database is None and theirs is not None
        is_believed = not _differ(guide, self.taken) or ticks - since >= SURE_MS or is_first
        taken = guide if is_believed else self.taken
        asked = self.asked if database is None else ticks
        return Watch(taken, ahead, since, theirs, self.leaps + was_set, asked)

    def doubt(self, ticks: int) -> Doubt:
        """Return what else the time may be."""
        sure_in_ms = max(0, self.since + SURE_MS - ticks)
        clocks = {self.wall, self.wall if self.database is None else self.database}
        has_heard = self.database is not None and self.asked >= self.since
        if sure_in_ms and has_heard and not _differ(self.database, self.taken):
            return Doubt((), sure_in_ms)  # the database has said since that nothing has changed
        instants = tuple(sorted(each + ticks for each in clocks if _differ(each, self.taken)))
        return Doubt(instants, sure_in_ms)


def _differ(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and abs(one - other) > JUMP_MS
