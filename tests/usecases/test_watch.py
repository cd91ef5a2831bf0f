"""The watch over a VDN: shared by all who look, and over when nobody does."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import HandClock
from callkeeper.core.people.changes import Away, PersonOrder
from callkeeper.core.people.house_rules import HouseRules, KeptRules, Numbers, RulesOrder
from callkeeper.core.people.person import Role
from callkeeper.core.people.presence import PRESENT_MS, RENEW_MS, Renewal, There
from callkeeper.core.refusal import DatabaseFailed
from callkeeper.core.reservations.promise import Measure
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.watch import Watch, Watches
from tests.store.calls import GRACE, renew
from tests.store.orders import HOUR, NOW, Opener, booked, booking, has_campaign
from tests.store.test_staff import added

NUMBERS: tuple[Numbers, ...] = ("never", "full", "never")


class Looks:
    """The watches of a process, which look again when they are told to."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.async_store = AsyncStore(store)
        self.clock = HandClock(NOW)
        self.is_away = False
        self.looks = 0
        self.woken: list[str] = []
        self._turn = asyncio.Semaphore(0)
        self._over = asyncio.Semaphore(0)
        self.watches = Watches(
            self.async_store, self.clock, Measure(GRACE), hear=self._heard, pause=self._pause
        )

    def over(self, held: ExitStack, name: str = "one") -> Watch:
        return held.enter_context(self.watches.over(1, lambda: self.woken.append(name)))

    async def again(self) -> list[str]:
        """Look once more, and return who was told."""
        self.woken.clear()
        self._turn.release()
        await self._over.acquire()
        return list(self.woken)

    async def first(self) -> None:
        """Wait until the first look is over."""
        await self._over.acquire()

    def _heard(self, _seconds: float) -> None:
        self.looks += 1

    async def _pause(self, _seconds: float) -> None:
        self._over.release()
        await self._turn.acquire()


@pytest.fixture
def store(tmp_path: Path, database: str | None) -> Iterator[SqlStore]:
    with Opener(tmp_path / "data", database) as opener:
        opened = opener.open()
        opened.store.migrate()
        has_campaign(opened.session, 1)
        yield opened.store


def watching(store: SqlStore, what: Callable[[Looks], Awaitable[Any]]) -> None:
    async def watch() -> None:
        looks = Looks(store)
        try:
            await what(looks)
        finally:
            await looks.async_store.close()

    asyncio.run(asyncio.wait_for(watch(), 60))


def book(store: SqlStore, number: int, agent: str) -> None:
    booked(store, booking(number, agent=agent, appoint_at=NOW + HOUR))


def test_who_looks_is_told_when_something_has_moved_and_only_then(store: SqlStore) -> None:
    async def look(looks: Looks) -> None:
        with ExitStack() as held:
            watch = looks.over(held)
            await looks.first()
            assert looks.woken == ["one"]  # there is something to be seen at all
            assert await looks.again() == []
            book(store, 1, "ann")
            before = watch.beat
            assert before is not None
            assert await looks.again() == ["one"]
            assert watch.beat is not None
            assert watch.beat.whole != before.whole
            assert watch.beat.of("ann") != before.of("ann")
            assert watch.beat.of("bob") == before.of("bob")
            assert watch.beat.of(None) == watch.beat.whole

    watching(store, look)


def test_what_is_coming_is_asked_for_when_something_has_moved(store: SqlStore) -> None:
    async def look(looks: Looks) -> None:
        def coming() -> list[str]:
            assert watch.beat is not None
            return [each.agent for calls in watch.beat.coming.values() for each in calls]

        with ExitStack() as held:
            watch = looks.over(held)
            await looks.first()
            booked(store, booking(1, agent="ann", appoint_at=NOW + HOUR + 60_000))
            await looks.again()
            assert coming() == []
            looks.clock.move(60_000)  # it comes within the hour by time alone
            await looks.again()
            assert coming() == ["ann"]
            asked = watch.beat
            await looks.again()
            assert asked is not None
            assert watch.beat is not None
            assert watch.beat.coming is asked.coming
            booked(store, booking(2, agent="bob", appoint_at=NOW + HOUR))
            await looks.again()
            assert coming() == ["bob", "ann"]

    watching(store, look)


def test_an_agent_who_comes_or_goes_moves_the_whole_and_a_lease_that_is_renewed_does_not(
    store: SqlStore,
) -> None:
    for login in ("ann", "bob"):  # bob has nothing to do
        added(store, login, Role("agent", 1, login))
    book(store, 1, "ann")

    def at() -> int:
        return clocks[0].now()

    def renewed(*logins: str) -> None:
        there = tuple(There(each, 1) for each in logins)
        with store.transaction():
            store.presence.renew([Renewal(there, at() + PRESENT_MS)])

    def away(*, is_so: bool) -> None:
        with store.transaction():
            store.people.change([PersonOrder("ann", Away(is_so=is_so), "person ann", at())])

    async def look(looks: Looks) -> None:
        clocks.append(looks.clock)
        clock = looks.clock
        with ExitStack() as held:
            looks.over(held)
            await looks.first()
            renewed("bob")
            assert await looks.again() == []
            renewed("ann", "bob")
            assert await looks.again() == ["one"]
            for _ in range(6):
                clock.move(RENEW_MS)
                renewed("ann")
                assert await looks.again() == []
            away(is_so=True)
            assert await looks.again() == ["one"]
            away(is_so=False)
            assert await looks.again() == ["one"]
            clock.move(PRESENT_MS - 1)
            assert await looks.again() == []
            clock.move(1)
            assert await looks.again() == ["one"]

    clocks: list[HandClock] = []
    watching(store, look)


