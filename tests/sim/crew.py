"""Dispatchers that can die between any two writes, and before or after a call is made."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import ContextVar, copy_context
from typing import Any, ParamSpec, Protocol, TypeVar

from prometheus_client import CollectorRegistry

from callkeeper.asyncstore.batch import Write, carry_out
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.asyncstore.writer import Writer
from callkeeper.core.refusal import DatabaseFailed
from callkeeper.dialer.config import DialerConfig
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.dialer import Dialer, Duty
from callkeeper.dialer.line.line import CallRequest, DeskRequest
from callkeeper.dialer.metrics import DialerMetrics
from callkeeper.dialer.timekeeper import OwnTime
from callkeeper.store.rows.store import SqlStore
from tests.dialer.stage import InlineReaders
from tests.families import name_of
from tests.sim.arena import DialerMaker
from tests.sim.fate import Fate
from tests.sim.pbx import Extension, Pbx
from tests.sim.timeloop import TimeLoop, WrongClock
from tests.sim.trace import Trace

P = ParamSpec("P")
R = TypeVar("R")

_SLOW_MS = 300
_STUCK_MS = 40_000

_at_work: ContextVar["Station | None"] = ContextVar("at_work", default=None)


class Onlookers(Protocol):
    """Whoever watches a dispatcher, or gets in its way."""

    def meddle(self, item: object) -> None:
        """Do, perhaps, the worst to what a write is about, just now."""

    def committed(self, station: str, batch: Sequence[Write], outcomes: Sequence[object]) -> None:
        """Judge what was written."""

    def asked(self, station: str, attempt_id: str) -> None:
        """Judge that a call is asked for."""

    def has_fault(self, error: BaseException) -> None:
        """Keep an error that is nobody's intention."""


class HauntedBatchWriter:
    """Writes some time after it was asked to, and then what fate wants."""

    restarts = 0

    def __init__(self, store: SqlStore, station: "Station") -> None:
        self._store = store
        self._station = station
        self._fate = station.fate

    def begin(self) -> None:
        """Do nothing."""

    def carry_out(self, batch: Sequence[Write]) -> "asyncio.Future[list[object]]":
        """Return outcomes that will be there when the database has got to it."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[object]] = loop.create_future()
        loop.call_later(self._draw_delay_ms() / 1000, self._write, batch, answer)
        return answer

    async def stop(self) -> None:
        """Do nothing."""

    def _draw_delay_ms(self) -> int:
        if self._fate.strikes("write_stuck"):
            return self._fate.random.randint(1, _STUCK_MS)
        return self._fate.random.randint(1, _SLOW_MS) if self._fate.strikes("write_slow") else 0

    def _write(self, batch: Sequence[Write], answer: "asyncio.Future[list[object]]") -> None:
        if self._station.is_dead:
            return
        try:
            outcomes = self._haunted(batch)
        except BaseException as error:
            self._station.onlookers.has_fault(error)
            raise
        if not self._station.is_dead:
            answer.set_result(outcomes)

    def _haunted(self, batch: Sequence[Write]) -> list[object]:
        station = self._station
        names = list(dict.fromkeys(name_of(self._store, each.verb) for each in batch))
        if self._fate.strikes("killed_before_write"):
            station.die(f"before it wrote {names}")
            return []
        if self._fate.strikes("write_fails"):
            station.trace.add(station.name, f"could not write {names}")
            return [DatabaseFailed()] * len(batch)
        self._let_meddle(batch)
        outcomes = carry_out(self._store, batch)
        station.onlookers.committed(station.name, batch, outcomes)
        self._let_meddle(batch)
        if self._fate.strikes("killed_after_write"):
            station.die(f"after it wrote {names}")
        if self._fate.strikes("answer_lost"):
            station.trace.add(station.name, f"does not know that it wrote {names}")
            return [DatabaseFailed()] * len(batch)
        return outcomes

    def _let_meddle(self, batch: Sequence[Write]) -> None:
        if self._fate.strikes("meddles"):
            self._station.onlookers.meddle(self._fate.random.choice(batch).item)


class HauntedReaders(InlineReaders):
    """Reads a moment later, so that others get a word in between; or not at all."""

    def __init__(self, fate: Fate) -> None:
        super().__init__()
        self._fate = fate

    def reading(self, verb: Callable[P, R]) -> Callable[P, Awaitable[R]]:
        """Return a verb that lets others work first."""

        async def read(*args: P.args, **kwargs: P.kwargs) -> R:
            await asyncio.sleep(0)
            if self._fate.strikes("read_fails"):
                raise DatabaseFailed
            return verb(*args, **kwargs)

        return read


class DeadlyExtension(Extension):
    """A line on which its dispatcher may die."""

    station: "Station"

    async def place(self, request: CallRequest) -> None:
        """Ask for a call, unless death comes first, or comes before the answer."""
        station = self.station
        if station.fate.strikes("killed_before_place"):
            await station.perish(f"before it asked for {request.attempt_id}")
        await super().place(request)
        if station.fate.strikes("killed_after_place"):
            await station.perish(f"after it asked for {request.attempt_id}")

    async def ring_desk(self, request: DeskRequest) -> None:
        """Ask for an agent's phone, unless death comes first, or comes before the answer."""
        station = self.station
        if station.fate.strikes("killed_before_place"):
            await station.perish(f"before it asked for the desk of {request.attempt_id}")
        await super().ring_desk(request)
        if station.fate.strikes("killed_after_place"):
            await station.perish(f"after it asked for the desk of {request.attempt_id}")


