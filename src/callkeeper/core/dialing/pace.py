"""A line's pace: at most so many calls a second, whoever dials (the generic cell rate algorithm).

All that has to be kept is the instant at which the next call may be made, in microseconds.
"""

import msgspec

from callkeeper.core.dialing.watch import JUMP_MS

# How much of the past a line may catch up on at once: less than this, and a dispatcher that looks
# every few hundredths of a second would lose part of its rate.
_CATCH_UP_US = 100_000


class Pace(msgspec.Struct, frozen=True):
    """``per_second`` is the most calls a second; both instants are UTC microseconds."""

    next_at_us: int
    now_us: int
    per_second: float

    @property
    def capacity(self) -> int:
        """How many calls may be made now."""
        ahead_us = self.now_us - self._earliest_us
        return 0 if ahead_us < 0 else int(ahead_us / self._interval_us) + 1

    def after(self, calls: int) -> int:
        """Return the instant of the next call, in UTC microseconds, once so many were made now."""
        return self.next_at_us if calls == 0 else int(self._earliest_us + calls * self._interval_us)

    @property
    def _interval_us(self) -> float:
        return 1_000_000 / self.per_second

    @property
    def _earliest_us(self) -> int:
        # Further ahead than one interval, and what clocks may differ by, no call has put it: a
        # clock did that was wrong. It would stop the line for as long as that one was ahead.
        is_wrong = self.next_at_us > self.now_us + self._interval_us + JUMP_MS * 1000
        return self.now_us if is_wrong else max(self.next_at_us, self.now_us - _CATCH_UP_US)
