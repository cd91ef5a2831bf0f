"""Lines: who dials over them, and what came of their calls."""

from collections.abc import Iterable

import msgspec

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.lease import Lease
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
