"""What the line's words about an attempt amount to, and what an operator may change of it."""

from typing import Any

import pytest

from callkeeper.core.dialing.attempt import Attempt, Hangup
from callkeeper.core.dialing.outcomes import FINDINGS, FailCodes, Finding

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
    (23, "congestion", "00605"),
    (27, "unreachable", "00549"),
    (28, "wrong_number", "00538"),
    (34, "congestion", "00605"),
    (38, "congestion", "00605"),
    (42, "congestion", "00605"),
]
NAMED = [
    ("rang", "no_answer", "00603"),
    ("sip 607", "rejected", "00604"),
    ("sip 608", "rejected", "00604"),
    ("answered", "answered", "00000"),
    ("agent left", "no_answer", "00601"),
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
    return FailCodes(changed or {}).of_end(attempt(**fields), hangup, NOW + milliseconds)


def unheard(milliseconds: int, hangup: Hangup) -> Finding:
    """Return the same of one that was not heard to ring, when not all was heard."""
    quiet = attempt(ringing_at=None)
    return FailCodes().of_end(quiet, hangup, NOW + milliseconds, is_all_heard=False)


@pytest.mark.parametrize("state", ["claimed", "placing", "placed"])
def test_an_attempt_is_live_until_it_has_ended(state: str) -> None:
    assert attempt(state=state).is_live
    assert not attempt(state="ended").is_live


@pytest.mark.parametrize(("cause", "outcome", "fail_code"), TABLE)
def test_each_cause_has_its_outcome_and_its_code(cause: int, outcome: str, fail_code: str) -> None:
    assert after(3 * SECOND, Hangup(cause), ringing_at=None) == (outcome, fail_code)


@pytest.mark.parametrize(("evidence", "outcome", "fail_code"), NAMED)
def test_an_end_without_a_cause_has_its_outcome_and_its_code(
    evidence: str, outcome: str, fail_code: str
) -> None:
    assert FailCodes().named(evidence) == (outcome, fail_code)


def test_the_tables_of_this_test_are_all_there_is() -> None:
    listed = {f"cause {cause}" for cause, _, _ in TABLE} | {name for name, _, _ in NAMED}
    assert set(FINDINGS) == listed


@pytest.mark.parametrize("cause", [2, 31, 41, 102, 999])
def test_any_other_cause_is_a_failure(cause: int) -> None:
    assert after(3 * SECOND, Hangup(cause)) == ("failed", "00155")
    assert after(3 * SECOND, Hangup(127), ringing_at=None) == ("failed", "00155")


@pytest.mark.parametrize("cause", [0, 16, 17, 31, 127])
def test_a_call_that_was_answered_was_answered_however_it_ended(cause: int) -> None:
    assert after(99 * SECOND, Hangup(cause), answered_at=NOW + 1) == ("answered", "00000")


# What the line itself says when it gives up: 16, and newer ones.
TIMEOUTS = [Hangup(0, "Unknown"), Hangup(19, "User alerting, no answer", 480)]


@pytest.mark.parametrize("hangup", TIMEOUTS)
@pytest.mark.parametrize(
    ("milliseconds", "fail_code"),
    [
        (0, "00603"),
        (RINGS * SECOND - 1001, "00603"),
        (RINGS * SECOND - 1000, "01040"),
        (RINGS * SECOND, "01040"),
        (RINGS * SECOND + 1, "01040"),
    ],
)
def test_a_call_that_ends_after_its_ringing_time_rang_out_whatever_the_version_calls_it(
    milliseconds: int, hangup: Hangup, fail_code: str
) -> None:
    assert after(milliseconds, hangup) == ("no_answer", fail_code)


@pytest.mark.parametrize("hangup", TIMEOUTS)
def test_a_call_that_never_rang_did_not_ring_out(hangup: Hangup) -> None:
    """Asterisk has the same cause for a far end that is not there."""
    found = after(RINGS * SECOND, hangup, {"cause 19": "C", "sip 480": "S"}, ringing_at=None)
    assert found == ("congestion", "00605")


@pytest.mark.parametrize("hangup", TIMEOUTS)
def test_a_call_that_may_have_rung_unheard_is_no_congestion(hangup: Hangup) -> None:
    assert unheard(RINGS * SECOND, hangup) == FINDINGS["ring timeout"]
    assert unheard(3 * SECOND, hangup) == ("no_answer", "00603")


def test_the_ringing_time_is_the_attempts_own() -> None:
    assert after(60 * SECOND, Hangup(0), alerting_seconds=60) == FINDINGS["ring timeout"]
    assert after(RINGS * SECOND, Hangup(0), alerting_seconds=60) == FINDINGS["rang"]


@pytest.mark.parametrize("hangup", [Hangup(0), Hangup(23, "", 302), Hangup(127, "", 487)])
def test_a_call_that_rang_and_ended_without_a_reason_was_not_answered(hangup: Hangup) -> None:
    assert after(3 * SECOND, hangup) == ("no_answer", "00603")
    assert after(3 * SECOND, hangup, {"rang": "R"}) == ("no_answer", "R")


@pytest.mark.parametrize("hangup", [Hangup(0), Hangup(23, "", 302)])
def test_a_call_redirected_before_it_rang_is_told_alike_by_all_versions(hangup: Hangup) -> None:
    assert after(3 * SECOND, hangup, ringing_at=None) == ("congestion", "00605")


@pytest.mark.parametrize("rang_at", [None, NOW + 100])
@pytest.mark.parametrize("status", [607, 608])
def test_a_call_that_is_not_wanted_was_rejected(status: int, rang_at: int | None) -> None:
    hangup = Hangup(127, "Interworking, unspecified", status)
    assert after(3 * SECOND, hangup, ringing_at=rang_at) == ("rejected", "00604")


@pytest.mark.parametrize("cause", [16, 17, 18, 34])
def test_no_other_cause_is_ever_a_timeout(cause: int) -> None:
    assert after(99 * SECOND, Hangup(cause)) == FINDINGS[f"cause {cause}"]


def test_a_call_that_was_never_placed_did_not_ring_out() -> None:
    assert after(99 * SECOND, Hangup(0), placing_at=None) == FINDINGS["rang"]


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
