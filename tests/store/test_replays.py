"""A request that was carried out before, as the store knows it again."""

from typing import Any

import msgspec

from callkeeper.core.refusal import NoSuchReservation
from callkeeper.core.reservations.changes import Cancel, Move, Order, Result
from callkeeper.store.port.history import Event
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import NOW, Opened, Opener, booked, booking, carry_out, check_history, order
from tests.store.test_two_writers import side_by_side


def asked(request: str, id_: str, change: Any) -> Order:
    return msgspec.structs.replace(order(id_, change), request=request)


def test_in_one_batch_as_in_two(store: SqlStore) -> None:
    (one,) = booked(store, booking(1))
    first = asked("a", one.id, Result(call_id="wrong"))
    later = asked("b", one.id, Result(call_id="right"))
    outcomes = carry_out(store, first, later, first)
    assert [each.call_id for each in outcomes] == ["wrong", "right", "right"]
    (again,) = carry_out(store, first)
    assert again == outcomes[1]
    check_history(store, one)


def test_a_request_is_of_what_it_is_about_and_of_its_vdn(store: SqlStore) -> None:
    booked(store, booking(1), booking(1, vdn=2), booking(2))
    carry_out(store, asked("a", "r00001", Result(call_id="c")), order("r00002", Move(agent="bob")))
    elsewhere = msgspec.structs.replace(asked("a", "r00001", Result(call_id="d")), vdn=2)
    outcomes = carry_out(store, elsewhere, asked("a", "r00002", Result(call_id="e")))
    assert [each.call_id for each in outcomes] == ["d", "e"]


def test_one_that_was_refused_is_judged_anew(store: SqlStore) -> None:
    early = asked("a", "r00001", Cancel())
    (refused,) = carry_out(store, early)
    assert isinstance(refused, NoSuchReservation)
    booked(store, booking(1))
    outcomes = carry_out(store, early, early, asked("b", "r00001", Cancel()))
    assert [getattr(each, "state", None) for each in outcomes] == ["cancelled", "cancelled", None]


def test_an_order_from_no_request_is_carried_out_each_time(store: SqlStore) -> None:
    (one,) = booked(store, booking(1))
    carry_out(store, *[order(one.id, Result(call_id="c"))] * 2)
    (third,) = carry_out(store, order(one.id, Result(call_id="c")))
    assert third.version == 4


def test_two_processes_at_once_carry_it_out_once(opener: Opener, store: SqlStore) -> None:
    reservations = booked(store, *(booking(number) for number in range(40)))

    def file() -> None:
        mine = opener.open().store
        for each in reservations:
            carry_out(mine, asked("a", each.id, Result(call_id="c")))

    side_by_side(file, file, file)
    for each in reservations:
        assert [event.what for event in store.history.of(1, each.id)] == ["reserved", "result"]


def test_a_request_is_known_whoever_signs_with_a_clock_ahead_of_its_own(store: SqlStore) -> None:
    (one,) = booked(store, booking(1))
    ahead = msgspec.structs.replace(asked("a", one.id, Result(call_id="ahead")), signed_at=NOW + 9)
    behind = msgspec.structs.replace(asked("b", one.id, Result(call_id="behind")), signed_at=NOW)
    for each in (ahead, behind, ahead, behind):
        (last,) = carry_out(store, each)
    assert (last.call_id, last.version, last.signed_at) == ("behind", 3, NOW + 9)


def test_only_the_newest_ten_thousand_changes_are_looked_through(opened: Opened) -> None:
    """However often one reservation is changed, a change of it costs no more."""
    store = opened.store
    (one,) = booked(store, booking(1))
    event = Event(1, one.id, 0, NOW, "result", "key K", "{}")
    changes = range(2, 10_100)
    with store.transaction():
        opened.session.each(
            "add_events",
            [msgspec.structs.replace(event, version=each, request=f"q{each}") for each in changes],
        )
        changed = msgspec.structs.replace(one, version=changes[-1])
        opened.session.each("update_reservations", [changed])
    outcomes = carry_out(
        store,
        asked(f"q{changes[-1] - 9_999}", one.id, Result(call_id="known")),
        asked("q2", one.id, Result(call_id="too long ago")),
    )
    assert [each.call_id for each in outcomes] == [None, "too long ago"]
