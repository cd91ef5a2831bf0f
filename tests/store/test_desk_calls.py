"""Calls that agents ask for, on both engines: one at a phone, taken once, dialed once."""

from typing import Any

import msgspec
import pytest

from callkeeper.core.campaigns.changes import Delete, Pause
from callkeeper.core.dialing.attempt import Attempt, Hangup
from callkeeper.core.dialing.attempt_changes import Begun, Withdrawn
from callkeeper.core.dialing.desk_call import (
    ASKED_MS,
    DESK_CLAIM_MS,
    Asking,
    CallRefused,
    DeskClaim,
    Stopping,
    TakenCalls,
)
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.refusal import NoSuchReservation
from callkeeper.core.reservations.changes import Cancel, Result
from callkeeper.core.reservations.number_policy import NumberPolicy, NumberRule
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.rows.store import SqlStore
from tests.store.calls import (
    BUSY,
    GRACE,
    LIMITS,
    RETRIES,
    as_it_is,
    begin,
    claim,
    due,
    end,
    ending,
    give_back,
    note,
    rearrange,
    renew,
    standing,
    word,
)
from tests.store.orders import HOUR, NOW, Opened, booked, booking, carry_out, has_campaign, order

PHONE = "PJSIP/1001"
BY = "person ann"
LATE = NOW + 20 * HOUR  # far beyond the promise and its grace


def promised(store: SqlStore, number: int = 1, **fields: Any) -> Reservation:
    """Book a manual call."""
    (reservation,) = booked(store, booking(number, **fields))
    return reservation


def asking(reservation: Reservation, number: int = 1, **fields: Any) -> Asking:
    """Return that agent ann asks for a call, at her phone."""
    given: dict[str, Any] = {
        "vdn": reservation.vdn,
        "reservation_id": reservation.id,
        "attempt_id": f"{NOW // 1000}-{number:015d}",
        "line": "rehearsal",
        "desk": PHONE,
        "asked_by": BY,
        "at": NOW,
        "limits": LIMITS,
    }
    return Asking(**given | fields)


def ask(store: SqlStore, *askings: Asking) -> list[Any]:
    """Ask for calls in one transaction."""
    with store.transaction():
        return list(store.desk_calls.ask(askings))


def asked(store: SqlStore, number: int = 1, desk: str = PHONE, **fields: Any) -> Attempt:
    """Return the attempt at a new reservation, as an agent asked for it."""
    (attempt,) = ask(store, asking(promised(store, number, **fields), number, desk=desk))
    assert isinstance(attempt, Attempt), attempt
    return attempt


def take(store: SqlStore, **fields: Any) -> TakenCalls:
    """Take what agents asked for."""
    given: dict[str, Any] = {
        "line": "rehearsal",
        "holder": "dora",
        "at": NOW,
        "calls_max": 1_000,
        "per_second": 10_000.0,
        "limits": LIMITS,
    }
    with store.transaction():
        (taken,) = store.desk_calls.take([DeskClaim(**given | fields)])
    assert isinstance(taken, TakenCalls)
    return taken


def taken(store: SqlStore, number: int = 1, **fields: Any) -> Attempt:
    """Return the attempt at a new reservation, as its agent's phone rings."""
    asked(store, number, **fields)
    (attempt,) = take(store).taken
    return attempt


def test_those_that_go_on_are_counted_by_line(store: SqlStore) -> None:
    assert store.desk_calls.live_by_line() == {}
    taken(store, 1)
    asked(store, 2, desk="PJSIP/1002")
    (other,) = ask(store, asking(promised(store, 3, vdn=1), 3, desk="PJSIP/1003", line="b"))
    assert store.desk_calls.live_by_line() == {"rehearsal": 2, "b": 1}
    stop(store, other)
    assert store.desk_calls.live_by_line() == {"rehearsal": 2}


def stop(store: SqlStore, attempt: Attempt, at: int = NOW) -> Attempt | None:
    """Ask to end a call."""
    with store.transaction():
        (stopped,) = store.desk_calls.stop([Stopping(attempt.vdn, attempt.reservation_id, at)])
    assert not isinstance(stopped, Exception)
    return stopped


