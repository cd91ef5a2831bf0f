"""Room for large bodies: of one access key, a few are taken in at once.

Whoever sends a body slowly keeps its room for as long. An access key is sent in clear, so that
others may know it; but who sends in its name takes no other key's room.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from callkeeper.core.refusal import TooManyRequests

LARGE = 16 * 1024  # more bytes than that take longer to check than others should have to wait
OF_ONE_KEY = 4
WAITING_MAX = 64  # for room of one key; who goes away meanwhile leaves its place late


class Room:
    """What is held while a large body is in hand."""

    def __init__(self) -> None:
        self._of_key: dict[str, asyncio.Semaphore] = {}
        self._waiting: dict[str, int] = {}

    @asynccontextmanager
    async def hold(self, ak: str) -> AsyncIterator[None]:
        """Hold room for one body, sent in the name of a key that there is, or refuse."""
        room = self._of_key.setdefault(ak, asyncio.Semaphore(OF_ONE_KEY))
        waiting = self._waiting.get(ak, 0)
        if waiting >= WAITING_MAX:
            raise TooManyRequests("too many large bodies of this access key wait; send it later")
        self._waiting[ak] = waiting + 1
        try:
            await room.acquire()
        finally:
            self._waiting[ak] -= 1
        try:
            yield
        finally:
            room.release()
