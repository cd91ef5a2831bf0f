"""The store's threads: the async side asks here, and what arrives together is written together.

A write joins the batch that is gathering while the transaction before it commits. The one writer
thread runs the batch as one transaction and answers everyone after the commit: nothing is
acknowledged before it is durable. Reads run on threads of their own: lists on two, and what every
request needs, its key, on a third, so that nobody's lists keep the others out.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar

from callkeeper.clock import monotonic
from callkeeper.core.refusal import DatabaseFailed, Refusal
from callkeeper.store.port import Collision, Store

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")

Verb = Callable[[Sequence[Any]], Sequence[Any]]

BATCH_MAX = 512
WAITING_MAX = 20_000
COLLISIONS_MAX = 3
READS_MAX = 1_000
# How long a read may wait for a thread. Whoever asked has hardly more patience, and a database that
# stands still would otherwise be asked, one after another, for everybody who has given up.
READ_SECONDS_MAX = 5.0


class _Write(NamedTuple):
    verb: Verb
    item: object
    answer: "asyncio.Future[Any]"


class Writer:
    """The writer thread. It starts with the first write and ends with ``stop``."""

    def __init__(self, store: Store, *, waiting_max: int = WAITING_MAX) -> None:
        self._store = store
        self._waiting_max = waiting_max
        self._waiting: deque[_Write] = deque()
        self._arrived = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def write(self, verb: Verb, items: Sequence[object]) -> "list[asyncio.Future[Any]]":
        """Return the outcomes to come of some items, each a value or its refusal."""
        loop = asyncio.get_running_loop()
        writes = [_Write(verb, item, loop.create_future()) for item in items]
        with self._arrived:
            if self._stopping or len(self._waiting) >= self._waiting_max:
                raise DatabaseFailed("the server is too busy to store this; try again")
            self._waiting += writes
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()
            self._arrived.notify()
        return [write.answer for write in writes]

    def stop(self) -> None:
        """Write what is waiting, then end the thread."""
        with self._arrived:
            self._stopping = True
            self._arrived.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while batch := self._gather():
            outcomes = self._attempt(batch)
            loop = batch[0].answer.get_loop()
            with suppress(RuntimeError):  # the loop has gone, and with it whoever asked
                loop.call_soon_threadsafe(_answer, batch, outcomes)

    def _gather(self) -> list[_Write]:
        with self._arrived:
            while not self._waiting and not self._stopping:
                self._arrived.wait()
            count = min(BATCH_MAX, len(self._waiting))
            return [self._waiting.popleft() for _ in range(count)]

    def _attempt(self, batch: list[_Write]) -> list[object]:
        """Run a batch; where a bug of ours breaks it, each write alone, so that one fails alone."""
        try:
            return self._transact(batch)
        except DatabaseFailed as failed:
            return [failed] * len(batch)
        except Exception as bug:  # noqa: BLE001 - raised again where the request is answered
            if len(batch) == 1:
                return [bug]
            return [outcome for write in batch for outcome in self._attempt([write])]

    def _transact(self, batch: list[_Write]) -> list[object]:
        for _ in range(COLLISIONS_MAX):
            try:
                with self._store.transaction():
                    return _carry_out(batch)
            except Collision:
                continue
        raise DatabaseFailed


class Grouped(Generic[T, R]):
    """A writing verb of the store, for one item or for many."""

    def __init__(
        self, writer: Writer, verb: Callable[[Sequence[T]], Sequence[R | Refusal]]
    ) -> None:
        self._writer = writer
        self._verb = verb

    async def __call__(self, item: T) -> R:
        """Return what became of the item, once that is durable; raise its refusal."""
        (answer,) = self._writer.write(self._verb, [item])
        outcome: R = await answer
        return outcome

    async def many(self, items: Sequence[T]) -> list[R | Refusal]:
        """Return what became of each item, or its refusal, once that is durable."""
        answers = self._writer.write(self._verb, items)
        outcomes: list[R | Refusal] = []
        for outcome in await asyncio.gather(*answers, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, Refusal):
                raise outcome
            outcomes.append(outcome)
        return outcomes


class Readers:
    """Threads that read. What waits too long, or behind too many, is refused and never begun."""

    def __init__(
        self,
        name: str,
        threads: int,
        *,
        waiting_max: int = READS_MAX,
        seconds_max: float = READ_SECONDS_MAX,
    ) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._room = threading.Semaphore(threads + waiting_max)
        self._seconds_max = seconds_max

    def reading(self, verb: Callable[P, R]) -> Callable[P, Awaitable[R]]:
        """Return a reading verb of the store as the async side calls it."""

        async def read(*args: P.args, **kwargs: P.kwargs) -> R:
            if not self._room.acquire(blocking=False):
                raise _too_busy()
            asked = monotonic()

            def begin() -> R:
                if monotonic() - asked > self._seconds_max:
                    raise _too_busy()
                return verb(*args, **kwargs)

            reading = self._threads.submit(begin)
            # Called too when whoever asked has gone before it was begun.
            reading.add_done_callback(lambda _: self._room.release())
            return await asyncio.wrap_future(reading)

        return read

    def stop(self) -> None:
        """Read what is waiting, then end the threads."""
        self._threads.shutdown()


class Desk:
    """The store as the async side sees it: one line for each verb.

    ``writer``, ``lists`` and ``looks`` are its threads, when they are not to be made here.
    """

    def __init__(
        self,
        store: Store,
        *,
        writer: Writer | None = None,
        lists: Readers | None = None,
        looks: Readers | None = None,
    ) -> None:
        self._store = store
        self._writer = writer = writer or Writer(store)
        self._lists = lists or Readers("reader", 2)
        self._looks = looks or Readers("key-reader", 1)
        reading, looking = self._lists.reading, self._looks.reading
        self.add_reservation = Grouped(writer, store.add_reservations)
        self.change_reservation = Grouped(writer, store.change_reservations)
        self.find_reservations = reading(store.find_reservations)
        self.campaign = reading(store.campaign)
        self.add_campaign = Grouped(writer, store.add_campaigns)
        self.change_campaign = Grouped(writer, store.change_campaigns)
        self.find_campaigns = reading(store.find_campaigns)
        self.define_business_result = Grouped(writer, store.define_business_results)
        self.find_business_results = reading(store.find_business_results)
        self.access_key = looking(store.access_key)
        self.schema_version = looking(store.schema_version)
        self.claim_due = Grouped(writer, store.claim_due)
        self.begin_attempt = Grouped(writer, store.begin_attempts)
        self.note_progress = Grouped(writer, store.note_progress)
        self.end_attempt = Grouped(writer, store.end_attempts)
        self.hand_back = Grouped(writer, store.hand_back)
        self.adopt_attempt = Grouped(writer, store.adopt_attempts)
        self.renew_lease = Grouped(writer, store.renew_leases)
        self.is_any_due = looking(store.is_any_due)
        self.count_due = looking(store.count_due)
        self.attempts_held = looking(store.attempts_held)
        self.attempts_orphaned = looking(store.attempts_orphaned)

    async def close(self) -> None:
        """Write what is waiting and close the database; nothing can be asked afterwards."""
        await asyncio.to_thread(self._writer.stop)
        await asyncio.to_thread(self._lists.stop)
        await asyncio.to_thread(self._looks.stop)
        self._store.close()


def _carry_out(batch: list[_Write]) -> list[object]:
    """Run a batch verb by verb, each over its items in their order; answer in the batch's order."""
    places: dict[Verb, list[int]] = {}
    for place, write in enumerate(batch):
        places.setdefault(write.verb, []).append(place)
    outcomes: list[object] = [None] * len(batch)
    for verb, whose in places.items():
        for place, outcome in zip(whose, verb([batch[i].item for i in whose]), strict=True):
            outcomes[place] = outcome
    return outcomes


def _answer(batch: list[_Write], outcomes: list[object]) -> None:
    for write, outcome in zip(batch, outcomes, strict=True):
        if write.answer.done():
            continue  # whoever asked has gone; the write stands
        if isinstance(outcome, Exception):
            write.answer.set_exception(outcome)
        else:
            write.answer.set_result(outcome)


def _too_busy() -> DatabaseFailed:
    return DatabaseFailed("the server is too busy to read this; try again")
