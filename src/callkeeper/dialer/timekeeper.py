"""The dialer's clock: which time is believed though clocks are set, and what else it may be."""

from collections.abc import Awaitable, Callable

from callkeeper.clock import Clock
from callkeeper.core.dialing.watch import JUMP_MS, Doubt, Watch
from callkeeper.core.instants import Instant

# What took longer to read than this tells too little of when it was so.
_PROMPT_MS = 1_000

OwnTime = Callable[[], Awaitable[Instant | None]]


class Timekeeper:
    """A clock over the machine's and the database's. ``leapt`` is told by how much one was set."""

    def __init__(self, clock: Clock, own_time: OwnTime, leapt: Callable[[int], None]) -> None:
        self._clock = clock
        self._own_time = own_time
        self._leapt = leapt
        ticks, now = clock.ticks(), clock.now()
        self._watch = Watch(now - ticks, now - ticks, ticks)
        self.turns = 0  # how often another time was believed from then on

    def now(self) -> Instant:
        """Return the instant that is believed, in UTC milliseconds; clocks are compared."""
        ticks = self._clock.ticks()
        self._look(ticks, self._clock.now())
        return ticks + self._watch.taken

    def ticks(self) -> int:
        """Return milliseconds that only ever grow."""
        return self._clock.ticks()

    @property
    def leaps(self) -> int:
        """How often a clock was set."""
        return self._watch.leaps

    def doubt(self) -> Doubt:
        """Return what else the time may be."""
        return self._watch.doubt(self._clock.ticks())

    async def ask_database(self) -> None:
        """Compare with the database's own clock, if it has one. Raise DatabaseFailed."""
        asked = self._clock.ticks()
        theirs = await self._own_time()
        ticks = self._clock.ticks()
        if theirs is not None and ticks - asked <= _PROMPT_MS:
            self._look(ticks, self._clock.now(), theirs + (ticks - asked) // 2)

    def _look(self, ticks: int, wall: int, theirs: int | None = None) -> None:
        old, new = self._watch, self._watch.look(ticks, wall, theirs)
        self._watch = new
        if new.leaps != old.leaps:
            self._leapt(_leap(old, new))
        if abs(new.taken - old.taken) > JUMP_MS:
            self.turns += 1


def _leap(old: Watch, new: Watch) -> int:
    """Return by how much the clock was set that was; forwards if it is positive."""
    wall = new.wall - old.wall
    return wall if abs(wall) > JUMP_MS else (new.database or 0) - (old.database or 0)
