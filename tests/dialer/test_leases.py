"""A dispatcher answers for what it holds while its lease lasts, and asks the line no longer."""

import asyncio

import pytest

from tests.dialer.faults import Actor, Exchange, act, attempt_of, enter, outcomes
from tests.dialer.stage import LEAD, Stage
from tests.store.orders import NOW, check_history


@pytest.fixture
def exchange(stage: Stage) -> Exchange:
    return Exchange(stage)


def test_a_dispatcher_says_that_it_lives_every_three_seconds(
    stage: Stage, exchange: Exchange
) -> None:
    dora = enter(stage, exchange)
    for after, said in ((0, 0), (2_500, 0), (500, 3_000)):
        stage.clock.move(after)
        act(stage, dora)
        (lease,) = stage.store.leases.all()
        assert (lease.said_at, lease.lease_until) == (NOW + said, NOW + said + 15_000)
    assert (lease.name, lease.line, lease.begun_at, lease.is_up) == ("dora", "rehearsal", NOW, True)


def test_a_lease_says_how_fast_its_dispatcher_dials_and_whether_its_line_is_up(
    stage: Stage, exchange: Exchange
) -> None:
    for number in range(6):
        stage.due(number)
    dora = enter(stage, exchange)
    act(stage, dora)
    dora.line.is_up = False
    act(stage, dora, seconds=3)
    (lease,) = stage.store.leases.all()
    assert (lease.per_second, lease.is_up) == (2.0, False)


def test_a_lease_says_the_lines_bounds_and_how_the_dispatchers_calls_ended(
    stage: Stage, exchange: Exchange
) -> None:
    dora = enter(stage, exchange, calls_max=12, calls_per_second=7.5)
    act(stage, dora)
    (lease,) = stage.store.leases.all()
    assert (lease.calls_max, lease.calls_per_second_max, lease.outcomes) == (12, 7.5, {})
    for number in ("66660002", "66660012", "66660001", "66660008"):
        stage.due(int(number), called_no=number)
    act(stage, dora, seconds=30)
    (lease,) = stage.store.leases.all()
    assert lease.outcomes == {"busy": 2, "answered": 1, "refused": 1}
    emma = enter(stage, exchange, "emma")
    act(stage, dora, emma, seconds=4)
    ends = {each.name: each.outcomes for each in stage.store.leases.all()}
    assert ends == {"dora": lease.outcomes, "emma": {}}  # each counts since it began


def test_a_lease_says_since_when_the_line_is_down_and_why(stage: Stage, exchange: Exchange) -> None:
    dora = enter(stage, exchange)
    act(stage, dora)
    dora.line.is_up, dora.line.why_down = False, "the cable was cut"
    act(stage, dora, seconds=3)
    lost_at = stage.clock.now()
    act(stage, dora, seconds=9)
    (lease,) = stage.store.leases.all()
    assert (lease.down_at, lease.down_why) == (lost_at, "the cable was cut")
    dora.line.is_up, dora.line.why_down = True, None
    act(stage, dora, seconds=3)
    (lease,) = stage.store.leases.all()
    assert (lease.down_at, lease.down_why) == (None, None)
    stage.clock.move(60_000)
    dora.line.is_up = False
    act(stage, dora)
    (lease,) = stage.store.leases.all()
    assert (lease.down_at, lease.down_why) == (stage.clock.now(), None)


@pytest.mark.parametrize(
    ("late_ms", "why"),
    [
        (15_000, "the dispatcher's lease ran out before the line was asked"),
        (10_001, "it took too long to put on record that the line is asked"),
    ],
)
def test_a_call_that_took_too_long_to_put_on_record_is_not_asked_for(
    stage: Stage, exchange: Exchange, late_ms: int, why: str
) -> None:
    """Others may have judged by then what became of it, or its hours are over."""
    reservation = stage.due(1)
    dora = enter(stage, exchange)
    dora.writer.then["attempts.begin"] = lambda: stage.clock.move(late_ms)
    act(stage, dora)
    assert exchange.asked == []
    back = stage.standing(reservation)
    assert (back.state, back.tries, back.held_by, back.verdict) == ("waiting", 0, "line", why)
    dora.writer.then.clear()
    act(stage, dora, seconds=30)
    assert outcomes(stage, reservation) == ["withdrawn", "answered"]
    assert len(exchange.asked) == 1
    check_history(stage.store, stage.standing(reservation))


def test_a_dispatcher_that_cannot_renew_its_lease_claims_nothing_more(
    stage: Stage, exchange: Exchange
) -> None:
    reservation = stage.due(1, appoint_at=NOW + LEAD + 14_000)
    late = stage.due(2, appoint_at=NOW + LEAD + 15_000)
    dora = enter(stage, exchange)
    act(stage, dora)
    dora.writer.plan["leases.renew", 0] = "fails"
    act(stage, dora, seconds=30)
    assert [each.called_no for each in exchange.asked] == [reservation.called_no]
    assert stage.attempts(late) == []


def test_one_that_slept_through_its_lease_finds_its_calls_in_other_hands(
    stage: Stage, exchange: Exchange
) -> None:
    exchange = Exchange(stage, talk_ms=60_000)
    reservation = stage.due(1)
    dora, emma = enter(stage, exchange), enter(stage, exchange, "emma")
    act(stage, dora)
    act(stage, emma, seconds=20)
    assert attempt_of(stage, reservation).holder == "emma"
    act(stage, dora, emma, seconds=60)
    done = stage.standing(reservation)
    assert (done.fail_code, done.version) == ("00000", 3)
    assert len(exchange.asked) == 1
    check_history(stage.store, done)


def test_a_dispatcher_told_to_stop_hands_over_at_once(stage: Stage) -> None:
    """The clock stands still: emma waits for no lease to run out."""
    exchange = Exchange(stage, talk_ms=60_000)
    reservation = stage.due(1)
    dora = enter(stage, exchange)
    told_to_stop_after(dora, "attempts.note_progress")
    assert attempt_of(stage, reservation).state == "placed"
    (lease,) = stage.store.leases.all()
    assert lease.lease_until == NOW
    emma = enter(stage, exchange, "emma")
    act(stage, emma)
    assert attempt_of(stage, reservation).holder == "emma"
    act(stage, emma, seconds=65)
    assert stage.standing(reservation).fail_code == "00000"
    assert len(exchange.asked) == 1


def told_to_stop_after(actor: Actor, verb: str) -> None:
    """Run a dispatcher, and tell it to stop as soon as it has written something."""

    async def work() -> None:
        running = asyncio.ensure_future(actor.dialer.run())

        def tell() -> None:
            actor.writer.then.clear()
            running.cancel()

        actor.writer.then[verb] = tell
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(asyncio.wait_for(work(), 20))


def test_a_dispatcher_told_to_stop_between_claim_and_call_still_makes_the_call(
    stage: Stage, exchange: Exchange
) -> None:
    """Otherwise each restart would leave calls of which nobody knows whether they were made."""
    reservation = stage.due(1)
    dora = enter(stage, exchange)
    told_to_stop_after(dora, "due.claim")
    assert len(exchange.asked) == 1
    assert attempt_of(stage, reservation).state == "placed"
