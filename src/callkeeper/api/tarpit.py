"""A tarpit: what is refused is answered at a bounded pace, so that a flood of it costs little.

Whoever waits for its answer sends nothing meanwhile. The first ones are answered at once, for an
integrator whose signature is not right yet is nobody's enemy.
"""

import asyncio

from callkeeper.clock import monotonic

PER_SECOND = 500
AT_ONCE = 100
# The longest that anybody is kept, however many come: what is kept takes memory, and connections
# that are given up and made anew would otherwise pile up without end.
SECONDS_MAX = 2.0


class Tarpit:
    """Keeps those that come faster than they may."""

    def __init__(self) -> None:
        self._next_at = 0.0

    async def wade(self) -> None:
        """Return when one more may be answered."""
        now, interval = monotonic(), 1 / PER_SECOND
        self._next_at = max(self._next_at, now - AT_ONCE * interval) + interval
        self._next_at = min(self._next_at, now + SECONDS_MAX)
        if self._next_at > now:
            await asyncio.sleep(self._next_at - now)
