"""The PBX: it makes the calls, keeps its own book of them, and outlives every dispatcher."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from heapq import heappop, heappush
from typing import Any, NamedTuple, get_args

from callkeeper.core.dialing.attempt import Hangup
from callkeeper.dialer.line.line import (
    Answered,
    CallRequest,
    ChannelState,
    DeskAnswered,
    DeskEnded,
    DeskRequest,
    Ended,
    LineDown,
    LineEvent,
    LineRefused,
    LineSilent,
    LineUnwilling,
    Ringing,
)
from callkeeper.dialer.line.rehearsal import RehearsalLine
from tests.dialer.faults import Rings, as_it_rings
from tests.sim.fate import Fate
from tests.sim.timeloop import TimeLoop
from tests.sim.trace import Trace

# How numbers end whose calls nobody answers, no word is ever heard of, and that are refused.
NO_ANSWER, SILENT, REFUSED = "368"
_ALL = 10_000
# How long a PBX that has said nothing yet may still be about to make the call.
_LATE_MS = 4_000
_DELAY_MS = 5_000
# When, before its time is over, a dispatcher that is well looks at a call that was not heard.
_LAST_LOOK_MS = 1_000


class Call:
    """One call, as the PBX knows it."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.is_there = False
        self.is_refused = False
        self.rings: Rings = "aloud"
        self.rang_at: int | None = None
        self.answered_at: int | None = None
        self.hangup: Hangup | None = None
        self.made_at = 0
        self.rang_until: int | None = None  # when it was answered, or ended
        # A word on it was lost, or overtook another, as no real line's would: what a dispatcher
        # believes of it may be wrong.
        self.is_garbled = False


class Refusing(NamedTuple):
    """For a while every call is refused, in one way, and perhaps the line can tell that it is."""

    until: int
    kind: type[LineRefused]
    can_tell: bool


class Pbx:
    """All calls, and the extensions that hear of them."""

    def __init__(self, loop: TimeLoop, fate: Fate, trace: Trace, **spans: int) -> None:
        self.loop = loop
        self.fate = fate
        self.trace = trace
        self.book: dict[str, Call] = {}
        self.desks: dict[str, Call] = {}  # the phones of agents, by the attempts they asked for
        self._rung_by: dict[str, Extension] = {}
        self.refuses: Refusing | None = None
        self.refusals = 0  # how often it began to refuse everybody
        # The attempts that were refused as all were, and how.
        self.refused: dict[str, type[LineRefused]] = {}
        self._spans = spans
        self._engine = RehearsalLine(loop, **spans)
        self._extensions: list[Extension] = []
        self._wakes: list[int] = []

    def plug(self, extension: "Extension") -> None:
        """Let an extension hear of all calls from now on."""
        self._extensions.append(extension)

    def unplug(self, extension: "Extension") -> None:
        """Forget an extension whose dispatcher is gone."""
        self._extensions.remove(extension)

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Do something that is no part of any dispatcher, and does not die with one."""
        return self.loop.create_task(work, context=Context())

    async def make(self, request: CallRequest) -> None:
        """Make a call; return when it is confirmed."""
        self.trace.add("pbx", f"makes {request.attempt_id} to {request.called_no}")
        call = self.book.setdefault(request.attempt_id, Call(request.called_no))
        call.made_at = self.loop.now()
        engine = self._engine
        call.rings = self._draw_rings(request.called_no[-1])
        call.is_there = request.called_no[-1] not in (SILENT, REFUSED)
        try:
            await engine.place(request)
        except LineRefused:
            call.is_refused = True
            raise
        now = self.loop.now()
        ring_ms, talk_ms = self._spans["ring_ms"], self._spans["talk_ms"]
        ring_end = request.alerting_seconds * 1000
        for span in (0, ring_ms, ring_ms + talk_ms, ring_end - _LAST_LOOK_MS, ring_end):
            heappush(self._wakes, now + span)

    async def ring_desk(self, request: DeskRequest, extension: "Extension") -> None:
        """Ring an agent's phone; only who did so hears of it."""
        self.trace.add("pbx", f"rings {request.desk} for {request.attempt_id}")
        id_, now = request.attempt_id, self.loop.now()
        self._rung_by.setdefault(id_, extension)
        desk = self.desks.setdefault(id_, Call(request.desk))
        await self._engine.ring_desk(request)
        desk.made_at, desk.is_there = now, True
        ring_ms = self._spans["ring_ms"]
        # It may be hung up a second after it was answered; soon after that somebody should act.
        for span in (0, ring_ms, ring_ms + 1_000, request.alerting_seconds * 1000):
            for soon in (0, 50, 100, 150):
                heappush(self._wakes, now + span + soon)

    async def hang_up(self, channel_id: str) -> None:
        """End a channel, if it is there."""
        self.trace.add("pbx", f"hangs up {channel_id}")
        await self._engine.hang_up(channel_id)
        self.advance()

    async def find(self, attempt_id: str) -> ChannelState:
        """Tell how a call is now."""
        self.advance()
        found = await self._engine.find(attempt_id)
        call = self.book.get(attempt_id)
        return "there" if found == "ringing" and call and call.rings == "never" else found

    def advance(self) -> None:
        """Let happen what was to happen until now, and tell everybody."""
        for event in self._engine.take(_ALL):
            if isinstance(event, DeskAnswered | DeskEnded):
                self._advance_desk(event)
                continue
            call = self.book[event.attempt_id]
            if isinstance(event, Answered | Ended) and call.rang_until is None:
                call.rang_until = self.loop.now()
            if isinstance(event, Ringing) and call.rings != "never":
                call.rang_at = self.loop.now()
            if isinstance(event, Answered):
                call.answered_at = self.loop.now()
            if isinstance(event, Ended):
                call.is_there, call.hangup = False, event.hangup
            told = as_it_rings(call.rings, event)
            if told is not None:
                for extension in self._extensions:
                    extension.tell(told)

    def _advance_desk(self, event: DeskAnswered | DeskEnded) -> None:
        desk, now = self.desks[event.attempt_id], self.loop.now()
        if isinstance(event, DeskAnswered):
            desk.answered_at = now
        else:
            desk.is_there, desk.hangup, desk.rang_until = False, event.hangup, now
        extension = self._rung_by[event.attempt_id]
        if extension in self._extensions:
            extension.tell(event)

    def restart(self) -> None:
        """Drop every call, and everybody's connection."""
        self.advance()
        self.trace.add("pbx", "restarts")
        self._engine = RehearsalLine(self.loop, **self._spans)
        for call in [*self.book.values(), *self.desks.values()]:
            if call.is_there and call.rang_until is None:
                call.rang_until = self.loop.now()
            call.is_there = False
        for extension in self._extensions:
            extension.cut(is_all=True)

    def refuse(self) -> None:
        """Refuse every call for a while."""
        random = self.fate.random
        self.refusals += 1
        lasts_ms = random.choice([3_000, 60_000, 600_000, 3_600_000])
        kind = random.choice([LineDown, LineDown, LineUnwilling, LineRefused])
        can_tell = random.random() < 0.5
        self.refuses = Refusing(self.loop.now() + lasts_ms, kind, can_tell)
        self.trace.add("pbx", f"refuses every call for {lasts_ms} ms: {kind.__name__}")

    def refusing(self) -> "Refusing | None":
        """Return how it refuses every call just now, if it does."""
        if self.refuses is not None and self.loop.now() >= self.refuses.until:
            self.refuses = None
            self.trace.add("pbx", "takes calls again")
        return self.refuses

    def _draw_rings(self, ends_with: str) -> Rings:
        """Draw how a call rings; only one that nobody answers may not ring at all."""
        ways = get_args(Rings) if ends_with == NO_ANSWER else ("aloud", "behind media", "unheard")
        return self.fate.random.choice(ways)

    def next_wake(self) -> int | None:
        """Return when something happens next."""
        while self._wakes and self._wakes[0] <= self.loop.now():
            heappop(self._wakes)
        times = [extension.next_at for extension in self._extensions]
        return min([at for at in times if at is not None] + self._wakes[:1], default=None)


