"""Idempotency-Keys, as the store keeps them: the first request with one decides."""

from typing import Any

from callkeeper.core.refusal import NoSuchCampaign, ParameterWrong
from callkeeper.core.reservations.changes import Cancel
from callkeeper.core.reservations.reservation import Booking
from callkeeper.store.port.reservations import Booked, Wanted
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import HOUR, NOW, Opened, book, booked, booking, carry_out, order


def keyed(number: int, key: str = "k", body: str = "body", **fields: Any) -> Booking:
    return booking(number, idempotency_key=key, idempotency_body=body, **fields)


def total(store: SqlStore) -> int:
    return store.reservations.find(Wanted(1, 0, 1)).total


def test_the_same_key_and_body_books_once_in_one_batch_and_in_two(store: SqlStore) -> None:
    first, second = book(store, keyed(1), keyed(2))
    (third,) = book(store, keyed(3))
    assert [first.again, second.again, third.again] == [False, True, True]
    assert first.reservation == second.reservation == third.reservation
    assert total(store) == 1


def test_another_body_under_the_same_key_is_refused_in_one_batch_and_in_two(
    store: SqlStore,
) -> None:
    first, second = book(store, keyed(1), keyed(2, body="another"))
    (third,) = book(store, keyed(3, body="another"))
    assert isinstance(first, Booked)
    assert isinstance(second, ParameterWrong)
    assert isinstance(third, ParameterWrong)
    assert total(store) == 1


def test_a_key_whose_first_request_was_refused_is_free(store: SqlStore) -> None:
    first, second = book(store, keyed(1, campaign_id="8"), keyed(2, body="put right"))
    assert isinstance(first, NoSuchCampaign)
    assert isinstance(second, Booked)
    assert second.reservation.id == "r00002"


def test_a_key_whose_reservation_was_deleted_says_so(store: SqlStore) -> None:
    booked(store, keyed(1))
    carry_out(store, order("r00001", Cancel()))
    (again,) = book(store, keyed(2))
    assert isinstance(again, ParameterWrong)
    assert "was used for reservation r00001, which was deleted since" in str(again)
    (anew,) = book(store, keyed(3, key="another"))
    assert isinstance(anew, Booked)
    assert (anew.again, total(store)) == (False, 1)


def test_a_key_is_one_vdns_own(store: SqlStore) -> None:
    booked(store, keyed(1), keyed(2, vdn=2, body="another"))
    assert [store.reservations.find(Wanted(vdn, 0, 1)).total for vdn in (1, 2)] == [1, 1]


def test_the_same_request_is_known_by_its_signature_even_with_a_new_key(store: SqlStore) -> None:
    booked(store, booking(1))
    (again,) = book(store, keyed(1))
    assert again.again
    assert total(store) == 1


def test_a_key_is_forgotten_after_a_day_and_not_before(opened: Opened) -> None:
    store = opened.store
    booked(store, keyed(1))
    (again,) = book(store, keyed(2, at=NOW + 24 * HOUR))
    (anew,) = book(store, keyed(3, body="another", at=NOW + 24 * HOUR + 1))
    assert (again.again, anew.again) == (True, False)
    rows = opened.session.rows("idempotency_key", vdn=1, idempotency_key="k")
    assert rows == [("another", "r00003")]
