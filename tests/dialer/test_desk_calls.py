"""Calls that agents ask for: the agent's phone first, and no customer rings for nobody.

Phones end with what they do, as numbers do: 1 answers, 2 is busy, 3 is not answered, 4 is hung up a
second after it was answered, 8 is none.
"""

import asyncio
from typing import Any

import msgspec
import pytest

from callkeeper.core.campaigns.changes import CampaignOrder, Pause
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.desk_call import ASKED_MS, Asking, Stopping
from callkeeper.core.reservations.changes import Cancel
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.dialer.line.line import desk_channel
from tests.dialer.faults import Actor, Exchange, Fault, act, attempt_of, enter
from tests.dialer.stage import Stage
from tests.store.calls import LIMITS
from tests.store.orders import (
    CAMPAIGN,
    booked,
    booking,
    carry_out,
    check_history,
    has_campaign,
    order,
)

ANSWERED, BUSY, NO_ANSWER, SILENT = "66660001", "66660002", "66660003", "66660006"
PHONE = "PJSIP/1001"
LONG = 600


@pytest.fixture
def exchange(stage: Stage) -> Exchange:
    return Exchange(stage, talk_ms=4_000)


@pytest.fixture
def dora(stage: Stage, exchange: Exchange) -> Actor:
    return enter(stage, exchange)


def asks(
    stage: Stage,
    called_no: str = ANSWERED,
    desk: str = PHONE,
    number: int = 1,
    campaign: int = CAMPAIGN,
    **how: Any,
) -> Reservation:
    """Return a manual reservation whose agent asks for its call, now; ``how`` is of an Asking."""
    now = stage.clock.now()
    wish = booking(number, at=now, called_no=called_no, campaign_id=str(campaign))
    (reservation,) = booked(stage.store, wish)
    ask(stage, reservation, desk, number, **how)
    return reservation


def ask(
    stage: Stage, reservation: Reservation, desk: str = PHONE, number: int = 1, **how: Any
) -> Attempt:
    """Ask for a call."""
    now = stage.clock.now()
    id_ = f"{now // 1000}-{number:015d}"
    asking = Asking(1, reservation.id, id_, "rehearsal", desk, "person ann", now, LIMITS, **how)
    with stage.store.transaction():
        (attempt,) = stage.store.desk_calls.ask([asking])
    assert isinstance(attempt, Attempt), attempt
    return attempt


def stop(stage: Stage, reservation: Reservation) -> None:
    """Ask to end it."""
    with stage.store.transaction():
        stage.store.desk_calls.stop([Stopping(1, reservation.id, stage.clock.now())])


def all_is_quiet(stage: Stage, exchange: Exchange, reservation: Reservation) -> bool:
    """Whether no channel of any attempt is left at the exchange."""
    channels = [each.id for each in stage.attempts(reservation)]
    channels += [desk_channel(each) for each in channels]
    return not any(each in exchange.calls._calls for each in channels)  # noqa: SLF001 - its books


def test_the_agent_is_rung_first_and_an_answered_call_is_done(
    stage: Stage, exchange: Exchange, dora: Actor
) -> None:
    reservation = asks(stage)
    act(stage, dora, seconds=1)
    assert [(each.desk, each.shown_no) for each in exchange.rung] == [(PHONE, ANSWERED)]
    assert exchange.asked == []
    assert (attempt_of(stage, reservation).state, stage.standing(reservation).state) == (
        "claimed",
        "waiting",
    )
    act(stage, dora, seconds=30)
    assert len(exchange.asked) == 1
    done = stage.standing(reservation)
    attempt = attempt_of(stage, reservation)
    assert (done.state, done.fail_code, done.call_id, done.caller_no, done.tries) == (
        *("done", "00000", attempt.id, "10086"),
        1,
    )
    assert (done.begin_at, done.end_at) == (attempt.placing_at, attempt.ended_at)
    dialed = next(e for e in stage.store.history.of(1, done.id) if e.what == "dialed")
    assert dialed.by_whom == "person ann"
    assert all_is_quiet(stage, exchange, reservation)
    check_history(stage.store, done)