def test_other_house_rules_move_the_whole_and_each_agent_once(store: SqlStore) -> None:
    book(store, 1, "ann")

    def rule(rules: HouseRules, seen_version: int, vdn: int = 1) -> None:
        with store.transaction():
            (kept,) = store.rules.change([RulesOrder(vdn, rules, seen_version, "operator", NOW)])
        assert isinstance(kept, KeptRules)

    async def look(looks: Looks) -> None:
        with ExitStack() as held:
            watch = looks.over(held)
            await looks.first()
            rule(HouseRules(numbers="never"), 0, vdn=2)
            assert await looks.again() == []
            for version, numbers in enumerate(NUMBERS):
                before = watch.beat
                rule(HouseRules(numbers=numbers), version)
                assert await looks.again() == ["one"]
                assert before is not None
                assert watch.beat is not None
                assert watch.beat.whole != before.whole
                assert watch.beat.of("ann") != before.of("ann")
                assert await looks.again() == []

    watching(store, look)


def test_all_who_look_share_one_watch_and_it_ends_with_the_last(store: SqlStore) -> None:
    async def look(looks: Looks) -> None:
        with ExitStack() as first:
            watch = looks.over(first)
            with ExitStack() as second:
                assert looks.over(second, "two") is watch
                await looks.first()
                book(store, 1, "ann")
                assert sorted(await looks.again()) == ["one", "two"]
                assert (len(looks.watches), looks.looks) == (1, 2)
            renew(store, "dora", NOW + 10_000)
            assert await looks.again() == ["one"]
        assert len(looks.watches) == 0
        with ExitStack() as third:
            assert looks.over(third) is not watch
            await looks.first()

    watching(store, look)


def test_a_database_that_is_away_is_told_once_and_so_is_that_it_is_back(store: SqlStore) -> None:
    class Away:
        """A database that is away while somebody says so."""

        is_so = False

    async def look(looks: Looks) -> None:
        real = looks.async_store.ask

        async def ask(question: Any) -> Any:
            if Away.is_so:
                raise DatabaseFailed
            return await real(question)

        looks.async_store.ask = ask  # type: ignore[method-assign]
        with ExitStack() as held:
            watch = looks.over(held)
            await looks.first()
            known = watch.beat
            for is_away, told in ((True, ["one"]), (True, []), (False, ["one"]), (False, [])):
                Away.is_so = is_away
                assert await looks.again() == told
                assert watch.beat is not None
                assert watch.beat.is_lost == is_away
                assert known is not None
                assert watch.beat.whole == known.whole

    watching(store, look)


def test_a_database_that_does_not_answer_is_as_good_as_away(store: SqlStore) -> None:
    async def look(looks: Looks) -> None:
        with ExitStack() as held:
            watch = looks.over(held)
            await looks.first()
            assert not watch.is_lost
            looks.clock.move(11_000)
            assert watch.is_lost
            await looks.again()
            assert not watch.is_lost

    watching(store, look)


def test_a_bug_that_ends_a_watch_is_told_to_who_looks(store: SqlStore) -> None:
    async def look(looks: Looks) -> None:
        async def ask(_question: Any) -> Any:
            raise ZeroDivisionError

        looks.async_store.ask = ask  # type: ignore[assignment,method-assign]
        with ExitStack() as held:
            watch = looks.over(held)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            with pytest.raises(ZeroDivisionError):
                assert watch.is_lost

    watching(store, look)


def test_who_comes_after_a_bug_has_ended_a_watch_begins_another(store: SqlStore) -> None:
    async def look(looks: Looks) -> None:
        real = looks.async_store.ask

        async def ask(_question: Any) -> Any:
            raise ZeroDivisionError

        with ExitStack() as first, ExitStack() as second:
            looks.async_store.ask = ask  # type: ignore[assignment,method-assign]
            ended = looks.over(first)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert ended.has_ended
            looks.async_store.ask = real  # type: ignore[method-assign]
            watch = looks.over(second, "two")  # while a stalled browser holds the other one
            await looks.first()
            assert watch is not ended
            assert (watch.is_lost, looks.woken) == (False, ["two"])
            first.close()
            assert len(looks.watches) == 1
            book(store, 1, "ann")
            assert await looks.again() == ["two"]
        assert len(looks.watches) == 0

    watching(store, look)
