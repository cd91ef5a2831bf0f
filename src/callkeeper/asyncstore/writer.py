"""The writer: what arrives together is written together, and answered once it is durable.

A write joins the batch that is gathering while the one before it is carried out. Batches are
carried out by a thread of this process, or by a process of its own (see writer_process.py).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

import msgspec

from callkeeper.asker import asker_has_gone
from callkeeper.asyncstore.batch import Verb, Write, carry_out
from callkeeper.asyncstore.outage import Hear, hear_nothing
from callkeeper.clock import monotonic
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import DatabaseFailed
from callkeeper.store.port.store import Store

BATCH_MAX = 512
WAITING_MAX = 20_000

_GONE = Phrase("the client went away before this was written; nothing was stored")


class BatchWriter(Protocol):
    """Whoever carries out batches, one at a time, away from the event loop."""

    @property
    def restarts(self) -> int:
        """How often it was lost, and begun anew."""

    def begin(self) -> None:
        """Get ready, so that the first batch need not wait; called on the loop, or not at all."""

    def carry_out(self, batch: Sequence[Write]) -> "asyncio.Future[list[object]]":
        """Return the outcomes to come, as ``batch.carry_out`` has them."""

    async def stop(self) -> None:
        """End; no batch is under way then, and none will come."""


class WriterThread:
    """A thread of this process. Simple, and as fast as what else this process does lets it be."""

    restarts = 0  # it ends with this process

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")

    def begin(self) -> None:
        """Do nothing: a thread begins at once."""

    def carry_out(self, batch: Sequence[Write]) -> "asyncio.Future[list[object]]":
        """Return the outcomes to come."""
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._thread, carry_out, self._store, batch)

    async def stop(self) -> None:
        """End the thread."""
        await asyncio.to_thread(self._thread.shutdown)


class _Awaited(msgspec.Struct, frozen=True):
    write: Write
    answer: "asyncio.Future[Any]"
    since: float
    has_gone: Callable[[], bool] | None

    @property
    def is_wanted(self) -> bool:
        """Whether anybody is left who waits for the answer."""
        return not self.answer.done() and (self.has_gone is None or not self.has_gone())


class Writer:
    """Gathers writes and answers them. It belongs to one event loop.

    What goes first goes into the next batch before all that waits, and is not refused because
    others have filled the queue: a call that is due does not wait for those who file results.
    """

    def __init__(self, batch_writer: BatchWriter, *, waiting_max: int = WAITING_MAX) -> None:
        self._batch_writer = batch_writer
        self._waiting_max = waiting_max
        self.hear: Hear = hear_nothing
        self._waiting: deque[_Awaited] = deque()
        self._waiting_first: deque[_Awaited] = deque()
        self._under_way: asyncio.Future[list[object]] | None = None
        self._under_way_since = 0.0
        self._stopping = False

    @property
    def waiting(self) -> int:
        """How many writes wait for the batch before theirs to be done."""
        return sum(map(len, self._queues))

    @property
    def restarts(self) -> int:
        """How often whoever carries out batches was lost, and begun anew."""
        return self._batch_writer.restarts

    @property
    def oldest_seconds(self) -> float:
        """How long the write that waits the longest has waited; 0 when none does."""
        if self._under_way is not None:
            return monotonic() - self._under_way_since
        since = [queue[0].since for queue in self._queues if queue]
        return monotonic() - min(since) if since else 0.0

    def begin(self) -> None:
        """Get ready for the first write."""
        self._batch_writer.begin()

    def write(
        self, verb: Verb, items: Sequence[object], *, goes_first: bool = False
    ) -> "list[asyncio.Future[Any]]":
        """Return the outcomes to come of some items, each a value or its refusal."""
        queue = self._waiting_first if goes_first else self._waiting
        if self._stopping or len(queue) >= self._waiting_max:
            raise DatabaseFailed("the server is too busy to store this; try again")
        loop = asyncio.get_running_loop()
        if self._under_way is None and not any(self._queues):
            loop.call_soon(self._next)  # what else this turn of the loop brings goes with it
        since, has_gone = monotonic(), asker_has_gone.get()
        awaited = [
            _Awaited(Write(verb, item), loop.create_future(), since, has_gone) for item in items
        ]
        queue += awaited
        return [each.answer for each in awaited]

    async def stop(self) -> None:
        """Write what is waiting and take no more."""
        self._stopping = True
        self._next()
        while self._under_way is not None:
            await asyncio.wait([self._under_way])
        await self._batch_writer.stop()

    def _next(self) -> None:
        if self._under_way is not None:
            return
        batch = self._gather()
        if batch:
            self._under_way_since = min(each.since for each in batch)
            self._under_way = self._batch_writer.carry_out([each.write for each in batch])
            self._under_way.add_done_callback(partial(self._written, batch))

    def _gather(self) -> list[_Awaited]:
        """Take what is written next. What nobody waits for any more is dropped, not begun."""
        batch: list[_Awaited] = []
        for queue in self._queues:
            while queue and len(batch) < BATCH_MAX:
                each = queue.popleft()
                if each.is_wanted:
                    batch.append(each)
                else:
                    settle(each.answer, DatabaseFailed.saying(_GONE))
        return batch

    @property
    def _queues(self) -> tuple[deque[_Awaited], deque[_Awaited]]:
        return self._waiting_first, self._waiting

    def _written(self, batch: list[_Awaited], done: "asyncio.Future[list[object]]") -> None:
        self._under_way = None
        asked = self._under_way_since
        self._next()  # first, so that the database has work while we answer
        outcomes = done.result()
        self.hear(outcomes[0], asked)
        for each, outcome in zip(batch, outcomes, strict=True):
            settle(each.answer, outcome)


def settle(answer: "asyncio.Future[Any]", outcome: object) -> None:
    """Give an answer its outcome. Whoever asked may have gone; the write stands all the same."""
    if answer.done():
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