@pytest.mark.parametrize(
    ("desk", "why"),
    [
        ("PJSIP/1002", "your phone is busy"),
        ("PJSIP/1003", "your phone did not answer"),
        ("PJSIP/1008", "the line cannot ring PJSIP/1008: "),
    ],
)
def test_an_agent_who_does_not_answer_has_the_promise_as_before(
    stage: Stage, exchange: Exchange, dora: Actor, desk: str, why: str
) -> None:
    reservation = asks(stage, desk=desk)
    act(stage, dora, seconds=30)
    assert exchange.asked == []
    attempt = attempt_of(stage, reservation)
    assert attempt.outcome == "withdrawn"
    assert (attempt.cause_text or "").startswith(why)
    assert stage.standing(reservation) == reservation
    assert not dora.dialer._context.desks  # noqa: SLF001 - nothing is left in hand
    act(stage, dora, seconds=LONG, step_ms=10_000)
    assert exchange.asked == []


@pytest.mark.parametrize(
    ("called_no", "ended"),
    [
        (BUSY, ("waiting", "busy", "00537")),
        (NO_ANSWER, ("waiting", "no_answer", "01040")),
        ("66660008", ("waiting", "refused", "34606")),
        (SILENT, ("done", "unknown", "34608")),
    ],
)
def test_a_call_that_is_not_answered_is_the_agents_again(
    stage: Stage,
    exchange: Exchange,
    dora: Actor,
    called_no: str,
    ended: tuple[str, str, str],
) -> None:
    reservation = asks(stage, called_no)
    act(stage, dora, seconds=120)
    standing = stage.standing(reservation)
    assert (standing.state, standing.outcome, standing.fail_code) == ended
    assert (standing.tries, standing.look_at) == (1, None)
    assert all_is_quiet(stage, exchange, reservation)
    asked = len(exchange.asked)
    act(stage, dora, seconds=LONG, step_ms=10_000)
    assert len(exchange.asked) == asked
    check_history(stage.store, standing)


@pytest.mark.parametrize("is_deaf", [False, True])
def test_a_customer_does_not_ring_on_when_the_agent_has_hung_up(
    stage: Stage,
    exchange: Exchange,
    dora: Actor,
    is_deaf: bool,  # noqa: FBT001 - a case of two
) -> None:
    reservation = asks(stage, NO_ANSWER, desk="PJSIP/1004")
    dora.line.is_deaf = is_deaf
    act(stage, dora, seconds=6, step_ms=100)
    assert len(exchange.asked) == 1
    assert all_is_quiet(stage, exchange, reservation)
    dora.line.is_deaf = False
    dora.line.gaps += 1
    act(stage, dora, seconds=60)
    standing = stage.standing(reservation)
    if not is_deaf:
        assert (standing.state, standing.outcome) == ("waiting", "no_answer")
        assert attempt_of(stage, reservation).cause_text == "the agent hung up"
    else:  # nobody heard how it ended
        assert (standing.state, standing.outcome) == ("done", "unknown")


def test_a_customer_does_not_ring_on_while_the_database_is_away_either(
    stage: Stage, exchange: Exchange, dora: Actor
) -> None:
    reservation = asks(stage, NO_ANSWER)
    act(stage, dora, seconds=2, step_ms=100)
    assert len(exchange.asked) == 1
    dora.readers.is_away = True
    phone = desk_channel(attempt_of(stage, reservation).id)
    asyncio.run(exchange.calls.hang_up(phone))
    act(stage, dora, seconds=3, step_ms=100)
    assert all_is_quiet(stage, exchange, reservation)
    dora.readers.is_away = False
    act(stage, dora, seconds=3)
    assert stage.standing(reservation).state == "waiting"


