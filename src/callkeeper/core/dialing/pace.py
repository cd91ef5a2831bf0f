"""A line's pace: at most so many calls a second, whoever dials (the generic cell rate algorithm).

All that has to be kept is the instant at which the next call may be made, in microseconds.
"""

import msgspec

from callkeeper.core.dialing.watch import JUMP_MS

# How much of the past a line may catch up on at once: less than this, and a dispatcher that looks
# every few hundredths of a second would lose part of its rate.
_CATCH_UP_US = 100_000


class Pace(msgspec.Struct, frozen=True):
    """``next_at`` and ``now`` are UTC microseconds; ``per_second`` is the most calls a second."""

    next_at: int
    now: int
    per_second: float

    @property
    def room(self) -> int:
        """How many calls may be made now."""
        ahead = self.now - self._earliest
        return 0 if ahead < 0 else int(ahead / self._interval) + 1

    def after(self, calls: int) -> int:
        """Return the instant of the next call, once so many have been made now."""
        return self.next_at if calls == 0 else int(self._earliest + calls * self._interval)

    @property
    def _interval(self) -> float:
        return 1_000_000 / self.per_second

    @property
    def _earliest(self) -> int:
        # Further ahead than one interval, and what clocks may differ by, no call has put it: a
        # clock did that was wrong. It would stop the line for as long as that one was ahead.
        is_wrong = self.next_at > self.now + self._interval + JUMP_MS * 1000
        return self.now if is_wrong else max(self.next_at, self.now - _CATCH_UP_US)
