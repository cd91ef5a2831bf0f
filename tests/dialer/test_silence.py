"""A line that is down, silent or deaf, and a database that fails: nothing is lost or made up."""

from itertools import product
from typing import get_args

import msgspec
import pytest

from callkeeper.core.campaigns.dial_settings import RETRIABLE
from callkeeper.core.dialing.attempt import Attempt, Hangup
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.dialer.line.line import Ended
from tests.dialer.faults import (
    Actor,
    Exchange,
    Fault,
    Placing,
    Rings,
    act,
    attempt_of,
    enter,
    outcomes,
)
from tests.dialer.stage import LEAD, MINUTE, Stage
from tests.store.orders import NOW, check_history, has_campaign

ANSWERED, BUSY, NO_ANSWER = "66660001", "66660002", "66660003"
GRACE = 30 * MINUTE


@pytest.fixture
def exchange(stage: Stage) -> Exchange:
    return Exchange(stage)


@pytest.fixture
def dora(stage: Stage, exchange: Exchange) -> Actor:
    return enter(stage, exchange)


def result(stage: Stage, reservation: Reservation) -> str | None:
    """Return the code of a reservation that is done, and whose books are in order."""
    done = stage.standing(reservation)
    assert done.state == "done"
    check_history(stage.store, done)
    return done.fail_code


def test_without_a_line_nothing_is_claimed_until_it_is_there_again(
    stage: Stage, exchange: Exchange, dora: Actor
) -> None:
    reservation = stage.due(1)
    dora.line.is_up = False
    act(stage, dora, seconds=60)
    assert stage.attempts(reservation) == []
    held = stage.standing(reservation)
    assert (held.held_by, held.verdict) == ("line", "line rehearsal is down")
    assert (held.state, held.version, held.due_at) == ("waiting", 1, NOW)
    dora.line.is_up = True
    act(stage, dora, seconds=10)
    assert (result(stage, reservation), len(exchange.asked)) == ("00000", 1)


def test_without_a_line_what_is_too_late_still_expires(
    stage: Stage, exchange: Exchange, dora: Actor
) -> None:
    reservation = stage.due(1)
    dora.line.is_up = False
    stage.clock.move(LEAD + GRACE + 1)
    act(stage, dora, seconds=2)
    expired = stage.standing(reservation)
    assert (expired.state, expired.held_by) == ("expired", "grace")
    assert exchange.asked == []


def test_a_line_that_cannot_be_asked_costs_no_try(
    stage: Stage, exchange: Exchange, dora: Actor
) -> None:
    reservation = stage.due(1)
    dora.line.placing = "is down"
    act(stage, dora)
    back = stage.standing(reservation)
    assert (back.state, back.tries, back.verdict) == ("waiting", 0, "there is no connection")
    dora.line.placing = "makes"
    act(stage, dora, seconds=4.5)
    assert exchange.asked == []
    act(stage, dora, seconds=15)
    assert (result(stage, reservation), len(exchange.asked)) == ("00000", 1)
    assert outcomes(stage, reservation) == ["withdrawn", "answered"]


def test_a_line_that_stays_down_lets_it_expire_and_say_so(stage: Stage, dora: Actor) -> None:
    reservation = stage.due(1)
    dora.line.placing = "is down"
    act(stage, dora, seconds=(LEAD + GRACE) / 1000 + 10, step_ms=30_000)
    expired = stage.standing(reservation)
    assert expired.state == "expired"
    assert (expired.verdict or "").startswith("there was no connection; ")
    check_history(stage.store, expired)


@pytest.mark.parametrize(
    ("placing", "fail_code", "rung"),
    [("is silent but makes", "00000", 1), ("is silent", "34608", 0)],
)
def test_a_line_that_gave_no_answer_is_asked_what_became_of_it(
    stage: Stage, exchange: Exchange, dora: Actor, placing: Placing, fail_code: str, rung: int
) -> None:
    reservation = stage.due(1)
    dora.line.placing = placing
    act(stage, dora)
    assert stage.standing(reservation).state == "calling"
    dora.line.placing = "makes"
    act(stage, dora, seconds=120)
    assert (result(stage, reservation), len(exchange.asked)) == (fail_code, rung)


def test_a_call_without_an_answer_is_not_tried_again_by_itself(stage: Stage, dora: Actor) -> None:
    retries = [{"outcome": each, "times": 3, "spacing_seconds": 1} for each in RETRIABLE]
    has_campaign(
        stage.session, 1, 8, dial_settings=msgspec.json.encode({"retries": retries}).decode()
    )
    reservation = stage.due(1, campaign_id="8")
    dora.line.placing = "is silent"
    act(stage, dora, seconds=120)
    assert outcomes(stage, reservation) == ["unknown"]
    assert result(stage, reservation) == "34608"


