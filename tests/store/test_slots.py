"""Slots that are guarded: of two who put a call into one at once, one is refused; both engines."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import msgspec
import pytest

from callkeeper.core.reservations.changes import Cancel, Move
from callkeeper.core.reservations.reservation import Booking
from callkeeper.core.reservations.slot import Calls, Guard, Slot, SlotTaken
from callkeeper.store.port.reservations import Booked
from callkeeper.store.port.store import Collision
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import (
    CAMPAIGN,
    HOUR,
    NOW,
    Opened,
    Opener,
    book,
    booked,
    booking,
    carry_out,
    has_campaign,
    order,
)

MINUTE = 60_000
AT = NOW + HOUR
SLOT = Slot(AT - AT % HOUR, AT - AT % HOUR + HOUR)
_ROUNDS = 20


def guarded(
    number: int, agent: str | None = "ann", *, calls_max: int | None = None, **fields: Any
) -> Booking:
    """Return a booking into an agent's slot."""
    kind = "manual" if agent else "automatic"
    plain = booking(number, agent=agent, kind=kind, **fields)
    return msgspec.structs.replace(plain, guard=Guard(SLOT, agent, calls_max=calls_max))


def test_calls_are_counted_by_minute_agent_and_campaign(opened: Opened) -> None:
    store = opened.store
    has_campaign(opened.session, 1, 8)
    begin = AT - AT % MINUTE
    booked(
        store,
        booking(1, appoint_at=begin),
        booking(2, appoint_at=begin + 59_999),
        booking(3, appoint_at=begin, campaign_id="8"),
        booking(4, appoint_at=begin, kind="automatic"),
        booking(5, appoint_at=begin + MINUTE, agent="bob"),
        booking(6, appoint_at=begin + MINUTE, vdn=2),
        booking(7, appoint_at=begin + MINUTE),
    )
    carry_out(store, order("r00007", Cancel()))
    hour = (begin, begin + HOUR)
    assert sorted(store.outstanding.calls(1, hour, CAMPAIGN), key=str) == sorted(
        [
            Calls(begin, "ann", True, 2),  # noqa: FBT003 - a row
            Calls(begin, "ann", False, 1),  # noqa: FBT003
            Calls(begin, None, True, 1),  # noqa: FBT003
            Calls(begin + MINUTE, "bob", True, 1),  # noqa: FBT003
        ],
        key=str,
    )
    (first, *_) = store.outstanding.calls(1, (begin, begin + 1), 8, but="r00003")
    assert not first.is_of_campaign
    assert store.outstanding.calls(1, (begin + HOUR, begin + 2 * HOUR), CAMPAIGN) == []


def test_a_slot_takes_one_call_of_an_agent(store: SqlStore) -> None:
    booked(store, guarded(1))
    (outcome,) = book(store, guarded(2))
    assert isinstance(outcome, SlotTaken)
    assert store.reservations.get(1, "r00002") is None
    booked(store, guarded(3, "bob"), booking(4))  # of another agent; and over the API
    booked(store, guarded(5, None))


def test_two_in_one_batch_see_each_other(store: SqlStore) -> None:
    first, second, third = book(store, guarded(1), guarded(2), guarded(3, "bob"))
    assert isinstance(first, Booked)
    assert isinstance(second, SlotTaken)
    assert isinstance(third, Booked)


def test_the_same_booking_again_is_no_second_call(store: SqlStore) -> None:
    first, again = book(store, guarded(1), guarded(1))
    assert (first.again, again.again) == (False, True)
    assert book(store, guarded(1))[0].again


def test_a_cancelled_call_leaves_its_slot(store: SqlStore) -> None:
    booked(store, guarded(1))
    carry_out(store, order("r00001", Cancel()))
    booked(store, guarded(2))


def test_a_campaign_takes_as_many_calls_as_the_guard_says(store: SqlStore) -> None:
    outcomes = book(
        store, *(guarded(number, f"agent {number}", calls_max=2) for number in range(1, 4))
    )
    assert [isinstance(each, SlotTaken) for each in outcomes] == [False, False, True]


def test_a_campaign_makes_no_calls_outside_its_hours(opened: Opened) -> None:
    has_campaign(opened.session, 1, 8, workday_windows='[{"begin":0,"end":1}]')
    (outcome,) = book(opened.store, guarded(1, campaign_id="8"))
    assert isinstance(outcome, SlotTaken)
    assert outcome.sentence == "campaign campaign 8 makes no calls at that time"


def moved(store: SqlStore, id_: str, at: int, guard: Guard | None) -> Any:
    plain = order(id_, Move(appoint_at=at))
    (outcome,) = carry_out(store, msgspec.structs.replace(plain, guard=guard))
    return outcome


def test_a_call_is_moved_into_a_free_slot_alone(store: SqlStore) -> None:
    booked(store, booking(1), booking(2, appoint_at=AT + 3 * HOUR))
    guard = Guard(SLOT, "ann")
    assert isinstance(moved(store, "r00002", SLOT.begin_at, guard), SlotTaken)
    assert moved(store, "r00002", SLOT.begin_at, None).version == 2
    carry_out(store, order("r00002", Cancel()))
    assert moved(store, "r00001", AT + 1, guard).appoint_at == AT + 1  # its own is in no way


def test_two_moved_in_one_batch_see_each_other(store: SqlStore) -> None:
    booked(store, booking(1, appoint_at=AT + 3 * HOUR), booking(2, appoint_at=AT + 4 * HOUR))
    guard = Guard(SLOT, "ann")
    orders = [
        msgspec.structs.replace(order(id_, Move(appoint_at=AT)), guard=guard)
        for id_ in ("r00001", "r00002")
    ]
    first, second = carry_out(store, *orders)
    assert first.version == 2
    assert isinstance(second, SlotTaken)
    assert [each.version for each in store.history.of(1, "r00001")] == [1, 2]


@pytest.mark.parametrize("what", ["agent", "campaign", "move"])
def test_of_two_at_once_one_is_refused(opener: Opener, opened: Opened, what: str) -> None:
    stores = [opener.open().store for _ in range(2)]
    together = Barrier(2)
    if what == "move":
        far = range(2 * _ROUNDS)
        booked(
            opened.store,
            *(booking(each, vdn=2, appoint_at=AT + (10 + each) * HOUR) for each in far),
        )

    def one(number: int, place: int) -> Any:
        store, number = stores[place], 2 * number + place
        together.wait(30)
        if what == "agent":
            return retried(store, guarded(number, f"agent {number // 2}"))
        if what == "campaign":
            return retried(store, guarded(number, f"agent {number}", calls_max=number // 2 + 1))
        slot = Slot(AT + 500 * HOUR + number // 2 * HOUR, AT + 501 * HOUR + number // 2 * HOUR)
        plain = order(f"r{number:05d}", Move(appoint_at=slot.begin_at), vdn=2)
        guard = Guard(slot, "ann")
        (outcome,) = carry_out(store, msgspec.structs.replace(plain, guard=guard))
        return outcome

    has_campaign(opened.session, 2, 8)
    with ThreadPoolExecutor(2) as threads:
        for number in range(_ROUNDS):
            outcomes = list(threads.map(one, [number] * 2, range(2)))
            assert sum(isinstance(each, SlotTaken) for each in outcomes) == 1, outcomes


def retried(store: SqlStore, wanted: Booking) -> Any:
    """Book as the writer does: what another process wrote first is looked at again."""
    for _ in range(3):
        try:
            (outcome,) = book(store, wanted)
        except Collision:
            continue
        return outcome
    raise AssertionError
