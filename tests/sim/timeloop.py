"""An event loop whose time is the simulation's: where others would wait, it jumps."""

import asyncio
import math
from random import Random
from selectors import SelectorKey, SelectSelector

_TOO_SMALL_MS = 1e-6


class _Jumper(SelectSelector):
    """Waits for nothing: the time that it should have waited has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.milliseconds = 0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits, and nothing is to come")
        self.milliseconds += max(0, math.ceil(timeout * 1000 - _TOO_SMALL_MS))
        return []


class TimeLoop(asyncio.SelectorEventLoop):
    """Days pass as fast as what happens in them can be worked through."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._jumper = _Jumper()
        super().__init__(self._jumper)

    def time(self) -> float:
        return self._jumper.milliseconds / 1000

    def now(self) -> int:
        """Return the instant, in UTC milliseconds; the loop is a clock."""
        return self._start + self._jumper.milliseconds

    def ticks(self) -> int:
        """Return milliseconds since the start."""
        return self._jumper.milliseconds


# A clock that is off by less has not leapt.
_LEAP_MIN_MS = 2_500
_LEAP_MAX_MS = 26 * 60 * 60 * 1000
# A database without a clock of its own knows no better: then it is wrong for less than half a
# minute, and not again at once.
_MOMENT_MS = 25_000
_REST_MS = 300_000


class WrongClock:
    """A dispatcher's own clock: right, but that it leaps, and after some time back again."""

    def __init__(self, loop: TimeLoop, random: Random, *, may_stay_wrong: bool) -> None:
        self._loop = loop
        self._random = random
        self._may_stay_wrong = may_stay_wrong
        self._ahead = 0
        self._wrong_until = -_REST_MS

    def now(self) -> int:
        """Return the instant that it shows."""
        return self._loop.now() + (self._ahead if self.is_wrong else 0)

    def ticks(self) -> int:
        """Return milliseconds that only ever grow."""
        return self._loop.ticks()

    @property
    def is_wrong(self) -> bool:
        """Whether it shows another time than it is."""
        return self._loop.ticks() < self._wrong_until

    @property
    def right_at(self) -> int | None:
        """When it will be right again, if it is not."""
        return self._loop.now() + self._wrong_until - self._loop.ticks() if self.is_wrong else None

    def leap(self) -> None:
        """Be wrong from now on, for a while."""
        ticks, random = self._loop.ticks(), self._random
        if ticks < self._wrong_until + _REST_MS:
            return
        by = random.randint(_LEAP_MIN_MS, random.choice([90_000, 3_600_000, _LEAP_MAX_MS]))
        self._ahead = random.choice([-by, by])
        most_ms = random.choice([_MOMENT_MS, _LEAP_MAX_MS]) if self._may_stay_wrong else _MOMENT_MS
        self._wrong_until = ticks + random.randint(1, most_ms)