class Station:
    """A dispatcher: its four duties go on beside each other, as tasks that die with it."""

    def __init__(
        self,
        post: DialerConfig,
        store: SqlStore,
        pbx: Pbx,
        onlookers: Onlookers,
        own_time: OwnTime | None,
        *,
        make_dialer: DialerMaker = Dialer,
    ) -> None:
        self.name = post.name
        self.onlookers = onlookers
        self.fate: Fate = pbx.fate
        self.trace: Trace = pbx.trace
        self.is_dead = False
        self._is_stopping = False
        self.stalled_until = 0
        self.extension = DeadlyExtension(pbx, self.name, self._asked)
        self.extension.station = self
        pbx.plug(self.extension)
        self._pbx = pbx
        self._loop: TimeLoop = pbx.loop
        self._tasks: list[asyncio.Task[Any]] = []
        readers = HauntedReaders(self.fate)
        async_store = AsyncStore(
            store, writer=Writer(HauntedBatchWriter(store, self)), lists=readers, looks=readers
        )
        # Only who can ask the database may begin with a clock that is wrong, and keep it.
        self.clock = WrongClock(pbx.loop, self.fate.random, may_stay_wrong=own_time is not None)
        if own_time is not None and self.fate.strikes("clock_leaps"):
            self.clock.leap()
        meter = DialerMetrics(CollectorRegistry())
        context = DialerContext.of(
            post,
            async_store,
            self.extension,
            meter,
            self.clock,
            own_time=own_time,
            log=self.trace.logger(self.name),
        )
        self._desks = context.desks
        self.dialer = make_dialer(context)
        self._duties: list[Duty] = [
            self.dialer.reaper.step,
            self.dialer.desk_caller.step,
            self.dialer.dispatcher.step,
            self.dialer.listener.step,
        ]
        self._doing: list[asyncio.Task[Any] | None] = [None] * len(self._duties)
        self.trace.add(self.name, "begins")

    def step(self) -> None:
        """Begin each duty that is not still being done."""
        self._tidy()
        if self.is_dead or self._is_stopping or self._loop.now() < self.stalled_until:
            return
        now = self.dialer.now()
        order = list(range(len(self._duties)))
        self.fate.random.shuffle(order)
        for place in order:
            if self._doing[place] is None:
                self._doing[place] = self._begin(self._duties[place](now))

    @property
    def is_busy(self) -> bool:
        """Whether it has yet to finish something, or has phones of agents to look after."""
        return len(self._desks) > 0 or any(not task.done() for task in self._tasks)

    def stop(self) -> None:
        """Stop in good order, as the dialer's own ``run`` does when it is told to."""
        if self._is_stopping or self.is_dead:
            return
        self._is_stopping = True
        self.trace.add(self.name, "stops")
        self._begin(self._hand_over([task for task in self._doing if task is not None]))

    def die(self, when: str) -> None:
        """Be no more; nothing is written, asked or heard any more."""
        self.trace.add(self.name, f"dies {when}")
        self._end()

    async def perish(self, when: str) -> None:
        """Die within a task of its own."""
        self.die(when)
        await asyncio.Event().wait()

    def adopt(self, task: "asyncio.Task[Any]") -> None:
        """Have a task end with it."""
        self._tasks.append(task)

    def _begin(self, duty: Coroutine[Any, Any, Any] | Awaitable[Any]) -> "asyncio.Task[Any]":
        context = copy_context()
        context.run(_at_work.set, self)
        return self._loop.create_task(_attended(duty), context=context)

    async def _hand_over(self, doing: "list[asyncio.Task[Any]]") -> None:
        try:
            await asyncio.gather(*doing)
            await self.dialer.desk_caller.settle()
            await self.dialer.dispatcher.settle()
            await self.dialer.listener.step(self.dialer.now())
            await self.dialer.lease.end()
        finally:
            self._end()

    def _end(self) -> None:
        if not self.is_dead:
            self.is_dead = True
            self._pbx.unplug(self.extension)
            for task in self._tasks:
                task.cancel()

    def _tidy(self) -> None:
        """Forget the tasks that are done, and keep what went wrong with them."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                self.onlookers.has_fault(error)
        self._tasks = [task for task in self._tasks if not task.done()]
        self._doing = [None if task is None or task.done() else task for task in self._doing]

    def _asked(self, attempt_id: str) -> None:
        self.onlookers.asked(self.name, attempt_id)


async def _attended(duty: Awaitable[Any]) -> None:
    """Do a duty; that the database was away is no fault, the next time it is done again."""
    try:
        await duty
    except DatabaseFailed:
        return


def tasks_die_with_their_station(
    loop: asyncio.AbstractEventLoop, work: Any, context: Any = None
) -> Any:
    """Make a task; a factory for a loop."""
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, context=context)
    station = _at_work.get() if context is None else context.get(_at_work)
    if station is not None:
        station.adopt(task)
    return task