def test_a_call_is_stopped_from_elsewhere_at_each_of_its_stages(
    stage: Stage, exchange: Exchange, dora: Actor
) -> None:
    ringing = asks(stage, number=1)
    act(stage, dora)
    stop(stage, ringing)
    act(stage, dora, seconds=2)
    assert exchange.asked == []
    assert attempt_of(stage, ringing).outcome == "withdrawn"
    placed = asks(stage, NO_ANSWER, number=2)
    act(stage, dora, seconds=3)
    assert len(exchange.asked) == 1
    stop(stage, placed)
    act(stage, dora, seconds=1)
    assert (stage.standing(placed).state, stage.standing(placed).outcome) == (
        "waiting",
        "no_answer",
    )
    talking = asks(stage, number=3)
    act(stage, dora, seconds=4)
    assert attempt_of(stage, talking).answered_at is not None
    stop(stage, talking)
    act(stage, dora, seconds=1)
    assert (stage.standing(talking).state, stage.standing(talking).fail_code) == ("done", "00000")
    for each in (ringing, placed, talking):
        assert all_is_quiet(stage, exchange, each)


def test_one_that_is_paused_or_cancelled_meanwhile_is_not_placed(
    stage: Stage, exchange: Exchange, dora: Actor
) -> None:
    cancelled, paused = asks(stage, number=1), asks(stage, desk="PJSIP/1005", number=2)
    act(stage, dora)
    carry_out(stage.store, order(cancelled.id, Cancel(), at=stage.clock.now()))
    pause = CampaignOrder(1, CAMPAIGN, Pause(), "key K", stage.clock.now())
    with stage.store.transaction():
        stage.store.campaigns.change([pause])
    act(stage, dora, seconds=10)
    assert exchange.asked == []
    assert attempt_of(stage, paused).cause_text == "campaign 7 is paused; resume it"
    assert all_is_quiet(stage, exchange, cancelled)
    assert all_is_quiet(stage, exchange, paused)


@pytest.mark.parametrize(
    ("how", "rung", "word"),
    [
        ({}, 0, None),
        ({"hours_rule": "ask"}, 0, None),
        ({"hours_rule": "ask", "anyway": True}, 1, "person"),
        ({"hours_rule": "allow"}, 1, "rule"),
    ],
)
def test_an_agent_who_answers_when_the_hours_are_over_rings_nobody_unless_that_was_said(
    stage: Stage,
    exchange: Exchange,
    dora: Actor,
    how: dict[str, Any],
    rung: int,
    word: str | None,
) -> None:
    closes = stage.clock.now() // 60_000 % 1440 + 1
    stage.clock.move(60_000 - stage.clock.now() % 60_000 - 500)  # half a second before
    windows = f'[{{"begin":0,"end":{closes}}}]'
    has_campaign(stage.session, 1, 8, workday_windows=windows)
    reservation = asks(stage, campaign=8, **how)
    act(stage, dora, seconds=30)
    assert len(exchange.rung) == 1
    assert len(exchange.asked) == rung
    told = [e for e in stage.store.history.of(1, reservation.id) if e.what == "dialed"]
    assert [msgspec.json.decode(each.detail).get("outside_hours") for each in told] == [word] * rung
    if not rung:
        why = attempt_of(stage, reservation).cause_text or ""
        assert why.startswith("outside the hours of campaign 8; it opens")
        assert stage.standing(reservation) == reservation


def test_a_phone_shows_what_it_is_to_show(stage: Stage, exchange: Exchange, dora: Actor) -> None:
    reservation = asks(stage, desk_shows="******01")
    act(stage, dora, seconds=30)
    assert [each.shown_no for each in exchange.rung] == ["******01"]
    assert [each.called_no for each in exchange.asked] == [ANSWERED]
    assert stage.standing(reservation).state == "done"


