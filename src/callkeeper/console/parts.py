"""Parts of pages that many look at: each is rendered once for all who see the same.

A part is known by all that it depends on: the number of what it shows, what of it is asked for,
what whoever asks may see, in which language and by whose clock. It is good for two seconds, for
times in words go on while nothing moves.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from callkeeper.clock import Clock
from callkeeper.console.press import Part, PartAnswer
from callkeeper.console.stream import Streams
from callkeeper.console.visit import Visit
from callkeeper.core.people.session import SignedIn
from callkeeper.usecases.single_flight import Lately

KEPT_MS = 2_000
KEPT_MOST = 100

Render = Callable[[str], Coroutine[Any, Any, Part]]  # of what has a number


class Parts:
    """Parts of a process, of one event loop."""

    def __init__(self, streams: Streams, clock: Clock) -> None:
        self._streams = streams
        self._kept = Lately[Part](clock, KEPT_MS, KEPT_MOST)

    async def answer(
        self, visit: Visit, who: SignedIn, depends_on: tuple[object, ...], render: Render
    ) -> PartAnswer:
        """Return the part that a page asks for by itself, which says what number it was told.

        A part that was rendered for that number after it was known is as new as the page wants, and
        so is one that is rendered now if it is the last that this process has told. Any other
        number came from another process, so it is looked how things stand.
        """
        vdn, told = visit.vdn, visit.told or ""
        part = self._kept.known(repr((vdn, told, depends_on)))
        if part is None:
            number = await self._streams.number(who.person, vdn, told=told)
            part = await self._kept.outcome(repr((vdn, number, depends_on)), lambda: render(number))
        return PartAnswer(part)
