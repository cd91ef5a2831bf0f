"""The check-up as operators ask for it: what the last one found, and another one."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from callkeeper.clock import Clock
from callkeeper.core.instants import SECOND_MS, Instant
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import check_may
from callkeeper.usecases.single_flight import SingleFlight

# So long what was found is shown to whoever asks again: it costs the database and the line work.
FRESH_MS = 5 * SECOND_MS


class Check(msgspec.Struct, frozen=True):
    """What one check found."""

    name: str
    good: bool
    says: str


class Found(NamedTuple):
    """What a check-up found, and when."""

    checks: Sequence[Check]
    at: Instant


class CheckUps:
    """Check-ups, one at a time; ``run`` makes one, and takes its time. One event loop's."""

    def __init__(self, run: Callable[[], Sequence[Check]], clock: Clock) -> None:
        self._run = run
        self._clock = clock
        self._runs = SingleFlight[Found]()
        self._last: Found | None = None

    async def last(self, person: Person) -> Found:
        """Return what the last one found, or make the first one. Raise NoRight."""
        check_may(person, "see_health")
        return self._last or await self._runs.outcome("", self._found)

    async def again(self, person: Person) -> Found:
        """Make another one, unless the last one is of just now. Raise NoRight."""
        check_may(person, "see_health")
        if self._last is not None and 0 <= self._clock.now() - self._last.at < FRESH_MS:
            return self._last
        return await self._runs.outcome("", self._found)

    async def _found(self) -> Found:
        checks = await asyncio.to_thread(self._run)
        self._last = Found(checks, self._clock.now())
        return self._last
