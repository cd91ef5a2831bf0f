"""A result with the customer's next call: both are stored, or neither, and once."""

from typing import Any

import msgspec
import pytest

from callkeeper.core.dialing.policy import Limits
from callkeeper.core.refusal import Overtaken, ParameterWrong, TimeWrong
from callkeeper.core.reservations.changes import CallAgain, Order, Result
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.core.reservations.slot import Guard, Slot, SlotTaken
from callkeeper.store.port.reservations import Wanted
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.timeline import timeline
from tests.store.orders import HOUR, NOW, booked, booking, carry_out, check_history

ENDED = Result(agent="ann", fail_code="00537", remark="later")


def filing(old: Reservation, result: Result = ENDED, *, name: str = "n", **fields: Any) -> Order:
    """Return a result of a call with the next one, as somebody's form asks for it."""
    at = fields.pop("again_at", NOW + 3 * HOUR)
    again = CallAgain(f"again {name}", f"form {name}", at)
    return Order(
        old.vdn,
        old.id,
        result,
        "person ann",
        fields.pop("at", NOW),
        request=f"form {name}",
        seen_version=fields.pop("seen_version", old.version),
        again=again,
    )


def total(store: SqlStore) -> int:
    return store.reservations.find(Wanted(1, 0, 1)).total


def found(store: SqlStore, id_: str) -> Reservation:
    (one,) = store.reservations.with_id(id_)
    return one


def test_the_next_call_is_booked_with_the_result_and_both_tell_of_each_other(
    store: SqlStore,
) -> None:
    (old,) = booked(store, booking(1, kind="automatic", call_data='{"name": "W"}', remark="slowly"))
    (done,) = carry_out(store, filing(old))
    new = found(store, "again n")
    assert (done.state, done.fail_code, done.remark) == ("done", "00537", "later")
    assert (new.kind, new.state, new.appoint_at) == ("manual", "waiting", NOW + 3 * HOUR)
    assert (new.called_no, new.campaign_id) == (old.called_no, old.campaign_id)
    assert (new.agent, new.call_data, new.remark) == ("ann", old.call_data, "later")
    check_history(store, done, new)
    result, reserved = store.history.of(1, old.id)[-1], store.history.of(1, new.id)[0]
    assert msgspec.json.decode(result.detail)["again_id"] == new.id
    assert msgspec.json.decode(reserved.detail)["after_id"] == old.id
    assert (result.by_whom, reserved.by_whom) == ("person ann", "person ann")


def test_at_a_terminal_the_stories_of_both_name_each_other(store: SqlStore) -> None:
    (old,) = booked(store, booking(1))
    (done,) = carry_out(store, filing(old))
    limits = Limits(60_000, "UTC")
    of_old, of_new = (
        timeline(store, each, limits, NOW, show_numbers=False).events
        for each in (done, found(store, "again n"))
    )
    assert of_old[-1].says.endswith(
        'its note is now "later", called again 2027-01-15 11:00:00 UTC, as again n'
    )
    assert f"after reservation {old.id}" in of_new[0].says


def test_the_same_form_files_and_books_once_in_one_batch_and_in_two(store: SqlStore) -> None:
    (old,) = booked(store, booking(1))
    first, second = carry_out(store, filing(old), filing(old))
    (third,) = carry_out(store, filing(old, at=NOW + 1))
    assert first == second == third
    assert (first.version, total(store)) == (2, 2)


@pytest.mark.parametrize(
    ("result", "fields", "refusal"),
    [
        (ENDED, {"again_at": NOW - 1}, TimeWrong),
        (ENDED, {"seen_version": 9}, Overtaken),
        (Result(agent="ann"), {}, ParameterWrong),
        (Result(fail_code="?!"), {}, ParameterWrong),
    ],
    ids=["passed", "overtaken", "of no call", "no code"],
)
def test_where_one_of_both_is_refused_neither_is_stored(
    store: SqlStore, result: Result, fields: dict[str, Any], refusal: type[Exception]
) -> None:
    old, other = booked(store, booking(1), booking(2))
    refused, done = carry_out(store, filing(old, result, **fields), filing(other, name="o"))
    assert isinstance(refused, refusal)
    assert (found(store, old.id), total(store)) == (old, 3)
    assert done.state == "done"
    assert len(store.history.of(1, old.id)) == 1


def test_a_call_of_nobody_has_no_next_one(store: SqlStore) -> None:
    (nobodys,) = booked(store, booking(1, agent=None))
    (refused,) = carry_out(store, filing(nobodys, Result(fail_code="00537")))
    assert isinstance(refused, ParameterWrong)
    assert (refused.about, total(store)) == ("again", 1)


def into_the_slot(order: Order) -> Order:
    """Return the same for a slot of ann's that is hers alone."""
    assert order.again is not None
    at = order.again.appoint_at
    guard = Guard(Slot(at - at % HOUR, at - at % HOUR + HOUR), "ann")
    return msgspec.structs.replace(order, again=msgspec.structs.replace(order.again, guard=guard))


def test_the_next_call_needs_a_free_slot_and_the_one_that_ends_is_in_no_way_of_it(
    store: SqlStore,
) -> None:
    at = NOW + HOUR
    old, other = booked(store, booking(1, appoint_at=at), booking(2, appoint_at=at + 9 * HOUR))
    (done,) = carry_out(store, into_the_slot(filing(old, again_at=at)))
    assert done.state == "done"
    (refused,) = carry_out(store, into_the_slot(filing(other, again_at=at, name="second")))
    assert isinstance(refused, SlotTaken)
    assert (found(store, other.id), total(store)) == (other, 3)
