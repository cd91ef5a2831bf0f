"""Room for large bodies: of one access key, a few are taken in at once.

Whoever sends a body slowly keeps its room for as long. An access key is sent in clear, so that
others may know it; but who sends in its name is in nobody else's way.
"""

import asyncio
from contextlib import AbstractAsyncContextManager

LARGE = 16 * 1024  # more bytes than that take longer to check than others should have to wait
OF_ONE_KEY = 4


class Room:
    """What is held while a large body is in hand."""

    def __init__(self) -> None:
        self._of_key: dict[str, asyncio.Semaphore] = {}

    def hold(self, ak: str) -> AbstractAsyncContextManager[object]:
        """Return the room for one body, sent in the name of a key that there is."""
        return self._of_key.setdefault(ak, asyncio.Semaphore(OF_ONE_KEY))