def orphans(store: SqlStore, at: int) -> list[str]:
    """Return the attempts that nobody answers for."""
    return [each.id for each in store.attempts.orphaned("rehearsal", at, at - 15_000, 10)]


def placed(store: SqlStore, number: int = 1, **fields: Any) -> Attempt:
    """Return the attempt at a new reservation, as its agent has answered."""
    outcome = begin(store, taken(store, number, **fields))
    assert isinstance(outcome, Begun), outcome
    return outcome.attempt


def test_what_an_agent_asks_for_waits_for_a_dispatcher_and_changes_no_promise(
    store: SqlStore,
) -> None:
    reservation = promised(store)
    (attempt,) = ask(store, asking(reservation, at=LATE))
    assert attempt == as_it_is(store, attempt)
    assert (attempt.state, attempt.holder, attempt.number) == ("claimed", "", 1)
    assert (attempt.desk, attempt.asked_by, attempt.line) == (PHONE, BY, "rehearsal")
    assert standing(store, attempt) == reservation
    assert orphans(store, LATE + DESK_CLAIM_MS + 1) == []
    assert not store.due.is_any(LATE + 10 * HOUR)


def test_a_call_is_taken_once_and_the_claim_lasts_while_a_phone_rings(store: SqlStore) -> None:
    attempt = asked(store)
    (first,) = take(store).taken
    assert (first.id, first.holder) == (attempt.id, "dora")
    assert take(store, holder="dave") == TakenCalls([])
    assert [each.id for each in store.desk_calls.live("rehearsal", 10)] == [attempt.id]
    renew(store, "dora", NOW + 60_000, said_at=NOW + 45_000)
    assert orphans(store, NOW + DESK_CLAIM_MS - 1) == []
    assert orphans(store, NOW + DESK_CLAIM_MS) == [attempt.id]
    assert claim(store, line="other").attempts == []


def test_an_agent_who_answered_gets_the_call_dialed_in_their_name(store: SqlStore) -> None:
    attempt = placed(store)
    reservation = standing(store, attempt)
    assert (reservation.state, reservation.tries, reservation.look_at) == ("calling", 1, None)
    event = store.history.of(1, reservation.id)[-1]
    assert (event.what, event.by_whom) == ("dialed", BY)


@pytest.mark.parametrize(
    ("ended", "state", "outcome", "code"),
    [
        (ending, "waiting", "busy", "00537"),
        (lambda each: ending(each, "refused", remark="no"), "waiting", "refused", "34606"),
        (lambda each: ending(each, "silence"), "done", "unknown", "34608"),
        (
            lambda each: ending(each, Hangup(0), remark="the agent hung up", has_agent_left=True),
            "waiting",
            "no_answer",
            "00601",
        ),
    ],
    ids=["busy", "refused", "silence", "agent left"],
)
def test_what_was_not_answered_waits_for_the_agent_and_what_is_unknown_does_not(
    opened: Opened, ended: Any, state: str, outcome: str, code: str
) -> None:
    # It tries again what is busy: of automatic calls, and of no agent's.
    has_campaign(opened.session, 1, 8, dial_settings=msgspec.json.encode(RETRIES).decode())
    store = opened.store
    attempt = placed(store, campaign_id="8")
    end(store, ended(attempt))
    reservation = standing(store, attempt)
    assert (reservation.state, reservation.tries) == (state, 1)
    assert (reservation.look_at, reservation.due_at) == (None, None)
    assert (reservation.outcome, reservation.fail_code) == (outcome, code)
    assert (reservation.call_id, reservation.begin_at) == (attempt.id, NOW)
    assert not store.due.is_any(NOW + 100 * HOUR)


def test_an_answered_call_is_done(store: SqlStore) -> None:
    attempt = placed(store)
    note(store, word(attempt, answered_at=NOW + 9))
    (ended,) = end(store, ending(attempt, Hangup(16, "Normal Clearing")))
    reservation = standing(store, attempt)
    assert (ended.outcome, reservation.state, reservation.fail_code) == (
        "answered",
        "done",
        "00000",
    )


