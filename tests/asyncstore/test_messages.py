"""Messages over a socket: whole, in order, and never waited for."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

import pytest
import uvloop

from callkeeper.asyncstore.messages import Messages

LARGE = 3_000_000


class Ends:
    """Two ends of a socket: ours on the loop, theirs as another process has it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.theirs = Connection(theirs.detach())
        self.received: list[bytes] = []
        self.is_lost = asyncio.Event()
        self.has_received = asyncio.Event()
        self.messages = Messages(ours, self._take, self.is_lost.set)

    def _take(self, message: bytes) -> None:
        self.received.append(message)
        self.has_received.set()


def between(work: Callable[[Ends], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        ends = Ends()
        await work(ends)
        ends.messages.close()
        ends.theirs.close()

    uvloop.run(asyncio.wait_for(all_of_it(), 30))


def test_messages_of_any_size_arrive_whole_and_in_order() -> None:
    sizes = [1, 16_384, 16_385, LARGE, 2]

    async def work(ends: Ends) -> None:
        for number, size in enumerate(sizes):
            ends.messages.send(bytes([number]) * size)  # nobody reads yet, and nothing waits
        for number, size in enumerate(sizes):
            assert await asyncio.to_thread(ends.theirs.recv_bytes) == bytes([number]) * size

    between(work)


def test_answers_of_any_size_arrive_whole_and_in_order() -> None:
    sent = [b"a", b"b" * LARGE, b"c" * 70_000]

    def answer(theirs: Connection) -> None:
        for each in sent:
            theirs.send_bytes(each)

    async def work(ends: Ends) -> None:
        answering = asyncio.create_task(asyncio.to_thread(answer, ends.theirs))
        while len(ends.received) < len(sent):
            ends.has_received.clear()
            await ends.has_received.wait()
        await answering
        assert ends.received == sent

    between(work)


def test_an_end_that_goes_is_told_of_even_while_it_is_sent_to() -> None:
    async def work(ends: Ends) -> None:
        ends.messages.send(b"x" * LARGE)
        ends.theirs.close()
        await ends.is_lost.wait()

    between(work)


def test_an_end_that_has_gone_before_takes_nothing() -> None:
    async def work(ends: Ends) -> None:
        ends.theirs.close()
        with pytest.raises(BrokenPipeError):
            ends.messages.send(b"x")

    between(work)
