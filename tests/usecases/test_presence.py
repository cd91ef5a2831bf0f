"""Who is there at a process: one write for all of them each ten seconds, and none for nobody."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from callkeeper.asker import asker_has_gone
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import HandClock
from callkeeper.core.people.person import Person, Role
from callkeeper.core.people.presence import PRESENT_MS, RENEW_MS, Renewal
from callkeeper.core.refusal import DatabaseFailed
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.presence import Attendance
from tests.store.orders import NOW, Opener
from tests.store.test_staff import added


class Process:
    """A process at which people are, which looks at its clock when it is told to."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.async_store = AsyncStore(store)
        self.async_store.hear_writes(lambda outcome, _asked: self.writes.append(outcome))
        self.clock = HandClock(NOW)
        self.writes: list[object] = []
        self.fails: Exception | None = None  # how saying it fails, if it does
        self._turn = asyncio.Semaphore(0)
        self._over = asyncio.Semaphore(0)
        self.attendance = Attendance(self._renew, self.clock, pause=self._pause)

    def come(self, held: ExitStack, person: Person, *vdns: int) -> None:
        held.enter_context(self.attendance.of(person, vdns))

    async def looked(self) -> None:
        """Wait until it has looked at the clock, after somebody is there at last."""
        await self._over.acquire()

    async def look(self, after_ms: int) -> None:
        """Have it look at the clock once more, after a while."""
        self.clock.move(after_ms)
        self._turn.release()
        await self.looked()

    async def looks(self) -> bool:
        """Whether anything takes its turn to look at the clock."""
        self._turn.release()
        for _ in range(3):  # loops in which whoever waits for a turn wakes up
            await asyncio.sleep(0)
        return self._turn.locked()

    def there(self) -> list[str]:
        found = self.store.presence.agents_there(1, self.clock.now())
        return [each.account for each in found]

    async def _renew(self, renewal: Renewal) -> None:
        if self.fails is not None:
            raise self.fails
        await self.async_store.presence.renew(renewal)

    async def _pause(self, _seconds: float) -> None:
        self._over.release()
        await self._turn.acquire()


@pytest.fixture
def store(tmp_path: Path, database: str | None) -> Iterator[SqlStore]:
    with Opener(tmp_path / "data", database) as opener:
        opened = opener.open()
        opened.store.migrate()
        yield opened.store


def attending(store: SqlStore, what: Callable[[Process], Awaitable[Any]]) -> None:
    async def attend() -> None:
        process = Process(store)
        try:
            await what(process)
        finally:
            await process.async_store.close()

    asyncio.run(asyncio.wait_for(attend(), 60))


def agent(store: SqlStore, login: str) -> Person:
    return added(store, login, Role("agent", 1, login))


def test_one_write_each_ten_seconds_is_for_all_who_are_there(store: SqlStore) -> None:
    people = [agent(store, f"p{number:03d}") for number in range(100)]

    async def attend(process: Process) -> None:
        with ExitStack() as held:
            for each in people:
                process.come(held, each, 1)
            await process.looked()
            assert process.there() == [each.login for each in people]
            for _ in range(29):
                await process.look(1_000)
            assert len(process.writes) == 3
            assert len(process.there()) == len(people)
            await process.look(1_000)
        assert len(process.writes) == 4
        process.clock.move(PRESENT_MS - 1)
        assert len(process.there()) == len(people)
        process.clock.move(1)
        assert process.there() == []

    attending(store, attend)


def test_who_has_gone_is_said_no_more_and_for_nobody_nothing_is_written(store: SqlStore) -> None:
    ann, bob = agent(store, "ann"), agent(store, "bob")

    async def attend(process: Process) -> None:
        with ExitStack() as first:
            process.come(first, ann, 1)
            await process.looked()
            with ExitStack() as second, ExitStack() as third:
                process.come(second, bob, 1)
                process.come(third, bob, 1)
                third.close()  # a browser of two
                await process.look(RENEW_MS)
            assert process.there() == ["ann", "bob"]
            for _ in range(PRESENT_MS // RENEW_MS):
                await process.look(RENEW_MS)
            assert process.there() == ["ann"]
        process.clock.move(RENEW_MS)
        assert not await process.looks()

    attending(store, attend)


def test_however_often_somebody_comes_and_goes_it_is_said_as_seldom(store: SqlStore) -> None:
    ann = agent(store, "ann")

    async def attend(process: Process) -> None:
        for _ in range(20):  # pages, one after the other
            with ExitStack() as held:
                process.come(held, ann, 1)
                await process.looked()
            process.clock.move(RENEW_MS // 10)
        assert len(process.writes) == 2
        assert process.there() == ["ann"]

    attending(store, attend)


def test_one_is_there_where_one_has_a_role(store: SqlStore) -> None:
    ann, sue = agent(store, "ann"), added(store, "sue", Role("supervisor", 1))
    otto = added(store, "otto", Role("operator", None))

    async def attend(process: Process) -> None:
        with ExitStack() as held:
            for each in (ann, sue, otto):
                process.come(held, each, 1, 2)
            await process.looked()
        assert process.there() == ["ann"]
        seen = store.people.seen(["ann", "otto", "sue"])
        assert {each.presence(NOW) for each in seen.values()} == {"present"}
        assert store.people.seen(["otto"], 1)["otto"].presence(NOW) == "absent"

    attending(store, attend)


def test_it_is_said_although_whoever_came_first_has_gone(store: SqlStore) -> None:
    ann, bob = agent(store, "ann"), agent(store, "bob")

    async def attend(process: Process) -> None:
        with ExitStack() as second:
            first = ExitStack()
            token = asker_has_gone.set(lambda: True)
            process.come(first, ann, 1)
            asker_has_gone.reset(token)
            process.come(second, bob, 1)
            first.close()
            await process.looked()
            assert process.there() == ["bob"]

    attending(store, attend)


def test_a_database_that_is_away_costs_nothing_but_absence(store: SqlStore) -> None:
    ann = agent(store, "ann")

    async def attend(process: Process) -> None:
        with ExitStack() as held:
            process.fails = DatabaseFailed()
            process.come(held, ann, 1)
            await process.looked()
            await process.look(RENEW_MS)
            assert process.there() == []
            process.fails = None
            await process.look(RENEW_MS - 1)
            assert process.there() == []
            await process.look(1)
            assert process.there() == ["ann"]

    attending(store, attend)


def test_a_bug_in_saying_it_is_logged_and_costs_no_turn_but_its_own(store: SqlStore) -> None:
    ann, bob = agent(store, "ann"), agent(store, "bob")

    async def attend(process: Process) -> None:
        with ExitStack() as held, capture_logs() as lines:
            process.fails = ZeroDivisionError()
            process.come(held, ann, 1)
            await process.looked()
            process.come(held, bob, 1)  # nobody who comes is refused
            await process.look(RENEW_MS)
            told = [(each["event"], type(each["exc_info"])) for each in lines]
            assert told == [("presence_failed", ZeroDivisionError)] * 2
            process.fails = None
            await process.look(RENEW_MS)
            assert process.there() == ["ann", "bob"]
            assert len(lines) == 2

    attending(store, attend)
