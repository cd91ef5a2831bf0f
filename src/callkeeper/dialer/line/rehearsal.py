"""The line without a phone: what happens is told by the last character of the called number.

    2  busy                     6  placed, and then no word ever
    3  nobody answers           7  slow to confirm, then answered
    4  rejected                 8  refused by the line itself
    5  congestion               9  there is no such number
                                anything else: answered

The agent's phone of a desk call goes by the last character of its endpoint: 2 and 3 as above, 4
answers and is hung up after a second, 8 is no phone; anything else answers.

It keeps to the clock it is given, so that the same calls give the same events at the same instants.
"""

import asyncio
from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from itertools import count

from callkeeper.clock import Clock
from callkeeper.core.dialing.attempt import Hangup
from callkeeper.dialer.line.line import (
    Answered,
    CallRequest,
    ChannelState,
    DeskAnswered,
    DeskEnded,
    DeskRequest,
    Ended,
    LineEvent,
    LineRefused,
    Ringing,
    desk_channel,
)

_BUSY, _NO_ANSWER, _REJECTED, _CONGESTION, _SILENCE, _SLOW, _REFUSED, _NO_NUMBER = "23456789"

_HANGUPS: Mapping[str, Hangup] = {
    _BUSY: Hangup(17, "User busy", 486),
    _REJECTED: Hangup(21, "Call Rejected", 603),
    _CONGESTION: Hangup(34, "Circuit/channel congestion", 503),
    _NO_NUMBER: Hangup(1, "Unallocated (unassigned) number", 404),
}
_LEAVES = _REJECTED  # of an agent's phone
_STAYS_MS = 1_000
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
        self._desks: set[str] = set()  # the attempts for which a phone was rung
        self._numbers = count()

    @property
    def is_up(self) -> bool:
        """Whether it can be asked: always."""
        return True

    @property
    def why_down(self) -> None:
        """Why it cannot be asked: it can be."""
        return None

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

    async def find(self, channel_id: str) -> ChannelState:
        """Tell whether a call is in progress, and answered."""
        return self._calls.get(channel_id, "gone")

    async def heard(self) -> None:
        """Return as soon as there are events to take."""
        while not self._plan or self._plan[0][0] > self._clock.ticks():  # noqa: ASYNC110 - the same
            await asyncio.sleep(_TICK_SECONDS)

    async def ring_desk(self, request: DeskRequest) -> None:
        """Begin what the phone stands for. That of a call in progress begins nothing."""
        channel, ends_with = desk_channel(request.attempt_id), request.desk[-1]
        if channel in self._calls:
            return
        if ends_with == _REFUSED:
            raise LineRefused("the rehearsal line has no phones that end with 8")
        id_, now = request.attempt_id, self._clock.ticks()
        self._calls[channel] = "ringing"
        self._desks.add(id_)
        if ends_with == _NO_ANSWER:
            self._later(now + request.alerting_seconds * 1000, DeskEnded(id_, _RANG_OUT))
        elif ends_with == _BUSY:
            self._later(now, DeskEnded(id_, _HANGUPS[_BUSY]))
        else:
            self._later(now + self._ring_ms, DeskAnswered(id_))
        if ends_with == _LEAVES:
            self._later(now + self._ring_ms + _STAYS_MS, DeskEnded(id_, _CLEARED))

    def joined(self, request: CallRequest) -> CallRequest:
        """Return the same call: which phone it goes to, its id tells."""
        return request

    async def hang_up(self, channel_id: str) -> None:
        """End a channel; one that is not there stays so."""
        state = self._calls.get(channel_id)
        if state is None:
            return
        id_ = channel_id.removeprefix(desk_channel(""))
        is_desk = id_ != channel_id
        # What was to happen to it does not any more; what has, is told.
        self._plan = [each for each in self._plan if not self._is_of(each[2], id_, is_desk=is_desk)]
        heapify(self._plan)
        end = DeskEnded(id_, _CLEARED) if is_desk else Ended(id_, _CLEARED, state)
        self._later(self._clock.ticks(), end)

    def take(self, most: int) -> list[LineEvent]:
        """Take at most so many of the events whose instant has come, oldest first."""
        taken: list[LineEvent] = []
        while self._plan and self._plan[0][0] <= self._clock.ticks() and len(taken) < most:
            _, _, event = heappop(self._plan)
            if self._channel_of(event) not in self._calls:
                continue  # hung up before
            self._follow(event)
            taken.append(event)
        return taken

    async def lacking_for_desks(self) -> str | None:
        """Say that nothing lacks."""
        return None

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
        """Note what has happened; of two that are joined, each one's end ends the other."""
        id_, now = event.attempt_id, self._clock.ticks()
        desk = desk_channel(id_)
        match event:
            case Ringing():
                self._calls[id_] = "ringing"
            case Answered():
                self._calls[id_] = "up"
                if id_ in self._desks and desk not in self._calls:
                    self._later(now, Ended(id_, _CLEARED, "up"))  # nobody is there any more
            case Ended():
                del self._calls[id_]
                self._desks.discard(id_)
                if event.was == "up" and desk in self._calls:
                    self._later(now, DeskEnded(id_, _CLEARED))
            case DeskAnswered():
                self._calls[desk] = "up"
            case DeskEnded():
                del self._calls[desk]
                if id_ not in self._calls:
                    self._desks.discard(id_)
                if self._calls.get(id_) == "up":
                    self._later(now, Ended(id_, _CLEARED, "up"))

    def _channel_of(self, event: LineEvent) -> str:
        is_desk = isinstance(event, DeskAnswered | DeskEnded)
        return desk_channel(event.attempt_id) if is_desk else event.attempt_id

    def _is_of(self, event: LineEvent, id_: str, *, is_desk: bool) -> bool:
        is_of_desk = isinstance(event, DeskAnswered | DeskEnded)
        return event.attempt_id == id_ and is_of_desk == is_desk
