"""Lines: who dials over them, and what came of their calls."""

import msgspec

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.lease import Lease
from callkeeper.core.refusal import NoSuchReservation
from callkeeper.store.port.store import Store


class Lines(msgspec.Struct, frozen=True):
    """The dispatchers that there are, or lately were, and the calls in progress by line."""

    dispatchers: list[Lease]
    calls_in_progress: dict[str, int]


def lines(store: Store) -> Lines:
    """Return who dials over which line."""
    return Lines(store.leases.all(), store.attempts.live_by_line())


def attempts(store: Store, reservation_id: str) -> list[Attempt]:
    """Return all attempts of the reservations with an id, whatever their VDN, oldest first.

    Raise NoSuchReservation if there is none.
    """
    found = store.reservations.with_id(reservation_id)
    if not found:
        raise NoSuchReservation("there is no reservation {id!r} in any VDN", id=reservation_id)
    return [try_ for each in found for try_ in store.attempts.of(each.vdn, each.id)]
