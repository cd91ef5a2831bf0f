"""Seen: a person says of broken promises that nobody else has to look at them."""

from collections.abc import Sequence

from callkeeper.core.instants import Instant
from callkeeper.core.refusal import NoSuchReservation, ParameterWrong
from callkeeper.core.reservations.changes import Order, Seen
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.store import Store
from callkeeper.usecases.short_ids import reservations_of, short_id


def say_seen(store: Store, vdn: int, ids: Sequence[str], now: Instant) -> list[Reservation]:
    """Say so of each, by an id or some digits of it, and return them as they then are.

    A second time the history alone tells more. Raise NoSuchReservation; or ParameterWrong if one
    still waits, or was kept. Then nothing is changed.
    """
    found = [_the_one(store, vdn, each, now) for each in ids]
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


def _the_one(store: Store, vdn: int, text: str, now: Instant) -> Reservation:
    for each in reservations_of(store, vdn, text, now):
        if each.vdn == vdn:
            return each
    raise NoSuchReservation("there is no reservation {id!r} in VDN {vdn}", id=text, vdn=vdn)
