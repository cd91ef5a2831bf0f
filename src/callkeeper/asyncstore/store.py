"""The store as the async side sees it: it asks here, and is never kept from its next request.

What is written goes through the writer. Reads run on threads: lists on two, and what every request
needs, its key, on a third, so that nobody's lists keep the others out.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from callkeeper.asyncstore.outage import Outage
from callkeeper.asyncstore.readers import R, Readers
from callkeeper.asyncstore.writer import Writer, WriterThread
from callkeeper.core.refusal import Refusal
from callkeeper.store.port.store import Store

T = TypeVar("T")


class Grouped(Generic[T, R]):
    """A writing verb of the store, for one item or for many.

    One that goes first is written before all that waits for its turn.
    """

    def __init__(
        self,
        writer: Writer,
        verb: Callable[[Sequence[T]], Sequence[R | Refusal]],
        *,
        goes_first: bool = False,
    ) -> None:
        self._writer = writer
        self._verb = verb
        self._goes_first = goes_first

    async def __call__(self, item: T) -> R:
        """Return what became of the item, once that is durable; raise its refusal."""
        (answer,) = self._writer.write(self._verb, [item], goes_first=self._goes_first)
        outcome: R = await answer
        return outcome

    async def many(self, items: Sequence[T]) -> list[R | Refusal]:
        """Return what became of each item, or its refusal, once that is durable."""
        answers = self._writer.write(self._verb, items, goes_first=self._goes_first)
        outcomes: list[R | Refusal] = []
        for outcome in await asyncio.gather(*answers, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, Refusal):
                raise outcome
            outcomes.append(outcome)
        return outcomes


class AsyncStore:
    """The store as the async side sees it: one line for each verb.

    ``writer``, ``lists`` and ``looks`` are whoever works for it; threads, where none is given.
    ``outage`` is shared by the stores of one process, so that one is told of once.
    """

    def __init__(
        self,
        store: Store,
        *,
        writer: Writer | None = None,
        lists: Readers | None = None,
        looks: Readers | None = None,
        outage: Outage | None = None,
    ) -> None:
        self._store = store
        self.outage = outage or Outage()
        self._writer = writer = writer or Writer(WriterThread(store))
        self._lists = lists or Readers("reader", 2)
        self._looks = looks or Readers("key-reader", 1)
        self._hears_writes: list[Callable[[object], None]] = [self.outage.hear]
        writer.hear = self._heard
        self._lists.hear = self._looks.hear = self.outage.hear
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
        self.write_probe = Grouped(writer, store.write_probes)
        self.claim_due = Grouped(writer, store.claim_due, goes_first=True)
        self.begin_attempt = Grouped(writer, store.begin_attempts, goes_first=True)
        self.note_progress = Grouped(writer, store.note_progress, goes_first=True)
        self.end_attempt = Grouped(writer, store.end_attempts, goes_first=True)
        self.hand_back = Grouped(writer, store.hand_back, goes_first=True)
        self.adopt_attempt = Grouped(writer, store.adopt_attempts, goes_first=True)
        self.renew_lease = Grouped(writer, store.renew_leases, goes_first=True)
        self.wake_from_ahead = Grouped(writer, store.wake_from_ahead, goes_first=True)
        self.own_time = looking(store.own_time)
        self.is_any_due = looking(store.is_any_due)
        self.count_due = looking(store.count_due)
        self.attempts_held = looking(store.attempts_held)
        self.attempts_orphaned = looking(store.attempts_orphaned)

    @property
    def oldest_write_seconds(self) -> float:
        """How long the write that waits the longest has waited; 0 when none does."""
        return self._writer.oldest_seconds

    def begin(self) -> None:
        """Get ready for the first request."""
        self._writer.begin()

    def hear_writes(self, hear: Callable[[object], None]) -> None:
        """Tell somebody more how each batch of writes ends."""
        self._hears_writes.append(hear)

    def _heard(self, outcome: object) -> None:
        for hear in self._hears_writes:
            hear(outcome)

    async def close(self) -> None:
        """Write what is waiting and close the database; nothing can be asked afterwards."""
        await self._writer.stop()
        await asyncio.to_thread(self._lists.stop)
        await asyncio.to_thread(self._looks.stop)
        self._store.close()
