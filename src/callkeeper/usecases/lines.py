"""Lines: who dials over them, and what came of their calls."""

from collections.abc import Iterable

import msgspec

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.lease import Lease
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import check_may
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.store import Store


class Lines(msgspec.Struct, frozen=True):
    """The dispatchers that there are, or lately were, and the calls in progress by line."""

    dispatchers: list[Lease]
    calls_in_progress: dict[str, int]


def lines(store: Store) -> Lines:
    """Return who dials over which line."""
    return Lines(store.leases.all(), store.attempts.live_by_line())


def attempts(store: Store, reservations: Iterable[Reservation]) -> list[Attempt]:
    """Return all attempts of some reservations, the oldest of each first."""
    return [try_ for each in reservations for try_ in store.attempts.of(each.vdn, each.id)]


class LineLook:
    """The lines as operators look at them."""

    def __init__(self, async_store: AsyncStore) -> None:
        self._store = async_store

    async def find(self, person: Person) -> Lines:
        """Return who dials over which line. Raise NoRight."""
        check_may(person, "see_lines")
        return await self._store.ask(lines)
