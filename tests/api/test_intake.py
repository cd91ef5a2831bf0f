"""What arrives at two servers of one process."""

import asyncio
import socket
import threading
from collections.abc import Callable

import uvloop

from callkeeper.http.intake import before

_SENT = 32 * 1024 * 1024  # bytes; with fewer, two may stay apart by luck


class _Keeper:
    """Takes notes of which bytes arrive; the protocol behind an intake."""

    kinds: set[int]
    ended: Callable[[], None]

    def connection_made(self, _transport: object) -> None:
        """Begin."""

    def data_received(self, data: bytes) -> None:
        """Note them."""
        self.kinds |= set(data)

    def eof_received(self) -> None:
        """End."""
        self.ended()

    def connection_lost(self, _error: Exception | None) -> None:
        """Do nothing."""

    pause_writing = resume_writing = connection_lost


def _kinds_received(end: socket.socket) -> set[int]:
    """Take all that arrives at one end, in a loop of its own, and return which bytes it had."""
    kinds: set[int] = set()

    async def take() -> None:
        over = asyncio.Event()
        keeper = type("Keeper", (_Keeper,), {"kinds": kinds, "ended": staticmethod(over.set)})
        await asyncio.get_running_loop().connect_accepted_socket(before(keeper), end)
        await over.wait()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(take())
    return kinds


def test_bytes_that_arrive_on_two_threads_are_not_mixed() -> None:
    received: dict[bytes, set[int]] = {}

    def receive(byte: bytes, end: socket.socket) -> None:
        received[byte] = _kinds_received(end)

    def send(byte: bytes, end: socket.socket) -> None:
        with end:
            end.sendall(byte * _SENT)

    threads = []
    for byte in (b"a", b"b"):
        ours, theirs = socket.socketpair()
        threads.append(threading.Thread(target=receive, args=(byte, theirs)))
        threads.append(threading.Thread(target=send, args=(byte, ours)))
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert received == {b"a": {ord("a")}, b"b": {ord("b")}}
