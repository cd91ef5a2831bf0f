"""The threads that read: what waits too long, or behind too many, is refused and never begun."""

import asyncio
import threading
from time import monotonic

import pytest

from callkeeper.asyncstore.readers import Readers
from callkeeper.core.refusal import DatabaseFailed
from tests.waiting import until


class HeldRead:
    """A read that is held until it may answer; it counts how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.has_begun = threading.Event()
        self.may_answer = threading.Event()

    def __call__(self) -> int:
        self.begun += 1
        self.has_begun.set()
        assert self.may_answer.wait(30)
        return self.begun


def test_too_many_waiting_reads_are_refused_and_taken_again_when_there_is_room() -> None:
    async def work() -> None:
        readers = Readers("reader", 1, waiting_max=3)
        held = HeldRead()
        read = readers.reading(held)
        waiting = [asyncio.ensure_future(read()) for _ in range(4)]
        assert await asyncio.to_thread(held.has_begun.wait, 20)
        with pytest.raises(DatabaseFailed, match="too busy"):
            await read()
        waiting.pop().cancel()  # whoever goes away leaves room for another
        await asyncio.sleep(0)
        waiting.append(asyncio.ensure_future(read()))
        await asyncio.sleep(0)
        held.may_answer.set()
        assert await asyncio.gather(*waiting) == [1, 2, 3, 4]
        assert await read() == 5
        await asyncio.to_thread(readers.stop)

    asyncio.run(asyncio.wait_for(work(), 30))


def test_a_thread_that_cannot_start_takes_up_no_room() -> None:
    """A stack larger than there are addresses: the system gives no such thread."""

    async def work() -> None:
        readers = Readers("reader", 1, waiting_max=1)
        read = readers.reading(lambda: "found")
        usual = threading.stack_size(1 << 47)
        try:
            for _ in range(5):
                with pytest.raises(DatabaseFailed, match="too busy"):
                    await read()
        finally:
            threading.stack_size(usual)
        assert await read() == "found"
        await asyncio.to_thread(readers.stop)

    asyncio.run(asyncio.wait_for(work(), 30))


def test_a_read_that_has_waited_too_long_is_refused_and_never_begun() -> None:
    async def work() -> None:
        readers = Readers("reader", 1, seconds_max=0.5)
        held = HeldRead()
        read = readers.reading(held)
        first = asyncio.ensure_future(read())
        assert await asyncio.to_thread(held.has_begun.wait, 20)
        late = asyncio.ensure_future(read())
        await asyncio.sleep(0)  # it now waits for the thread
        asked = monotonic()
        await asyncio.to_thread(until, lambda: monotonic() > asked + 0.5)
        held.may_answer.set()
        assert await first == 1
        with pytest.raises(DatabaseFailed, match="too busy"):
            await late
        assert held.begun == 1
        assert await read() == 2
        await asyncio.to_thread(readers.stop)

    asyncio.run(asyncio.wait_for(work(), 30))
