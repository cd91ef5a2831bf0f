"""The end of an attempt, on both engines: once, of that attempt only, with all the evidence."""

import msgspec
import pytest

from callkeeper.core.campaigns.changes import Arrange, Delete, Pause
from callkeeper.core.dialing.attempt import Hangup
from callkeeper.core.dialing.attempt_changes import Evidence
from callkeeper.core.dialing.outcomes import FailCodes
from callkeeper.core.reservations.changes import Result
from callkeeper.store.rows.store import SqlStore
from tests.store.calls import (
    BUSY,
    RETRIES,
    as_it_is,
    begin,
    begun,
    claim,
    claimed,
    end,
    ending,
    note,
    rearrange,
    standing,
    word,
)
from tests.store.orders import NOW, Opened, carry_out, check_history, has_campaign, order

MINUTE = 60_000


def test_an_end_writes_the_result_of_its_reservation_and_keeps_the_evidence(
    store: SqlStore,
) -> None:
    attempt = begun(store)
    note(store, word(attempt, placed_at=NOW + 1, ringing_at=NOW + 2))
    (over,) = end(store, ending(attempt, at=NOW + 9))
    assert over == as_it_is(store, attempt)
    assert (over.state, over.outcome, over.fail_code, over.ended_at) == (
        "ended",
        "busy",
        "00537",
        NOW + 9,
    )
    assert (over.cause, over.cause_text, over.sip_code) == (17, "User busy", 486)
    done = standing(store, attempt)
    assert (done.state, done.fail_code, done.call_id) == ("done", "00537", attempt.id)
    assert (done.begin_at, done.end_at, done.tries) == (NOW, NOW + 9, 1)
    assert (done.due_at, done.look_at) == (None, None)
    event = store.history.of(1, done.id)[-1]
    assert (event.what, event.by_whom, event.happened_at) == ("outcome", "dialer dora", NOW + 9)
    assert msgspec.json.decode(event.detail) == {
        "attempt": attempt.id,
        "number": 1,
        "outcome": "busy",
        "fail_code": "00537",
        "cause": 17,
        "cause_text": "User busy",
        "sip_code": 486,
        "ringing_at": NOW + 2,
    }
    check_history(store, done)


@pytest.mark.parametrize(
    ("evidence", "outcome", "fail_code"),
    [
        (Hangup(16), "no_answer", "00601"),
        (Hangup(99, "odd"), "failed", "00155"),
        ("refused", "refused", "34606"),
        ("silence", "unknown", "34608"),
    ],
)
def test_each_kind_of_evidence_has_its_outcome(
    store: SqlStore, evidence: Evidence, outcome: str, fail_code: str
) -> None:
    attempt = begun(store)
    (over,) = end(store, ending(attempt, evidence, remark="the line said so"))
    assert (over.outcome, over.fail_code) == (outcome, fail_code)
    text = evidence.text if isinstance(evidence, Hangup) else "the line said so"
    assert over.cause_text == text
    assert standing(store, attempt).fail_code == fail_code


def test_a_call_of_unknown_outcome_ended_nobody_knows_when(store: SqlStore) -> None:
    attempt = begun(store)
    end(store, ending(attempt, "silence"))
    done = standing(store, attempt)
    assert (done.begin_at, done.end_at) == (NOW, None)


@pytest.mark.parametrize("evidence", [Hangup(16), "silence"])
def test_an_answered_call_stays_answered_however_it_ended(
    store: SqlStore, evidence: Evidence
) -> None:
    attempt = begun(store)
    note(store, word(attempt, answered_at=NOW + 2))
    (over,) = end(store, ending(attempt, evidence))
    assert (over.outcome, over.answered_at) == ("answered", NOW + 2)
    done = standing(store, attempt)
    assert (done.fail_code, done.end_at) == ("00000", over.ended_at)


@pytest.mark.parametrize("evidence", [Hangup(16), "silence"])
def test_an_end_brings_along_what_was_heard_and_is_not_yet_put_down(
    store: SqlStore, evidence: Evidence
) -> None:
    attempt = begun(store)
    note(store, word(attempt, ringing_at=NOW + 1))
    heard = word(attempt, ringing_at=NOW + 5, answered_at=NOW + 2)
    (over,) = end(store, ending(attempt, evidence, heard=heard))
    assert (over.outcome, over.ringing_at, over.answered_at) == ("answered", NOW + 1, NOW + 2)
    assert standing(store, attempt).fail_code == "00000"


def test_the_operators_codes_are_written(store: SqlStore) -> None:
    attempt = begun(store)
    end(store, ending(attempt, codes=FailCodes({"sip 486": "BUSY1"})))
    assert standing(store, attempt).fail_code == "BUSY1"


def test_an_attempt_ends_once(store: SqlStore) -> None:
    attempt = begun(store)
    first, second = end(store, ending(attempt), ending(attempt, Hangup(16)))
    assert (first.outcome, second) == ("busy", None)
    before = standing(store, attempt)
    assert end(store, ending(attempt, Hangup(16))) == [None]
    assert as_it_is(store, attempt) == first
    assert standing(store, attempt) == before
    check_history(store, before)


def test_an_attempt_only_claimed_does_not_end(store: SqlStore) -> None:
    attempt = claimed(store)
    assert end(store, ending(attempt)) == [None]
    assert as_it_is(store, attempt) == attempt


def test_only_the_attempt_of_that_reservation_ends(store: SqlStore) -> None:
    one, other = begun(store, 1), begun(store, 2)
    wrong = ending(one, reservation_id=other.reservation_id)
    assert end(store, wrong, ending(one, vdn=2), ending(one, attempt_id="nobody")) == [None] * 3
    assert [as_it_is(store, each) for each in (one, other)] == [one, other]
    assert [standing(store, each).state for each in (one, other)] == ["calling", "calling"]


