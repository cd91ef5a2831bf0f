"""Turns: a lone VDN has all it wants, and several have a share each."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from callkeeper.http.fairness import FairShare

SHARE = 3


def run(work: Callable[[FairShare], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(FairShare(writes=SHARE, reads=1)), 30))


def take(turns: FairShare, whose: int, count: int) -> "list[asyncio.Task[None]]":
    """Ask for so many turns; those that can be had at once are had after ``settle``."""
    return [asyncio.create_task(turns.take(whose, reads=False)) for _ in range(count)]


async def settle(*asked: "asyncio.Task[None]") -> int:
    """Return how many have their turn once everybody could run."""
    for _ in range(5):
        await asyncio.sleep(0)
    return sum(each.done() for each in asked)


async def drop(*asked: "asyncio.Task[None]") -> None:
    for each in asked:
        each.cancel()
    await asyncio.gather(*asked, return_exceptions=True)


def test_a_lone_vdn_has_all_it_asks_for() -> None:
    async def work(turns: FairShare) -> None:
        assert await settle(*take(turns, 1, 100)) == 100

    run(work)


def test_among_several_each_has_its_share_and_no_more() -> None:
    async def work(turns: FairShare) -> None:
        await turns.take(2, reads=False)
        turns.give_back(2, reads=False)
        one, two = take(turns, 1, 10), take(turns, 2, 10)
        assert (await settle(*one), await settle(*two)) == (SHARE, SHARE)
        turns.give_back(1, reads=False)
        assert (await settle(*one), await settle(*two)) == (SHARE + 1, SHARE)
        await drop(*one, *two)

    run(work)


def test_reads_and_writes_of_a_vdn_do_not_wait_for_each_other() -> None:
    async def work(turns: FairShare) -> None:
        await turns.take(2, reads=False)
        reading = [asyncio.create_task(turns.take(1, reads=True)) for _ in range(5)]
        writing = take(turns, 1, 5)
        assert (await settle(*reading), await settle(*writing)) == (1, SHARE)
        await drop(*reading, *writing)

    run(work)


def test_a_vdn_with_nothing_in_hand_waits_for_nobody() -> None:
    async def work(turns: FairShare) -> None:
        flood = take(turns, 1, 100)
        await settle(*flood)
        for whose in range(2, 50):
            assert await settle(*take(turns, whose, 1)) == 1

    run(work)


def test_requests_that_wait_come_in_their_order() -> None:
    async def work(turns: FairShare) -> None:
        await turns.take(2, reads=False)
        asked = take(turns, 1, SHARE + 4)
        for count in range(SHARE, SHARE + 4):
            assert await settle(*asked) == count
            assert all(each.done() for each in asked[:count])
            turns.give_back(1, reads=False)
        assert await settle(*asked) == SHARE + 4

    run(work)


def test_a_turn_is_not_lost_with_whoever_waited_for_it() -> None:
    async def work(turns: FairShare) -> None:
        await turns.take(2, reads=False)
        asked = take(turns, 1, SHARE + 2)
        await settle(*asked)
        asked[SHARE].cancel()  # while it waits
        await settle()
        turns.give_back(1, reads=False)
        assert await settle(asked[-1]) == 1

        late = take(turns, 1, 2)
        await settle(*late)
        turns.give_back(1, reads=False)
        late[0].cancel()  # its turn has come, and it does not know yet
        assert await settle(late[1]) == 1

    run(work)


def test_nothing_is_kept_of_a_vdn_that_is_done() -> None:
    async def work(turns: FairShare) -> None:
        for whose in (1, 2):
            asked = take(turns, whose, 5)
            await settle(*asked)
        for _ in range(5):
            turns.give_back(1, reads=False)
            turns.give_back(2, reads=False)
        await settle(*asked)
        assert vars(turns)["_in_hand"] == vars(turns)["_waiting"] == {}

    run(work)
