"""Calls by hand beside calls of a line, on both engines: one customer is rung once at a time."""

import threading
from typing import Any

import pytest

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.desk_call import ASKED_MS, CallRefused
from callkeeper.core.refusal import NoSuchReservation, Overtaken
from callkeeper.core.reservations.by_hand import HandCallBegins, HandCallEnds
from callkeeper.core.reservations.changes import Order, Reassign, Result
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.rows.store import SqlStore
from tests.store.calls import as_it_is, begin
from tests.store.orders import NOW, Opener, carry_out, check_history
from tests.store.test_desk_calls import BY, ask, asking, promised, take
from tests.store.test_two_writers import side_by_side

BOB = "person bob"


def begins(reservation: Reservation, by: str = BOB, at: int = NOW) -> Order:
    return Order(
        reservation.vdn, reservation.id, HandCallBegins(), by, at, seen_version=reservation.version
    )


def rings(store: SqlStore, *orders: Order) -> list[Any]:
    """Begin calls by hand in one transaction."""
    with store.transaction():
        return list(store.desk_calls.begin_by_hand(orders))


def ends(reservation: Reservation, by: str = BOB) -> Order:
    return Order(reservation.vdn, reservation.id, HandCallEnds(), by, NOW + 1)


@pytest.mark.parametrize(
    ("by", "says"), [(BOB, "bob is calling this customer by hand"), (BY, "you are calling")]
)
def test_no_line_rings_whom_somebody_calls_by_hand(store: SqlStore, by: str, says: str) -> None:
    reservation = promised(store)
    (begun,) = rings(store, begins(reservation, by))
    (refused,) = ask(store, asking(reservation))
    assert type(refused) is CallRefused
    assert says in refused.sentence
    assert store.attempts.of(1, reservation.id) == []
    carry_out(store, ends(begun, by))
    assert isinstance(ask(store, asking(reservation))[0], Attempt)


@pytest.mark.parametrize(
    "change", [Result(fail_code="00603"), Reassign("ben", "ann")], ids=["filed", "reassigned"]
)
def test_whose_end_was_forgotten_is_in_the_way_until_it_is_filed_or_another_promise(
    store: SqlStore, change: Result | Reassign
) -> None:
    reservation = promised(store)
    rings(store, begins(reservation))
    carry_out(store, Order(1, reservation.id, change, BY, NOW + 1))
    (outcome,) = ask(store, asking(reservation))
    if isinstance(change, Reassign):
        assert isinstance(outcome, Attempt)
    else:
        assert "has been made" in outcome.sentence


def test_nobody_calls_by_hand_whom_a_line_rings_from_when_it_is_asked_for(store: SqlStore) -> None:
    reservation = promised(store)
    (attempt,) = ask(store, asking(reservation))
    for by in (BOB, BY):
        (refused,) = rings(store, begins(reservation, by, NOW + ASKED_MS))
        assert type(refused) is CallRefused
        assert refused.sentence == "somebody is just calling this customer"
    begin(store, take(store).taken[0])
    (refused,) = rings(store, begins(reservation, at=NOW + 10 * ASKED_MS))
    assert refused.sentence == "somebody is just calling this customer"
    assert as_it_is(store, attempt).is_live


def test_a_call_that_no_dialer_took_in_time_is_in_nobodys_way(store: SqlStore) -> None:
    reservation = promised(store)
    (attempt,) = ask(store, asking(reservation))
    (begun,) = rings(store, begins(reservation, at=NOW + ASKED_MS + 1))
    assert begun.version == 2
    assert as_it_is(store, attempt).outcome == "withdrawn"
    check_history(store, begun)


def test_in_one_batch_one_begins(store: SqlStore) -> None:
    reservation = promised(store)
    none = Order(1, "r99999", HandCallBegins(), BY, NOW)
    seen = begins(reservation, BY)
    first, second, third = rings(store, begins(reservation), seen, none)
    assert isinstance(first, Reservation)
    assert "bob is calling" in second.sentence
    assert isinstance(third, NoSuchReservation)
    carry_out(store, ends(first))
    (late,) = rings(store, begins(reservation, BY, NOW + 60_000))  # who looked before all that
    assert isinstance(late, Overtaken)


def test_of_two_that_ring_at_once_one_does(opener: Opener, store: SqlStore) -> None:
    others = opener.open().store, opener.open().store
    for number in range(1, 11):
        reservation = promised(store, number)
        gate = threading.Barrier(2)

        def asks(reservation: Reservation = reservation, gate: Any = gate, n: int = number) -> Any:
            gate.wait(30)
            return ask(others[0], asking(reservation, n, desk=f"PJSIP/{n}"))[0]

        def by_hand(reservation: Reservation = reservation, gate: Any = gate) -> Any:
            gate.wait(30)
            return rings(others[1], begins(reservation))[0]

        outcomes = side_by_side(asks, by_hand)
        assert [type(each) for each in outcomes].count(CallRefused) == 1, outcomes
