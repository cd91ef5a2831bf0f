"""Calls that agents ask for, while much else goes on: others talk, and the promise changes."""

from typing import Any

import pytest

from callkeeper.core.dialing.attempt_changes import Begun
from callkeeper.core.dialing.desk_call import CHANGED
from callkeeper.core.reservations.changes import Move, Reassign, Result
from callkeeper.store.rows.desk_calls import LOOKED_AT
from callkeeper.store.rows.store import SqlStore
from tests.store.calls import as_it_is, begin, standing
from tests.store.orders import HOUR, NOW, carry_out, order
from tests.store.test_desk_calls import asked, stop, take, taken


def test_however_many_talk_what_is_asked_for_next_is_taken_and_what_is_stopped_is_seen(
    store: SqlStore,
) -> None:
    talking = LOOKED_AT + 1
    for number in range(talking):
        desk = f"PJSIP/{2000 + number}"
        asked(store, number, desk=desk)
    while taken_now := take(store).taken:
        for each in taken_now:
            begin(store, each)
    first, *_ = store.desk_calls.live("rehearsal", 1)
    late = asked(store, talking, desk="PJSIP/9999")
    assert [each.id for each in take(store, at=NOW + 1).taken] == [late.id]
    stop(store, late)
    (urgent,) = store.desk_calls.live("rehearsal", 1)
    assert (urgent.id, urgent.id == first.id) == (late.id, False)


@pytest.mark.parametrize(
    ("change", "is_placed"),
    [
        (Move(appoint_at=NOW + 2 * HOUR), False),
        (Move(agent="bob"), False),
        (Reassign("bob", "ann"), False),
        (Result(agent="bob"), False),
        (Move(remark="speak slowly"), True),
        (Move(agent="ann", appoint_at=NOW + HOUR, remark="slowly"), True),  # as a CRM sends it
    ],
)
def test_a_promise_that_is_moved_or_given_away_while_the_phone_rings_is_not_dialed(
    store: SqlStore, change: Any, *, is_placed: bool
) -> None:
    attempt = taken(store, agent="ann")
    carry_out(store, order(attempt.reservation_id, change, at=NOW + 1))
    outcome = begin(store, attempt, at=NOW + 2)
    assert isinstance(outcome, Begun) is is_placed
    if not is_placed:
        ended = as_it_is(store, attempt)
        assert (ended.outcome, ended.cause_text) == ("withdrawn", CHANGED)
        assert standing(store, attempt).state == "waiting"
