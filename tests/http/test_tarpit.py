"""Turns of those who are not known yet: how fast, in which order, and what is held meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from callkeeper.clock import monotonic
from callkeeper.core.refusal import TooManyRequests
from callkeeper.http.tarpit import LOST, Tarpit
from tests.waiting import until

FAST = 1000  # turns a second


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def in_time() -> None:
        await asyncio.wait_for(work(), 30)

    asyncio.run(in_time())


def from_(address: str, **state: Any) -> dict[str, Any]:
    return {"client": (address, 1), "state": state}


def crowded(*, per_second: int = FAST, turns: int = FAST // 2, **bounds: int) -> Tarpit:
    """Return one whose turns of the next while are taken, so that all join before the first."""
    tarpit = Tarpit(per_second=per_second, at_once=1, **bounds)
    tarpit.spend(turns)
    return tarpit


class Queue:
    """Requests that wait, and the order in which they had their turns."""

    def __init__(self, tarpit: Tarpit) -> None:
        self._tarpit = tarpit
        self._waiting: list[asyncio.Task[None]] = []
        self.order: list[str] = []

    def join(self, name: str, address: str, *, count: int = 1, size: int = 0) -> None:
        for _ in range(count):
            visit = self._tarpit.visit(from_(address), name)
            self._waiting.append(asyncio.create_task(self._wait(visit, f"{name} {address}", size)))

    async def _wait(self, visit: Any, label: str, size: int) -> None:
        await visit.pay(size)
        self.order.append(label)

    async def end(self) -> list[str]:
        await asyncio.gather(*self._waiting)
        return self.order


def test_who_invents_names_waits_behind_other_addresses() -> None:
    async def work() -> None:
        tarpit, order = crowded(), list[str]()

        async def wait(address: str, login: str) -> None:
            await tarpit.visit_as(from_(address), login).pay()
            order.append(login)

        flood = [wait("10.0.0.1", f"x{each}") for each in range(20)]
        others = [wait("10.0.0.2", "ann"), wait("10.0.0.3", "bob")]
        await asyncio.gather(*flood, *others)
        assert {"ann", "bob"} < set(order[:3])

    run(work)


def test_a_flood_of_one_name_holds_up_no_other_at_the_same_address() -> None:
    async def work() -> None:
        tarpit, order = crowded(), list[str]()

        async def wait(login: str) -> None:
            await tarpit.visit_as(from_("10.0.0.1"), login).pay()
            order.append(login)

        await asyncio.gather(*[wait("sam") for _ in range(20)], wait("ann"))
        assert "ann" in order[:2]

    run(work)


def test_as_many_as_may_be_have_their_turn_at_once_and_others_at_a_pace() -> None:
    async def work() -> None:
        queue = Queue(Tarpit(per_second=100, at_once=10))
        begun = monotonic()
        queue.join("a", "10.0.0.1", count=30)
        await queue.end()
        assert 0.18 < monotonic() - begun < 5

    run(work)


def test_turns_go_round_among_the_names_and_for_each_among_the_addresses() -> None:
    async def work() -> None:
        tarpit = crowded()
        queue = Queue(tarpit)
        queue.join("a", "10.0.0.1", count=20)
        queue.join("a", "10.0.0.2", count=2)
        queue.join("b", "10.0.0.1", count=2)
        order = await queue.end()
        assert order[:8] == [
            "a 10.0.0.1",
            "b 10.0.0.1",
            "a 10.0.0.2",
            "b 10.0.0.1",
            "a 10.0.0.1",
            "a 10.0.0.2",
            "a 10.0.0.1",
            "a 10.0.0.1",
        ]

    run(work)


def test_of_ipv6_a_network_is_one_address_and_mapped_ones_are_their_own() -> None:
    async def work() -> None:
        queue = Queue(crowded())
        queue.join("a", "2001:db8:0:1::1", count=2)
        queue.join("a", "2001:db8:0:1:ffff::2", count=2)
        queue.join("a", "2001:db8:0:2::1%eth0")
        queue.join("a", "::ffff:10.0.0.1")
        queue.join("a", "::ffff:10.0.0.2")
        order = await queue.end()
        assert order[0] == "a 2001:db8:0:1::1"
        assert set(order[1:4]) == {
            "a 2001:db8:0:2::1%eth0",
            "a ::ffff:10.0.0.1",
            "a ::ffff:10.0.0.2",
        }

    run(work)


def test_a_request_that_proves_right_gets_back_what_it_paid() -> None:
    async def work() -> None:
        tarpit = Tarpit(per_second=0.02, at_once=1)
        begun = monotonic()
        for _ in range(50):
            visit = tarpit.visit(from_("10.0.0.1"), "a")
            await visit.pay()
            await visit.pay()  # only once
            visit.prove()
            visit.prove()
        assert monotonic() - begun < 20

    run(work)


def test_a_request_that_proves_right_does_not_keep_the_next_one_waiting() -> None:
    async def work() -> None:
        tarpit = Tarpit(per_second=0.02, at_once=1)
        first = tarpit.visit(from_("10.0.0.1"), "a")
        await first.pay()
        second = asyncio.create_task(tarpit.visit(from_("10.0.0.1"), "a").pay())
        await asyncio.sleep(0)
        first.prove()
        await asyncio.wait_for(second, 20)

    run(work)


def test_a_name_is_doubted_until_all_is_at_rest_again() -> None:
    async def work() -> None:
        tarpit = Tarpit(per_second=FAST, at_once=1)
        assert not tarpit.doubts("a")
        tarpit.doubt("a")
        tarpit.spend(FAST // 2)
        assert tarpit.doubts("a")
        assert not tarpit.doubts("b")
        await asyncio.to_thread(until, lambda: not tarpit.doubts("a"))

    run(work)


def test_each_may_hold_as_much_as_is_left_so_that_there_is_always_room_for_another() -> None:
    async def work() -> None:
        tarpit = crowded(bytes_max=1000)
        queue = Queue(tarpit)
        queue.join("a", "10.0.0.1", count=5, size=100)
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequests):
            await tarpit.visit(from_("10.0.0.1"), "a").pay(100)
        queue.join("a", "10.0.0.2", count=2, size=100)
        queue.join("b", "10.0.0.1", size=100)
        queue.join("a", "10.0.0.1", count=5)  # without a body there is always room
        assert len(await queue.end()) == 13
        await tarpit.visit(from_("10.0.0.1"), "a").pay(500)  # all of it is free again

    run(work)


def test_one_that_is_lost_leaves_its_place_and_takes_no_turn() -> None:
    async def work() -> None:
        tarpit = crowded(per_second=4, turns=4, bytes_max=2000)
        lost = asyncio.get_running_loop().create_future()
        waiting = [
            asyncio.create_task(tarpit.visit(from_("10.0.0.1", **{LOST: lost}), "a").pay(10))
            for _ in range(80)
        ]
        waiting += [
            asyncio.create_task(tarpit.visit(from_("10.0.0.1"), "a").pay(10)) for _ in range(3)
        ]
        await asyncio.sleep(0)
        lost.set_result(None)
        waiting[-1].cancel()
        begun = monotonic()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        kinds = [type(each) for each in outcomes]
        assert kinds == [ClientDisconnect] * 80 + [type(None)] * 2 + [asyncio.CancelledError]
        assert monotonic() - begun < 15  # with theirs it would be over 20

    run(work)