def test_while_look_ups_are_silent_too_nothing_is_decided(
    stage: Stage, exchange: Exchange, dora: Actor
) -> None:
    exchange.calls = type(exchange.calls)(stage.clock, talk_ms=300_000)
    reservation = stage.due(1)
    dora.line.placing, dora.line.is_deaf, dora.line.finds = "is silent but makes", True, "silence"
    act(stage, dora, seconds=120)
    assert attempt_of(stage, reservation).state == "placing"
    dora.line.finds, dora.line.is_deaf = None, False
    act(stage, dora, seconds=240)
    assert result(stage, reservation) == "00000"


def test_a_beginning_and_an_end_are_written_once_each(stage: Stage, dora: Actor) -> None:
    stage.due(1, ANSWERED)
    act(stage, dora, seconds=20)
    assert dora.writer.counts["attempts.begin"] == dora.writer.counts["attempts.end"] == 1
    assert dora.writer.counts["attempts.note_progress"] <= 3  # placed, rings, answered


def heard_until(stage: Stage, dora: Actor, called_no: str, seconds: float) -> Attempt:
    """Return an attempt of whose words those after so many seconds were lost."""
    reservation = stage.due(1, called_no)
    act(stage, dora, seconds=seconds, step_ms=100)
    dora.line.is_deaf = True
    act(stage, dora, seconds=120)
    result(stage, reservation)
    return attempt_of(stage, reservation)


def test_an_answered_call_whose_end_was_lost_was_answered(stage: Stage, dora: Actor) -> None:
    attempt = heard_until(stage, dora, ANSWERED, 3)
    assert (attempt.outcome, attempt.fail_code) == ("answered", "00000")
    assert attempt.answered_at == NOW + 1_500


def test_a_call_whose_end_was_lost_before_an_answer_is_unknown(stage: Stage, dora: Actor) -> None:
    attempt = heard_until(stage, dora, BUSY, 1)
    assert (attempt.outcome, attempt.fail_code) == ("unknown", "34608")
    assert attempt.cause_text == "gone from the line without a word"
    assert attempt.ringing_at == NOW


def test_the_end_of_a_call_tells_that_it_was_answered_if_the_word_on_that_was_lost(
    stage: Stage, dora: Actor
) -> None:
    """An answered call ends in good order, just as one that the far end let go."""
    reservation = stage.due(1, ANSWERED)
    act(stage, dora, seconds=1, step_ms=100)
    dora.line.is_deaf = True
    act(stage, dora, seconds=1, step_ms=100)
    dora.line.is_deaf, dora.line.finds = False, "silence"
    dora.line.gaps += 1
    act(stage, dora, seconds=60, step_ms=100)
    assert result(stage, reservation) == "00000"


def test_an_answered_call_that_ends_as_busy_was_answered(stage: Stage, dora: Actor) -> None:
    """As it does when the far end says so in the Reason of its BYE, on any Asterisk."""
    reservation = stage.due(1, ANSWERED)
    act(stage, dora, seconds=0.1, step_ms=100)
    (live,) = stage.attempts(reservation)
    dora.line.is_deaf = True
    act(stage, dora, seconds=2, step_ms=100)
    dora.line.is_deaf = False
    dora.line.hear(Ended(live.id, Hangup(17, "User busy", 486), "up"))
    act(stage, dora, seconds=1)
    assert result(stage, reservation) == "00000"


@pytest.mark.parametrize("rings", get_args(Rings))
def test_a_phone_without_an_answer_is_its_code_however_it_rings(
    stage: Stage, dora: Actor, rings: Rings
) -> None:
    reservation = stage.due(1, NO_ANSWER)
    dora.line.rings = rings
    act(stage, dora, seconds=60, step_ms=500)
    assert result(stage, reservation) == ("00605" if rings == "never" else "01040")


@pytest.mark.parametrize("rings", get_args(Rings))
def test_a_phone_that_may_have_rung_while_nothing_was_heard_is_no_congestion(
    stage: Stage, dora: Actor, rings: Rings
) -> None:
    reservation = stage.due(1, NO_ANSWER)
    dora.line.rings, dora.line.is_deaf, dora.line.finds = rings, True, "silence"
    act(stage, dora, seconds=5, step_ms=500)
    dora.line.is_deaf = False
    dora.line.gaps += 1
    act(stage, dora, seconds=60, step_ms=500)
    assert result(stage, reservation) == "01040"


def test_a_phone_that_may_have_rung_unheard_while_nobody_looked_is_no_congestion(
    stage: Stage, dora: Actor
) -> None:
    reservation = stage.due(1, NO_ANSWER)
    dora.line.rings = "unheard"
    act(stage, dora, seconds=5, step_ms=500)
    dora.line.finds = "silence"
    act(stage, dora, seconds=60, step_ms=500)
    assert result(stage, reservation) == "01040"


