"""A dispatcher dies at any moment: what it had is seen to by another, and nobody is rung twice."""

import pytest

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.reservations.reservation import Reservation
from tests.dialer.faults import Actor, Exchange, Fault, act, attempt_of, enter, outcomes
from tests.dialer.stage import Stage
from tests.store.orders import NOW, check_history

LEASE_SECONDS = 15
ANSWERED, BUSY, NO_ANSWER = "66660001", "66660002", "66660003"


@pytest.fixture
def exchange(stage: Stage) -> Exchange:
    return Exchange(stage)


def dies(
    stage: Stage, exchange: Exchange, verb: str, fault: Fault, called_no: str = ANSWERED
) -> Reservation:
    """Return a reservation at whose first try dora dies."""
    reservation = stage.due(1, called_no)
    dora = enter(stage, exchange)
    dora.writer.plan[verb, 1] = fault
    act(stage, dora)
    return reservation


def test_a_call_only_claimed_is_handed_back_and_dialed_once(
    stage: Stage, exchange: Exchange
) -> None:
    reservation = dies(stage, exchange, "due.claim", "dies after")
    assert attempt_of(stage, reservation).state == "claimed"
    emma = enter(stage, exchange, "emma")
    act(stage, emma, seconds=LEASE_SECONDS - 1)
    assert (exchange.asked, outcomes(stage, reservation)) == ([], [None])
    act(stage, emma, seconds=20)
    assert outcomes(stage, reservation) == ["withdrawn", "answered"]
    assert [each.number for each in stage.attempts(reservation)] == [1, 1]
    assert len(exchange.asked) == 1
    done = stage.standing(reservation)
    assert (done.state, done.fail_code, done.tries) == ("done", "00000", 1)
    check_history(stage.store, done)


def test_a_call_perhaps_dialed_is_looked_up_and_never_dialed_again(
    stage: Stage, exchange: Exchange
) -> None:
    """It was not; but nobody can know, for the line was perhaps asked."""
    reservation = dies(stage, exchange, "attempts.begin", "dies after")
    act(stage, enter(stage, exchange, "emma"), seconds=600, step_ms=1_000)
    assert exchange.asked == []
    assert outcomes(stage, reservation) == ["unknown"]
    done = stage.standing(reservation)
    assert (done.state, done.fail_code, done.end_at) == ("done", "34608", None)
    check_history(stage.store, done)


def test_a_call_in_progress_is_adopted_and_its_result_written(
    stage: Stage, exchange: Exchange
) -> None:
    exchange = Exchange(stage, talk_ms=60_000)
    reservation = dies(stage, exchange, "attempts.note_progress", "dies before")
    assert attempt_of(stage, reservation).state == "placing"
    act(stage, seconds=30)
    emma = enter(stage, exchange, "emma")
    act(stage, emma, seconds=1)
    adopted = attempt_of(stage, reservation)
    assert (adopted.holder, adopted.state) == ("emma", "placed")
    assert adopted.answered_at is not None
    act(stage, emma, seconds=60)
    done = stage.standing(reservation)
    assert (done.state, done.fail_code) == ("done", "00000")
    assert len(exchange.asked) == 1
    check_history(stage.store, done)


def survived(stage: Stage, exchange: Exchange, called_no: str) -> Attempt:
    """Return the attempt after whose placing dora died, and whose words emma heard meanwhile."""
    emma = enter(stage, exchange, "emma")
    reservation = dies(stage, exchange, "attempts.note_progress", "dies before", called_no)
    act(stage, emma, seconds=60, step_ms=100)
    check_history(stage.store, stage.standing(reservation))
    assert len(exchange.asked) == 1
    return attempt_of(stage, reservation)


@pytest.mark.parametrize(
    ("called_no", "outcome", "fail_code"),
    [
        (ANSWERED, "answered", "00000"),
        (BUSY, "busy", "00537"),
        (NO_ANSWER, "no_answer", "01040"),
    ],
)
def test_words_that_a_survivor_heard_before_it_took_over_count(
    stage: Stage, exchange: Exchange, called_no: str, outcome: str, fail_code: str
) -> None:
    attempt = survived(stage, exchange, called_no)
    assert (attempt.outcome, attempt.fail_code) == (outcome, fail_code)


@pytest.mark.parametrize(("called_no", "ends"), [(ANSWERED, 5_500), (BUSY, 1_500)])
def test_words_that_a_survivor_heard_happened_when_they_were_heard(
    stage: Stage, exchange: Exchange, called_no: str, ends: int
) -> None:
    attempt = survived(stage, exchange, called_no)
    assert (attempt.ringing_at, attempt.ended_at) == (NOW, NOW + ends)
    if called_no == ANSWERED:
        assert attempt.answered_at == NOW + 1_500


@pytest.mark.parametrize("called_no", [ANSWERED, BUSY])
def test_a_call_whose_end_nobody_heard_is_unknown(
    stage: Stage, exchange: Exchange, called_no: str
) -> None:
    reservation = dies(stage, exchange, "attempts.note_progress", "dies before", called_no)
    act(stage, seconds=60)
    exchange.tell()  # to nobody
    act(stage, enter(stage, exchange, "emma"), seconds=60)
    assert stage.standing(reservation).fail_code == "34608"
    assert len(exchange.asked) == 1


def test_of_two_survivors_one_takes_over(stage: Stage, exchange: Exchange) -> None:
    others = enter(stage, exchange, "emma"), enter(stage, exchange, "fay")
    reservation = dies(stage, exchange, "attempts.note_progress", "dies before", NO_ANSWER)
    act(stage, *others, seconds=60)
    assert attempt_of(stage, reservation).holder in ("emma", "fay")
    done = stage.standing(reservation)
    assert (done.fail_code, done.version) == ("01040", 3)  # reserved, dialed, outcome
    check_history(stage.store, done)


VERBS = ("leases.renew", "due.claim", "attempts.begin", "attempts.note_progress", "attempts.end")
FAULTS: tuple[Fault, ...] = ("dies before", "dies after")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("verb", VERBS)
def test_every_reservation_ends_and_nobody_is_rung_twice_whichever_write_is_the_last(
    stage: Stage, exchange: Exchange, verb: str, fault: Fault
) -> None:
    promised = [stage.due(number, f"6666000{number}") for number in range(1, 6)]
    emma: Actor = enter(stage, exchange, "emma")
    dora = enter(stage, exchange)
    dora.writer.plan[verb, 1] = fault
    act(stage, dora, emma, seconds=120)
    for reservation in promised:
        done = stage.standing(reservation)
        assert done.state == "done"
        assert len([each for each in outcomes(stage, reservation) if each != "withdrawn"]) == 1
        check_history(stage.store, done)
    rung = [each.called_no for each in exchange.asked]
    assert len(rung) == len(set(rung))
