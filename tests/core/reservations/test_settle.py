"""Settling a reservation: only one that waits for a call that was due, and for good."""

import pytest

from callkeeper.core.refusal import AlreadyCalled, ParameterWrong
from callkeeper.core.reservations.changes import Cancel, Result, Settle
from callkeeper.core.reservations.reservation import Reservation, State
from tests.core.reservations.test_reservation import HOUR, LATER, NOW, after, differences, standing

SETTLE = Settle(before=NOW, fail_code="34608", why="nobody knows")


def waiting(**fields: object) -> Reservation:
    due = {"kind": "automatic", "due_at": NOW - 1, "look_at": NOW - 1}
    return standing(**due | fields)


def test_one_that_waits_is_closed_as_unknown() -> None:
    old = waiting()
    assert differences(old, after(SETTLE, old)) == {
        "state": "done",
        "due_at": None,
        "look_at": None,
        "held_by": "settled",
        "verdict": "nobody knows",
        "fail_code": "34608",
        "outcome": "unknown",
    }


def test_the_call_of_a_try_before_is_not_told_as_this_ones() -> None:
    tried = {"fail_code": "00537", "call_id": "c", "caller_no": "1", "begin_at": 1, "end_at": 2}
    new = after(SETTLE, waiting(tries=1, business_result="10", **tried))
    assert (new.call_id, new.caller_no, new.begin_at, new.end_at) == (None, None, None, None)
    assert (new.fail_code, new.tries, new.business_result) == ("34608", 1, "10")


@pytest.mark.parametrize("state", ["calling", "done", "expired"])
def test_one_in_any_other_state_is_refused(state: State) -> None:
    with pytest.raises(ParameterWrong, match="does not wait"):
        after(SETTLE, waiting(state=state))


@pytest.mark.parametrize("due_at", [None, NOW, NOW + HOUR])
def test_one_that_was_not_due_by_then_is_refused(due_at: int | None) -> None:
    with pytest.raises(ParameterWrong, match="a call that was due"):
        after(SETTLE, waiting(due_at=due_at))


def test_an_instant_to_come_is_refused_whatever_it_is_for() -> None:
    for old in (None, waiting()):
        with pytest.raises(ParameterWrong, match="until now"):
            after(Settle(LATER + 1, "34608", ""), old)
    assert after(Settle(LATER, "34608", ""), waiting()).state == "done"


def test_a_person_may_overwrite_it_and_nobody_may_cancel_it() -> None:
    settled = after(SETTLE, waiting())
    assert after(Result(fail_code="00000", call_id="c"), settled).fail_code == "00000"
    with pytest.raises(AlreadyCalled):
        after(Cancel(), settled)
