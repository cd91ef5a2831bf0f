"""What goes wrong: a line that loses words, a database that fails, a dispatcher that dies.

Everybody in a test is at one exchange, and hears all that happens there, as at an Asterisk.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Literal, NamedTuple

import msgspec
from prometheus_client import CollectorRegistry

from callkeeper.asyncstore.batch import Verb
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.refusal import DatabaseFailed, VdnGone
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.dialer import Dialer
from callkeeper.dialer.line.line import (
    CallRequest,
    ChannelState,
    DeskRequest,
    Ended,
    LineDown,
    LineEvent,
    LineSilent,
    Ringing,
)
from callkeeper.dialer.line.rehearsal import RehearsalLine
from callkeeper.dialer.metrics import DialerMetrics
from tests.dialer.stage import InlineReaders, InlineWriter, Stage, inline_async_store, post
from tests.families import name_of

Fault = Literal[
    "fails",  # nothing is stored, and the writer says so
    "leaves",  # nothing is stored, for the VDN of one begins to leave
    "is lost",  # it is stored, and the writer says that the database failed
    "dies before",  # the process ends, and nothing is stored
    "dies after",  # the process ends as soon as it is stored
]
Placing = Literal["makes", "is down", "is silent", "is silent but makes"]
# How a call rings: as it should; behind early media, which a line hears too; unheard, as behind a
# 181, until it is looked up; and not at all.
Rings = Literal["aloud", "behind media", "unheard", "never"]


class DiedError(Exception):
    """The process is no more; nothing that it would have done afterwards is done."""


class FaultyWriter(InlineWriter):
    """Does what is planned for a verb's nth write. ``then`` is what happens after each of a verb's.

    A write number of 0 stands for all of them.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.store)
        self.plan: dict[tuple[str, int], Fault] = {}
        self.then: dict[str, Callable[[], object]] = {}
        self.counts: Counter[str] = Counter()
        self._is_dead = False

    def write(
        self, verb: Verb, items: Sequence[object], *, goes_first: bool = False
    ) -> "list[asyncio.Future[Any]]":
        """Write, or do what is planned."""
        name = name_of(self._inline, verb)
        self.counts[name] += 1
        fault = self.plan.get((name, self.counts[name])) or self.plan.get((name, 0))
        self._live(fault == "dies before")
        lost = {"fails": self._lose, "leaves": self._leave}.get(fault or "", verb)
        answers = super().write(lost, items, goes_first=goes_first)
        self._live(fault == "dies after")
        if fault == "is lost":
            answers = super().write(self._lose, items, goes_first=goes_first)
        self.then.get(name, lambda: None)()
        return answers

    def _live(self, dies: bool) -> None:  # noqa: FBT001 - what is to be decided
        self._is_dead |= dies
        if self._is_dead:
            raise DiedError

    def _lose(self, items: Sequence[object]) -> Sequence[object]:
        return [DatabaseFailed()] * len(items)

    def _leave(self, items: Sequence[object]) -> Sequence[object]:
        return [VdnGone()] * len(items)


class Exchange:
    """One rehearsal line; all that it tells is told to everybody."""

    def __init__(self, stage: Stage, **spans: int) -> None:
        self.calls = RehearsalLine(stage.clock, **spans)
        self.asked: list[CallRequest] = []
        self.rung: list[DeskRequest] = []
        self.ears: list[FaultyLine] = []

    def tell(self) -> None:
        """Tell what has happened."""
        for event in self.calls.take(1_000):
            for ear in self.ears:
                ear.hear(event)


def as_it_rings(rings: Rings, event: LineEvent) -> LineEvent | None:
    """Return what a line tells of a call that rings so, for what it tells of one that rings."""
    match event:
        case Ringing() if rings in ("unheard", "never"):
            return None
        case Ended(was="ringing") if rings != "aloud":
            return msgspec.structs.replace(event, was="there")
    return event