class Extension:
    """One dispatcher's line: what is asked and what is told go wrong here, and not at the PBX.

    ``asked`` is told of each call that the PBX is asked for.
    """

    def __init__(self, pbx: Pbx, name: str, asked: Callable[[str], None]) -> None:
        self._pbx = pbx
        self._fate = pbx.fate
        self._name = name
        self._asked = asked
        self._gaps = 1
        self._told: deque[tuple[int, LineEvent]] = deque()
        # While it is cut: until when that goes unnoticed, when it is back, and how much is cut.
        self._cut: tuple[int, int, bool] | None = None

    @property
    def is_up(self) -> bool:
        """Whether the cut, if there is one, has not been noticed yet."""
        self._reconnect()
        return self._cut is None or self._now() < self._cut[0]

    @property
    def why_down(self) -> str | None:
        """Why it cannot be asked."""
        return None if self.is_up else "it was cut"

    @property
    def gaps(self) -> int:
        """How often words may have been lost."""
        self._reconnect()
        return self._gaps

    @property
    def next_at(self) -> int | None:
        """When something is to be taken here, or it comes back."""
        times = [self._told[0][0]] if self._told else []
        if self._cut is not None:
            times.append(self._cut[1])
        return min((at for at in times if at > self._now()), default=None)

    async def run(self) -> None:
        """Do nothing; no duty of the simulation runs it."""

    async def heard(self) -> None:
        """Return at once; whoever has nothing better to do looks again."""

    async def check(self) -> str:
        """Say what it is, or what is wrong with it."""
        if self._is_all_cut():
            raise LineSilent("the simulated line is silent")
        refusing = self._pbx.refusing()
        if refusing is not None and refusing.can_tell:
            raise LineRefused("the simulated PBX refuses everybody, and knows it")
        return "an extension of the simulated PBX"

    async def place(self, request: CallRequest) -> None:
        """Ask the PBX for a call. Much can go wrong with that."""
        if self._is_all_cut() or self._fate.strikes("down"):
            raise LineDown("the simulated line is down")
        if (refusing := self._pbx.refusing()) is not None:
            self._pbx.refused[request.attempt_id] = refusing.kind
            raise refusing.kind("the simulated PBX refuses everybody")
        self._asked(request.attempt_id)
        if self._fate.strikes("silent_not_made"):
            raise LineSilent("the simulated line is silent")
        if self._fate.strikes("silent_late"):
            self._pbx.spawn(self._make_for_nobody(request))
            raise LineSilent("the simulated line is silent, as yet")
        late_ms = self._draw_late_ms() if self._fate.strikes("place_slow") else 0
        await asyncio.shield(self._pbx.spawn(self._make(request, late_ms)))
        if self._fate.strikes("silent_made"):
            raise LineSilent("the simulated line is silent about what it did")

    async def ring_desk(self, request: DeskRequest) -> None:
        """Ask the PBX to ring an agent's phone."""
        if self._is_all_cut() or self._fate.strikes("silent_not_made"):
            raise LineSilent("the simulated line is silent")
        await asyncio.shield(self._pbx.spawn(self._pbx.ring_desk(request, self)))
        if self._fate.strikes("silent_made"):
            raise LineSilent("the simulated line is silent about what it did")

    def joined(self, request: CallRequest) -> CallRequest:
        """Return the same call."""
        return request

    async def hang_up(self, channel_id: str) -> None:
        """Ask the PBX to end a channel."""
        if self._is_all_cut() or self._fate.strikes("find_silent"):
            raise LineSilent("the simulated line is silent")
        await self._pbx.hang_up(channel_id)

    async def lacking_for_desks(self) -> str | None:
        """Lack nothing."""
        return None

    async def find(self, attempt_id: str) -> ChannelState:
        """Ask the PBX how a call is."""
        if self._is_all_cut() or self._fate.strikes("find_silent"):
            raise LineSilent("the simulated line is silent")
        return await self._pbx.find(attempt_id)

    def take(self, most: int) -> list[LineEvent]:
        """Take what has arrived by now."""
        self._reconnect()
        self._pbx.advance()
        taken: list[LineEvent] = []
        while self._told and self._told[0][0] <= self._now() and len(taken) < most:
            taken.append(self._told.popleft()[1])
        return taken

    def tell(self, event: LineEvent) -> None:
        """Send a word of the PBX on its way; it may be lost, late, doubled or overtaken."""
        self._reconnect()
        if self._cut is not None:
            return
        if self._fate.strikes("overflow"):
            self._gaps += 1
            return
        is_of_desk = isinstance(event, DeskAnswered | DeskEnded)
        call = (self._pbx.desks if is_of_desk else self._pbx.book)[event.attempt_id]
        if self._fate.strikes("mute"):
            call.is_garbled = True
            return
        at = max(self._now(), self._told[-1][0] if self._told else 0)
        if self._fate.strikes("delay"):
            at += self._fate.random.randint(1, _DELAY_MS)
        self._told.append((at, event))
        if self._fate.strikes("double"):
            self._told.append((at, event))
        if len(self._told) > 1 and self._fate.strikes("swap"):
            (at, last), (_, other) = self._told.pop(), self._told.pop()
            self._told += [(at, last), (at, other)]
            for id_ in (event.attempt_id, other.attempt_id):
                if id_ in self._pbx.book:
                    self._pbx.book[id_].is_garbled = True

    def cut(self, *, is_all: bool) -> None:
        """Lose the connection that events come by, or all of it, for a while."""
        now, random = self._now(), self._fate.random
        noticed_at = now if is_all else now + random.randint(0, 5_000)
        lasts_ms = random.choice([1_000, 5_000, 30_000, 600_000])
        self._cut = (noticed_at, noticed_at + random.randint(1, lasts_ms), is_all)
        self._told.clear()
        self._pbx.trace.add(self._name, "is cut off" if is_all else "hears nothing")

    def mend(self) -> None:
        """End a cut."""
        if self._cut is not None:
            self._cut = (0, self._now(), False)

    def _reconnect(self) -> None:
        if self._cut is not None and self._now() >= self._cut[1]:
            self._cut = None
            self._gaps += 1
            self._pbx.trace.add(self._name, "is connected again")

    def _is_all_cut(self) -> bool:
        self._reconnect()
        return self._cut is not None and self._cut[2]

    async def _make(self, request: CallRequest, late_ms: int) -> None:
        await asyncio.sleep(late_ms / 1000)
        await self._pbx.make(request)

    async def _make_for_nobody(self, request: CallRequest) -> None:
        try:
            await self._make(request, self._draw_late_ms())
        except LineRefused:
            self._pbx.trace.add("pbx", f"refuses {request.attempt_id}, to nobody")

    def _draw_late_ms(self) -> int:
        return self._fate.random.randint(1, _LATE_MS)

    def _now(self) -> int:
        return self._pbx.loop.now()