def test_a_line_that_is_down_tells_the_agent_so(
    stage: Stage, exchange: Exchange, dora: Actor
) -> None:
    reservation = asks(stage)
    dora.line.is_up = False
    act(stage, dora, seconds=ASKED_MS // 1000 + 1)
    assert attempt_of(stage, reservation).cause_text == "line rehearsal is down"
    assert exchange.rung == []


def test_a_phone_of_which_the_line_says_nothing_is_hung_up_and_nobody_is_called(
    stage: Stage, exchange: Exchange, dora: Actor
) -> None:
    reservation = asks(stage)
    dora.line.ringing = "is silent but makes"
    act(stage, dora, seconds=30)
    assert exchange.asked == []
    assert attempt_of(stage, reservation).outcome == "withdrawn"
    assert all_is_quiet(stage, exchange, reservation)


FAULTS: list[tuple[str, Fault]] = [
    ("desk_calls.take", "is lost"),
    ("desk_calls.take", "fails"),
    ("attempts.begin", "fails"),
    ("attempts.begin", "is lost"),
    ("attempts.hand_back", "fails"),
]


@pytest.mark.parametrize(("verb", "fault"), FAULTS)
def test_a_database_that_fails_rings_no_customer_twice_and_leaves_nothing_open(
    stage: Stage, exchange: Exchange, dora: Actor, verb: str, fault: Fault
) -> None:
    dora.writer.plan[verb, 1] = fault
    reservation = asks(stage, desk="PJSIP/1003" if verb == "attempts.hand_back" else PHONE)
    act(stage, dora, seconds=120)
    assert len(exchange.asked) <= 1
    assert not attempt_of(stage, reservation).is_live
    assert all_is_quiet(stage, exchange, reservation)
    assert stage.standing(reservation).state in ("waiting", "done")


DEATHS: list[tuple[tuple[str, Fault], str, int]] = [
    # the verb and the moment, what becomes of the reservation, and how many customers are rung
    (("desk_calls.take", "dies before"), "done", 1),
    (("desk_calls.take", "dies after"), "waiting", 0),
    (("attempts.begin", "dies before"), "waiting", 0),
    (("attempts.begin", "dies after"), "done", 0),
    (("attempts.note_progress", "dies before"), "done", 1),
    (("attempts.note_progress", "dies after"), "done", 1),
    (("attempts.end", "dies before"), "done", 1),
]


@pytest.mark.parametrize(("death", "state", "rung"), DEATHS)
def test_a_dispatcher_dies_between_two_steps_and_another_one_takes_over(
    stage: Stage, exchange: Exchange, dora: Actor, death: tuple[str, Fault], state: str, rung: int
) -> None:
    verb, fault = death
    dora.writer.plan[verb, 1] = fault
    reservation = asks(stage)
    act(stage, dora, seconds=8)
    emma = enter(stage, exchange, "emma")
    act(stage, emma, seconds=120)
    assert len(exchange.asked) == rung
    standing = stage.standing(reservation)
    assert standing.state == state
    assert (standing.outcome == "unknown") == (verb == "attempts.begin" and state == "done")
    assert [each.is_live for each in stage.attempts(reservation)] == [False]
    assert all_is_quiet(stage, exchange, reservation)
    check_history(stage.store, standing)


def test_whoever_takes_over_ends_the_ringing_for_an_agent_who_is_gone(
    stage: Stage, exchange: Exchange, dora: Actor
) -> None:
    dora.writer.plan["attempts.note_progress", 1] = "dies before"
    reservation = asks(stage, NO_ANSWER, desk="PJSIP/1004")
    act(stage, dora, seconds=3)
    assert len(exchange.asked) == 1
    emma = enter(stage, exchange, "emma")
    act(stage, emma, seconds=17)
    assert all_is_quiet(stage, exchange, reservation)


def test_one_who_is_stopped_lets_no_phone_ring_on(
    stage: Stage, exchange: Exchange, dora: Actor
) -> None:
    reservation = asks(stage)
    act(stage, dora)
    asyncio.run(dora.dialer.desk_caller.settle())
    assert attempt_of(stage, reservation).cause_text == "the dialer that had the call was stopped"
    assert exchange.asked == []