def test_a_person_may_file_how_a_call_by_another_phone_ended(store: SqlStore) -> None:
    attempt = placed(store)
    end(store, ending(attempt))
    filed = Result(fail_code="00000", call_id="mine", begin_at=NOW + HOUR, end_at=NOW + HOUR + 9)
    (reservation,) = carry_out(store, order(attempt.reservation_id, filed, at=NOW + 2 * HOUR))
    assert (reservation.state, reservation.call_id, reservation.outcome) == ("done", "mine", None)
    (again,) = carry_out(store, order(attempt.reservation_id, Result(call_id="other")))
    assert again.call_id == "other"


def test_what_was_filed_without_a_code_after_a_busy_call_bars_no_code_that_follows(
    store: SqlStore,
) -> None:
    attempt = placed(store)
    end(store, ending(attempt))
    carry_out(store, order(attempt.reservation_id, Result(business_result="10")))
    filed = Result(fail_code="00000", call_id="mine", begin_at=NOW + HOUR, end_at=NOW + HOUR + 9)
    (reservation,) = carry_out(store, order(attempt.reservation_id, filed, at=NOW + 2 * HOUR))
    assert (reservation.fail_code, reservation.call_id) == ("00000", "mine")
    assert (reservation.begin_at, reservation.business_result) == (NOW + HOUR, "10")


def test_a_call_that_could_not_be_asked_for_waits_and_is_never_looked_at(store: SqlStore) -> None:
    attempt = placed(store)
    end(store, ending(attempt, "down", remark="the line is down"))
    reservation = standing(store, attempt)
    assert (reservation.state, reservation.tries, reservation.look_at) == ("waiting", 0, None)
    assert (reservation.held_by, reservation.verdict) == (None, None)


def test_a_claim_handed_back_leaves_the_promise_to_the_agent(store: SqlStore) -> None:
    attempt = taken(store)
    before = standing(store, attempt)
    give_back(store, attempt)
    assert standing(store, attempt) == before
    assert as_it_is(store, attempt).outcome == "withdrawn"
    assert not store.due.is_any(NOW + 100 * HOUR)


def test_one_phone_has_one_call_whoever_asks(store: SqlStore) -> None:
    one, other = promised(store, 1), promised(store, 2)
    first, second = ask(store, asking(one, 1), asking(other, 2))
    assert isinstance(first, Attempt)
    assert isinstance(second, CallRefused)
    assert "your phone is on another call" in second.sentence
    (third,) = ask(store, asking(one, 3, desk="PJSIP/1002"))
    assert "somebody is just calling this customer" in third.sentence
    assert isinstance(ask(store, asking(other, 4, desk="PJSIP/1002"))[0], Attempt)


def test_a_call_that_nobody_took_is_in_nobodys_way(store: SqlStore) -> None:
    old, other = asked(store), promised(store, 2)
    at = NOW + ASKED_MS + 1
    (new,) = ask(store, asking(other, 2, at=at))
    assert isinstance(new, Attempt)
    assert as_it_is(store, old).outcome == "withdrawn"


def test_whoever_dials_too_late_rings_no_agent(store: SqlStore) -> None:
    attempt = asked(store)
    assert take(store, at=NOW + ASKED_MS + 1) == TakenCalls([], 1)
    ended = as_it_is(store, attempt)
    assert (ended.outcome, ended.cause_text) == ("withdrawn", "no dialer took the call in time")
    assert standing(store, attempt).state == "waiting"


def test_a_line_without_room_lets_agents_wait_and_then_gives_up(store: SqlStore) -> None:
    attempt = asked(store)
    assert take(store, calls_max=0) == TakenCalls([])
    assert take(store, calls_max=0, at=NOW + ASKED_MS + 1) == TakenCalls([], 1)
    ended = as_it_is(store, attempt)
    assert (ended.outcome, ended.cause_text) == (
        "withdrawn",
        "line rehearsal has as many calls as it may",
    )


