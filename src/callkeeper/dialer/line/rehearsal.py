"""The line without a phone: what happens is told by the last character of the called number.

    2  busy                     6  placed, and then no word ever
    3  nobody answers           7  slow to confirm, then answered
    4  rejected                 8  refused by the line itself
    5  congestion               9  there is no such number
                                anything else: answered

It keeps to the clock it is given, so that the same calls give the same events at the same instants.
"""

import asyncio
from collections.abc import Mapping
from heapq import heappop, heappush
from itertools import count

from callkeeper.clock import Clock
from callkeeper.core.dialing.attempt import Hangup
from callkeeper.dialer.line.line import (
    Answered,
    CallRequest,
    ChannelState,
    Ended,
    LineEvent,
    LineRefused,
    Ringing,
)

_BUSY, _NO_ANSWER, _REJECTED, _CONGESTION, _SILENCE, _SLOW, _REFUSED, _NO_NUMBER = "23456789"

_HANGUPS: Mapping[str, Hangup] = {
    _BUSY: Hangup(17, "User busy", 486),
    _REJECTED: Hangup(21, "Call Rejected", 603),
    _CONGESTION: Hangup(34, "Circuit/channel congestion", 503),
    _NO_NUMBER: Hangup(1, "Unallocated (unassigned) number", 404),
}
_CLEARED = Hangup(16, "Normal Clearing")
_RANG_OUT = Hangup(0, "Unknown")

_TICK_SECONDS = 0.02


class RehearsalLine:
    """A line that never rings anybody. All spans are in milliseconds."""

    def __init__(
        self, clock: Clock, *, ring_ms: int = 1_500, talk_ms: int = 4_000, slow_ms: int = 1_000
    ) -> None:
        self._clock = clock
        self._ring_ms = ring_ms
        self._talk_ms = talk_ms
        self._slow_ms = slow_ms
        self._calls: dict[str, ChannelState] = {}
        self._plan: list[tuple[int, int, LineEvent]] = []
        self._numbers = count()

    @property
    def is_up(self) -> bool:
        """Whether it can be asked: always."""
        return True

    @property
    def gaps(self) -> int:
        """How often words of the line may have been lost: never."""
        return 0

    async def run(self) -> None:
        """Do nothing: there is no connection to keep."""

    async def place(self, request: CallRequest) -> None:
        """Begin what the number stands for. The id of a call in progress begins none."""
        if request.attempt_id in self._calls:
            return
        ends_with = request.called_no[-1]
        if ends_with == _REFUSED:
            raise LineRefused("the rehearsal line refuses numbers that end with 8")
        if ends_with == _SILENCE:
            return
        self._calls[request.attempt_id] = "there"
        if ends_with == _SLOW:
            confirmed_at = self._clock.ticks() + self._slow_ms
            while self._clock.ticks() < confirmed_at:  # noqa: ASYNC110 - no clock announces itself
                await asyncio.sleep(_TICK_SECONDS)
        self._script(request, ends_with)

    async def find(self, attempt_id: str) -> ChannelState:
        """Tell whether a call is in progress, and answered."""
        return self._calls.get(attempt_id, "gone")

    async def heard(self) -> None:
        """Return as soon as there are events to take."""
        while not self._plan or self._plan[0][0] > self._clock.ticks():  # noqa: ASYNC110 - the same
            await asyncio.sleep(_TICK_SECONDS)

    def take(self, most: int) -> list[LineEvent]:
        """Take at most so many of the events whose instant has come, oldest first."""
        taken: list[LineEvent] = []
        while self._plan and self._plan[0][0] <= self._clock.ticks() and len(taken) < most:
            _, _, event = heappop(self._plan)
            self._follow(event)
            taken.append(event)
        return taken

    async def check(self) -> str:
        """Say that this line rings nobody."""
        return "the rehearsal line: it writes results, and rings nobody"

    def _script(self, request: CallRequest, ends_with: str) -> None:
        id_, now = request.attempt_id, self._clock.ticks()
        rings_until = now + self._ring_ms
        self._later(now, Ringing(id_))
        if ends_with == _NO_ANSWER:
            self._later(now + request.alerting_seconds * 1000, Ended(id_, _RANG_OUT, "ringing"))
        elif ends_with in _HANGUPS:
            self._later(rings_until, Ended(id_, _HANGUPS[ends_with], "ringing"))
        else:
            self._later(rings_until, Answered(id_))
            self._later(rings_until + self._talk_ms, Ended(id_, _CLEARED, "up"))

    def _later(self, at: int, event: LineEvent) -> None:
        heappush(self._plan, (at, next(self._numbers), event))

    def _follow(self, event: LineEvent) -> None:
        if isinstance(event, Ringing):
            self._calls[event.attempt_id] = "ringing"
        elif isinstance(event, Answered):
            self._calls[event.attempt_id] = "up"
        elif isinstance(event, Ended):
            del self._calls[event.attempt_id]
