"""Clocks are set, back, ahead, for a moment or for good: no promise is lost, nobody rung early."""

import pytest

from callkeeper.clock import HandClock
from callkeeper.core.reservations.reservation import Reservation
from tests.dialer.faults import Actor, Exchange, act, attempt_of, enter, outcomes
from tests.dialer.stage import LEAD, MINUTE, Stage
from tests.store.orders import NOW, check_history, has_campaign

HOUR = 60 * MINUTE
GRACE = 30 * MINUTE
LEAPS = (-2 * HOUR, -10 * MINUTE, -3_000, 3_000, 90_000, 2 * HOUR)


@pytest.fixture
def exchange(stage: Stage) -> Exchange:
    return Exchange(stage)


@pytest.fixture
def dora(stage: Stage, exchange: Exchange) -> Actor:
    return enter(stage, exchange)


def calls(stage: Stage, *reservations: Reservation) -> list[int]:
    """Return how often each was dialed."""
    return [
        sum(each.outcome != "withdrawn" for each in stage.attempts(reservation))
        for reservation in reservations
    ]


@pytest.mark.parametrize("leap_ms", LEAPS)
def test_a_clock_that_is_wrong_for_three_seconds_changes_nothing(
    stage: Stage, exchange: Exchange, dora: Actor, leap_ms: int
) -> None:
    """+2 h for 3 s made every promise expire that was due, and rang every one that was not."""
    has_campaign(stage.session, 1, 8, workday_windows='[{"begin":480,"end":481}]')
    act(stage, dora, seconds=31)
    later = [stage.due(each, appoint_at=NOW + LEAD + 50 * MINUTE) for each in range(3)]
    at_once = [stage.due(each) for each in range(3, 6)]
    closing = stage.due(6, campaign_id="8")  # at 8:01, and what is due then is for tomorrow
    stage.clock.leap(leap_ms)
    act(stage, dora, seconds=3)
    stage.clock.leap(-leap_ms)
    act(stage, dora, seconds=5)
    due = [*at_once, closing]
    assert calls(stage, *due) == [1] * 4
    assert calls(stage, *later) == [0] * 3
    act(stage, dora, seconds=50 * 60, step_ms=10_000)
    assert calls(stage, *due, *later) == [1] * 7
    assert len(exchange.asked) == 7
    check_history(stage.store, *due, *later)


@pytest.mark.parametrize("leap_ms", LEAPS)
def test_after_a_leap_for_good_it_goes_on_at_once(stage: Stage, dora: Actor, leap_ms: int) -> None:
    """What stood in the database was ahead, and stopped all dialing until then."""
    has_campaign(stage.session, 1, 8, begin_at=NOW - 24 * HOUR)
    before = stage.due(1, campaign_id="8")
    act(stage, dora, seconds=31)
    stage.clock.leap(leap_ms)
    after = [stage.due(each, campaign_id="8") for each in range(2, 5)]
    act(stage, dora, seconds=31)
    assert calls(stage, before, *after) == [1] * 4
    later = stage.due(5, campaign_id="8")
    act(stage, dora)
    assert calls(stage, later) == [1]


@pytest.mark.parametrize("leap_ms", [-2 * HOUR, -10 * MINUTE, -3_000])
def test_a_dispatcher_that_begins_after_a_clock_was_set_back_dials_at_once(
    stage: Stage, exchange: Exchange, dora: Actor, leap_ms: int
) -> None:
    act(stage, dora, seconds=1)
    first = stage.due(1)
    act(stage, dora)
    has_campaign(stage.session, 1, 8, begin_at=NOW - 24 * HOUR)
    stage.clock.leap(leap_ms)
    after = stage.due(2, campaign_id="8")
    emma = enter(stage, exchange, "emma", calls_per_second=5.0)
    act(stage, emma)
    assert calls(stage, after) == [1]
    act(stage, emma, seconds=30)
    assert outcomes(stage, first) == ["answered"]


