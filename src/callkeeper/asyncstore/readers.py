"""Threads that read, and what may wait for them."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from callkeeper.asyncstore.outage import Hear, hear_nothing
from callkeeper.clock import monotonic
from callkeeper.core.refusal import DatabaseFailed

R = TypeVar("R")
P = ParamSpec("P")
READS_MAX = 1_000

# How long a read may wait for a thread. Whoever asked has hardly more patience, and a database that
# stands still would otherwise be asked, one after another, for everybody who has given up.
READ_SECONDS_MAX = 5.0


class Readers:
    """Threads that read. What waits too long, or behind too many, is refused and never begun."""

    def __init__(
        self,
        name: str,
        threads: int,
        *,
        waiting_max: int = READS_MAX,
        seconds_max: float = READ_SECONDS_MAX,
    ) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._room = threading.Semaphore(threads + waiting_max)
        self._seconds_max = seconds_max
        self.hear: Hear = hear_nothing

    def reading(self, verb: Callable[P, R]) -> Callable[P, Awaitable[R]]:
        """Return a reading verb of the store as the async side calls it."""

        async def read(*args: P.args, **kwargs: P.kwargs) -> R:
            if not self._room.acquire(blocking=False):
                raise _too_busy()
            asked = monotonic()

            def begin() -> R:
                if monotonic() - asked > self._seconds_max:
                    raise _too_busy()
                return verb(*args, **kwargs)

            try:
                reading = self._threads.submit(begin)
            except RuntimeError as error:  # the system has no thread to give, or we are ending
                self._room.release()
                raise _too_busy() from error
            # Called too when whoever asked has gone before it was begun.
            reading.add_done_callback(lambda _: self._room.release())
            try:
                found = await asyncio.wrap_future(reading)
            except DatabaseFailed as failed:
                self.hear(failed, asked)
                raise
            self.hear(None, asked)
            return found

        return read

    def stop(self) -> None:
        """Read what is waiting, then end the threads."""
        self._threads.shutdown()


def _too_busy() -> DatabaseFailed:
    return DatabaseFailed("the server is too busy to read this; try again")
