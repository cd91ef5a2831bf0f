"""Room for large bodies: of one access key, a few are taken in at once.

Whoever sends a body slowly keeps its room for as long. An access key is sent in clear, so that
others may know it; but who sends in its name takes no other key's room. All names that are no keys
share one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from callkeeper.core.refusal import TooManyRequests

LARGE = 16 * 1024  # more bytes than that take longer to check than others should have to wait
OF_ONE_KEY = 4
WAITING_MAX = 64  # for room of one key; who goes away meanwhile leaves its place late


class LargeBodies:
    """What is held while a large body is in hand."""

    def __init__(self) -> None:
        self._of_name: dict[str, asyncio.Semaphore] = {}
        self._waiting: dict[str, int] = {}

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[None]:
        """Hold room for one body, sent in this name, or refuse."""
        room = self._of_name.setdefault(name, asyncio.Semaphore(OF_ONE_KEY))
        waiting = self._waiting.get(name, 0)
        if waiting >= WAITING_MAX:
            raise TooManyRequests("too many large bodies of this access key wait; send it later")
        self._waiting[name] = waiting + 1
        try:
            await room.acquire()
        finally:
            self._waiting[name] -= 1
        try:
            yield
        finally:
            room.release()
