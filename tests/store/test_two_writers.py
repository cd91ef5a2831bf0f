"""Two processes' worth of writers on one database: nothing is lost, doubled or stuck."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.core.allowance import Allowance, Limit
from callkeeper.core.campaigns.changes import Arrange, CampaignOrder
from callkeeper.core.campaigns.dial_settings import RETRIES_MAX, DialSettings, Retry
from callkeeper.core.reservations.changes import Move, Result
from callkeeper.store.port.access import AccessKey, AgentName, KeyOrder
from callkeeper.store.port.reservations import Booked, Wanted
from callkeeper.store.port.store import Collision
from callkeeper.store.rows.store import SqlStore
from tests.private_postgres import PrivatePostgres
from tests.store.orders import (
    CAMPAIGN,
    NOW,
    Opener,
    book,
    booked,
    booking,
    carry_out,
    check_history,
    making,
    order,
)
from tests.waiting import until

ROUNDS = 40


def side_by_side(*tasks: Callable[[], Any]) -> list[Any]:
    """Run tasks, each on a thread of its own, and return what they return."""
    with ThreadPoolExecutor(len(tasks)) as threads:
        return [each.result(60) for each in [threads.submit(task) for task in tasks]]


def test_no_update_is_lost_and_opposite_orders_do_not_lock_up(
    opener: Opener, store: SqlStore
) -> None:
    reservations = booked(store, *(booking(number) for number in range(20)))
    ids = [each.id for each in reservations]

    def change(writer: int) -> None:
        mine = opener.open().store
        chance = Random(writer)  # noqa: S311 - test data
        for turn in range(ROUNDS):
            some = chance.sample(ids, 10)
            carry_out(mine, *(order(id_, Result(call_id=f"{writer}-{turn}")) for id_ in some))

    side_by_side(*(lambda writer=writer: change(writer) for writer in range(4)))
    versions = [
        each.reservation.version for each in store.reservations.find(Wanted(1, 0, 20)).listed
    ]
    assert sum(versions) == len(ids) + 4 * ROUNDS * 10
    check_history(store, *reservations)


def test_two_at_once_that_change_different_parts_both_count(
    opener: Opener, store: SqlStore
) -> None:
    """Of a campaign's dial settings, and of what a key may send."""
    with store.transaction():
        store.keys.change(making(AccessKey("A", None, "sealed", None, NOW, None)))
        store.keys.change([KeyOrder("A", Limit(1.0, 5), "operator", NOW)])

    def change(arrange: Callable[[int], Arrange], limit: Callable[[int], Limit]) -> None:
        mine = opener.open().store
        for turn in range(1, RETRIES_MAX + 1):
            together.wait(30)
            with mine.transaction():
                mine.campaigns.change([CampaignOrder(1, CAMPAIGN, arrange(turn), "operator", NOW)])
            with mine.transaction():
                mine.keys.change([KeyOrder("A", limit(turn), "operator", NOW)])
            together.wait(30)
            campaign, key = mine.campaigns.get(1, CAMPAIGN), mine.keys.get("A")
            assert campaign is not None
            assert campaign.dial_settings == DialSettings(
                calls_max=turn, retries=(Retry("busy", turn, 5),)
            )
            assert key is not None
            assert key.allowance == Allowance(turn, 1000 + turn)

    together = threading.Barrier(2)
    side_by_side(
        lambda: change(lambda turn: Arrange(calls_max=turn), lambda turn: Limit(float(turn))),
        lambda: change(
            lambda turn: Arrange(retries=(Retry("busy", turn, 5),)),
            lambda turn: Limit(burst=1000 + turn),
        ),
    )


def test_the_same_request_booked_from_two_processes_at_once_is_one_reservation(
    opener: Opener, store: SqlStore
) -> None:
    stores = [opener.open().store for _ in range(4)]
    gate = threading.Barrier(len(stores))

    async def reserve(mine: SqlStore) -> list[Booked]:
        async_store = AsyncStore(mine)
        made = []
        for number in range(ROUNDS):
            gate.wait(30)
            made.append(await async_store.reservations.add(booking(number)))
        await async_store.close()
        return made

    answers = side_by_side(*(lambda mine=mine: asyncio.run(reserve(mine)) for mine in stores))
    for same in zip(*answers, strict=True):
        assert sorted(each.again for each in same) == [False, True, True, True]
        assert len({each.reservation.made_at for each in same}) == 1
    assert store.reservations.find(Wanted(1, 0, 1)).total == ROUNDS
    assert opener.look("SELECT COUNT(*) FROM event") == [(ROUNDS,)]


