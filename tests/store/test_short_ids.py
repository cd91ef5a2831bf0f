"""A reservation is found by its id, or by some digits of it."""

import pytest

from callkeeper.core.refusal import NoSuchReservation, ParameterWrong
from callkeeper.core.reservations.changes import Cancel
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.short_ids import AmbiguousId, reservations_of, short_id
from tests.store.orders import HOUR, NOW, booked, booking, carry_out, order

WHOLE = "180000000000012345678901234567"
OTHER = "180000000000112345678900234567"


def found(store: SqlStore, text: str, vdn: int | None = 1, **how: int) -> list[str]:
    return [each.id for each in reservations_of(store, vdn, text, NOW, **how)]


@pytest.fixture
def made(store: SqlStore) -> SqlStore:
    booked(store, booking(1, id=WHOLE), booking(2, id=OTHER, appoint_at=NOW + 3 * HOUR))
    return store


@pytest.mark.parametrize("text", [WHOLE, short_id(WHOLE), "1234567", WHOLE[:13]])
def test_one_is_found_by_its_id_its_last_digits_or_its_first(made: SqlStore, text: str) -> None:
    assert found(made, text) == [WHOLE]


def test_a_cancelled_one_is_found_too(made: SqlStore) -> None:
    carry_out(made, order(WHOLE, Cancel()))
    assert found(made, short_id(WHOLE)) == [WHOLE]


def test_a_whole_id_is_looked_for_in_every_vdn(made: SqlStore) -> None:
    booked(made, booking(3, id=WHOLE, vdn=2))
    assert found(made, WHOLE, None) == [WHOLE, WHOLE]


def test_a_whole_id_as_short_as_a_part_of_one_goes_before_the_others(made: SqlStore) -> None:
    for number, id_ in enumerate(("34567", "567", WHOLE[:13]), 3):
        booked(made, booking(number, id=id_))
        assert found(made, id_) == found(made, id_, None) == [id_]
    booked(made, booking(6, id="1234567", vdn=2), booking(7, id="87654321", vdn=2))
    assert found(made, "1234567") == [WHOLE]
    with pytest.raises(NoSuchReservation, match="87654321 is another VDN's"):
        found(made, "87654321")


def test_a_short_one_is_looked_for_in_one_vdn(made: SqlStore) -> None:
    with pytest.raises(ParameterWrong, match="--vdn, or set CALLKEEPER_VDN"):
        found(made, short_id(WHOLE), None)
    with pytest.raises(NoSuchReservation, match="no reservation of VDN 2 begins with 01234567"):
        found(made, short_id(WHOLE), 2)


@pytest.mark.parametrize("text", ["4567", "18000000"])
def test_digits_of_several_are_refused_and_tell_which_they_are(made: SqlStore, text: str) -> None:
    with pytest.raises(AmbiguousId, match="give more digits") as refused:
        found(made, text)
    assert WHOLE in str(refused.value)
    assert OTHER in str(refused.value)


def test_too_few_digits_are_refused(made: SqlStore) -> None:
    with pytest.raises(ParameterWrong, match="at least 4 digits"):
        found(made, "567")


@pytest.mark.parametrize("text", ["", "x1234567", WHOLE[:-1] + "9", WHOLE + "1", "١٢٣٤٥"])
def test_what_is_no_part_of_an_id_is_no_reservation(made: SqlStore, text: str) -> None:
    with pytest.raises(NoSuchReservation, match="no reservation"):
        found(made, text)


def test_last_digits_are_looked_for_among_the_nearest_in_time(made: SqlStore) -> None:
    booked(made, *(booking(number) for number in range(10, 13)))
    assert found(made, short_id(OTHER)) == [OTHER]
    with pytest.raises(NoSuchReservation, match="none of the 6 nearest in time ends with it"):
        found(made, short_id(OTHER), looked_through=3)
    assert found(made, OTHER[:13], looked_through=3) == [OTHER]
