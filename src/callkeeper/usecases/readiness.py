"""Readiness: whether this server can do its work, which is to write."""

import asyncio

from callkeeper.asker import asker_has_gone
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import monotonic
from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.refusal import DatabaseFailed, DatabaseLost
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.reservations import Booked
from callkeeper.usecases.single_flight import SingleFlight

FRESH_SECONDS = 1.0  # how long an answer is given again, so that a flood costs one write a second
# How long the oldest write may have waited for a server to count as able to work.
WRITE_SECONDS_MAX = 5.0
# How long a write that failed counts, though a probe succeeds: a PostgreSQL whose files cannot grow
# still changes a row in its place.
FAILURE_SECONDS = 5.0

_GROWS = (Booked, Reservation, Campaign)  # storing one adds to the history, so files can grow


class Readiness:
    """Finds out whether the writes of a store succeed. It belongs to one event loop."""

    def __init__(self, async_store: AsyncStore) -> None:
        self._store = async_store
        self._looks = SingleFlight[int | DatabaseFailed]()
        self._found: tuple[float, int | DatabaseFailed] | None = None
        self._failure: tuple[float, DatabaseFailed] | None = None
        async_store.hear_writes(self._hear)

    async def schema(self) -> int | DatabaseFailed:
        """Return the schema's number; or why this server cannot work, at most a second old."""
        if (waited := self._store.oldest_write_seconds) > WRITE_SECONDS_MAX:
            return _still(waited)
        if self._found is not None and monotonic() - self._found[0] < FRESH_SECONDS:
            return self._found[1]
        return await self._looks.outcome("readiness", self._look)

    async def _look(self) -> int | DatabaseFailed:
        asker_has_gone.set(None)  # whoever asked first may go: others ask too
        try:
            found: int | DatabaseFailed = await self._store.schema_version()
            async with asyncio.timeout(WRITE_SECONDS_MAX):
                await self._store.write_probe(None)
        except TimeoutError:
            found = _still(WRITE_SECONDS_MAX)
        except DatabaseFailed as failed:
            found = failed
            if self._failure is not None and self._failure[1] is failed:
                self._failure = None  # that was the probe's own, and the next probe tells more
        else:
            if self._failure is not None and monotonic() - self._failure[0] < FAILURE_SECONDS:
                found = self._failure[1]
        self._found = monotonic(), found
        return found

    def _hear(self, outcome: object, _asked: float) -> None:
        """Note how a batch of writes ended, the probe's own included."""
        if isinstance(outcome, DatabaseLost):
            self._failure = None  # whether there is a connection again, a probe can tell
        elif isinstance(outcome, DatabaseFailed):
            self._failure = monotonic(), outcome
        elif isinstance(outcome, _GROWS):
            self._failure = None


def _still(waited: float) -> DatabaseFailed:
    return DatabaseFailed("writes have waited for {waited:.0f} s", waited=waited)
