"""The store, asked by async code: what arrives together is written together, durably."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from callkeeper.asker import asker_has_gone
from callkeeper.asyncstore.grouped import Grouped
from callkeeper.asyncstore.readers import Readers
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.asyncstore.writer import BATCH_MAX, Writer, WriterThread
from callkeeper.clock import HandClock
from callkeeper.core.refusal import DatabaseFailed, NoSuchReservation, Refusal
from callkeeper.core.reservations.changes import Order, Result
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.store import Collision
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.people import People
from tests.store.orders import NOW, Opener, booked, booking, check_history, has_campaign, order


class WatchedStore(SqlStore):
    """The real store; it counts its transactions, and can be held just before it commits."""

    transactions = 0

    def watch(self) -> None:
        self.may_commit = threading.Event()
        self.may_commit.set()
        self.about_to_commit = threading.Event()

    def hold(self) -> None:
        self.about_to_commit.clear()
        self.may_commit.clear()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with super().transaction():
            yield
            self.transactions += 1
            self.about_to_commit.set()
            assert self.may_commit.wait(30)


@pytest.fixture
def opener(tmp_path: Path, database: str | None) -> Iterator[Opener]:
    with Opener(tmp_path, database, busy_seconds=0.1) as opener:
        yield opener


@pytest.fixture
def store(opener: Opener) -> WatchedStore:
    """A store with reservations r00000 to r00009."""
    opened = opener.open()
    opened.store.migrate()
    has_campaign(opened.session, 1)
    booked(opened.store, *(booking(number) for number in range(10)))
    store = WatchedStore(opened.session)
    store.watch()
    return store


def at_desk(store: SqlStore, work: Callable[[AsyncStore], Awaitable[None]]) -> None:
    """Do some work at a store, and close it, within half a minute."""

    async def all_of_it() -> None:
        async_store = AsyncStore(store)
        await work(async_store)
        await async_store.close()

    asyncio.run(asyncio.wait_for(all_of_it(), 30))


def filed(number: int, call_id: str) -> Order:
    return order(f"r{number:05d}", Result(call_id=call_id))


async def begun(store: WatchedStore, *writes: Awaitable[Any]) -> list["asyncio.Task[Any]"]:
    """Start writes, and return when the first batch of them is about to commit."""
    store.hold()
    tasks = [asyncio.ensure_future(each) for each in writes]
    assert await asyncio.to_thread(store.about_to_commit.wait, 20)
    return tasks


def test_a_write_that_arrives_during_a_transaction_is_in_the_next(store: WatchedStore) -> None:
    async def work(async_store: AsyncStore) -> None:
        first = await begun(store, async_store.reservations.change(filed(0, "first")))
        rest = [
            asyncio.ensure_future(async_store.reservations.change(filed(n % 10, f"c{n}")))
            for n in range(300)
        ]
        await asyncio.sleep(0)  # each has now joined the queue
        store.may_commit.set()
        await asyncio.gather(*first, *rest)

    at_desk(store, work)
    assert store.transactions == 2
    check_history(store, *(r for n in range(10) for r in store.reservations.with_id(f"r{n:05d}")))


def test_a_batch_is_bounded(store: WatchedStore) -> None:
    async def work(async_store: AsyncStore) -> None:
        first = await begun(store, async_store.reservations.change(filed(0, "first")))
        rest = [
            asyncio.ensure_future(async_store.reservations.change(filed(n % 10, f"c{n}")))
            for n in range(BATCH_MAX + 1)
        ]
        await asyncio.sleep(0)
        store.may_commit.set()
        await asyncio.gather(*first, *rest)

    at_desk(store, work)
    assert store.transactions == 3


def test_nothing_is_answered_before_it_is_durable(opener: Opener, store: WatchedStore) -> None:
    elsewhere = opener.open().store

    async def work(async_store: AsyncStore) -> None:
        (task,) = await begun(store, async_store.reservations.change(filed(1, "mine")))
        await asyncio.sleep(0)
        assert not task.done()
        assert elsewhere.reservations.with_id("r00001")[0].call_id is None
        store.may_commit.set()
        assert (await task).call_id == "mine"
        assert elsewhere.reservations.with_id("r00001")[0].call_id == "mine"

    at_desk(store, work)


def test_changes_of_one_reservation_are_made_in_the_order_they_came(store: WatchedStore) -> None:
    async def work(async_store: AsyncStore) -> None:
        changed = await asyncio.gather(
            *(async_store.reservations.change(filed(3, f"c{n}")) for n in range(50))
        )
        assert [each.version for each in changed] == list(range(2, 52))

    at_desk(store, work)
    details = [event.detail for event in store.history.of(1, "r00003")[1:]]
    assert details == [f'{{"call_id":"c{n}"}}' for n in range(50)]


def test_a_refusal_reaches_only_whoever_is_refused(store: WatchedStore) -> None:
    async def work(async_store: AsyncStore) -> None:
        outcomes = await asyncio.gather(
            *(async_store.reservations.change(filed(n, "c")) for n in (1, 99, 2)),
            return_exceptions=True,
        )
        assert [type(each) for each in outcomes] == [Reservation, NoSuchReservation, Reservation]

    at_desk(store, work)


def test_many_are_answered_in_order_each_with_its_outcome_or_its_refusal(
    store: WatchedStore,
) -> None:
    async def work(async_store: AsyncStore) -> None:
        outcomes = await async_store.reservations.change.many([filed(n, "c") for n in (1, 99, 2)])
        assert [type(each) for each in outcomes] == [Reservation, NoSuchReservation, Reservation]
        assert await async_store.reservations.change.many([]) == []
        with pytest.raises(Exception, match=r"constraint|NotNullViolation") as raised:
            await async_store.reservations.add.many([booking(20), booking(50, kind=None)])
        assert not isinstance(raised.value, Refusal)

    at_desk(store, work)
    assert store.transactions == 2
    assert len(store.history.of(1, "r00020")) == 1  # the bug failed alone


def test_a_bug_in_one_item_fails_alone(store: WatchedStore) -> None:
    broken = booking(50, kind=None)  # no form lets this through; the database must not either

    async def work(async_store: AsyncStore) -> None:
        first = await begun(store, async_store.reservations.change(filed(0, "first")))
        tasks = [
            asyncio.ensure_future(each)
            for each in (
                async_store.reservations.add(booking(20)),
                async_store.reservations.add(broken),
                async_store.reservations.change(filed(1, "c")),
                async_store.reservations.add(booking(21)),
            )
        ]
        await asyncio.sleep(0)
        store.may_commit.set()
        outcomes = await asyncio.gather(*first, *tasks, return_exceptions=True)
        bugs = [isinstance(each, Exception) for each in outcomes]
        assert bugs == [False, False, True, False, False]
        assert not isinstance(outcomes[2], Refusal)

    at_desk(store, work)
    assert store.reservations.with_id("r00050") == []
    assert store.history.of(1, "r00050") == []
    for id_, events in (("r00020", 1), ("r00021", 1), ("r00001", 2)):
        assert len(store.history.of(1, id_)) == events


def test_a_database_that_fails_refuses_the_whole_batch_and_the_next_works(
    opener: Opener, store: WatchedStore
) -> None:
    def refuse(_items: Sequence[Order]) -> list[Reservation | Refusal]:
        store.reservations.change([filed(1, "lost")])
        raise DatabaseFailed

    async def work(async_store: AsyncStore) -> None:
        writer = Writer(WriterThread(store))
        first = await begun(store, async_store.reservations.change(filed(0, "first")))
        store.may_commit.set()
        await asyncio.gather(*first)
        failing = Grouped(writer, refuse)
        outcomes = await asyncio.gather(
            *(failing(filed(n, "c")) for n in range(5)), return_exceptions=True
        )
        assert [type(each) for each in outcomes] == [DatabaseFailed] * 5
        assert (await Grouped(writer, store.reservations.change)(filed(1, "c"))).version == 2
        await writer.stop()

    at_desk(store, work)
    assert opener.look("SELECT COUNT(*) FROM event") == [(10 + 2,)]


@pytest.mark.parametrize(("collisions", "answer"), [(2, Reservation), (3, DatabaseFailed)])
def test_a_collision_is_run_again_and_given_up_in_the_end(
    store: WatchedStore, collisions: int, answer: type[object]
) -> None:
    left = iter(range(collisions))

    def contested(orders: Sequence[Order]) -> list[Reservation | Refusal]:
        outcomes = store.reservations.change(orders)
        if next(left, None) is not None:
            raise Collision
        return outcomes

    async def work(_store: AsyncStore) -> None:
        writer = Writer(WriterThread(store))
        (outcome,) = await asyncio.gather(
            Grouped(writer, contested)(filed(1, "c")), return_exceptions=True
        )
        assert isinstance(outcome, answer)
        await writer.stop()

    at_desk(store, work)
    assert len(store.history.of(1, "r00001")) == (2 if answer is Reservation else 1)


def test_a_queue_that_is_full_refuses_and_takes_again_when_it_has_room(
    store: WatchedStore,
) -> None:
    async def work(_store: AsyncStore) -> None:
        writer = Writer(WriterThread(store), waiting_max=5)
        change = Grouped(writer, store.reservations.change)
        first = await begun(store, change(filed(0, "first")))
        waiting = [asyncio.ensure_future(change(filed(n, "c"))) for n in range(1, 6)]
        await asyncio.sleep(0)
        with pytest.raises(DatabaseFailed, match="busy"):
            await change(filed(6, "too many"))
        store.may_commit.set()
        await asyncio.gather(*first, *waiting)
        assert (await change(filed(6, "again"))).version == 2
        await writer.stop()

    at_desk(store, work)


def test_closing_writes_what_waits_and_takes_no_more(store: WatchedStore) -> None:
    async def work() -> None:
        async_store = AsyncStore(store)
        first = await begun(store, async_store.reservations.change(filed(0, "first")))
        rest = [
            asyncio.ensure_future(async_store.reservations.change(filed(n, "c")))
            for n in range(1, 10)
        ]
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(async_store.close())
        await asyncio.sleep(0)
        store.may_commit.set()
        await closing
        changed = await asyncio.gather(*first, *rest)
        assert [each.version for each in changed] == [2] * 10
        with pytest.raises(DatabaseFailed):
            await async_store.reservations.change(filed(0, "late"))

    asyncio.run(asyncio.wait_for(work(), 30))
    assert [len(store.history.of(1, f"r{n:05d}")) for n in range(10)] == [2] * 10


def test_a_desk_that_was_never_used_closes(store: WatchedStore) -> None:
    async def nothing(_store: AsyncStore) -> None:
        return

    at_desk(store, nothing)
    assert store.transactions == 0


def test_a_caller_that_goes_away_disturbs_nobody_and_the_write_stands(store: WatchedStore) -> None:
    async def work(async_store: AsyncStore) -> None:
        tasks = await begun(
            store, *(async_store.reservations.change(filed(n, "c")) for n in range(6))
        )
        for task in tasks[::2]:
            task.cancel()
        await asyncio.sleep(0)
        store.may_commit.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        gone = [isinstance(each, asyncio.CancelledError) for each in outcomes]
        assert gone == [True, False] * 3

    at_desk(store, work)
    assert [len(store.history.of(1, f"r{n:05d}")) for n in range(6)] == [2] * 6


def test_a_write_that_nobody_waits_for_any_more_is_not_begun(store: WatchedStore) -> None:
    async def file_for(async_store: AsyncStore, number: int, has_gone: Callable[[], bool]) -> None:
        asker_has_gone.set(has_gone)
        await async_store.reservations.change(filed(number, "c"))

    async def work(async_store: AsyncStore) -> None:
        gone: set[int] = set()
        first = await begun(store, async_store.reservations.change(filed(0, "c")))
        rest = [
            asyncio.ensure_future(file_for(async_store, n, partial(gone.__contains__, n)))
            for n in range(1, 6)
        ]
        await asyncio.sleep(0)  # each has now joined the queue
        gone.update((2, 3))
        rest[4].cancel()
        assert async_store.oldest_write_seconds > 0
        store.may_commit.set()
        outcomes = await asyncio.gather(*first, *rest, return_exceptions=True)
        failed = [type(each) for each in outcomes if isinstance(each, BaseException)]
        assert failed == [DatabaseFailed, DatabaseFailed, asyncio.CancelledError]
        assert "nothing was stored" in str(outcomes[2])
        assert async_store.oldest_write_seconds == 0

    at_desk(store, work)
    assert [len(store.history.of(1, f"r{n:05d}")) for n in range(6)] == [2, 2, 1, 1, 2, 1]


def test_reading_does_not_wait_for_a_writer(store: WatchedStore) -> None:
    async def work(async_store: AsyncStore) -> None:
        (task,) = await begun(store, async_store.reservations.change(filed(1, "c")))
        assert await async_store.schema_version() > 0
        assert not task.done()
        store.may_commit.set()
        await task

    at_desk(store, work)


def test_what_asks_again_and_again_does_not_wait_where_keys_are_looked_up(
    store: WatchedStore,
) -> None:
    looks, may_go = Readers("key-reader", 1), threading.Event()

    async def all_of_it() -> None:
        async_store = AsyncStore(store, looks=looks)
        key = asyncio.ensure_future(looks.reading(lambda: may_go.wait(30))())
        try:
            assert await async_store.desk_calls.live("line", 1) == []
            people = People(async_store, HandClock(NOW))
            assert await people.whose("token", clicked=False) is None
            assert not key.done()
        finally:
            may_go.set()
        assert await key
        await people.close()
        await async_store.close()

    asyncio.run(asyncio.wait_for(all_of_it(), 30))
