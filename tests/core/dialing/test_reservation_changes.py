"""What the dialer does to a reservation, and what of that is a change of the promise."""

from typing import Any

import msgspec
import pytest

from callkeeper.core.campaigns.dial_settings import DialSettings, Retry
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.policy import GiveUp, Rule, Wait
from callkeeper.core.dialing.reservation_changes import (
    begun,
    claimed,
    ended,
    given_up,
    handed_back,
    held,
    not_dialed,
)
from callkeeper.core.reservations.reservation import Reservation
from tests.core.dialing.test_outcomes import attempt
from tests.core.reservations.test_reservation import LATER, NOW, differences, standing

RETRIES = DialSettings(retries=(Retry("busy", 2, 60),))


def due(**fields: Any) -> Reservation:
    """Return an automatic reservation that is due and looked at this instant."""
    given: dict[str, Any] = {"kind": "automatic", "due_at": NOW, "look_at": NOW}
    return standing(**given | fields)


def calling(**fields: Any) -> Reservation:
    """Return one that is being called for the first time."""
    given: dict[str, Any] = {"state": "calling", "tries": 1, "look_at": None}
    return due(**given | fields)


def over(outcome: str, **fields: Any) -> Attempt:
    """Return an attempt that has ended."""
    given: dict[str, Any] = {
        "state": "ended",
        "outcome": outcome,
        "fail_code": "00537",
        "placing_at": NOW + 1,
        "ended_at": NOW + 2,
    }
    return attempt(**given | fields)


def notes(old: Reservation, new: Reservation) -> dict[str, Any]:
    """Return what differs in all, of something that is no change of the promise."""
    before, now = msgspec.structs.asdict(old), msgspec.structs.asdict(new)
    return {name: value for name, value in now.items() if value != before[name]}


def test_a_claimed_reservation_is_looked_at_no_more_and_nothing_else_changes() -> None:
    assert notes(due(), claimed(due())) == {"look_at": None}


def test_a_reservation_handed_back_is_looked_at_now() -> None:
    old = due(look_at=None)
    assert notes(old, handed_back(old, LATER)) == {"look_at": LATER}


@pytest.mark.parametrize("state", ["calling", "done", "cancelled", "expired"])
def test_a_reservation_that_does_not_wait_any_more_is_handed_back_to_nobody(state: str) -> None:
    old = due(state=state, look_at=None)
    assert handed_back(old, LATER) == old


RULES: list[Rule] = ["status", "vdn_cap", "campaign_cap", "line"]


@pytest.mark.parametrize("rule", RULES)
def test_a_hold_is_a_note_and_moves_nothing_but_the_next_look(rule: Rule) -> None:
    old = due()
    assert notes(old, held(old, Wait(rule, LATER, "because"))) == {
        "look_at": LATER,
        "held_by": rule,
        "verdict": "because",
    }


def test_a_hold_by_its_hours_moves_when_it_is_due_and_never_back() -> None:
    wait = Wait("hours", LATER, "closed")
    assert held(due(), wait).due_at == LATER
    assert held(due(due_at=None), wait).due_at == LATER
    assert held(due(due_at=LATER + 1), wait).due_at == LATER + 1


def test_a_reservation_whose_call_begins_is_calling_one_try_older_and_held_by_nothing() -> None:
    old = due(held_by="hours", verdict="closed")
    assert differences(old, begun(old, LATER)) == {
        "state": "calling",
        "tries": 1,
        "look_at": None,
        "held_by": None,
        "verdict": None,
    }


def test_a_reservation_not_dialed_waits_again_and_its_try_does_not_count() -> None:
    old = calling()
    new = not_dialed(old, "the line is down", LATER)
    assert differences(old, new) == {
        "state": "waiting",
        "tries": 0,
        "look_at": LATER + 5000,
        "held_by": "line",
        "verdict": "the line is down",
    }
    assert not new.is_dialed_by_us


def test_a_reservation_whose_attempt_ended_is_done_with_its_result() -> None:
    old = calling(due_at=NOW)
    assert differences(old, ended(old, over("busy"), DialSettings(), LATER)) == {
        "state": "done",
        "due_at": None,
        "fail_code": "00537",
        "outcome": "busy",
        "call_id": over("busy").id,
        "caller_no": "10086",
        "begin_at": NOW + 1,
        "end_at": NOW + 2,
    }


def test_a_call_of_unknown_outcome_ended_nobody_knows_when() -> None:
    done = ended(calling(end_at=NOW), over("unknown"), DialSettings(), LATER)
    assert (done.state, done.begin_at, done.end_at) == ("done", NOW + 1, None)
    assert done.outcome == "unknown"


def test_a_retry_waits_for_its_spacing_with_the_result_so_far() -> None:
    old = calling(tries=2)
    new = ended(old, over("busy"), RETRIES, LATER)
    again = LATER + 60_000
    assert (new.state, new.tries, new.due_at, new.look_at) == ("waiting", 2, again, again)
    assert (new.held_by, new.verdict) == ("retry", "try 2 ended with busy; try 3 follows")
    assert new.fail_code == "00537"
    assert new.version == old.version + 1


def test_a_verdict_tells_an_outcome_in_words() -> None:
    dial_settings = DialSettings(retries=(Retry("no_answer", 1, 60),))
    new = ended(calling(), over("no_answer"), dial_settings, LATER)
    assert new.verdict == "try 1 ended with no answer; try 2 follows"


@pytest.mark.parametrize(("outcome", "tries"), [("busy", 3), ("answered", 1), ("unknown", 1)])
def test_after_the_last_try_or_another_outcome_it_is_done(outcome: str, tries: int) -> None:
    done = ended(calling(tries=tries), over(outcome), RETRIES, LATER)
    assert (done.state, done.due_at, done.look_at, done.held_by) == ("done", None, None, None)


def test_a_reservation_never_tried_expires_and_says_why() -> None:
    old = due()
    assert differences(old, given_up(old, GiveUp("grace", "too late"), LATER)) == {
        "state": "expired",
        "due_at": None,
        "look_at": None,
        "held_by": "grace",
        "verdict": "too late",
    }


def test_what_expired_keeps_what_held_it_last_and_what_was_tried_tells_of_the_rule() -> None:
    verdict = GiveUp("grace", "campaign 7 was paused", "paused")
    assert given_up(due(), verdict, LATER).held_by == "paused"
    assert given_up(due(tries=1), verdict, LATER).held_by == "grace"


def test_a_reservation_tried_before_is_done_with_what_came_of_that() -> None:
    old = due(tries=1, fail_code="00537", call_id="c1")
    new = given_up(old, GiveUp("campaign_ended", "over"), LATER)
    assert (new.state, new.fail_code, new.call_id) == ("done", "00537", "c1")
    assert (new.held_by, new.verdict) == ("campaign_ended", "over")