@pytest.mark.parametrize("key", [None, "the same key"])
def test_the_second_writer_waits_for_the_first_and_is_told_to_run_again(
    opener: Opener, store: SqlStore, engine: str, key: str | None
) -> None:
    """The same signature, or the same Idempotency-Key under another signature."""
    other = opener.open().store
    fields: dict[str, Any] = {"idempotency_key": key, "idempotency_body": "body"} if key else {}
    first, second = booking(1, **fields), booking(2 if key else 1, **fields)

    def come_second() -> tuple[bool, Any]:
        try:
            return False, book(other, second)[0]
        except Collision:
            return True, book(other, second)[0]

    with ThreadPoolExecutor(1) as thread:
        with store.transaction():
            (made,) = store.reservations.add([first])
            waiting = thread.submit(come_second)
            if engine == "postgres":  # on SQLite it waits before it has begun
                until(opener.somebody_waits)
        collided, outcome = waiting.result(30)
    assert outcome == Booked(made.reservation, again=True)  # type: ignore[union-attr]
    assert collided == (engine == "postgres")
    assert store.reservations.find(Wanted(1, 0, 1)).total == 1


def test_batches_that_cross_are_all_carried_out(opener: Opener, store: SqlStore) -> None:
    """New agents and reservations, taken by two stores in opposite orders, and again and again."""
    reservations = booked(store, *(booking(number) for number in range(30)))
    ids = [each.id for each in reservations]
    gate = threading.Barrier(2)

    async def work(mine: SqlStore, base: int, way: int) -> None:
        async_store = AsyncStore(mine)
        for turn in range(10):
            gate.wait(30)
            agents = [f"agent-{turn}-{n}" for n in range(4)][::way]
            await asyncio.gather(
                *(
                    async_store.reservations.change(order(id_, Move(agent=agents[n % 4])))
                    for n, id_ in enumerate(ids[::way])
                ),
                *(
                    async_store.reservations.add(booking(base + turn * 4 + n, agent=agents[n]))
                    for n in range(4)
                ),
            )
        await async_store.close()

    side_by_side(
        lambda: asyncio.run(work(opener.open().store, 100, 1)),
        lambda: asyncio.run(work(opener.open().store, 200, -1)),
    )
    for each in reservations:
        assert len(store.history.of(1, each.id)) == 1 + 2 * 10
    check_history(store, *reservations)
    assert store.reservations.find(Wanted(1, 0, 1)).total == 30 + 2 * 40


def test_of_two_that_wait_for_each_other_one_is_told_to_run_again(
    postgres: PrivatePostgres, tmp_path: Path
) -> None:
    # On SQLite there is one writer at a time, and nobody waits while holding anything.
    with Opener(tmp_path, postgres.new_database()) as opener:
        one, other = opener.open().store, opener.open().store
        one.migrate()
        collided = cross(one, other)
        assert True in collided  # or both: who runs again may be in the other one's way once more
        assert opener.look("SELECT account FROM agent ORDER BY account") == [("ann",), ("bob",)]


def cross(one: SqlStore, other: SqlStore) -> list[bool]:
    """Let each take what the other needs next, and return which was told to run again."""
    both_hold_one = threading.Barrier(2)

    def name(store: SqlStore, *agents: str) -> bool:
        first, second = (AgentName(1, agent, agent, NOW) for agent in agents)
        try:
            with store.transaction():
                store.agents.name([first])
                both_hold_one.wait(30)
                store.agents.name([second])
        except Collision:
            return until(lambda: name_again(store, first, second))
        return False

    def name_again(store: SqlStore, *agents: AgentName) -> bool:
        # The lock that the victim set free may be its own again before the other has it.
        with suppress(Collision), store.transaction():
            store.agents.name(agents)
            return True
        return False

    return side_by_side(lambda: name(one, "ann", "bob"), lambda: name(other, "bob", "ann"))