@pytest.mark.parametrize("leap_ms", [-2 * HOUR, 2 * HOUR, 90_000])
def test_a_leap_in_mid_call_ends_no_call_and_rings_nobody_again(stage: Stage, leap_ms: int) -> None:
    exchange = Exchange(stage, talk_ms=5 * MINUTE)
    dora = enter(stage, exchange)
    reservation = stage.due(1)
    act(stage, dora, seconds=10)
    stage.clock.leap(leap_ms)
    act(stage, dora, seconds=6 * 60)
    assert attempt_of(stage, reservation).outcome == "answered"
    assert len(exchange.asked) == 1
    check_history(stage.store, stage.standing(reservation))


def test_a_call_too_late_while_nobody_dialed_expires_half_a_minute_after_somebody_begins(
    stage: Stage, exchange: Exchange
) -> None:
    """A machine's clock is often wrong just after its start."""
    late = [stage.due(each) for each in range(3)]
    stage.clock.leap(LEAD + GRACE + 1)
    emma = enter(stage, exchange)
    act(stage, emma, seconds=29.5)
    assert {stage.standing(each).state for each in late} == {"waiting"}
    writes = emma.writer.counts["due.claim"]
    stage.clock.leap(-LEAD - GRACE - 1)
    act(stage, emma, seconds=10)
    assert writes > 0
    assert {stage.standing(each).state for each in late} == {"waiting"}
    act(stage, emma, seconds=60)
    assert calls(stage, *late) == [1] * 3


def test_and_if_the_clock_was_right_it_expires_then(stage: Stage, exchange: Exchange) -> None:
    late = stage.due(1)
    stage.clock.move(LEAD + GRACE + 1)
    emma = enter(stage, exchange)
    act(stage, emma, seconds=31)
    expired = stage.standing(late)
    assert (expired.state, expired.held_by) == ("expired", "grace")
    assert len([each for each in stage.store.history.of(1, late.id) if each.what == "expired"]) == 1


def test_one_whose_clock_is_fast_stops_nobody_when_its_database_knows_better(
    stage: Stage, exchange: Exchange, dora: Actor
) -> None:
    """Killed, it left leases and a pace of a minute and a half to come: 30 stuck, 92 not rung."""
    stage.database.clock = stage.clock
    fast = HandClock(NOW + 90_000)
    emma = enter(stage, exchange, "emma", clock=fast)
    later = stage.due(1, appoint_at=NOW + LEAD + MINUTE)
    due = [stage.due(each) for each in range(2, 12)]
    act(stage, emma)
    assert calls(stage, *due, later) == [1] * 10 + [0]
    assert [each.lease_until for each in stage.store.leases.all()] == [NOW + 15_000]
    more = [stage.due(each) for each in range(12, 20)]
    act(stage, dora)
    assert calls(stage, *due, *more) == [1] * 18
    act(stage, dora, seconds=30)
    assert {stage.standing(each).state for each in (*due, *more)} == {"done"}


def test_one_whose_clock_is_slow_dials_by_the_databases(stage: Stage, exchange: Exchange) -> None:
    stage.database.clock = stage.clock
    slow = HandClock(NOW - 2 * HOUR)
    emma = enter(stage, exchange, "emma", clock=slow)
    reservation = stage.due(1)
    act(stage, emma)  # asks the database
    act(stage, emma)
    assert calls(stage, reservation) == [1]


def test_a_leap_is_told_and_the_lease_is_renewed_at_once(stage: Stage, dora: Actor) -> None:
    act(stage, dora)
    assert dora.writer.counts["leases.renew"] == 1
    stage.clock.leap(2_001)
    act(stage, dora)
    assert dora.writer.counts["leases.renew"] == 2
    act(stage, dora)
    assert dora.writer.counts["leases.renew"] == 2


def test_a_call_that_hangs_on_the_clock_says_so(stage: Stage, dora: Actor) -> None:
    act(stage, dora, seconds=31)
    dora.line.is_up = False
    reservation = stage.due(1)
    stage.clock.leap(2 * HOUR)
    act(stage, dora, seconds=2)
    held = stage.standing(reservation)
    assert (held.state, held.held_by, held.look_at) == ("waiting", "clock", reservation.due_at)
    assert held.verdict == (
        "a clock was set, and it hangs on which time is right; judged again once it has gone on"
        " for 30 s"
    )
