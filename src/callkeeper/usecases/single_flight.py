"""Shared look-ups: what many ask for at the same time is looked up once for all of them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from callkeeper.clock import Clock

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Look-ups that are under way, each by what it is about. They belong to one event loop."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Task[T]] = {}

    async def outcome(self, about: str, look: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what a look-up comes to, or raise what it raises; begin it if it is not under way.

        The next who asks, once it has ended, begins another.
        """
        under_way = self._under_way.get(about)
        if under_way is None:
            under_way = self._under_way[about] = asyncio.create_task(look())
            under_way.add_done_callback(lambda done: self._ended(about, done))
        # Whoever asked first may go away; the others still wait.
        return await asyncio.shield(under_way)

    def _ended(self, about: str, done: "asyncio.Task[T]") -> None:
        del self._under_way[about]
        if not done.cancelled():
            done.exception()  # else asyncio logs the failure when nobody is left to hear of it


class Lately(Generic[T]):
    """Look-ups whose outcome is good for a while; meanwhile nothing is looked up again."""

    def __init__(self, clock: Clock, good_ms: int, most: int) -> None:
        self._clock = clock
        self._good_ms = good_ms
        self._most = most
        self._found: dict[str, tuple[int, T]] = {}  # when, in ticks
        self._looks = SingleFlight[T]()

    def known(self, about: str) -> T | None:
        """Return what a look-up came to lately, if that is still good."""
        known = self._found.get(about)
        is_good = known is not None and self._clock.ticks() - known[0] < self._good_ms
        return known[1] if known is not None and is_good else None

    async def outcome(self, about: str, look: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what a look-up came to lately, or comes to now."""
        ticks = self._clock.ticks()
        known = self.known(about)
        if known is not None:
            return known
        found = await self._looks.outcome(about, look)
        remember(self._found, about, (ticks, found), self._most)
        return found


def remember(what: dict[str, T], key: str, found: T, most: int) -> None:
    """Remember what was looked up; of too much that is remembered nothing is."""
    if len(what) >= most and key not in what:
        what.clear()  # start over rather than grow
    what[key] = found
