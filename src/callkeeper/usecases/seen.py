"""Seen: a person says of broken promises that nobody else has to look at them."""

from collections.abc import Sequence

from callkeeper.core.instants import Instant
from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.reservations.changes import Order, Seen
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.store import Store
from callkeeper.usecases.short_ids import reservations_of, short_id


def say_seen(store: Store, vdn: int, ids: Sequence[str], now: Instant) -> list[Reservation]:
    """Say so of each, by an id or some digits of it, and return them as they then are.

    A second time the history alone tells more. Raise NoSuchReservation; or ParameterWrong if one
    still waits, or was kept. Then nothing is changed.
    """
    found = [each for text in ids for each in reservations_of(store, vdn, text, now)]
    orders = [Order(vdn, each.id, Seen(), "operator", now) for each in found]
    seen = []
    with store.transaction():
        for order, outcome in zip(orders, store.reservations.change(orders), strict=True):
            if isinstance(outcome, ParameterWrong):
                raise outcome.within(short_id(order.id))
            if not isinstance(outcome, Reservation):
                raise outcome
            seen.append(outcome)
    return seen
