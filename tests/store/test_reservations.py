"""Booking and changing, on both engines: one bad item fails alone, and history tells it all."""

import sqlite3

import msgspec
import pytest

from callkeeper.core.refusal import (
    AlreadyCalled,
    DatabaseFailed,
    NoSuchCampaign,
    NoSuchReservation,
    ParameterWrong,
    TimeWrong,
)
from callkeeper.core.reservations.changes import Cancel, Move, Result
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.engine.session import StatementFailed
from callkeeper.store.port.reservations import Booked, Wanted
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import (
    HOUR,
    NOW,
    Opened,
    book,
    booked,
    booking,
    carry_out,
    check_history,
    has_campaign,
    order,
)

EVERYTHING = Result(
    agent="bob",
    caller_no="10086",
    fail_code="00000",
    call_id="1747316188-341779",
    business_result="17549503",
    business_sub_result="17124429",
    begin_at=NOW + 1,
    end_at=NOW + 2,
)


def test_a_reservation_is_found_as_it_was_booked(store: SqlStore) -> None:
    wished = booking(1, remark="ä 'quote' \"double\" \\ 🙂", call_data='{"a":[1]}', called_no="*1#")
    (reservation,) = booked(store, wished)
    assert store.reservations.with_id("r00001") == [reservation]
    assert reservation.remark == wished.wish.remark
    (event,) = store.history.of(1, "r00001")
    assert (event.version, event.what, event.by_whom, event.happened_at) == (
        1,
        "reserved",
        "key K",
        NOW,
    )
    assert msgspec.json.decode(event.detail, type=type(wished.wish)) == wished.wish


def test_an_automatic_one_is_due_before_its_time_and_a_manual_one_never(store: SqlStore) -> None:
    manual, automatic = booked(store, booking(1), booking(2, kind="automatic"))
    assert manual.due_at is None
    assert automatic.due_at == automatic.appoint_at - 300_000


def test_the_same_request_books_once_in_one_batch_and_in_two(store: SqlStore) -> None:
    first, second = book(store, booking(1), booking(1))
    (third,) = book(store, booking(1, at=NOW + 5000))
    assert [first.again, second.again, third.again] == [False, True, True]
    assert first.reservation == second.reservation == third.reservation
    assert len(store.history.of(1, "r00001")) == 1


def test_the_same_request_again_answers_what_has_become_of_it(store: SqlStore) -> None:
    booked(store, booking(1))
    (changed,) = carry_out(store, order("r00001", EVERYTHING))
    assert book(store, booking(1)) == [Booked(changed, again=True)]


def test_the_same_request_again_is_answered_even_when_its_time_has_passed(store: SqlStore) -> None:
    booked(store, booking(1))
    late = msgspec.structs.replace(booking(1), at=NOW + 2 * HOUR)
    (outcome,) = book(store, late)
    assert outcome.again


def test_another_request_with_the_same_id_is_told_to_sign_anew(store: SqlStore) -> None:
    booked(store, booking(1))
    (refusal,) = book(store, booking(2, id="r00001"))
    assert isinstance(refusal, DatabaseFailed)
    assert len(store.history.of(1, "r00001")) == 1


def test_an_id_may_stand_in_two_vdns_and_they_do_not_meet(store: SqlStore) -> None:
    booked(store, booking(1), booking(1, vdn=2))
    carry_out(store, order("r00001", Result(fail_code="1"), vdn=2))
    assert [r.fail_code for r in store.reservations.with_id("r00001")] == [None, "1"]
    assert [len(store.history.of(vdn, "r00001")) for vdn in (1, 2)] == [1, 2]


def test_one_bad_booking_fails_alone_and_leaves_no_trace(store: SqlStore) -> None:
    outcomes = book(
        store,
        booking(1),
        booking(2, campaign_id="8", agent="nobody"),
        booking(3, appoint_at=NOW - 1, agent="nobody"),
        booking(4, campaign_id="seven"),
        booking(5),
    )
    assert [type(each) for each in outcomes] == [
        Booked,
        NoSuchCampaign,
        TimeWrong,
        NoSuchCampaign,
        Booked,
    ]
    for refused in ("r00002", "r00003", "r00004"):
        assert store.reservations.with_id(refused) == []
        assert store.history.of(1, refused) == []
    assert store.reservations.find(Wanted(1, 0, 10)).total == 2


def test_a_deleted_campaign_takes_no_reservation(opened: Opened) -> None:
    has_campaign(opened.session, 1, 9, deleted_at=NOW)
    (refusal,) = book(opened.store, booking(1, campaign_id="9"))
    assert isinstance(refusal, NoSuchCampaign)