def test_a_phone_that_rang_unheard_and_is_gone_when_it_is_looked_up_is_no_congestion(
    stage: Stage, dora: Actor
) -> None:
    reservation = stage.due(1, NO_ANSWER)
    dora.line.rings = "unheard"
    act(stage, dora, seconds=5, step_ms=500)
    stage.clock.move(MINUTE)  # as where the database was away
    act(stage, dora, seconds=30, step_ms=500)
    assert result(stage, reservation) == "01040"


@pytest.mark.parametrize("rings", ["behind media", "unheard"])
def test_words_on_a_phone_that_rings_outlive_its_dispatcher(
    stage: Stage, exchange: Exchange, dora: Actor, rings: Rings
) -> None:
    reservation = stage.due(1, NO_ANSWER)
    dora.line.rings = rings
    act(stage, dora, seconds=5, step_ms=500)
    ben = enter(stage, exchange, "ben")
    ben.line.rings = rings
    act(stage, ben, seconds=60, step_ms=500)
    assert result(stage, reservation) == "01040"
    assert attempt_of(stage, reservation).holder == "ben"


def test_after_a_gap_in_its_words_every_call_is_looked_up_at_once(
    stage: Stage, dora: Actor
) -> None:
    reservation = stage.due(1, ANSWERED)
    act(stage, dora, seconds=1, step_ms=100)
    dora.line.is_deaf = True
    act(stage, dora, seconds=1, step_ms=100)
    assert attempt_of(stage, reservation).answered_at is None
    dora.line.gaps += 1
    act(stage, dora)
    assert attempt_of(stage, reservation).answered_at == NOW + 2_000


def test_a_word_on_its_way_has_time_to_come_before_a_call_is_given_up(
    stage: Stage, dora: Actor
) -> None:
    reservation = stage.due(1, BUSY)
    act(stage, dora, seconds=1)
    dora.line.finds = "gone"
    for _ in range(2):
        dora.line.gaps += 1
        act(stage, dora)
        assert attempt_of(stage, reservation).is_live
    act(stage, dora, seconds=30)
    assert result(stage, reservation) == "00537"


def test_a_call_that_is_there_long_after_its_time_is_given_up(stage: Stage, dora: Actor) -> None:
    reservation = stage.due(1, NO_ANSWER)
    dora.line.is_deaf, dora.line.finds = True, "there"
    act(stage, dora, seconds=79)
    assert attempt_of(stage, reservation).is_live
    act(stage, dora, seconds=31)
    assert result(stage, reservation) == "34608"
    text = attempt_of(stage, reservation).cause_text
    assert text == "neither answered nor ended, long after its time"


def test_a_long_conversation_is_left_alone(stage: Stage, dora: Actor) -> None:
    reservation = stage.due(1, ANSWERED)
    dora.line.finds = "up"
    dora.line.is_deaf = True
    act(stage, dora, seconds=3_600, step_ms=10_000)
    assert attempt_of(stage, reservation).is_live


VERBS = (
    "leases.renew",
    "due.claim",
    "attempts.begin",
    "attempts.note_progress",
    "attempts.end",
)
KINDS: tuple[Fault, ...] = ("fails", "is lost")


@pytest.mark.parametrize("called_no", [ANSWERED, BUSY])
@pytest.mark.parametrize("fault", KINDS)
@pytest.mark.parametrize("write", list(product(VERBS, (1, 2))), ids=str)
def test_a_write_that_fails_once_loses_nothing(
    stage: Stage, exchange: Exchange, write: tuple[str, int], fault: Fault, called_no: str
) -> None:
    reservation = stage.due(1, called_no)
    dora = enter(stage, exchange)
    dora.writer.plan[write] = fault
    act(stage, dora, seconds=90)
    expected = "00000" if called_no == ANSWERED else "00537"
    assert (result(stage, reservation), len(exchange.asked)) == (expected, 1)
    assert stage.standing(reservation).tries == 1


@pytest.mark.parametrize("called_no", [ANSWERED, BUSY])
@pytest.mark.parametrize("verb", ["attempts.note_progress", "attempts.end"])
def test_while_the_database_is_away_what_was_heard_is_kept(
    stage: Stage, exchange: Exchange, dora: Actor, verb: str, called_no: str
) -> None:
    reservation = stage.due(1, called_no)
    dora.writer.plan[verb, 0] = "fails"
    act(stage, dora, seconds=10, step_ms=100)
    dora.writer.plan.clear()
    act(stage, dora, seconds=60)
    expected = "00000" if called_no == ANSWERED else "00537"
    assert (result(stage, reservation), len(exchange.asked)) == (expected, 1)
    ended_at = NOW + (5_500 if called_no == ANSWERED else 1_500)
    assert attempt_of(stage, reservation).ended_at == ended_at
    if called_no == ANSWERED:
        assert attempt_of(stage, reservation).answered_at == NOW + 1_500
