"""Never more calls at once, nor faster, than may be; and all get their turn."""

from collections import Counter
from itertools import pairwise

import pytest

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.reservations import Wanted
from tests.dialer.stage import MINUTE, Stage
from tests.store.orders import has_campaign

LIMITS = Limits(grace_ms=30 * MINUTE)
CALL_SECONDS = 6  # a call takes 5.5 s, from its placing to its end


def attempts(stage: Stage, promised: list[Reservation]) -> list[Attempt]:
    """Return the attempts of reservations that are all done, one for each."""
    assert [stage.standing(each).state for each in promised] == ["done"] * len(promised)
    made = [attempt for each in promised for attempt in stage.attempts(each)]
    assert len(made) == len(promised)
    return made


def most_at_once(made: list[Attempt]) -> int:
    """Return how many were live at once, at the most; to be claimed is to be live."""
    instants = [each.claimed_at for each in made]
    return max(
        sum(each.claimed_at <= now < (each.ended_at or 0) for each in made) for now in instants
    )


@pytest.mark.parametrize("names", [["dora"], ["dora", "emma"]])
def test_a_line_has_no_more_calls_than_it_may_whoever_dials(stage: Stage, names: list[str]) -> None:
    promised = [stage.due(number) for number in range(20)]
    dialers = [stage.dialer(name, calls_max=3) for name in names]
    stage.run(*dialers, seconds=CALL_SECONDS * 8)
    assert most_at_once(attempts(stage, promised)) == 3


def test_a_vdn_has_no_more_calls_than_it_may_and_others_need_not_wait(stage: Stage) -> None:
    limits = Limits(LIMITS.grace_ms, vdn_calls_max=2)
    mine = [stage.due(number) for number in range(6)]
    others = [stage.due(number, vdn=2) for number in range(10, 12)]
    stage.run(stage.dialer(limits=limits), seconds=40)
    made = attempts(stage, mine)
    assert most_at_once(made) == 2
    first = min(each.claimed_at for each in made)
    assert [each.claimed_at for each in attempts(stage, others)] == [first, first]


def test_a_campaign_has_no_more_calls_than_it_says_itself(stage: Stage) -> None:
    limits = Limits(LIMITS.grace_ms, campaign_calls_max=2)
    has_campaign(stage.session, 1, 8, dial_settings='{"calls_max":3}')
    ours = [stage.due(number, campaign_id="8") for number in range(6)]
    theirs = [stage.due(number) for number in range(10, 16)]
    stage.run(stage.dialer(limits=limits), seconds=40)
    assert most_at_once(attempts(stage, ours)) == 3
    assert most_at_once(attempts(stage, theirs)) == 2


def test_a_call_held_by_a_bound_says_which(stage: Stage) -> None:
    limits = Limits(LIMITS.grace_ms, vdn_calls_max=1)
    _, held = stage.due(1), stage.due(2)
    stage.run(stage.dialer(limits=limits))
    standing = stage.standing(held)
    assert standing.held_by == "vdn_cap"
    assert standing.verdict == "VDN 1 has 1 calls, as many as it may"


def test_a_backlog_of_a_paused_campaign_expires(stage: Stage) -> None:
    has_campaign(stage.session, 1, 8, status="paused")
    stage.all_due(range(700), campaign_id="8")
    stage.clock.move(LIMITS.grace_ms + MINUTE * 6)
    stage.run(stage.dialer(limits=LIMITS), seconds=40)  # a clock that was set is believed then
    found = stage.store.reservations.find(Wanted(1, 0, 700)).listed
    assert Counter(each.reservation.state for each in found) == {"expired": 700}


@pytest.mark.parametrize("names", [["dora"], ["dora", "emma"]])
def test_a_line_dials_no_faster_than_it_may_and_no_slower_than_it_could(
    stage: Stage, names: list[str]
) -> None:
    promised = [stage.due(number) for number in range(20)]
    dialers = [stage.dialer(name, calls_per_second=4.0) for name in names]
    stage.run(*dialers, seconds=12, step_ms=50)
    begun = sorted(each.claimed_at for each in attempts(stage, promised))
    gaps = [late - early for early, late in pairwise(begun)]
    assert gaps == [250 - 100] + [250] * 18  # it begins with a tenth of a second to catch up on


def test_the_call_due_first_is_dialed_first(stage: Stage) -> None:
    promised = [stage.due(number, appoint_at=stage.clock.now() + 9 - number) for number in range(9)]
    stage.run(stage.dialer(calls_per_second=1.0), seconds=20)
    begun = [each.claimed_at for each in attempts(stage, promised)]
    assert begun == sorted(begun, reverse=True)
    assert len(set(begun)) == 9
