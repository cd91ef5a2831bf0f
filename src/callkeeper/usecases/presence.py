"""Who has a page of this process open: said to the database each ten seconds, for all of them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Any

import structlog

from callkeeper.clock import Clock
from callkeeper.core.people.person import Person
from callkeeper.core.people.presence import PRESENT_MS, RENEW_MS, Renewal, There
from callkeeper.core.refusal import Refusal

_EACH_SECONDS = 1.0  # so often it is seen whether it is time to say it again

Pause = Callable[[float], Awaitable[None]]  # so many seconds
Renew = Callable[[Renewal], Coroutine[Any, Any, object]]

_log = structlog.get_logger()


class Attendance:
    """The people who are there at this process. It belongs to one event loop.

    While there is anybody, one write says so of all of them, and none comes within ten seconds
    after another one, however often people come and go. ``renew`` writes it; ``pause`` waits
    between two looks.
    """

    def __init__(self, renew: Renew, clock: Clock, *, pause: Pause = asyncio.sleep) -> None:
        self._renew = renew
        self._clock = clock
        self._pause = pause
        self._there: Counter[There] = Counter()
        self._said: int | None = None  # ticks
        self._saying: asyncio.Task[None] | None = None

    @contextmanager
    def of(self, person: Person, vdns: Iterable[int]) -> Iterator[None]:
        """Have somebody be there until the end of a block, in VDNs where they have a role."""
        there = list(_places(person, vdns))
        self._there.update(there)
        try:
            if there and self._saying is None:
                # Of no request: the one that came first may be gone before the next.
                self._saying = asyncio.create_task(self._go_on(), context=Context())
            yield
        finally:
            self._leave(there)

    def _leave(self, there: list[There]) -> None:
        self._there.subtract(there)
        self._there = +self._there
        if not self._there and self._saying is not None:
            self._saying.cancel()
            self._saying = None

    async def _go_on(self) -> None:
        while True:
            ticks = self._clock.ticks()
            if self._said is None or ticks - self._said >= RENEW_MS:
                self._said = ticks
                await self._say()
            await self._pause(_EACH_SECONDS)

    async def _say(self) -> None:
        """Say it once. What fails has them be absent until the next turn, and ends no page."""
        renewal = Renewal(tuple(self._there), self._clock.now() + PRESENT_MS)
        # A task of its own, so that a bug is found at its end and no turn is the last.
        saying = asyncio.create_task(self._renew(renewal))
        try:
            await asyncio.wait((saying,))
        finally:
            saying.cancel()
        failed = None if saying.cancelled() else saying.exception()
        if failed is not None and not isinstance(failed, Refusal):
            _log.error("presence_failed", exc_info=failed)


def _places(person: Person, vdns: Iterable[int]) -> Iterator[There]:
    """Yield where somebody is there who looks at VDNs; an operator, in the installation."""
    for vdn in vdns:
        if person.role_in(vdn) is not None:
            yield There(person.login, vdn)
    if person.role_in(None) is not None:
        yield There(person.login, None)
