"""What the line's words about an attempt amount to, and what an operator may change of it."""

from typing import Any

import pytest

from callkeeper.core.attempt import (
    FINDINGS,
    Attempt,
    FailCodes,
    Finding,
    Hangup,
    rang_out,
    says_unanswered,
)

NOW = 1_747_310_400_000
SECOND = 1000
RINGS = 20

TABLE = [
    (0, "congestion", "00605"),
    (1, "wrong_number", "00538"),
    (16, "no_answer", "00601"),
    (17, "busy", "00537"),
    (18, "no_answer", "00603"),
    (19, "no_answer", "00603"),
    (20, "unreachable", "00549"),
    (21, "rejected", "00604"),
    (22, "number_changed", "00150"),
    (27, "unreachable", "00549"),
    (28, "wrong_number", "00538"),
    (34, "congestion", "00605"),
    (38, "congestion", "00605"),
    (42, "congestion", "00605"),
]
NAMED = [
    ("answered", "answered", "00000"),
    ("ring timeout", "no_answer", "01040"),
    ("other cause", "failed", "00155"),
    ("refused", "refused", "34606"),
    ("silence", "unknown", "34608"),
]


def attempt(**fields: Any) -> Attempt:
    """Return an attempt that is being placed since NOW, and may ring for 20 s."""
    given: dict[str, Any] = {
        "vdn": 25,
        "id": "1747310400-000000000000001",
        "reservation_id": "r1",
        "campaign_id": 7,
        "number": 1,
        "line": "rehearsal",
        "holder": "dora",
        "state": "placed",
        "called_no": "66660001",
        "caller_no": "10086",
        "alerting_seconds": RINGS,
        "due_at": NOW,
        "claimed_at": NOW,
        "placing_at": NOW,
        "ringing_at": NOW + 100,
    }
    return Attempt(**given | fields)


def after(
    milliseconds: int, hangup: Hangup, changed: dict[str, str] | None = None, **fields: Any
) -> Finding:
    """Return what it means that an attempt ended so long after it was placed."""
    return FailCodes(changed).of_end(attempt(**fields), hangup, NOW + milliseconds)


@pytest.mark.parametrize("state", ["claimed", "placing", "placed"])
def test_an_attempt_is_live_until_it_has_ended(state: str) -> None:
    assert attempt(state=state).is_live
    assert not attempt(state="ended").is_live


@pytest.mark.parametrize(("cause", "outcome", "fail_code"), TABLE)
def test_each_cause_has_its_outcome_and_its_code(cause: int, outcome: str, fail_code: str) -> None:
    assert after(3 * SECOND, Hangup(cause)) == (outcome, fail_code)


@pytest.mark.parametrize(("evidence", "outcome", "fail_code"), NAMED)
def test_what_is_no_cause_has_its_outcome_and_its_code(
    evidence: str, outcome: str, fail_code: str
) -> None:
    assert FailCodes().named(evidence) == (outcome, fail_code)


def test_the_tables_of_this_test_are_all_there_is() -> None:
    listed = {f"cause {cause}" for cause, _, _ in TABLE} | {name for name, _, _ in NAMED}
    assert set(FINDINGS) == listed


@pytest.mark.parametrize("cause", [2, 31, 41, 102, 127, 999])
def test_any_other_cause_is_a_failure(cause: int) -> None:
    assert after(3 * SECOND, Hangup(cause)) == ("failed", "00155")


@pytest.mark.parametrize("cause", [0, 16, 17, 31, 127])
def test_a_call_that_was_answered_was_answered_however_it_ended(cause: int) -> None:
    assert after(99 * SECOND, Hangup(cause), answered_at=NOW + 1) == ("answered", "00000")


@pytest.mark.parametrize(
    ("milliseconds", "finding"),
    [
        (0, FINDINGS["cause 0"]),
        (RINGS * SECOND - 1001, FINDINGS["cause 0"]),
        (RINGS * SECOND - 1000, FINDINGS["ring timeout"]),
        (RINGS * SECOND, FINDINGS["ring timeout"]),
        (RINGS * SECOND + 1, FINDINGS["ring timeout"]),
    ],
)
def test_cause_0_after_the_ringing_time_is_a_timeout_and_before_it_nobody_to_ask(
    milliseconds: int, finding: Finding
) -> None:
    assert after(milliseconds, Hangup(0)) == finding


def test_the_ringing_time_is_the_attempts_own() -> None:
    assert rang_out(attempt(alerting_seconds=60), Hangup(0), NOW + 60 * SECOND)
    assert not rang_out(attempt(alerting_seconds=60), Hangup(0), NOW + RINGS * SECOND)


def test_what_never_rang_did_not_ring_out() -> None:
    """Asterisk has the same cause for a far end that is not there."""
    assert after(RINGS * SECOND, Hangup(0), ringing_at=None) == FINDINGS["cause 0"]


def test_only_causes_that_come_before_any_answer_tell_that_nobody_answered() -> None:
    """The others may end an answered call too: in good order, or by a network that failed."""
    told = {cause for cause in range(128) if says_unanswered(Hangup(cause))}
    assert told == {1, 17, 18, 19, 20, 21, 22, 27, 28, 34}


def test_only_cause_0_is_ever_a_timeout() -> None:
    assert not rang_out(attempt(), Hangup(16), NOW + 99 * SECOND)
    assert not rang_out(attempt(placing_at=None), Hangup(0), NOW + 99 * SECOND)


def test_silence_is_unknown_unless_the_call_was_answered_before() -> None:
    codes = FailCodes()
    assert codes.of_silence(attempt()) == ("unknown", "34608")
    assert codes.of_silence(attempt(ringing_at=NOW)) == ("unknown", "34608")
    assert codes.of_silence(attempt(answered_at=NOW)) == ("answered", "00000")


def test_an_operator_changes_the_code_of_a_cause_and_never_its_outcome() -> None:
    assert after(0, Hangup(17), {"cause 17": "B"}) == ("busy", "B")
    assert after(0, Hangup(18), {"cause 17": "B"}) == FINDINGS["cause 18"]


def test_an_operator_sets_the_code_of_a_cause_that_has_none_of_its_own() -> None:
    assert after(0, Hangup(102), {"cause 102": "C"}) == ("failed", "C")
    assert after(0, Hangup(103), {"cause 102": "C", "other cause": "O"}) == ("failed", "O")


def test_the_code_of_a_sip_status_comes_before_that_of_a_cause() -> None:
    changed = {"cause 17": "C", "sip 486": "S"}
    assert after(0, Hangup(17, "", 486), changed) == ("busy", "S")
    assert after(0, Hangup(17, "", 600), changed) == ("busy", "C")
    assert after(0, Hangup(17), changed) == ("busy", "C")


@pytest.mark.parametrize("evidence", sorted(FINDINGS))
def test_an_operator_changes_any_code_by_the_name_of_its_evidence(evidence: str) -> None:
    codes = FailCodes({evidence: "X"})
    assert codes.named(evidence) == FINDINGS[evidence]._replace(fail_code="X")
    for other in FINDINGS.keys() - {evidence}:
        assert codes.named(other) == FINDINGS[other]


def test_the_changed_codes_count_wherever_they_apply() -> None:
    changed = {"answered": "A", "ring timeout": "R", "silence": "S"}
    assert after(0, Hangup(16), changed, answered_at=NOW) == ("answered", "A")
    assert after(RINGS * SECOND, Hangup(0), changed) == ("no_answer", "R")
    assert FailCodes(changed).of_silence(attempt()) == ("unknown", "S")
    assert FailCodes(changed).of_silence(attempt(answered_at=NOW)) == ("answered", "A")