def test_a_result_is_stored_field_by_field(store: SqlStore) -> None:
    booked(store, booking(1))
    (done,) = carry_out(store, order("r00001", EVERYTHING, at=NOW + 3))
    assert store.reservations.with_id("r00001") == [done]
    sent = msgspec.structs.asdict(EVERYTHING)
    assert {name: getattr(done, name) for name in sent} == sent
    assert (done.state, done.version, done.changed_at) == ("done", 2, NOW + 3)
    event = store.history.of(1, "r00001")[-1]
    assert (event.what, event.version, event.happened_at) == ("result", 2, NOW + 3)
    assert msgspec.json.decode(event.detail, type=Result) == EVERYTHING


def test_of_two_results_in_one_batch_the_later_wins_and_both_are_history(store: SqlStore) -> None:
    (reservation,) = booked(store, booking(1))
    one, two = carry_out(
        store,
        order("r00001", Result(fail_code="00603", call_id="a-1")),
        order("r00001", Result(fail_code="00000")),
    )
    assert (one.fail_code, one.version) == ("00603", 2)
    assert (two.fail_code, two.call_id, two.version) == ("00000", "a-1", 3)
    assert store.reservations.with_id("r00001") == [two]
    assert ["00603" in event.detail for event in store.history.of(1, "r00001")] == [
        False,
        True,
        False,
    ]
    check_history(store, reservation)


def test_one_bad_order_fails_alone_and_leaves_no_trace(store: SqlStore) -> None:
    reservations = booked(store, booking(1), booking(2), booking(3, kind="automatic"))
    outcomes = carry_out(
        store,
        order("r00001", Result(fail_code="1")),
        order("r00001", Cancel()),
        order("r09999", Result(fail_code="2")),
        order("r00002", Result(fail_code="3"), vdn=2),
        order("r00003", Move(remark="no")),
        order("r00002", Result(begin_at=5, end_at=4, agent="nobody")),
        order("r00002", Move(remark="yes")),
    )
    assert [type(each) for each in outcomes] == [
        Reservation,
        AlreadyCalled,
        NoSuchReservation,
        NoSuchReservation,
        ParameterWrong,
        ParameterWrong,
        Reservation,
    ]
    assert [len(store.history.of(1, each.id)) for each in reservations] == [2, 2, 1]
    assert store.reservations.with_id("r00003") == [reservations[2]]
    assert store.history.of(1, "r09999") == store.history.of(2, "r00002") == []
    check_history(store, *reservations)


def test_a_batch_in_which_all_fails_writes_nothing(store: SqlStore) -> None:
    (refusal,) = carry_out(store, order("r00001", Cancel()))
    assert isinstance(refusal, NoSuchReservation)
    assert store.history.of(1, "r00001") == []


def test_after_a_cancel_in_the_same_batch_the_reservation_is_absent(store: SqlStore) -> None:
    (reservation,) = booked(store, booking(1))
    cancelled, refused = carry_out(
        store, order("r00001", Cancel()), order("r00001", Result(fail_code="1"))
    )
    assert cancelled.state == "cancelled"
    assert isinstance(refused, NoSuchReservation)
    check_history(store, reservation)


def test_a_transaction_that_fails_leaves_nothing(store: SqlStore) -> None:
    (before,) = booked(store, booking(1))
    with pytest.raises(RuntimeError, match="half way"), store.transaction():  # noqa: PT012 - the failing transaction is the claim
        store.reservations.add([booking(2, agent="zoe", idempotency_key="k", idempotency_body="b")])
        store.reservations.change([order("r00001", EVERYTHING)])
        raise RuntimeError("half way")
    assert store.reservations.with_id("r00001") == [before]
    assert store.reservations.with_id("r00002") == []
    assert store.history.of(1, "r00002") == []
    check_history(store, before)
    # The key was not used up.
    booked(store, booking(3, idempotency_key="k", idempotency_body="another"))


def test_the_database_itself_refuses_a_state_that_is_none(opened: Opened) -> None:
    (reservation,) = booked(opened.store, booking(1))
    wrong = msgspec.structs.replace(reservation, state="asleep")
    with (
        pytest.raises((sqlite3.IntegrityError, StatementFailed)),
        opened.session.transaction(),
    ):
        opened.session.each("update_reservations", [wrong])
    assert opened.store.reservations.with_id("r00001") == [reservation]


def test_a_batch_of_a_thousand_is_answered_in_order(store: SqlStore) -> None:
    made = booked(store, *[booking(n) for n in range(1000)])
    assert [each.id for each in made] == [f"r{n:05d}" for n in range(1000)]
    orders = [order(each.id, Result(call_id=f"c-{each.id}")) for each in reversed(made)]
    assert [each.call_id for each in carry_out(store, *orders)] == [
        f"c-{each.id}" for each in reversed(made)
    ]
    for each in store.reservations.find(Wanted(1, 0, 1000)).listed:
        assert each.reservation.call_id == f"c-{each.reservation.id}"