def test_agents_come_before_what_is_due(store: SqlStore) -> None:
    due(store, 7, 8)
    asked(store, 1)
    assert claim(store, calls_max=1).attempts == []
    assert len(take(store, calls_max=1).taken) == 1
    assert claim(store, calls_max=1).attempts == []
    assert len(claim(store, calls_max=2).attempts) == 1


def test_caps_and_pace_bound_agents_too(store: SqlStore) -> None:
    asked(store, 1)
    asked(store, 2, desk="PJSIP/1002")
    limits = Limits(grace_ms=GRACE, vdn_calls_max=1)
    assert len(take(store, limits=limits).taken) == 1
    assert take(store, limits=limits) == TakenCalls([])
    assert take(store, per_second=0.1, at=NOW + 1).taken != []
    asked(store, 3, desk="PJSIP/1003")
    assert take(store, per_second=0.1, at=NOW + 2) == TakenCalls([])


def test_a_call_is_stopped_at_once_or_by_whoever_has_it(store: SqlStore) -> None:
    nobodys = asked(store, 1)
    assert stop(store, nobodys) is not None
    assert as_it_is(store, nobodys).outcome == "withdrawn"
    doras = taken(store, 2)
    stopped = stop(store, doras, NOW + 5)
    assert stopped is not None
    assert (stopped.state, stopped.hang_up_at) == ("claimed", NOW + 5)
    assert stop(store, doras, NOW + 6) is None
    assert isinstance(begin(store, doras), Begun)
    assert as_it_is(store, doras).hang_up_at == NOW + 5


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"kind": "automatic"}, "the system makes this call"),
        ({"called_no": "0900123"}, "numbers that begin with 0900 are not dialed here"),
        ({"campaign_id": "8"}, "outside the hours of campaign 8; it opens"),
        ({"campaign_id": "9"}, "campaign 9 is paused; resume it"),
    ],
)
def test_what_may_not_be_called_is_refused_with_its_reason(
    opened: Opened, fields: dict[str, Any], says: str
) -> None:
    # NOW is 08:00 UTC.
    has_campaign(opened.session, 1, 8, workday_windows='[{"begin":540,"end":600}]')
    has_campaign(opened.session, 1, 9, status="paused")
    rule = NumberPolicy(NumberRule(denied=("0900",)))
    limits = Limits(grace_ms=GRACE, numbers=rule)
    reservation = promised(opened.store, **fields)
    (refused,) = ask(opened.store, asking(reservation, limits=limits))
    assert isinstance(refused, CallRefused)
    assert says in refused.sentence
    assert opened.store.attempts.of(1, reservation.id) == []


def test_what_is_not_open_is_refused(store: SqlStore) -> None:
    gone, done = promised(store, 1), promised(store, 2)
    carry_out(store, order(gone.id, Cancel()), order(done.id, Result(fail_code="00000")))
    first, second = ask(store, asking(gone, 1), asking(done, 2))
    assert isinstance(first, NoSuchReservation)
    assert "has been made" in second.sentence


@pytest.mark.parametrize("how", [Pause(), Delete()], ids=["paused", "deleted"])
def test_an_agent_who_answers_too_late_rings_nobody_and_is_told(store: SqlStore, how: Any) -> None:
    attempt = taken(store)
    rearrange(store, Pause())
    if isinstance(how, Delete):
        rearrange(store, how)
    outcome = begin(store, attempt)
    assert isinstance(outcome, Withdrawn)
    ended = as_it_is(store, attempt)
    assert (ended.outcome, ended.cause_text) == ("withdrawn", outcome.why)
    assert standing(store, attempt).state == "waiting"


def test_a_reservation_cancelled_while_the_phone_rings_is_not_dialed(store: SqlStore) -> None:
    attempt = taken(store)
    carry_out(store, order(attempt.reservation_id, Cancel()))
    assert isinstance(begin(store, attempt), Withdrawn)


def test_a_phone_is_free_again_when_its_call_has_ended(store: SqlStore) -> None:
    attempt = placed(store)
    end(store, ending(attempt, BUSY))
    (again,) = ask(store, asking(standing(store, attempt), 9))
    assert (again.number, again.state) == (2, "claimed")