class FaultyLine:
    """A dispatcher's own connection to the exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._told: deque[LineEvent] = deque()
        self.is_up = True
        self.why_down: str | None = None
        self.gaps = 1
        self.placing: Placing = "makes"
        self.ringing: Placing = "makes"
        self.is_deaf = False
        self.rings: Rings = "aloud"
        self.finds: ChannelState | Literal["silence"] | None = None  # None: what there is
        exchange.ears.append(self)

    def hear(self, event: LineEvent) -> None:
        """Hear, or lose, what happened."""
        told = as_it_rings(self.rings, event)
        if told is not None and not self.is_deaf:
            self._told.append(told)

    async def run(self) -> None:
        """Do nothing until cancelled: there is no connection to keep."""
        await asyncio.Event().wait()

    async def place(self, request: CallRequest) -> None:
        """Make the call, or not."""
        if self.placing == "is down":
            raise LineDown("there is no connection")
        if self.placing != "is silent":
            self._exchange.asked.append(request)
            await self._exchange.calls.place(request)
        if self.placing != "makes":
            raise LineSilent("no answer in time")

    async def ring_desk(self, request: DeskRequest) -> None:
        """Ring an agent's phone, or not."""
        if self.ringing == "is silent":
            raise LineSilent("no answer in time")
        self._exchange.rung.append(request)
        await self._exchange.calls.ring_desk(request)
        if self.ringing == "is silent but makes":
            raise LineSilent("no answer in time")

    def joined(self, request: CallRequest) -> CallRequest:
        """Return the same call."""
        return self._exchange.calls.joined(request)

    async def hang_up(self, channel_id: str) -> None:
        """End a channel, unless nothing is heard of it."""
        if self.finds == "silence":
            raise LineSilent("no answer in time")
        await self._exchange.calls.hang_up(channel_id)

    async def lacking_for_desks(self) -> str | None:
        """Lack nothing."""
        return None

    async def find(self, attempt_id: str) -> ChannelState:
        """Tell what there is, or what was planned."""
        self._exchange.tell()
        if self.finds == "silence":
            raise LineSilent("no answer in time")
        found = self.finds or await self._exchange.calls.find(attempt_id)
        return "there" if found == "ringing" and self.rings == "never" else found

    async def heard(self) -> None:
        """Return as soon as there is something to take."""
        await self._exchange.calls.heard()

    def take(self, most: int) -> list[LineEvent]:
        """Take what was told."""
        self._exchange.tell()
        return [self._told.popleft() for _ in range(min(most, len(self._told)))]

    async def check(self) -> str:
        """Say something."""
        return "a faulty line"


class Actor(NamedTuple):
    """A dispatcher, with all that can go wrong about it."""

    dialer: Dialer
    line: FaultyLine
    writer: FaultyWriter
    readers: InlineReaders


def enter(stage: Stage, exchange: Exchange, name: str = "dora", **fields: Any) -> Actor:
    """Return a dispatcher at the exchange."""
    line, writer, readers = FaultyLine(exchange), FaultyWriter(stage), InlineReaders()
    async_store = inline_async_store(stage.store, writer, readers)
    meter = DialerMetrics(CollectorRegistry())
    own, clock = stage.database.own_time, fields.pop("clock", stage.clock)
    context = DialerContext.of(post(name, **fields), async_store, line, meter, clock, own_time=own)
    return Actor(Dialer(context), line, writer, readers)


def act(stage: Stage, *actors: Actor, seconds: float = 0, step_ms: int = 500) -> None:
    """Let dispatchers work until the clock is so much later; a database that fails is tried again.

    One that dies ends alone.
    """
    living = list(actors)
    end = stage.clock.now() + int(seconds * 1000)

    async def work() -> None:
        while True:
            for actor in list(living):
                try:
                    await _duties(actor.dialer, actor.dialer.now())
                except DiedError:
                    living.remove(actor)
            if stage.clock.now() >= end:
                return
            stage.clock.move(step_ms)

    asyncio.run(work())


async def _duties(dialer: Dialer, now: int) -> None:
    more = True
    while more:
        more = False
        with suppress(DatabaseFailed):
            await dialer.reaper.step(now)
        with suppress(DatabaseFailed):
            await dialer.desk_caller.step(now)
        with suppress(DatabaseFailed):
            more = await dialer.dispatcher.step(now)
        with suppress(DatabaseFailed):
            more = bool(await dialer.listener.step(now)) or more


def outcomes(stage: Stage, reservation: Reservation) -> list[str | None]:
    """Return how the attempts of a reservation ended, in order."""
    return [each.outcome for each in stage.attempts(reservation)]


def attempt_of(stage: Stage, reservation: Reservation) -> Attempt:
    """Return the only attempt of a reservation."""
    (attempt,) = stage.attempts(reservation)
    return attempt
