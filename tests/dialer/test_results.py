"""An automatic reservation is dialed by itself, and its result is written by itself."""

import pytest

from tests.dialer.stage import Stage
from tests.store.orders import check_history


@pytest.mark.parametrize(
    ("called_no", "fail_code", "outcome"),
    [
        ("66660001", "00000", "answered"),
        ("66660002", "00537", "busy"),
        ("66660003", "01040", "no_answer"),
        ("66660004", "00604", "rejected"),
        ("66660005", "00605", "congestion"),
        ("66660006", "34608", "unknown"),
        ("66660008", "34606", "refused"),
        ("66660009", "00538", "wrong_number"),
    ],
)
def test_how_it_ended_is_on_record(
    stage: Stage, called_no: str, fail_code: str, outcome: str
) -> None:
    reservation = stage.due(1, called_no)
    stage.run(stage.dialer(), seconds=60)
    standing = stage.standing(reservation)
    assert (standing.state, standing.fail_code, standing.tries) == ("done", fail_code, 1)
    (attempt,) = stage.attempts(reservation)
    assert (attempt.outcome, attempt.fail_code) == (outcome, fail_code)
    assert (standing.call_id, standing.caller_no) == (attempt.id, "10086")
    assert standing.begin_at == attempt.placing_at
    assert standing.end_at == (None if outcome == "unknown" else attempt.ended_at)
    check_history(stage.store, standing)