def test_a_late_end_cannot_close_the_next_try(opened: Opened) -> None:
    has_campaign(opened.session, 1, 8, dial_settings=msgspec.json.encode(RETRIES).decode())
    store = opened.store
    first = begun(store, campaign_id="8")
    end(store, ending(first, at=NOW))
    (second,) = claim(store, at=NOW + MINUTE).attempts
    begin(store, second, at=NOW + MINUTE)
    assert end(store, ending(first, Hangup(16))) == [None]
    assert note(store, word(first, answered_at=NOW)) == [False]
    assert standing(store, first).state == "calling"
    assert as_it_is(store, second).state == "placing"


def test_a_line_that_could_not_be_asked_leaves_the_promise_as_it_was(store: SqlStore) -> None:
    attempt = begun(store)
    (over,) = end(store, ending(attempt, "down", remark="the line is down", at=NOW + 1))
    assert (over.state, over.outcome, over.fail_code) == ("ended", "withdrawn", None)
    back = standing(store, attempt)
    assert (back.state, back.tries, back.look_at) == ("waiting", 0, NOW + 5_001)
    assert (back.held_by, back.verdict) == ("line", "the line is down")
    assert (back.fail_code, back.call_id, back.due_at) == (None, None, NOW)
    assert store.history.of(1, back.id)[-1].what == "not_dialed"
    check_history(store, back)
    assert claim(store, at=NOW + 5_000).attempts == []
    (again,) = claim(store, at=NOW + 5_001).attempts
    assert again.number == 1


@pytest.mark.parametrize("evidence", [BUSY, "down"])
def test_what_was_filed_while_the_system_called_is_not_called_again(
    opened: Opened, evidence: Evidence
) -> None:
    has_campaign(opened.session, 1, 8, dial_settings=msgspec.json.encode(RETRIES).decode())
    store = opened.store
    attempt = begun(store, campaign_id="8")
    carry_out(store, order(attempt.reservation_id, Result(business_result="sold")))
    end(store, ending(attempt, evidence, remark="the line is down", at=NOW + 1))
    done = standing(store, attempt)
    assert (done.state, done.business_result, done.look_at) == ("done", "sold", None)
    assert not store.due.is_any(NOW + 100 * MINUTE)
    check_history(store, done)


def test_a_retry_waits_for_its_spacing_and_the_last_try_is_final(opened: Opened) -> None:
    has_campaign(opened.session, 1, 8, dial_settings=msgspec.json.encode(RETRIES).decode())
    store = opened.store
    first = begun(store, campaign_id="8")
    end(store, ending(first, at=NOW))
    waiting = standing(store, first)
    assert (waiting.state, waiting.held_by, waiting.fail_code) == ("waiting", "retry", "00537")
    assert (waiting.due_at, waiting.look_at) == (NOW + MINUTE, NOW + MINUTE)
    assert claim(store, at=NOW + MINUTE - 1).attempts == []
    (second,) = claim(store, at=NOW + MINUTE).attempts
    assert (second.number, second.due_at) == (2, NOW + MINUTE)
    begin(store, second, at=NOW + MINUTE)
    end(store, ending(second, Hangup(17, "again"), at=NOW + MINUTE + 1))
    done = standing(store, first)
    assert (done.state, done.tries, done.call_id) == ("done", 2, second.id)
    assert not store.due.is_any(NOW + 100 * MINUTE)
    assert [each.number for each in store.attempts.of(1, first.reservation_id)] == [1, 2]
    check_history(store, done)


@pytest.mark.parametrize("evidence", [Hangup(16), "silence", "refused"])
def test_another_outcome_is_not_tried_again(opened: Opened, evidence: Evidence) -> None:
    has_campaign(opened.session, 1, 8, dial_settings=msgspec.json.encode(RETRIES).decode())
    attempt = begun(opened.store, campaign_id="8")
    end(opened.store, ending(attempt, evidence))
    assert standing(opened.store, attempt).state == "done"


def test_the_dial_settings_that_count_are_those_at_the_end(opened: Opened) -> None:
    attempt = begun(opened.store)
    rearrange(opened.store, Arrange(retries=RETRIES.retries))
    end(opened.store, ending(attempt))
    assert standing(opened.store, attempt).state == "waiting"


def test_a_deleted_campaign_tries_nothing_again(opened: Opened) -> None:
    store = opened.store
    rearrange(store, Arrange(retries=RETRIES.retries))
    attempt = begun(store)
    rearrange(store, Pause())
    rearrange(store, Delete())
    end(store, ending(attempt))
    assert standing(store, attempt).state == "done"


def test_a_persons_result_while_it_is_called_keeps_what_is_the_systems(store: SqlStore) -> None:
    attempt = begun(store)
    filed = Result(agent="bob", fail_code="99999", call_id="mine", business_result="10")
    carry_out(store, order(attempt.reservation_id, filed))
    assert standing(store, attempt).state == "calling"
    end(store, ending(attempt, BUSY))
    done = standing(store, attempt)
    assert (done.fail_code, done.call_id) == ("00537", attempt.id)
    assert (done.agent, done.business_result) == ("bob", "10")
    check_history(store, done)


def test_many_attempts_end_in_one_batch_each_with_its_own(store: SqlStore) -> None:
    attempts = [begun(store, number) for number in range(5)]
    outcomes = end(store, *(ending(each, Hangup(16 + n)) for n, each in enumerate(attempts)))
    assert [each.cause for each in outcomes] == [16, 17, 18, 19, 20]
    for attempt, over in zip(attempts, outcomes, strict=True):
        assert standing(store, attempt).fail_code == over.fail_code
        check_history(store, standing(store, attempt))
