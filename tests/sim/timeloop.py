"""An event loop whose time is the simulation's: where others would wait, it jumps."""

import asyncio
import math
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
