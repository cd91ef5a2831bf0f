"""How a promise was kept: by its time, its result, and now."""

from typing import Any

import msgspec
import pytest

from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.reservations.changes import Reassign, Result
from callkeeper.core.reservations.promise import Keeping, Measure, Promise, answer
from callkeeper.core.reservations.reservation import State
from tests.core.reservations.test_reservation import HOUR, NOW, after, differences, standing

GRACE = 1_800_000
MEASURE = Measure(grace_ms=GRACE)


def promise(**fields: Any) -> Promise:
    """Return the promise of a call at NOW, which nobody has made."""
    untouched: dict[str, Any] = dict.fromkeys(Promise.__struct_fields__)
    given = {"state": "waiting", "appoint_at": NOW, "tries": 0, "changed_at": NOW}
    return Promise(**untouched | given | fields)


@pytest.mark.parametrize(
    ("after_ms", "keeping"),
    [(0, "waiting"), (1, "late"), (GRACE, "late"), (GRACE + 1, "broken")],
)
def test_one_that_waits_is_late_from_its_time_on_and_broken_past_the_grace(
    after_ms: int, keeping: Keeping
) -> None:
    assert MEASURE.of(promise(), NOW + after_ms) == keeping


def test_one_that_its_campaigns_hours_put_off_is_late_from_then_on() -> None:
    put_off = promise(due_at=NOW + HOUR)
    assert MEASURE.of(put_off, NOW + HOUR) == "waiting"
    assert MEASURE.of(put_off, NOW + HOUR + 1) == "late"


def test_one_that_was_tried_and_is_tried_again_was_not_forgotten() -> None:
    assert MEASURE.of(promise(tries=1), NOW + 10 * HOUR) == "waiting"


@pytest.mark.parametrize(
    ("state", "keeping"),
    [("expired", "broken"), ("calling", "calling"), ("cancelled", "cancelled"), ("done", "kept")],
)
def test_a_state_tells_what_became_of_it(state: State, keeping: Keeping) -> None:
    assert MEASURE.of(promise(state=state), NOW) == keeping


@pytest.mark.parametrize(
    ("begin_at", "keeping"),
    [(NOW - 300_000, "kept"), (NOW + GRACE, "kept"), (NOW + GRACE + 1, "kept_late")],
)
def test_a_call_that_began_past_the_grace_was_kept_late(begin_at: int, keeping: Keeping) -> None:
    assert MEASURE.of(promise(state="done", begin_at=begin_at), NOW + HOUR) == keeping


@pytest.mark.parametrize(
    ("after_ms", "keeping"), [(-HOUR, "kept"), (GRACE, "kept"), (GRACE + 1, "kept_sometime")]
)
def test_a_result_without_a_begin_tells_that_it_was_in_time_only_if_it_was_filed_in_time(
    after_ms: int, keeping: Keeping
) -> None:
    filed = promise(state="done", fail_code="00000", changed_at=NOW + after_ms)
    assert MEASURE.of(filed, NOW + 24 * HOUR) == keeping


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"fail_code": "00000"}, "answered"),
        ({"fail_code": "0"}, "answered"),
        ({"fail_code": "20000", "outcome": "answered"}, "answered"),
        ({"fail_code": "00537", "outcome": "busy"}, "not_answered"),
        ({"business_result": "10"}, "not_told"),
    ],
)
def test_whether_anybody_answered_is_told_apart_from_whether_it_was_kept(
    fields: dict[str, str], said: str
) -> None:
    assert answer(promise(state="done", **fields)) == said


@pytest.mark.parametrize(("outcome", "keeping"), [("unknown", "unknown"), ("refused", "broken")])
def test_what_the_line_did_not_tell_or_do_is_unknown_or_broken_until_a_person_says_more(
    outcome: str, keeping: Keeping
) -> None:
    done = promise(state="done", outcome=outcome)
    assert MEASURE.of(done, NOW) == keeping
    assert MEASURE.of(msgspec.structs.replace(done, business_result="10"), NOW) == "kept"


@pytest.mark.parametrize("outcome", ["answered", "busy", "failed"])
def test_any_other_end_of_a_call_keeps_the_promise(outcome: str) -> None:
    assert MEASURE.of(promise(state="done", outcome=outcome), NOW) == "kept"


def test_a_code_that_a_person_files_is_that_persons_result() -> None:
    filed = after(Result(fail_code="34608"), standing())
    assert MEASURE.of(filed, NOW) == "kept"
    settled = standing(state="done", held_by="settled", outcome="unknown")
    assert MEASURE.of(settled, NOW) == "unknown"
    assert MEASURE.of(after(Result(caller_no="1"), settled), NOW) == "unknown"
    assert MEASURE.of(after(Result(fail_code="00000"), settled), NOW) == "kept"


def test_a_reservation_and_what_is_counted_of_it_are_judged_alike() -> None:
    late = standing(state="waiting", appoint_at=NOW - 1)
    counted = Promise(**{name: getattr(late, name) for name in Promise.__struct_fields__})
    assert MEASURE.of(late, NOW) == MEASURE.of(counted, NOW) == "late"


def test_a_reservation_that_is_reassigned_is_the_other_agents_and_nothing_else_changes() -> None:
    old = standing(agent="ann")
    assert differences(old, after(Reassign("bob", "ann"), old)) == {"agent": "bob"}


@pytest.mark.parametrize(
    "fields",
    [{"state": "done"}, {"state": "expired"}, {"agent": "cem"}, {"agent": None}],
)
def test_one_that_does_not_wait_for_that_agent_is_not_reassigned(fields: dict[str, Any]) -> None:
    with pytest.raises(ParameterWrong, match="none that waits for agent ann"):
        after(Reassign("bob", "ann"), standing(**{"agent": "ann"} | fields))


def test_an_automatic_one_is_not_reassigned() -> None:
    with pytest.raises(ParameterWrong, match="none that waits"):
        after(Reassign("bob", "ann"), standing(kind="automatic", agent="ann"))


def test_an_agents_own_is_not_reassigned_to_them() -> None:
    with pytest.raises(ParameterWrong, match="the same agent"):
        after(Reassign("ann", "ann"), standing(agent="ann"))
