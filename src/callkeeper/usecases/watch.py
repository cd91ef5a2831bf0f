"""The watch: what of a VDN has moved, found out once a second while somebody looks.

All who look at a VDN share one watch, so a database is asked as often for three hundred as for one.
It ends when nobody looks any more.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2s
from types import MappingProxyType
from typing import NamedTuple

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock, monotonic
from callkeeper.core.instants import DAY_MS, SECOND_MS, Instant
from callkeeper.core.refusal import DatabaseFailed
from callkeeper.core.reservations.promise import Measure
from callkeeper.core.reservations.reminder import Coming, by_agent
from callkeeper.store.port.store import Store
from callkeeper.usecases.board import AHEAD_MS

EACH_SECONDS = 1.0
# What is promised for later than a day from now is on no page that moves by itself.
_UNTIL_MS = DAY_MS
# A database that has not answered for so long is as good as away.
_SILENT_MS = 10 * SECOND_MS

Pause = Callable[[float], Awaitable[None]]  # so many seconds
Wake = Callable[[], None]
Hear = Callable[[float], None]  # so many seconds a look took


class Beat(NamedTuple):
    """How a VDN stood at an instant: a number for all of it, and one for each agent's part.

    Its house rules are in each, for they say what of a number is shown.

    ``is_lost``: since then the database is away. ``coming``: what each agent has to ring within the
    hour, or should have by now and no longer ago than the grace; of a watch alone.
    """

    at: Instant
    whole: str
    agents: Mapping[str, str]
    is_lost: bool = False
    coming: Mapping[str, Sequence[Coming]] = MappingProxyType({})

    def of(self, agent: str | None) -> str:
        """Return the number of an agent's part; of all for None."""
        return self.whole if agent is None else self.agents.get(agent, "0")


class Watch:
    """The watch over one VDN. ``beat`` is the last; None before the first."""

    def __init__(
        self, look: Callable[[Beat | None], Awaitable[Beat]], pause: Pause, ticks: Callable[[], int]
    ) -> None:
        self._look = look
        self._pause = pause
        self._ticks = ticks
        self._answered = ticks()
        self.beat: Beat | None = None
        self.lookers: set[Wake] = set()
        self._task = asyncio.create_task(self._go_on())

    @property
    def has_ended(self) -> bool:
        """Whether it looks no more: nobody wants it to, or a bug ended it."""
        return self._task.done()

    @property
    def is_lost(self) -> bool:
        """Whether nobody knows any more what moves. Raise what ended the watch, if anything did."""
        if self._task.done():
            self._task.result()
        is_silent = self._ticks() - self._answered > _SILENT_MS
        return is_silent or (self.beat is not None and self.beat.is_lost)

    def end(self) -> None:
        """Look no more."""
        self._task.cancel()

    async def _go_on(self) -> None:
        while True:
            before = self.beat
            try:
                self.beat = await self._look(before)
            except DatabaseFailed:
                known = before or Beat(0, "", {})
                self.beat = known._replace(is_lost=True)
            self._answered = self._ticks()
            if before is None or before[1:] != self.beat[1:]:
                for wake in self.lookers:
                    wake()
            await self._pause(EACH_SECONDS)


class Watches:
    """The watches of a process, each over a VDN that somebody looks at. Of one event loop.

    ``hear`` is told how long each look took, and ``pause`` waits between two.
    """

    def __init__(
        self,
        async_store: AsyncStore,
        clock: Clock,
        measure: Measure,
        *,
        hear: Hear = lambda _seconds: None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._store = async_store
        self._clock = clock
        self._measure = measure
        self._hear = hear
        self._pause = pause
        self._by_vdn: dict[int, Watch] = {}

    def __len__(self) -> int:
        return len(self._by_vdn)

    @contextmanager
    def over(self, vdn: int, wake: Wake) -> Iterator[Watch]:
        """Watch a VDN until the end of a block, together with whoever else does.

        ``wake`` is called when something has moved, and when the database was lost or is back.
        Whoever comes after a bug has ended the watch begins another.
        """
        watch = self._by_vdn.get(vdn)
        if watch is None or watch.has_ended:
            watch = self._by_vdn[vdn] = Watch(
                lambda before: self.look_ahead(vdn, before), self._pause, self._clock.ticks
            )
        watch.lookers.add(wake)
        try:
            yield watch
        finally:
            watch.lookers.discard(wake)
            if not watch.lookers:
                if self._by_vdn.get(vdn) is watch:
                    del self._by_vdn[vdn]
                watch.end()

    def last(self, vdn: int) -> Beat | None:
        """Return how a VDN stood at the last look; None where nobody watches it, or not yet."""
        watch = self._by_vdn.get(vdn)
        return None if watch is None else watch.beat

    async def look(self, vdn: int) -> Beat:
        """Return how a VDN stands now. Raise DatabaseFailed."""
        return await self._ask(lambda store, now: look(store, self._measure, vdn, now))

    async def look_ahead(self, vdn: int, before: Beat | None) -> Beat:
        """Return the same with what is coming, after it stood as it did before."""
        return await self._ask(
            lambda store, now: look_ahead(store, self._measure, vdn, now, before)
        )

    async def _ask(self, how: Callable[[Store, Instant], Beat]) -> Beat:
        now, begun = self._clock.now(), monotonic()
        beat = await self._store.ask(lambda store: how(store, now))
        self._hear(monotonic() - begun)
        return beat


def look(store: Store, measure: Measure, vdn: int, now: Instant) -> Beat:
    """Return how a VDN stands: its pulse, its rules, which dispatchers and agents there are.

    Of agents those alone who have something to do: it is said of no others that they are there.
    """
    ahead = (now + AHEAD_MS, now + _UNTIL_MS)
    pulse = store.outstanding.pulse(vdn, now, ahead, measure.grace_ms)
    living = sorted(
        (each.line, each.is_up, each.trouble or "")
        for each in store.leases.all()
        if each.stands(now)
    )
    found = store.presence.agents_there(vdn, now)
    rules = store.rules.of(vdn).version
    busy = pulse.agents.keys() | pulse.calls.keys()
    there = [each for each in found if each.account in busy]
    agents = {
        each: _number((pulse.agents.get(each), pulse.calls.get(each), rules))
        for each in sorted(busy)
    }
    whole = _number((pulse.agents, pulse.calls, pulse.campaigns, living, there, rules))
    return Beat(now, whole, agents)


def look_ahead(store: Store, measure: Measure, vdn: int, now: Instant, before: Beat | None) -> Beat:
    """Return how a VDN stands, and what is coming there, after it stood as it did before.

    Whatever comes within the hour by time alone moves the number of its agent, so where none has
    moved the same is coming.
    """
    beat = look(store, measure, vdn, now)
    if before is not None and not before.is_lost and before.agents == beat.agents:
        return beat._replace(coming=before.coming)
    within = (now - measure.grace_ms, now + AHEAD_MS)
    return beat._replace(coming=by_agent(store.outstanding.coming(vdn, within)))


def _number(of: object) -> str:
    return blake2s(repr(of).encode(), digest_size=6).hexdigest()
