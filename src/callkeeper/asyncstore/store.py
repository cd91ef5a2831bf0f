"""The store as the async side sees it: it asks here, and is never kept from its next request.

What is written goes through the writer. Reads run on threads: lists on two, what every request
needs, its key or its session, on a third, what people look at on two more, and their reports, which
take long, on one of its own: so that none keeps the others out.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from callkeeper.asyncstore.families import (
    AsyncAttempts,
    AsyncBusinessResults,
    AsyncCampaigns,
    AsyncDeeds,
    AsyncDeskCalls,
    AsyncDue,
    AsyncFeeds,
    AsyncGuesses,
    AsyncKeys,
    AsyncLeases,
    AsyncOutstanding,
    AsyncPeople,
    AsyncPresence,
    AsyncReservations,
    AsyncRules,
    AsyncSessions,
)
from callkeeper.asyncstore.grouped import Grouped
from callkeeper.asyncstore.outage import Hear, Outage
from callkeeper.asyncstore.readers import Readers
from callkeeper.asyncstore.writer import Writer, WriterThread
from callkeeper.store.port.store import Store

T = TypeVar("T")


class AsyncStore:
    """The store as the async side sees it: one object for each family.

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
        self._lists = lists = lists or Readers("reader", 2)
        self._looks = looks = looks or Readers("key-reader", 1)
        self._pages = Readers("page-reader", 2)
        self._ask = self._pages.reading(lambda question: question(store))
        self._reports = Readers("report-reader", 1, waiting_max=20, seconds_max=30.0)
        self._report = self._reports.reading(lambda question: question(store))
        self._hears_writes: list[Hear] = [self.outage.hear]
        writer.hear = self._heard
        lists.hear = looks.hear = self._pages.hear = self.outage.hear
        self._reports.hear = self.outage.hear
        self.reservations = AsyncReservations(store.reservations, writer, lists)
        self.outstanding = AsyncOutstanding(store.outstanding, lists)
        self.campaigns = AsyncCampaigns(store.campaigns, writer, lists)
        self.business_results = AsyncBusinessResults(store.business_results, writer, lists)
        self.keys = AsyncKeys(store.keys, writer, lists, looks)
        self.people = AsyncPeople(store.people, writer, lists, looks)
        self.sessions = AsyncSessions(store.sessions, writer, looks, self._pages)
        self.presence = AsyncPresence(store.presence, writer)
        self.guesses = AsyncGuesses(store.guesses, writer)
        self.deeds = AsyncDeeds(store.deeds, lists)
        self.feeds = AsyncFeeds(store.feeds, writer, looks)
        self.rules = AsyncRules(store.rules, writer, lists)
        self.due = AsyncDue(store.due, writer, looks)
        self.attempts = AsyncAttempts(store.attempts, writer, looks)
        self.desk_calls = AsyncDeskCalls(store.desk_calls, writer, lists)
        self.leases = AsyncLeases(store.leases, writer)
        self.schema_version = looks.reading(store.schema_version)
        self.transfers = looks.reading(store.transfers.all)
        self.own_time = looks.reading(store.own_time)
        self.write_probe = Grouped(writer, store.write_probes)

    @property
    def oldest_write_seconds(self) -> float:
        """How long the write that waits the longest has waited; 0 when none does."""
        return self._writer.oldest_seconds

    @property
    def waiting_writes(self) -> int:
        """How many writes wait for the batch before theirs to be done."""
        return self._writer.waiting

    @property
    def writer_restarts(self) -> int:
        """How often what carries out the writes was lost, and begun anew."""
        return self._writer.restarts

    async def ask(self, question: Callable[[Store], T]) -> T:
        """Return what a question, which only reads, finds; on threads of the pages' own.

        So however much people look at, no list and no key waits for it.
        """
        found: T = await self._ask(question)
        return found

    async def report(self, question: Callable[[Store], T]) -> T:
        """Return what a question that takes long finds; no page waits for it, reports do."""
        found: T = await self._report(question)
        return found

    def begin(self) -> None:
        """Get ready for the first request."""
        self._writer.begin()

    def hear_writes(self, hear: Hear) -> None:
        """Tell somebody more how each batch of writes ends."""
        self._hears_writes.append(hear)

    def _heard(self, outcome: object, asked: float) -> None:
        for hear in self._hears_writes:
            hear(outcome, asked)

    async def close(self) -> None:
        """Write what is waiting and close the database; nothing can be asked afterwards."""
        await self._writer.stop()
        await asyncio.to_thread(self._lists.stop)
        await asyncio.to_thread(self._looks.stop)
        await asyncio.to_thread(self._pages.stop)
        await asyncio.to_thread(self._reports.stop)
        self._store.close()
