"""People and the dialer at one reservation: whoever comes first decides, and nothing is lost."""

import pytest

from callkeeper.core.campaigns.changes import CampaignOrder, Delete, Pause, Resume
from callkeeper.core.refusal import AlreadyCalled, Refusal
from callkeeper.core.reservations.changes import Cancel, Change, Result
from callkeeper.core.reservations.reservation import Reservation
from tests.dialer.faults import Exchange, act, attempt_of, enter
from tests.dialer.stage import Stage
from tests.store.orders import CAMPAIGN, NOW, carry_out, check_history, order

FILED = Result("bob", "10099", "99999", "mine", "10", "11", NOW + 1, NOW + 2)


@pytest.fixture
def exchange(stage: Stage) -> Exchange:
    return Exchange(stage)


def change(stage: Stage, reservation: Reservation, how: Change) -> Reservation | Refusal:
    """Let a person change a reservation now."""
    (outcome,) = carry_out(stage.store, order(reservation.id, how, at=stage.clock.now()))
    assert isinstance(outcome, Reservation | Refusal)
    return outcome


@pytest.mark.parametrize(("how", "state"), [(Cancel(), "cancelled"), (FILED, "done")])
def test_a_person_who_comes_between_claim_and_call_is_heard(
    stage: Stage, exchange: Exchange, how: Change, state: str
) -> None:
    reservation = stage.due(1)
    dora = enter(stage, exchange)
    dora.writer.then["due.claim"] = lambda: change(stage, reservation, how)
    act(stage, dora, seconds=60)
    assert exchange.asked == []
    standing = stage.standing(reservation)
    assert (standing.state, standing.tries, standing.version) == (state, 0, 2)
    assert attempt_of(stage, reservation).outcome == "withdrawn"
    check_history(stage.store, standing)


def test_a_campaign_that_is_paused_between_claim_and_call_dials_once_it_is_resumed(
    stage: Stage, exchange: Exchange
) -> None:
    reservation = stage.due(1)
    dora = enter(stage, exchange)

    def order_campaign(how: Pause | Resume | Delete) -> None:
        dora.writer.then.clear()
        with stage.store.transaction():
            orders = [CampaignOrder(1, CAMPAIGN, how, "key K", stage.clock.now())]
            stage.store.campaigns.change(orders)

    dora.writer.then["due.claim"] = lambda: order_campaign(Pause())
    act(stage, dora, seconds=10)
    assert exchange.asked == []
    assert stage.standing(reservation).held_by == "status"
    order_campaign(Resume())
    act(stage, dora, seconds=10)
    assert len(exchange.asked) == 1
    assert stage.standing(reservation).fail_code == "00000"


def test_a_reservation_being_called_cannot_be_cancelled_any_more(
    stage: Stage, exchange: Exchange
) -> None:
    reservation = stage.due(1)
    act(stage, enter(stage, exchange))
    assert isinstance(change(stage, reservation, Cancel()), AlreadyCalled)
    assert stage.standing(reservation).state == "calling"


@pytest.mark.parametrize("seconds", [0, 60], ids=["while it is called", "after it was called"])
def test_of_a_call_of_the_systems_a_person_files_what_only_a_person_knows(
    stage: Stage, exchange: Exchange, seconds: int
) -> None:
    reservation = stage.due(1)
    dora = enter(stage, exchange)
    act(stage, dora, seconds=seconds)
    assert isinstance(change(stage, reservation, FILED), Reservation)
    act(stage, dora, seconds=60)
    attempt = attempt_of(stage, reservation)
    done = stage.standing(reservation)
    assert (done.state, done.fail_code, done.call_id) == ("done", "00000", attempt.id)
    assert (done.caller_no, done.begin_at, done.end_at) == (
        "10086",
        attempt.placing_at,
        attempt.ended_at,
    )
    assert (done.agent, done.business_result, done.business_sub_result) == ("bob", "10", "11")
    check_history(stage.store, done)


def test_a_person_still_closes_what_expired(stage: Stage, exchange: Exchange) -> None:
    reservation = stage.due(1)
    dora = enter(stage, exchange)
    stage.clock.move(3_600_000)
    act(stage, dora)
    assert stage.standing(reservation).state == "expired"
    change(stage, reservation, FILED)
    done = stage.standing(reservation)
    assert (done.state, done.fail_code, done.held_by) == ("done", "99999", "grace")


def test_a_reservation_that_a_person_closed_before_it_was_due_is_never_dialed(
    stage: Stage, exchange: Exchange
) -> None:
    reservation = stage.due(1)
    change(stage, reservation, FILED)
    act(stage, enter(stage, exchange), seconds=5)
    assert stage.attempts(reservation) == []
